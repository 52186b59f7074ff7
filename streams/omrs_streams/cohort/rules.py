"""The six exchange rules: which events and instances of a cohort are sent, processed or saved (OMRS events § 6).

The same rule object serves the three places of configuration: eventsToSend (outbound), eventsToProcess (inbound, per
cohort) and eventsToSave (reference copies). Type lists are exact: a subtype of a listed type is not listed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import ConfigurationError

Bean = Mapping[str, Any]

RULES = ("REGISTRATION_ONLY", "JUST_TYPEDEFS", "SELECTED_TYPES", "LEARNED_TYPES", "DESELECTED_TYPES", "ALL")
_LISTED = frozenset({"SELECTED_TYPES", "LEARNED_TYPES"})
_WITH_INSTANCES = _LISTED | {"DESELECTED_TYPES", "ALL"}


@dataclass(frozen=True, slots=True)
class ExchangeRule:
    """`rule` with the guids of its `selectedTypes…` list. Raises ConfigurationError for a rule that does not exist."""

    rule: str = "ALL"
    selected: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ConfigurationError(
                f"{self.rule!r} is not an exchange rule",
                code=Code.CONFIGURATION,
                help=f"Use one of {', '.join(RULES)}.",
                rule=self.rule,
            )

    @classmethod
    def of(cls, rule: str | None, selected_types: Iterable[Bean] | None = None) -> "ExchangeRule":
        """From configuration: a rule name (null = ALL) and TypeDefSummary beans."""
        return cls(rule or "ALL", frozenset(str(each["guid"]) for each in selected_types or ()))

    @property
    def type_events(self) -> bool:
        """Whether TypeDef events pass; registry events always do."""
        return self.rule != "REGISTRATION_ONLY"

    def instance(self, type_guid: str | None, type_name: str | None) -> bool:
        """Whether instances of this type pass; without guid or name nothing does."""
        if not type_guid or not type_name or self.rule not in _WITH_INSTANCES:
            return False
        if self.rule in _LISTED:
            return type_guid in self.selected
        return self.rule == "ALL" or type_guid not in self.selected

    def event(self, event: Bean) -> Bean | None:
        """The event as it passes: whole, a batch without the elements that do not, or None.

        An error about an instance has no type of its own and passes wherever instances may.
        """
        category = event.get("eventCategory")
        if category == "REGISTRY":
            return event
        if category == "TYPEDEF":
            return event if self.type_events else None
        if category != "INSTANCE" or self.rule not in _WITH_INSTANCES:
            return None
        section: Bean = event.get("instanceEventSection") or {}
        if is_instance_error(event):
            return event
        if section.get("eventType") == "BATCH_INSTANCES_EVENT":
            return self._batch(event, section)
        return event if self.instance(section.get("typeDefGUID"), section.get("typeDefName")) else None

    def learn(self, type_guid: str) -> "ExchangeRule":
        """LEARNED_TYPES with one more type; every other rule stays as it is."""
        if self.rule != "LEARNED_TYPES" or type_guid in self.selected:
            return self
        return replace(self, selected=self.selected | {type_guid})

    def _batch(self, event: Bean, section: Bean) -> Bean | None:
        batch: Bean = section.get("instanceBatch") or {}
        kept = {
            name: [each for each in batch.get(name) or () if self._element(each)]
            for name in ("entities", "relationships")
        }
        if not any(kept.values()):
            return None
        if all(len(elements) == len(batch.get(name) or ()) for name, elements in kept.items()):
            return event
        rest = {name: value for name, value in batch.items() if name not in kept}
        passed = {**rest, **{name: elements for name, elements in kept.items() if elements}}
        return {**event, "instanceEventSection": {**section, "instanceBatch": passed}}

    def _element(self, instance: Bean) -> bool:
        kind: Bean = instance.get("type") or {}
        return self.instance(kind.get("typeDefGUID"), kind.get("typeDefName"))


def is_instance_error(event: Bean) -> bool:
    """An instance error event; Java peers call it UNKNOWN_INSTANCE_EVENT, only the error section tells."""
    section: Bean = event.get("instanceEventSection") or {}
    kind = section.get("eventType")
    return kind == "INSTANCE_ERROR_EVENT" or (kind == "UNKNOWN_INSTANCE_EVENT" and "errorSection" in event)
