"""The shipped security connector: rules by user, role, operation, type, zone and home; the first that fits decides.

Events and copies that no rule fits pass; requests that no rule fits follow `default`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from omrs_schemas.errors import ConfigurationError, UserNotAuthorizedError
from omrs_schemas.model.values import from_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.security.interface import Bean, MetadataSecurity, Operation
from omrs_streams.security.settings import CopyRule, EventRule, SecuritySettings, UserRule

ZONES = ("ZoneMembership", "AssetZoneMembership")
"""The classification that says which governance zones an element is in, by release (6.1, 4.2)."""

_INSTANCES = ("entity", "originalEntity", "relationship", "originalRelationship", "entityProxy")
_CLASSIFICATIONS = ("classification", "originalClassification")
_ENDS = ("entityOneProxy", "entityTwoProxy")

R = TypeVar("R", UserRule, EventRule, CopyRule)


class RuleSecurity(MetadataSecurity):
    """Raises ConfigurationError for a rule that names a type which does not exist: it would never fit."""

    def __init__(self, settings: SecuritySettings, types: TypeSystem) -> None:
        self._settings = settings
        self._types = types
        named = {name: rule for rule in _all_rules(settings) for name in rule.types}
        unknown = sorted(name for name in named if types.typedef_by_name(name) is None)
        if unknown:
            raise ConfigurationError(
                f"the security rules name types that are not known: {', '.join(unknown)}",
                help="correct the names, or load the archive that defines the types before the rules are used",
            )

    # ---- events ----------------------------------------------------------------------------------------------------

    def filters_outbound(self, cohort: str, type_guid: str) -> bool:
        return self._concerns(self._settings.send, cohort, type_guid)

    def filters_inbound(self, cohort: str, type_guid: str) -> bool:
        return self._concerns(self._settings.receive, cohort, type_guid) or self._concerns(
            self._settings.save, None, type_guid
        )

    def outbound(self, cohort: str, event: Bean) -> Bean | None:
        return self._event(self._settings.send, cohort, event)

    def withdraws(self, cohort: str, event: Bean) -> bool:
        """Whether a zone holds it back: zones change, and what is in one now may have been in none before."""
        deciding = (self._exchanging(self._settings.send, cohort, instance) for instance in _instances(event))
        return any(rule is not None and rule.effect == "deny" and bool(rule.zones) for rule in deciding)

    def inbound(self, cohort: str, event: Bean) -> Bean | None:
        return self._event(self._settings.receive, cohort, event)

    def may_save(self, instance: Bean) -> bool:
        rule = next((rule for rule in self._settings.save if self._fits(rule, instance)), None)
        return rule is None or rule.effect == "allow"

    def filters_published(self, type_guid: str) -> bool:
        user = self._settings.out_topic_user
        if user is None:
            return False
        return self._settings.default == "deny" or self._concerns(self._reading(user), None, type_guid)

    def published(self, event: Bean) -> Bean | None:
        user = self._settings.out_topic_user
        if user is None:
            return event
        return self._seen(event, partial(self.readable, user), self._reading(user))

    def withdraws_published(self, event: Bean) -> bool:
        """Whether zones decide: they change, and what may not be read now may have been readable before."""
        user = self._settings.out_topic_user
        return user is not None and any(self._zoned_out(user, instance) for instance in _instances(event))

    def _zoned_out(self, user: str, instance: Bean) -> bool:
        """Whether a zone keeps the instance from the user, or it is in none of those that would show it."""
        rule = self._decisive(user, "read", instance, None)
        if (self._settings.default if rule is None else rule.effect) == "allow":
            return False
        if rule is not None and rule.zones:
            return True
        shown = (each for each in self._reading(user) if each.effect == "allow" and each.zones)
        return any(self._fits(each.model_copy(update={"zones": ()}), instance) for each in shown)

    def _reading(self, user: str) -> list[UserRule]:
        return list(self._of_user(user, "read"))

    def _concerns(self, rules: Sequence[UserRule | EventRule | CopyRule], cohort: str | None, type_guid: str) -> bool:
        """Relationships carry their ends, and any entity may carry any classification: rules that name other kinds of
        types concern them too."""
        typedef = self._types.typedef(type_guid) or {}
        name, everything = str(typedef.get("name")), typedef.get("class") != "EntityDef"
        for rule in rules:
            cohorts = rule.cohorts if isinstance(rule, EventRule) else ()
            if cohorts and cohort not in cohorts:
                continue
            if everything or not rule.types or self._is_any(name, rule.types) or self._names_classification(rule):
                return True
        return False

    def _names_classification(self, rule: EventRule | CopyRule | UserRule) -> bool:
        found = (self._types.typedef_by_name(name) or {} for name in rule.types)
        return any(typedef.get("class") == "ClassificationDef" for typedef in found)

    def _event(self, rules: Sequence[EventRule], cohort: str, event: Bean) -> Bean | None:
        if not rules:
            return event
        ours = [rule for rule in rules if not rule.cohorts or cohort in rule.cohorts]
        return self._seen(event, lambda instance: self._exchanged(rules, cohort, instance), ours)

    def _seen(
        self, event: Bean, see: Callable[[Bean], Bean | None], rules: Sequence[UserRule | EventRule]
    ) -> Bean | None:
        """The instance event with what `see` leaves of its instances, and `rules` of its classifications; the same
        object where that is everything, None where it tells of something that is not seen."""
        section = event.get("instanceEventSection")
        if section is None:
            return event
        changed = dict(section)
        for name in _INSTANCES:
            if section.get(name) is not None:
                changed[name] = see(section[name])
        for name in _CLASSIFICATIONS:
            if section.get(name) is not None:
                changed[name] = self._classification(rules, section[name])
        if any(changed[name] is None and held is not None for name, held in section.items()):
            return None
        batch = section.get("instanceBatch")
        if batch is not None:
            passed = {
                name: [kept for each in batch.get(name) or () if (kept := see(each))]
                for name in ("entities", "relationships")
            }
            if not any(passed.values()):
                return None
            changed["instanceBatch"] = {**batch, **passed}
        if all(changed[name] is held for name, held in section.items()):
            return event
        return {**event, "instanceEventSection": changed}

    def _exchanged(self, rules: Sequence[EventRule], cohort: str, instance: Bean) -> Bean | None:
        seen = instance
        rule = self._exchanging(rules, cohort, instance)
        if rule is not None:
            if rule.effect == "deny":
                return None
            seen = without(instance, rule.hide)
        seen = self._with_classifications([r for r in rules if not r.cohorts or cohort in r.cohorts], seen)
        for end in _ENDS:
            if end in instance:
                proxy = self._exchanged(rules, cohort, instance[end])
                if proxy is None:
                    return None
                seen = seen if proxy is instance[end] else {**seen, end: proxy}
        return seen

    def _exchanging(self, rules: Sequence[EventRule], cohort: str, instance: Bean) -> EventRule | None:
        return next((r for r in rules if (not r.cohorts or cohort in r.cohorts) and self._fits(r, instance)), None)

    # ---- requests --------------------------------------------------------------------------------------------------

    def check_type(self, user: str, operation: Operation, typedef: Bean) -> None:
        name = str(typedef.get("name"))
        for rule in self._of_user(user, operation):
            # Zones and homes are of instances: a rule that asks for them says nothing about types.
            if not rule.zones and not rule.homes and (not rule.types or self._is_any(name, rule.types)):
                self._require(rule.effect == "allow", user, operation, f"type {name}")
                return
        self._require(self._settings.default == "allow", user, operation, f"type {name}")

    def check(self, user: str, operation: Operation, instance: Bean, classification: str | None = None) -> None:
        rule = self._decisive(user, operation, instance, classification)
        allowed = self._settings.default == "allow" if rule is None else rule.effect == "allow"
        what = f"{instance['type']['typeDefName']} {instance.get('guid') or '(new)'}"
        self._require(allowed, user, operation, what if classification is None else f"{classification} of {what}")

    def readable(self, user: str, instance: Bean) -> Bean | None:
        rule = self._decisive(user, "read", instance, None)
        if (self._settings.default if rule is None else rule.effect) == "deny":
            return None
        seen = instance if rule is None else without(instance, rule.hide)
        seen = self._with_classifications(list(self._of_user(user, "read")), seen)
        for end in _ENDS:
            if end in instance:
                proxy = self.readable(user, instance[end])
                if proxy is None:
                    return None  # who may not read an end may not read what hangs on it
                seen = seen if proxy is instance[end] else {**seen, end: proxy}
        return seen

    def _decisive(self, user: str, operation: Operation, instance: Bean, classification: str | None) -> UserRule | None:
        return next(
            (rule for rule in self._of_user(user, operation) if self._fits(rule, instance, classification)), None
        )

    def _of_user(self, user: str, operation: Operation) -> Iterable[UserRule]:
        roles = set(self._settings.users.get(user, ()))
        for rule in self._settings.requests:
            theirs = not (rule.users or rule.roles) or user in rule.users or not roles.isdisjoint(rule.roles)
            if theirs and (not rule.operations or operation in rule.operations):
                yield rule

    def _require(self, allowed: bool, user: str, operation: Operation, what: str) -> None:
        if not allowed:
            raise UserNotAuthorizedError(
                f"user {user or '(none)'} may not {operation} {what}",
                help="ask whoever maintains the security rules of this server",
                user=user,
                operation=operation,
            )

    # ---- classifications -------------------------------------------------------------------------------------------

    def _with_classifications(self, rules: Sequence[UserRule | EventRule], instance: Bean) -> Bean:
        """`instance` with the classifications that `rules` let be seen."""
        held = instance.get("classifications") or ()
        seen = [kept for each in held if (kept := self._classification(rules, each)) is not None]
        if len(seen) == len(held) and all(new is old for new, old in zip(seen, held, strict=True)):
            return instance
        rest = {name: value for name, value in instance.items() if name != "classifications"}
        return {**rest, "classifications": seen} if seen else rest

    def _classification(self, rules: Sequence[UserRule | EventRule], classification: Bean) -> Bean | None:
        """What is seen of a classification: the first rule that names its type decides; without one, all of it."""
        name = str(classification.get("name"))
        rule = next((rule for rule in rules if rule.types and self._is_any(name, rule.types)), None)
        if rule is None:
            return classification
        return without(classification, rule.hide) if rule.effect == "allow" else None

    # ---- fitting ---------------------------------------------------------------------------------------------------

    def _fits(self, rule: R, instance: Bean, classification: str | None = None) -> bool:
        if rule.types:
            name = str((instance.get("type") or {}).get("typeDefName"))
            named = classification is not None and classification in rule.types
            if not named and not self._is_any(name, rule.types):
                return False
        if rule.homes and instance.get("metadataCollectionId") not in rule.homes:
            return False
        return not rule.zones or not zones_of(instance).isdisjoint(rule.zones)

    def _is_any(self, name: str, types: Iterable[str]) -> bool:
        return any(self._types.is_type_of(name, each) for each in types)


def _instances(event: Bean) -> Iterator[Bean]:
    section = event.get("instanceEventSection") or {}
    return (section[name] for name in _INSTANCES if section.get(name) is not None)


def _all_rules(settings: SecuritySettings) -> Iterable[UserRule | EventRule | CopyRule]:
    yield from settings.requests
    yield from settings.send
    yield from settings.receive
    yield from settings.save


def zones_of(instance: Bean) -> frozenset[str]:
    """The governance zones of an entity or proxy; those of both ends for a relationship."""
    found: set[str] = set()
    for classification in instance.get("classifications") or ():
        if classification.get("name") in ZONES:
            found.update(
                str(zone) for zone in from_properties(classification.get("properties")).get("zoneMembership") or ()
            )
    for end in _ENDS:
        if instance.get(end) is not None:
            found |= zones_of(instance[end])
    return frozenset(found)


def without(instance: Bean, names: Sequence[str]) -> Bean:
    """`instance` without these properties; the same object where it has none of them."""
    changed = instance
    for field in ("properties", "uniqueProperties"):
        values = (instance.get(field) or {}).get("instanceProperties") or {}
        if names and not values.keys().isdisjoint(names):
            left = {name: value for name, value in values.items() if name not in names}
            changed = {**changed, field: {**instance[field], "instanceProperties": left}}
    return changed
