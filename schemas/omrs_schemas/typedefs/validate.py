"""Does an instance, or a request to make or change one, fit the known types?

The rules are those of OMRS instances, "Creating", and OMRS types § 3. What OMRS leaves unchecked stays unchecked here:
uniqueness, cardinality, required attributes, element types of collections, multi-links.
"""

from collections.abc import Iterable
from typing import Any, TypeGuard

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    ClassificationError,
    InvalidEntityError,
    InvalidParameterError,
    InvalidRelationshipError,
    OmrsError,
    PropertyError,
    StatusNotSupportedError,
    TypeDefError,
    TypeDefNotKnownError,
)
from omrs_schemas.typedefs.attributes import AttributeSpec
from omrs_schemas.typedefs.constants import (
    CLASSIFICATION_DEF,
    COLLECTION,
    CURRENT_INSTANCE_HEADER_VERSION,
    DELETED,
    ENTITY_DEF,
    ENUM_DEF,
    INSTANCE_STATUSES,
    PRIMITIVE,
    RELATIONSHIP_DEF,
    UNKNOWN_PRIMITIVE,
)
from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]

INSTANCE_CATEGORIES = {
    "EntityDetail": ENTITY_DEF,
    "EntitySummary": ENTITY_DEF,
    "EntityProxy": ENTITY_DEF,
    "Relationship": RELATIONSHIP_DEF,
    "Classification": CLASSIFICATION_DEF,
}
"""Class of an instance bean → category its type must have."""

_VALUE_CATEGORIES = {PRIMITIVE: ("PRIMITIVE",), ENUM_DEF: ("ENUM",), COLLECTION: ("MAP", "ARRAY", "STRUCT")}
"""Category of an attribute's type → instancePropertyCategory of the values it takes."""


# Types


def require_type(types: TypeSystem, type_guid: str | None, category: str) -> Bean:
    """The TypeDef that a request names by guid, of the category it must have.

    Errors: `TypeDefError` BAD_TYPEDEF_ID_FOR_INSTANCE (none given, or another category), TYPEDEF_ID_NOT_KNOWN.
    """
    if not type_guid:
        raise TypeDefError(
            f"No type guid was given; a {category} is needed",
            code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
            help="Send the guid of the type of the new instance.",
            parameter="typeGUID",
        )
    typedef = types.typedef(type_guid)
    if typedef is None:
        raise TypeDefError(
            f"No type with guid {type_guid} is known",
            code=Code.TYPEDEF_ID_NOT_KNOWN,
            help="Ask for all types to see what is known; load the type archive that defines it.",
            type_guid=type_guid,
        )
    if typedef["category"] != category:
        raise TypeDefError(
            f"Type {typedef['name']} ({type_guid}) is a {typedef['category']}; a {category} is needed",
            code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
            help="Send the guid of a type of that category.",
            type_guid=type_guid,
            type_name=typedef["name"],
        )
    return typedef


# Parts of an instance


def validate_properties(types: TypeSystem, type_name: str, properties: Bean | None) -> None:
    """Each property is defined on the type or above it and its value has the right category.

    `properties`: InstanceProperties bean. Errors: `PropertyError` with NO_PROPERTIES_FOR_TYPE, NULL_PROPERTY_NAME,
    NULL_PROPERTY_VALUE, NULL_PROPERTY_TYPE, BAD_PROPERTY_FOR_TYPE or BAD_PROPERTY_TYPE; `TypeDefNotKnownError`.
    """
    given = _property_map(type_name, properties)
    if not given:
        return
    attributes = types.attributes(type_name)
    if not attributes:
        raise _bad_property(Code.NO_PROPERTIES_FOR_TYPE, type_name, next(iter(given)), "which has no properties at all")
    for name, value in given.items():
        if not name:
            raise _bad_property(Code.NULL_PROPERTY_NAME, type_name, name, "but a property needs a name")
        if value is None:
            raise _bad_property(Code.NULL_PROPERTY_VALUE, type_name, name, "but without a value; leave it out instead")
        attribute = attributes.get(name)
        if attribute is None:
            known = f"which has no such property; it has {', '.join(attributes)}"
            raise _bad_property(Code.BAD_PROPERTY_FOR_TYPE, type_name, name, known)
        _validate_value(type_name, attribute, value)


