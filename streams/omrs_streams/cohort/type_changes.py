"""A change of types made at this server: what its types topic has to keep of it, and what the cohorts are told (OMRS
types § 4, § 5). Pure; the errors are those of `TypeSystem`, raised before anything is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort import type_beans as beans

Bean = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TypeChange:
    """`records` for the server's types topic, `tells` for every cohort, `changed` the definitions that are new."""

    records: list[Bean] = field(default_factory=list)
    tells: list[Bean] = field(default_factory=list)
    changed: list[Bean] = field(default_factory=list)


def add(
    types: TypeSystem,
    attributes: Sequence[Bean],
    typedefs: Sequence[Bean],
    patches: Sequence[Bean],
    originator: Bean,
    now: int,
    *,
    gallery: bool = False,
) -> TypeChange:
    """addTypeDef, addAttributeTypeDef, addTypeDefGallery, the types of an archive: what is known already is passed
    over, but one type by itself is a request to add it, which is refused when it is known (TypeDefKnownError)."""
    trial = types.copy()
    if len(attributes) + len(typedefs) == 1 and not patches and not gallery:
        for bean in attributes:
            trial.add_attribute_typedef(bean)
        for bean in typedefs:
            trial.add_typedef(bean)
    else:
        trial.load_gallery(attributes, typedefs)
    tells = [beans.type_event(each, originator, now) for each in _changed(types, trial)]
    for patch in patches:
        before = trial.typedef(str(patch.get("typeDefGUID")))
        if trial.apply_patch(patch) is not before:
            tells.append(beans.patch_event(patch, originator, now))
    changed = _changed(types, trial)
    return TypeChange([beans.type_event(each, originator, now) for each in changed], tells, changed)


def update(types: TypeSystem, patch: Bean, originator: Bean, now: int) -> TypeChange:
    """updateTypeDef; nothing changes when the patch was applied before."""
    before = types.typedef(str(patch.get("typeDefGUID")))
    after = types.copy().apply_patch(patch)
    if after is before:
        return TypeChange(changed=[after])
    return TypeChange([beans.type_event(after, originator, now)], [beans.patch_event(patch, originator, now)], [after])


def remove(types: TypeSystem, guid: str, name: str, originator: Bean, now: int, *, attribute: bool) -> TypeChange:
    """deleteTypeDef, deleteAttributeTypeDef; whether instances have the type is for the caller to find out."""
    trial = types.copy()
    gone = trial.remove_attribute_typedef(guid, name) if attribute else trial.remove_typedef(guid, name)
    event = beans.deleted_event(gone, originator, now)
    return TypeChange([event], [event], [gone])


def reidentify(
    types: TypeSystem,
    guid: str,
    name: str,
    new_guid: str,
    new_name: str,
    originator: Bean,
    now: int,
    *,
    attribute: bool,
) -> TypeChange:
    """reIdentifyTypeDef, reIdentifyAttributeTypeDef. The types that are built on it are kept with their new links."""
    trial = types.copy()
    if attribute:
        before = types.require_attribute_typedef(guid=guid, name=name)
        after = trial.reidentify_attribute_typedef(guid, name, new_guid, new_name)
    else:
        before = types.require(guid=guid, name=name)
        after = trial.reidentify_typedef(guid, name, new_guid, new_name)
    event = beans.reidentified_event(before, after, originator, now)
    changed = _changed(types, trial)
    return TypeChange([event, *(beans.type_event(each, originator, now) for each in changed)], [event], [after])


def _changed(before: TypeSystem, after: TypeSystem) -> list[Bean]:
    """The definitions that differ, attribute types first, each after those it is built on."""
    kinds = {each["guid"]: each for each in before.attribute_typedefs()}
    typedefs = {each["guid"]: each for each in before.typedefs()}
    found = [each for each in after.attribute_typedefs() if kinds.get(each["guid"]) != each]
    return found + [each for each in after.typedefs() if typedefs.get(each["guid"]) != each]
