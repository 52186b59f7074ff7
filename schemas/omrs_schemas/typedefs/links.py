"""How types refer to each other: super types, relationship ends, the entities of a classification.

A TypeDefLink carries guid and name; the name decides where both are there, as in the type-of check of OMRS types § 3.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from omrs_schemas.errors import InvalidTypeDefError
from omrs_schemas.typedefs.constants import ENTITY_DEF

Bean = dict[str, Any]


_LINK_FIELDS = frozenset({"headerVersion", "guid", "name", "status", "replacedByTypeGUID", "replacedByTypeName"})


class Resolver(Protocol):
    """What of a `TypeSystem` is needed here."""

    def resolve(self, link: Bean) -> Bean | None:
        """The TypeDef that a link means."""

    def typedef(self, guid: str) -> Bean | None:
        """The TypeDef with this guid."""

    def typedefs(self) -> list[Bean]:
        """Every TypeDef known."""


def of(typedef: Bean) -> Iterator[tuple[str, Bean]]:
    """(field, TypeDefLink) for every type that a TypeDef is built on."""
    if typedef.get("superType"):
        yield "superType", typedef["superType"]
    for field in ("endDef1", "endDef2"):
        if typedef.get(field):
            yield f"{field}.entityType", typedef[field]["entityType"]
    for link in typedef.get("validEntityDefs") or ():
        yield "validEntityDefs", link


def missing(types: Resolver, typedef: Bean) -> list[str]:
    """What a TypeDef is built on that is not known, by name where there is one."""
    return [str(link.get("name") or link.get("guid")) for _, link in of(typedef) if types.resolve(link) is None]


def names(typedef: Bean) -> set[str]:
    """Names of the types that a TypeDef is built on."""
    return {link["name"] for _, link in of(typedef) if link.get("name")}


def trimmed(typedef: Bean) -> Bean:
    """The TypeDef with nothing but TypeDefLinks in its links; the same object when that is so already.

    Some archives hold whole TypeDefs there. Members that read them keep the link only, and compare types by that.
    """
    if all(link.keys() <= _LINK_FIELDS for _, link in of(typedef)):
        return typedef
    return _with_links(typedef, lambda link: {field: link[field] for field in link if field in _LINK_FIELDS})


def check_links(types: Resolver, typedef: Bean) -> None:
    """Every link leads to a known type of the right category, and the super types do not run in a circle.

    Errors: `InvalidTypeDefError` INVALID_TYPEDEF.
    """
    for field, link in of(typedef):
        target = types.resolve(link)
        wanted = typedef["category"] if field == "superType" else ENTITY_DEF
        if target is None:
            problem, help = "which is not known", "Add that type first, or load the archive that defines it."
        elif link.get("guid") and types.typedef(link["guid"]) is not target:
            problem, help = f"but that name has guid {target['guid']} here", "Use the guid and name of one type."
        elif target["category"] != wanted:
            problem, help = f"which is a {target['category']}", f"A {wanted} is needed there."
        else:
            continue
        raise _invalid(typedef, f"refers in {field} to {link.get('name')} ({link.get('guid')}), {problem}", help)
    if typedef.get("superType"):
        for ancestor in chain(types, types.resolve(typedef["superType"])):
            if ancestor["guid"] == typedef["guid"]:
                raise _invalid(typedef, "would be its own super type", "Choose a super type that is not below it.")


def _invalid(typedef: Bean, what: str, help: str) -> InvalidTypeDefError:
    name, guid = typedef["name"], typedef["guid"]
    return InvalidTypeDefError(f"Type {name} ({guid}) {what}", help=help, guid=guid, type_name=name)


def chain(types: Resolver, typedef: Bean | None) -> Iterator[Bean]:
    """The type and its super types, nearest first; ends where a link leads nowhere."""
    while typedef is not None:
        yield typedef
        typedef = types.resolve(typedef["superType"]) if typedef.get("superType") else None


def children(types: Resolver) -> dict[str, list[str]]:
    """Guid → guids of the types directly below."""
    below: dict[str, list[str]] = {}
    for typedef in types.typedefs():
        parent = types.resolve(typedef["superType"]) if typedef.get("superType") else None
        if parent is not None:
            below.setdefault(parent["guid"], []).append(typedef["guid"])
    return below


def by_dependence(typedefs: list[Bean]) -> list[Bean]:
    """The same types, each after those of the list that it is built on; otherwise in the given order.

    A circle keeps its given order: adding its first member then says which type is missing.
    """
    pending = {bean["name"]: bean for bean in typedefs}
    if len(pending) != len(typedefs):
        return typedefs  # a name twice: adding the second one says so
    by_guid = {bean["guid"]: bean["name"] for bean in typedefs}
    ordered: dict[str, Bean] = {}
    for start in typedefs:
        stack = [start["name"]]
        opened: set[str] = set()
        while stack:
            name = stack[-1]
            needs = (link.get("name") or by_guid.get(str(link.get("guid"))) for _, link in of(pending[name]))
            missing = [need for need in needs if need in pending and need not in ordered and need not in opened]
            opened.add(name)
            if missing:
                stack.extend(reversed(missing))
            else:
                ordered.setdefault(stack.pop(), pending[name])
    return list(ordered.values())


def relinked(typedef: Bean, old_name: str, target: Bean) -> Bean:
    """The TypeDef with its links to `old_name` leading to `target`; the same object when there are none."""
    if old_name not in names(typedef):
        return typedef
    return _with_links(typedef, lambda link: _moved(link, old_name, target))


def _with_links(typedef: Bean, change: Callable[[Bean], Bean]) -> Bean:
    result = dict(typedef)
    if typedef.get("superType"):
        result["superType"] = change(typedef["superType"])
    for field in ("endDef1", "endDef2"):
        if typedef.get(field):
            result[field] = {**typedef[field], "entityType": change(typedef[field]["entityType"])}
    if typedef.get("validEntityDefs"):
        result["validEntityDefs"] = [change(link) for link in typedef["validEntityDefs"]]
    return result


def _moved(link: Bean, old_name: str, target: Bean) -> Bean:
    return {**link, "guid": target["guid"], "name": target["name"]} if link.get("name") == old_name else link


def retyped(typedef: Bean, old_guid: str, kind: Bean) -> Bean:
    """The TypeDef with attributes of the attribute type `old_guid` having the type `kind`."""
    attributes = typedef.get("propertiesDefinition") or []
    if all(attribute["attributeType"]["guid"] != old_guid for attribute in attributes):
        return typedef
    changed = [
        {**attribute, "attributeType": kind} if attribute["attributeType"]["guid"] == old_guid else attribute
        for attribute in attributes
    ]
    return {**typedef, "propertiesDefinition": changed}