def _property_map(type_name: str, properties: Bean | None) -> Bean:
    if properties is None:
        return {}
    given = properties.get("instanceProperties") if isinstance(properties, dict) else properties
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise PropertyError(
            f"The properties of a {type_name} are not an InstanceProperties bean but a {type(given).__name__}",
            code=Code.NULL_PROPERTY_TYPE,
            help='Send {"class": "InstanceProperties", "instanceProperties": {name: value bean}}.',
            type_name=type_name,
        )
    return given


def _validate_value(type_name: str, attribute: AttributeSpec, value: object) -> None:
    category = value.get("instancePropertyCategory") if isinstance(value, dict) else None
    if not isinstance(value, dict) or category is None:
        problem = "but the value is no InstancePropertyValue bean with an instancePropertyCategory"
        raise _bad_property(Code.NULL_PROPERTY_TYPE, type_name, attribute.name, problem)
    if category not in _VALUE_CATEGORIES.get(attribute.category, ()):
        wanted = " or ".join(_VALUE_CATEGORIES.get(attribute.category, (attribute.category,)))
        problem = f"as {category}; its type {attribute.type_name} takes {wanted}"
        raise _bad_property(Code.BAD_PROPERTY_TYPE, type_name, attribute.name, problem)
    if category == "PRIMITIVE" and attribute.primitive != UNKNOWN_PRIMITIVE:
        primitive = value.get("primitiveDefCategory")
        if primitive != attribute.primitive:
            problem = f"as {primitive}; its type {attribute.type_name} takes {attribute.primitive}"
            raise _bad_property(Code.BAD_PROPERTY_TYPE, type_name, attribute.name, problem)


def _bad_property(code: Code, type_name: str, name: str, problem: str) -> PropertyError:
    return PropertyError(
        f"Property {name!r} was given for type {type_name}, {problem}",
        code=code,
        help="Correct the name, the value's category or the type.",
        type_name=type_name,
        property=name,
    )


def validate_status(types: TypeSystem, type_name: str, status: str | None) -> None:
    """A status that a caller may set: in the type's list and not DELETED.

    Errors: `StatusNotSupportedError` NULL_INSTANCE_STATUS, BAD_DELETE_INSTANCE_STATUS, BAD_INSTANCE_STATUS.
    """
    valid = [known for known in types.valid_statuses(type_name) if known != DELETED]
    if status is None:
        code, problem = Code.NULL_INSTANCE_STATUS, f"No status was given for an instance of {type_name}"
    elif status == DELETED:
        code, problem = Code.BAD_DELETE_INSTANCE_STATUS, f"DELETED cannot be set on an instance of {type_name}"
    elif status not in valid:
        code, problem = Code.BAD_INSTANCE_STATUS, f"Status {status!r} is not valid for an instance of {type_name}"
    else:
        return
    help = f"Use one of {', '.join(valid)}; to delete, use the delete request."
    raise StatusNotSupportedError(problem, code=code, help=help, type_name=type_name, status=status)


def validate_classification(types: TypeSystem, classification_name: str | None, entity_type_name: str) -> Bean:
    """The ClassificationDef, when it may be attached to an entity of that type.

    Errors: `InvalidParameterError` NULL_CLASSIFICATION_NAME; `ClassificationError` UNKNOWN_CLASSIFICATION,
    INVALID_CLASSIFICATION_FOR_ENTITY.
    """
    if not classification_name:
        raise InvalidParameterError(
            f"No classification name was given for an entity of type {entity_type_name}",
            code=Code.NULL_CLASSIFICATION_NAME,
            help="Send the name of a classification type.",
            parameter="classificationName",
        )
    typedef = types.typedef_by_name(classification_name)
    if typedef is None or typedef["category"] != CLASSIFICATION_DEF:
        found = "is not known" if typedef is None else f"is a {typedef['category']}"
        raise ClassificationError(
            f"Classification {classification_name} {found}",
            code=Code.UNKNOWN_CLASSIFICATION,
            help="Ask for the types of category CLASSIFICATION_DEF to see what is known.",
            classification=classification_name,
        )
    allowed = [link.get("name") or _name_of(types, link) for link in typedef.get("validEntityDefs") or ()]
    if allowed and not any(types.is_type_of(entity_type_name, name) for name in allowed):
        raise ClassificationError(
            f"Classification {classification_name} cannot be attached to an entity of type {entity_type_name}",
            code=Code.INVALID_CLASSIFICATION_FOR_ENTITY,
            help=f"It is for {', '.join(allowed)} and the types below.",
            classification=classification_name,
            type_name=entity_type_name,
        )
    return typedef


