"""Which types of an archive a server has to add, in the order of adding (OMRS types § 4, § 5, § 6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omrs_schemas.errors import OmrsError, TypeDefConflictError
from omrs_schemas.typedefs.links import by_dependence
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.archives_read import Archive, JsonBean, Located
from omrs_streams.repository.archives_report import Entry

_WORDS = frozenset(
    {
        "description",
        "descriptionGUID",
        "descriptionWiki",
        "attributeDescription",
        "attributeDescriptionGUID",
        "versionName",
        "createdBy",
        "createTime",
        "updatedBy",
        "updateTime",
    }
)
"""What a type is called, said and dated: no instance depends on it."""


@dataclass(slots=True)
class TypePlan:
    """What to add: attribute types, new types, then patches, each list in its order.

    `types` is the type system as it will be; `patched` holds the TypeDefs that the patches make of the known ones.
    """

    types: TypeSystem
    attribute_typedefs: list[JsonBean] = field(default_factory=list)
    typedefs: list[JsonBean] = field(default_factory=list)
    patches: list[JsonBean] = field(default_factory=list)
    patched: dict[str, JsonBean] = field(default_factory=dict)
    report: list[Entry] = field(default_factory=list)
    known: int = 0
    alike: int = 0


def plan_types(archive: Archive, types: TypeSystem) -> TypePlan:
    """Compare the archive's types with `types`, which is left as it is.

    A type that is known and equal by the verify rules is passed over. So is one that differs from the known one in
    descriptions, version name and dates only, with one warning for all of them: the verify rules alone would refuse the
    archive of the very release that is built in (its facts carry none of these).
    """
    plan = TypePlan(types.copy())
    for each in archive.attribute_typedefs:
        _attribute_type(plan, each)
    where = {id(each.bean): each for each in archive.typedefs}
    for bean in by_dependence([each.bean for each in archive.typedefs]):
        _typedef(plan, where[id(bean)])
    for each in archive.patches:
        _patch(plan, each)
    if plan.alike:
        message = (
            f"{plan.alike} types are known here with other descriptions or version names, which are kept; a member "
            f"that loaded this archive first would call them conflicting"
        )
        plan.report.append(Entry("warning", None, "/archiveTypeStore", message))
    if plan.known:
        message = f"{plan.known} types and patches of the archive are known here already"
        plan.report.append(Entry("info", None, "/archiveTypeStore", message))
    return plan


def _attribute_type(plan: TypePlan, each: Located) -> None:
    try:
        if plan.types.verify_attribute_typedef(each.bean):
            plan.known += 1
            return
        plan.types.add_attribute_typedef(each.bean)
    except TypeDefConflictError as fault:
        _conflict(plan, each, plan.types.attribute_typedef_by_name(each.bean["name"]), fault)
    except OmrsError as fault:
        plan.report.append(_error(each, fault))
    else:
        plan.attribute_typedefs.append(each.bean)


def _conflict(plan: TypePlan, each: Located, known: JsonBean | None, fault: TypeDefConflictError) -> None:
    if known is not None and _bare(known) == _bare(each.bean):
        plan.alike += 1
    else:
        plan.report.append(_error(each, fault))


def _typedef(plan: TypePlan, each: Located) -> None:
    known = plan.types.typedef_by_name(each.bean["name"])
    if known is not None and known["guid"] == each.guid and known.get("version", 0) > each.bean.get("version", 0):
        plan.known += 1
        return
    try:
        if plan.types.verify_typedef(each.bean):
            plan.known += 1
            return
        plan.types.add_typedef(each.bean)
    except TypeDefConflictError as fault:
        _conflict(plan, each, known, fault)
    except OmrsError as fault:
        plan.report.append(_error(each, fault))
    else:
        plan.typedefs.append(each.bean)


def _patch(plan: TypePlan, each: Located) -> None:
    guid = str(each.bean.get("typeDefGUID"))
    before = plan.types.typedef(guid)
    try:
        after = plan.types.apply_patch(each.bean)
    except OmrsError as fault:
        plan.report.append(Entry("error", guid, each.pointer, fault.message))
        return
    if after is before:
        plan.known += 1
    else:
        plan.patches.append(each.bean)
        plan.patched[after["guid"]] = after


def _error(each: Located, fault: OmrsError) -> Entry:
    return Entry("error", each.guid, each.pointer, fault.message)


def _bare(value: Any) -> Any:
    """Without descriptions, at any depth."""
    if isinstance(value, Mapping):
        return {name: _bare(each) for name, each in value.items() if name not in _WORDS}
    return [_bare(each) for each in value] if isinstance(value, list) else value
