"""The integration services and what their contexts have typed calls for: tables of integration-services.md. Loaded by
generate.py.
"""

import dataclasses
import inspect
from collections.abc import Iterator

from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.sdk.governance import GovernanceContext
from omrs_connectors.services.base import IntegrationService
from omrs_connectors.services.classifying import Classifying
from omrs_connectors.services.elements import Elements
from omrs_connectors.services.governance import actions, languages, open_metadata, stewardship, valid_values
from omrs_connectors.services.kinds import AnyKind, ElementKind, RelationKind, kinds_of
from omrs_connectors.services.registry import SERVICES
from omrs_connectors.services.relations import Relations

HEAD = ("Id", "Service", "URL marker", "Connector class", "Context", "Partner", "Direction")


def summary() -> Iterator[tuple[str, ...]]:
    """One row for each service."""
    for service in SERVICES.values():
        yield (
            str(service.id),
            service.full_name,
            f"`{service.url_marker}`",
            f"`{service.connector_class.__name__}`",
            f"`{service.context_class.__name__}`",
            service.partner or "–",
            f"`{service.default_permitted_synchronization}`",
        )


def contexts() -> str:
    """A section for each service: what its context has, and what each of it is."""
    return "\n\n".join(_section(service) for service in SERVICES.values() if kinds_of(service.context_class))


def calls() -> Iterator[tuple[str, str]]:
    """The calls on elements, relationships and classifications."""
    for title, kind in (("elements", Elements), ("relationships", Relations), ("classifications", Classifying)):
        for name, method in vars(kind).items():
            if not name.startswith("_") and inspect.isfunction(method):
                yield f"{title}`.{name}{_parameters(method)}`", _first_sentence(method.__doc__)


def governance() -> Iterator[tuple[str, str]]:
    """The calls of the governance context."""
    parts = {
        "open_metadata": open_metadata.OpenMetadataAccess,
        "languages": languages.MultiLanguageManagement,
        "stewardship": stewardship.StewardshipAction,
        "valid_values": valid_values.ValidMetadataValues,
        "actions": actions.GovernanceActions,
    }
    if set(parts) != set(inspect.getclosurevars(GovernanceContext.__init__).unbound):
        raise AssertionError("the parts of the governance context are not the ones that are documented")
    for part, kind in parts.items():
        for name, method in vars(kind).items():
            if not name.startswith("_") and inspect.isfunction(method):
                yield f"`{part}.{name}{_parameters(method)}`", _first_sentence(method.__doc__)


def _section(service: IntegrationService) -> str:
    about = inspect.getdoc(service.context_class) or ""
    rows = [_row(name, kind) for name, kind in kinds_of(service.context_class)]
    lines = [f"### {service.name}", "", f"`{service.url_marker}`: {service.description}", "", about, ""]
    lines += ["| Attribute | What | Types | Below | Properties |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    own = [
        name
        for base in service.context_class.__mro__
        if issubclass(base, IntegrationContext) and base is not IntegrationContext
        for name, method in vars(base).items()
        if inspect.isfunction(method) and not name.startswith("_") and base.__module__.startswith(SERVICES_PACKAGE)
    ]
    for name in own:
        method = getattr(service.context_class, name)
        lines += ["", f"`{name}{_parameters(method)}`: {_first_sentence(method.__doc__)}"]
    return "\n".join(lines)


SERVICES_PACKAGE = "omrs_connectors.services"


def _row(name: str, kind: AnyKind) -> tuple[str, ...]:
    below = "–"
    if isinstance(kind, RelationKind):
        types = f"{_names(kind.link.names)}: {kind.link.first} → {kind.link.second}"
    else:
        types = _names(kind.types)
    if isinstance(kind, ElementKind):
        if kind.fallback:
            types += f" (4.x: {kind.fallback} with the classification)"
        parents = [*(link.first for link in kind.below), *((kind.through.link.first,) if kind.through else ())]
        below = ", ".join(dict.fromkeys(parents)) or "–"
    elif not isinstance(kind, RelationKind):
        types += " (classification)"
    fields = [f"`{one.name}`" for one in dataclasses.fields(kind.properties) if one.name not in COMMON]
    return f"`{name}`", kind.about, types, below, f"`{kind.properties.__name__}`: {', '.join(fields) or '–'}"


COMMON = {"extended", "qualified_name", "display_name", "description", "additional_properties"}
"""Fields that nearly every class of properties has."""


def _names(names: tuple[str, ...]) -> str:
    return " / ".join(names)


def _parameters(method: object) -> str:
    """The signature without types and self."""
    assert callable(method)
    shown = []
    starred = False
    for one in list(inspect.signature(method).parameters.values())[1:]:
        if one.kind is one.KEYWORD_ONLY and not starred:
            shown.append("*")
            starred = True
        shown.append(one.name if one.default is one.empty else f"{one.name}=…")
    return f"({', '.join(shown)})"


def _first_sentence(doc: str | None) -> str:
    text = " ".join((doc or "").split())
    return text.partition(". ")[0].rstrip(".") + "." if text else ""
