"""Is a TypeDef or AttributeTypeDef bean complete and consistent in itself? Pure; what is known elsewhere is not asked.

Rule sources: OMRS types § 1 (header versions), § 4 (add). Errors: `InvalidParameterError` where no bean was given,
`InvalidTypeDefError` with NULL_TYPEDEF_IDENTIFIER, NULL_TYPEDEF_NAME, UNSUPPORTED_TYPE_HEADER_VERSION or
INVALID_TYPEDEF (the attribute forms of these for AttributeTypeDefs). Guids are any text: real ones have 34 to 37
characters; real enums give two elements one ordinal.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, TypeGuard

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError, InvalidTypeDefError
from omrs_schemas.typedefs.constants import (
    ATTRIBUTE_TYPEDEF_CLASSES,
    COLLECTION,
    COLLECTION_ARGUMENTS,
    CURRENT_TYPE_HEADER_VERSION,
    ENUM_DEF,
    INSTANCE_STATUSES,
    PRIMITIVE_CATEGORIES,
    TYPEDEF_CLASSES,
)

Bean = dict[str, Any]


def check_typedef(bean: object) -> Bean:
    """The TypeDef bean itself when it can stand; see the module for the errors."""
    typedef = _headed(bean, "TypeDef", TYPEDEF_CLASSES, Code.NULL_TYPEDEF, Code.INVALID_TYPEDEF)
    _check_link(typedef, "superType", typedef.get("superType"), needed=False)
    _check_statuses(typedef)
    _check_attributes(typedef)
    if typedef["class"] == "RelationshipDef":
        for field in ("endDef1", "endDef2"):
            end = typedef.get(field)
            if not isinstance(end, dict):
                _refuse(typedef, f"has no {field}", "A relationship type needs both ends.")
            _check_link(typedef, f"{field}.entityType", end.get("entityType"), needed=True)
            if not _text(end.get("attributeName")):
                _refuse(typedef, f"has no attributeName in {field}", "Name the end as seen from the other entity.")
    if typedef["class"] == "ClassificationDef":
        for index, link in enumerate(_list_of(typedef, "validEntityDefs")):
            _check_link(typedef, f"validEntityDefs[{index}]", link, needed=True)
    return typedef


def check_attribute_typedef(bean: object) -> Bean:
    """The AttributeTypeDef bean itself when it can stand; see the module for the errors."""
    code = Code.INVALID_ATTRIBUTE_TYPEDEF
    kind = _headed(bean, "AttributeTypeDef", ATTRIBUTE_TYPEDEF_CLASSES, Code.NULL_ATTRIBUTE_TYPEDEF, code)
    if kind["category"] == ENUM_DEF:
        for index, element in enumerate(_list_of(kind, "elementDefs", code)):
            if not isinstance(element, dict) or type(element.get("ordinal")) is not int:
                _refuse(kind, f"has no ordinal in elementDefs[{index}]", "Number each element.", code)
    elif kind["category"] == COLLECTION:
        _check_collection(kind, code)
    elif kind.get("primitiveDefCategory") not in PRIMITIVE_CATEGORIES:
        named = kind.get("primitiveDefCategory")
        _refuse(kind, f"has primitiveDefCategory {named!r}", f"Use one of {_names(PRIMITIVE_CATEGORIES)}.", code)
    return kind


def _check_collection(kind: Bean, code: Code) -> None:
    collection = kind.get("collectionDefCategory")
    arguments = _list_of(kind, "argumentTypes", code)
    if collection not in COLLECTION_ARGUMENTS:
        _refuse(kind, f"has collectionDefCategory {collection!r}", f"Use one of {_names(COLLECTION_ARGUMENTS)}.", code)
    wanted = COLLECTION_ARGUMENTS[str(collection)]
    if len(arguments) != wanted:
        _refuse(kind, f"has {len(arguments)} argumentTypes; {collection} takes {wanted}", "Give one per {$n}.", code)
    for argument in arguments:
        if argument not in PRIMITIVE_CATEGORIES:
            _refuse(kind, f"has argument type {argument!r}", f"Use one of {_names(PRIMITIVE_CATEGORIES)}.", code)


def _headed(bean: object, noun: str, classes: Mapping[str, str], null: Code, invalid: Code) -> Bean:
    """What every type bean needs: class, category, guid, name, header and type version."""
    if not isinstance(bean, dict):
        raise InvalidParameterError(f"A {noun} is needed and none was given", code=null, help=f"Send a {noun} bean.")
    attribute = noun != "TypeDef"
    if not _text(bean.get("guid")):
        no_guid = Code.NULL_ATTRIBUTE_TYPEDEF_IDENTIFIER if attribute else Code.NULL_TYPEDEF_IDENTIFIER
        _refuse(bean, "has no guid", f"Every {noun} needs a unique identifier.", no_guid)
    if not _text(bean.get("name")):
        no_name = Code.NO_ATTRIBUTE_TYPEDEF_NAME if attribute else Code.NULL_TYPEDEF_NAME
        _refuse(bean, "has no name", f"Every {noun} needs a unique name.", no_name)
    header = bean.get("headerVersion") or 0
    if type(header) is not int or header > CURRENT_TYPE_HEADER_VERSION:
        _refuse(
            bean,
            f"has headerVersion {header!r}; this release understands {CURRENT_TYPE_HEADER_VERSION}",
            "Upgrade this server, or have the sender write the older form.",
            Code.UNSUPPORTED_TYPE_HEADER_VERSION,
        )
    expected = classes.get(str(bean.get("class")))
    if expected is None:
        _refuse(bean, f"has class {bean.get('class')!r}", f"Use one of {_names(classes)}.", invalid)
    if bean.get("category") != expected:
        _refuse(bean, f"has category {bean.get('category')!r} with class {bean['class']}", f"Use {expected}.", invalid)
    if type(bean.get("version", 0)) is not int:
        _refuse(bean, f"has version {bean['version']!r}", "A version is a whole number.", invalid)
    return bean


def _check_statuses(typedef: Bean) -> None:
    valid = _list_of(typedef, "validInstanceStatusList")
    initial = typedef.get("initialStatus")
    for status in (*valid, *([] if initial is None else [initial])):
        if status not in INSTANCE_STATUSES:
            _refuse(typedef, f"names the instance status {status!r}", f"Use one of {_names(INSTANCE_STATUSES)}.")
    if initial is not None and valid and initial not in valid:
        _refuse(typedef, f"starts instances as {initial}, which is not in its own list", f"Use one of {_names(valid)}.")


def _check_attributes(typedef: Bean) -> None:
    seen: set[str] = set()
    for index, attribute in enumerate(_list_of(typedef, "propertiesDefinition")):
        name = attribute.get("attributeName") if isinstance(attribute, dict) else None
        if not _text(name):
            _refuse(typedef, f"has an attribute without a name at propertiesDefinition[{index}]", "Name it.")
        if name in seen:
            _refuse(typedef, f"defines attribute {name} twice", "Keep one definition.")
        seen.add(name)
        kind = attribute.get("attributeType")
        if not isinstance(kind, dict) or not all(_text(kind.get(key)) for key in ("guid", "name", "category")):
            _refuse(typedef, f"does not say the type of attribute {name}", "Give its AttributeTypeDef.")


def _check_link(typedef: Bean, field: str, link: object, *, needed: bool) -> None:
    if link is None and not needed:
        return
    if not isinstance(link, dict) or not (_text(link.get("guid")) or _text(link.get("name"))):
        _refuse(typedef, f"has no type in {field}", "Link it by guid and name.")


def _list_of(bean: Bean, field: str, code: Code = Code.INVALID_TYPEDEF) -> list[Any]:
    value = bean.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        _refuse(bean, f"has {field} that is no list", "Send a JSON array.", code)
    return value


def _text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _names(values: Iterable[str]) -> str:
    return ", ".join(values)


def _refuse(bean: Bean, what: str, help: str, code: Code = Code.INVALID_TYPEDEF) -> NoReturn:
    guid, name = bean.get("guid"), bean.get("name")
    raise InvalidTypeDefError(f"Type {name} ({guid}) {what}", code=code, help=help, guid=guid, type_name=name)