def validate_ends(types: TypeSystem, typedef: Bean, end1_type_name: str, end2_type_name: str) -> None:
    """Each end's entity type is the one of `endDef1`/`endDef2` or below it, in that order.

    Errors: `InvalidParameterError` INVALID_RELATIONSHIP_ENDS.
    """
    wanted = [_name_of(types, typedef[field]["entityType"]) for field in ("endDef1", "endDef2")]
    actual = [end1_type_name, end2_type_name]
    wrong = [end for end in (0, 1) if not types.is_type_of(actual[end], wanted[end])]
    if wrong:
        swapped = all(types.is_type_of(actual[1 - end], wanted[end]) for end in (0, 1))
        needs = " and ".join(f"a {wanted[end]} at end {end + 1} (got a {actual[end]})" for end in wrong)
        raise InvalidParameterError(
            f"A {typedef['name']} needs {needs}",
            code=Code.INVALID_RELATIONSHIP_ENDS,
            help="Swap the two ends." if swapped else "Give entities of those types or types below them.",
            type_name=typedef["name"],
            end1_type=end1_type_name,
            end2_type=end2_type_name,
        )


def _name_of(types: TypeSystem, link: Bean) -> str:
    resolved = types.resolve(link)
    return str(link.get("name") if resolved is None else resolved["name"])


# Requests to create


def validate_new_entity(
    types: TypeSystem,
    type_guid: str | None,
    properties: Bean | None,
    classifications: Iterable[Bean] | None = None,
    status: str | None = None,
) -> Bean:
    """The EntityDef for a new entity whose parts all fit; `status` None means the type's initial status.

    Errors: those of `require_type`, `validate_properties`, `validate_status` and `validate_classification`;
    `ClassificationError` ENTITY_ALREADY_CLASSIFIED for a classification that is given twice.
    """
    typedef = require_type(types, type_guid, ENTITY_DEF)
    validate_properties(types, typedef["name"], properties)
    seen: set[str] = set()
    for classification in classifications or ():
        given = classification.get("name") if isinstance(classification, dict) else None
        name = validate_classification(types, given, typedef["name"])["name"]
        validate_properties(types, name, classification.get("properties"))
        if name in seen:
            raise ClassificationError(
                f"Classification {name} was given twice for a new {typedef['name']}",
                code=Code.ENTITY_ALREADY_CLASSIFIED,
                help="An entity carries each classification once.",
                classification=name,
            )
        seen.add(name)
    if status is not None:
        validate_status(types, typedef["name"], status)
    return typedef


def validate_new_relationship(
    types: TypeSystem, type_guid: str | None, properties: Bean | None, status: str | None = None
) -> Bean:
    """The RelationshipDef for a new relationship; the ends are for `validate_ends` once both are known.

    Errors: those of `require_type`, `validate_properties` and `validate_status`.
    """
    typedef = require_type(types, type_guid, RELATIONSHIP_DEF)
    validate_properties(types, typedef["name"], properties)
    if status is not None:
        validate_status(types, typedef["name"], status)
    return typedef


# Instances from elsewhere


