"""Apply a TypeDefPatch to a TypeDef bean: pure, the original bean is left alone (OMRS types § 5)."""

from collections.abc import Mapping
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError, InvalidTypeDefError, PatchError
from omrs_schemas.typedefs.constants import CURRENT_TYPE_HEADER_VERSION
from omrs_schemas.typedefs.javahash import hash_map_order

Bean = dict[str, Any]

_MANDATORY = ("newVersionName", "updatedBy", "updateTime")
_REPLACED = {
    "typeDefStatus": "status",
    "description": "description",
    "descriptionGUID": "descriptionGUID",
    "superType": "superType",
    "typeDefOptions": "options",
    "externalStandardMappings": "externalStandardMappings",
    "validInstanceStatusList": "validInstanceStatusList",
    "initialStatus": "initialStatus",
}
"""Field of the patch → field of every TypeDef that it replaces when it is there."""
_REPLACED_BY_CLASS: Mapping[str, tuple[str, ...]] = {
    "EntityDef": (),
    "RelationshipDef": ("endDef1", "endDef2"),
    "ClassificationDef": ("validEntityDefs",),
}


def check_patch(patch: object) -> Bean:
    """The patch itself, when it can be applied to anything at all.

    Errors: `InvalidParameterError` NULL_TYPEDEF_PATCH; `InvalidTypeDefError` UNSUPPORTED_TYPE_HEADER_VERSION;
    `PatchError` INVALID_PATCH_VERSION, NULL_MANDATORY_PATCH_FIELD.
    """
    if not isinstance(patch, dict):
        raise InvalidParameterError(
            "A TypeDefPatch is needed and none was given",
            code=Code.NULL_TYPEDEF_PATCH,
            help="Send a TypeDefPatch bean.",
            parameter="patch",
        )
    label = describe(patch)
    header = patch.get("headerVersion") or 0
    if not isinstance(header, int) or header > CURRENT_TYPE_HEADER_VERSION:
        raise InvalidTypeDefError(
            f"The patch of {label} has headerVersion {header}; this release understands {CURRENT_TYPE_HEADER_VERSION}",
            code=Code.UNSUPPORTED_TYPE_HEADER_VERSION,
            help="Upgrade this server, or have the sender write the older form.",
        )
    apply_to, update_to = patch.get("applyToVersion", 0), patch.get("updateToVersion", 0)
    if not (type(apply_to) is int and type(update_to) is int and update_to > apply_to):
        raise PatchError(
            f"The patch of {label} goes from version {apply_to!r} to {update_to!r}",
            code=Code.INVALID_PATCH_VERSION,
            help="updateToVersion must be a number greater than applyToVersion.",
        )
    for field in _MANDATORY:
        if not patch.get(field):
            raise PatchError(
                f"The patch of {label} to version {update_to} has no {field}",
                code=Code.NULL_MANDATORY_PATCH_FIELD,
                help=f"Fill in {', '.join(_MANDATORY)}.",
                parameter=field,
            )
    return patch


def describe(patch: Bean) -> str:
    """How messages name the type that a patch is for."""
    return f"type {patch.get('typeDefName')} ({patch.get('typeDefGUID')})"


def patched(typedef: Bean, patch: Bean) -> Bean:
    """The TypeDef after the (checked) patch; the same object when the patch was applied before.

    Errors: `PatchError` INCOMPATIBLE_PATCH_VERSION when a patch in between is missing, INCOMPATIBLE_PROPERTY_PATCH when
    an attribute would change its type.
    """
    version, apply_to = typedef.get("version", 0), patch["applyToVersion"]
    if apply_to < version:
        return typedef
    if apply_to > version:
        raise PatchError(
            f"The patch of {describe(patch)} needs version {apply_to}, but version {version} is here",
            code=Code.INCOMPATIBLE_PATCH_VERSION,
            help="Apply the patches in between first.",
            guid=typedef.get("guid"),
        )
    result = {
        **typedef,
        "version": patch["updateToVersion"],
        "versionName": patch["newVersionName"],
        "updatedBy": patch["updatedBy"],
        "updateTime": patch["updateTime"],
    }
    for source, target in _REPLACED.items():
        if patch.get(source) is not None:
            result[target] = patch[source]
    for field in _REPLACED_BY_CLASS.get(typedef["class"], ()):
        if patch.get(field) is not None:
            result[field] = patch[field]
    if patch.get("updateMultiLink") and typedef["class"] == "RelationshipDef":
        result["multiLink"] = bool(patch.get("multiLink"))
    if patch.get("propertyDefinitions"):
        result["propertiesDefinition"] = _merged(typedef, patch)
    return result


def difference(before: Bean, after: Bean) -> Bean:
    """The patch that makes `after`, a later version of the same TypeDef, of `before`.

    What a patch cannot take away (an attribute, a description) stays in whoever applies it.
    """
    patch = {
        "headerVersion": CURRENT_TYPE_HEADER_VERSION,
        "typeDefGUID": after["guid"],
        "typeDefName": after["name"],
        "applyToVersion": before.get("version", 0),
        "updateToVersion": after.get("version", 0),
        "newVersionName": after.get("versionName") or str(after.get("version", 0)),
        "updatedBy": after.get("updatedBy") or after.get("createdBy") or "omrs",
        "updateTime": after.get("updateTime") or after.get("createTime") or 1,
    }
    fields = {target: source for source, target in _REPLACED.items()}
    fields |= {field: field for field in _REPLACED_BY_CLASS.get(after["class"], ())}
    for target, source in fields.items():
        if after.get(target) is not None and after[target] != before.get(target):
            patch[source] = after[target]
    if bool(after.get("multiLink")) != bool(before.get("multiLink")):
        patch |= {"updateMultiLink": True, "multiLink": bool(after.get("multiLink"))}
    known = {each["attributeName"]: each for each in before.get("propertiesDefinition") or ()}
    attributes = after.get("propertiesDefinition") or ()
    if changed := [each for each in attributes if known.get(each["attributeName"]) != each]:
        patch["propertyDefinitions"] = changed
    return patch


def _merged(typedef: Bean, patch: Bean) -> list[Bean]:
    """Attributes by name: new ones added, those of the same name replaced, none removed; in HashMap order."""
    current: list[Bean] = typedef.get("propertiesDefinition") or []
    if not current:
        return list(patch["propertyDefinitions"])
    by_name = {attribute["attributeName"]: attribute for attribute in current}
    for attribute in patch["propertyDefinitions"]:
        name = attribute.get("attributeName")
        before = by_name.get(name)
        if before is not None and _identity(before) != _identity(attribute):
            raise PatchError(
                f"The patch of {describe(patch)} changes attribute {name} from {_identity(before)[1]} to "
                f"{_identity(attribute)[1]}",
                code=Code.INCOMPATIBLE_PROPERTY_PATCH,
                help="An attribute keeps its type for ever; deprecate it and add another.",
                property=name,
            )
        by_name[name] = attribute
    return [by_name[name] for name in hash_map_order(by_name)]


def _identity(attribute: Bean) -> tuple[object, object, object]:
    """What makes two attribute types the same; descriptions and version names do not."""
    kind = attribute.get("attributeType") or {}
    return kind.get("guid"), kind.get("name"), kind.get("category")