def validate_instance(types: TypeSystem, bean: object, *, home_required: bool = True) -> Bean:
    """The TypeDef of an instance that came by event or archive, when its header can be trusted.

    Lenient where real members are (OMRS observed, Receivers): version, status and properties are not looked at.
    `home_required` is False for archive instances that have not been stamped yet; CONFIGURATION instances never need a
    home. Errors: `InvalidEntityError` / `InvalidRelationshipError` (NO_GUID, NULL_INSTANCE_METADATA_COLLECTION_ID,
    UNSUPPORTED_INSTANCE_HEADER_VERSION, INVALID_INSTANCE), `ClassificationError` for classifications,
    `TypeDefNotKnownError` TYPEDEF_NOT_KNOWN_FOR_INSTANCE, `TypeDefError` BAD_TYPEDEF_ID_FOR_INSTANCE,
    `InvalidParameterError` NULL_REFERENCE_INSTANCE.
    """
    if not isinstance(bean, dict):
        raise InvalidParameterError(
            "An instance is needed and none was given", code=Code.NULL_REFERENCE_INSTANCE, help="Send an instance bean."
        )
    category = INSTANCE_CATEGORIES.get(str(bean.get("class")))
    if category is None:
        help = f"Use one of {', '.join(INSTANCE_CATEGORIES)}."
        raise _bad_instance(bean, Code.INVALID_INSTANCE, f"has class {bean.get('class')!r}", help)
    header = bean.get("headerVersion") or 0
    if type(header) is not int or header > CURRENT_INSTANCE_HEADER_VERSION:
        problem = f"has headerVersion {header!r}; this release understands {CURRENT_INSTANCE_HEADER_VERSION}"
        raise _bad_instance(bean, Code.UNSUPPORTED_INSTANCE_HEADER_VERSION, problem, "Upgrade this server.")
    if category != CLASSIFICATION_DEF and not _text(bean.get("guid")):
        raise _bad_instance(bean, Code.NO_GUID, "has no guid", "Every entity and relationship needs one.")
    if category == CLASSIFICATION_DEF and not _text(bean.get("name")):
        raise _bad_instance(bean, Code.NULL_CLASSIFICATION_NAME, "has no name", "A classification needs its name.")
    needs_home = home_required and bean.get("instanceProvenanceType") != "CONFIGURATION"
    if needs_home and not _text(bean.get("metadataCollectionId")):
        help = "The sender must name the home metadata collection."
        raise _bad_instance(bean, Code.NULL_INSTANCE_METADATA_COLLECTION_ID, "has no metadataCollectionId", help)
    if category == RELATIONSHIP_DEF:
        _validate_end_proxies(bean)
    return _instance_type(types, bean, category)


def _validate_end_proxies(bean: Bean) -> None:
    for field in ("entityOneProxy", "entityTwoProxy"):
        proxy = bean.get(field)
        if not isinstance(proxy, dict) or not _text(proxy.get("guid")):
            raise _bad_instance(bean, Code.INVALID_INSTANCE, f"has no guid in {field}", "A relationship has two ends.")


def _instance_type(types: TypeSystem, bean: Bean, category: str) -> Bean:
    named = bean.get("type")
    guid = named.get("typeDefGUID") if isinstance(named, dict) else None
    name = named.get("typeDefName") if isinstance(named, dict) else None
    label = f"{bean.get('class')} {bean.get('guid') or bean.get('name')}"
    if not _text(guid) or not _text(name):
        missing = "guid" if not _text(guid) else "name"
        help = "The sender must fill in type.typeDefGUID and type.typeDefName."
        raise TypeDefError(f"{label} has no type {missing}", code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE, help=help)
    typedef = types.typedef_by_name(name)
    if typedef is None:
        raise TypeDefNotKnownError(
            f"{label} is of type {name} ({guid}), which is not known here",
            code=Code.TYPEDEF_NOT_KNOWN_FOR_INSTANCE,
            help="Load the type archive that defines it, or let its home member join the cohort first.",
            guid=bean.get("guid"),
            type_guid=guid,
            type_name=name,
        )
    if typedef["guid"] != guid or typedef["category"] != category:
        here = f"here {name} is the {typedef['category']} {typedef['guid']}"
        raise TypeDefError(
            f"{label} is of type {name} ({guid}) and should be a {category}, but {here}",
            code=Code.BAD_TYPEDEF_ID_FOR_INSTANCE,
            help="All members of a cohort must use one release of a type; load the same type archive everywhere.",
            guid=bean.get("guid"),
            type_guid=guid,
            type_name=name,
        )
    return typedef


def type_version_differs(types: TypeSystem, bean: Bean) -> bool:
    """Was the instance written with another version of its type than the one known here? Worth a warning, no more."""
    typedef = types.typedef_by_name(bean["type"]["typeDefName"])
    return typedef is not None and typedef.get("version", 0) != bean["type"].get("typeDefVersion", 0)


def is_status(name: object) -> bool:
    """Is this the name of an InstanceStatus at all?"""
    return isinstance(name, str) and name in INSTANCE_STATUSES


def _bad_instance(bean: Bean, code: Code, problem: str, help: str) -> OmrsError:
    kinds: dict[str, type[OmrsError]] = {
        "Relationship": InvalidRelationshipError,
        "Classification": ClassificationError,
    }
    kind = kinds.get(str(bean.get("class")), InvalidEntityError)
    label = f"{bean.get('class')} {bean.get('guid') or bean.get('name')}"
    return kind(f"{label} {problem}", code=code, help=help, guid=bean.get("guid"))


def _text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""
