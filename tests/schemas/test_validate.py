"""Requests to create or change instances: properties, statuses, classifications and ends against the known types."""

import pytest

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    ClassificationError,
    InvalidParameterError,
    PropertyError,
    StatusNotSupportedError,
    TypeDefError,
    TypeDefNotKnownError,
)
from omrs_schemas.typedefs import TypeSystem
from omrs_schemas.typedefs.validate import (
    require_type,
    validate_classification,
    validate_ends,
    validate_new_entity,
    validate_new_relationship,
    validate_properties,
    validate_status,
)

TYPES = TypeSystem.builtin()


def guid(name):
    return TYPES.require(name=name)["guid"]


def primitive(value, category="STRING"):
    return {
        "class": "PrimitivePropertyValue",
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": f"OM_PRIMITIVE_TYPE_{category}",
        "primitiveValue": value,
    }


def properties(**values):
    return {"class": "InstanceProperties", "instanceProperties": values}


ENUM = {"class": "EnumPropertyValue", "instancePropertyCategory": "ENUM", "ordinal": 0, "symbolicName": "DRAFT"}
MAP = {"class": "MapPropertyValue", "instancePropertyCategory": "MAP", "mapValues": properties(a=primitive(1, "INT"))}
ARRAY = {"class": "ArrayPropertyValue", "instancePropertyCategory": "ARRAY", "arrayCount": 0}


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"class": "InstanceProperties", "effectiveFromTime": 1},
        properties(),
        properties(qualifiedName=primitive("q"), contentStatus=ENUM, additionalProperties=MAP, authors=ARRAY),
        properties(additionalProperties=ARRAY),
        properties(qualifiedName={**primitive("q"), "typeName": "something else", "typeGUID": "x"}),
    ],
)
def test_properties_that_fit(given):
    validate_properties(TYPES, "CSVFile", given)


@pytest.mark.parametrize(
    ("type_name", "given", "code"),
    [
        ("CSVFile", properties(noSuch=primitive("q")), Code.BAD_PROPERTY_FOR_TYPE),
        ("Referenceable", properties(fileName=primitive("q")), Code.BAD_PROPERTY_FOR_TYPE),
        ("MobileResource", properties(x=primitive("q")), Code.NO_PROPERTIES_FOR_TYPE),
        ("CSVFile", {"instanceProperties": {"": primitive("q")}}, Code.NULL_PROPERTY_NAME),
        ("CSVFile", properties(qualifiedName=None), Code.NULL_PROPERTY_VALUE),
        ("CSVFile", properties(qualifiedName="plain"), Code.NULL_PROPERTY_TYPE),
        ("CSVFile", properties(qualifiedName={"primitiveValue": "q"}), Code.NULL_PROPERTY_TYPE),
        ("CSVFile", properties(qualifiedName=primitive(1, "INT")), Code.BAD_PROPERTY_TYPE),
        ("CSVFile", properties(qualifiedName=ENUM), Code.BAD_PROPERTY_TYPE),
        ("CSVFile", properties(contentStatus=primitive("DRAFT")), Code.BAD_PROPERTY_TYPE),
        ("CSVFile", properties(additionalProperties=primitive("a")), Code.BAD_PROPERTY_TYPE),
        ("CSVFile", properties(qualifiedName=MAP), Code.BAD_PROPERTY_TYPE),
        ("CSVFile", ["qualifiedName"], Code.NULL_PROPERTY_TYPE),
        ("CSVFile", {"instanceProperties": ["qualifiedName"]}, Code.NULL_PROPERTY_TYPE),
    ],
)
def test_properties_that_do_not_fit(type_name, given, code):
    with pytest.raises(PropertyError) as caught:
        validate_properties(TYPES, type_name, given)
    assert caught.value.code == code
    assert type_name in caught.value.message and caught.value.help


def test_an_attribute_of_unknown_primitive_type_takes_any_primitive():
    types = TYPES.copy()
    attribute = {"attributeName": "any", "attributeType": types.attribute_typedef_by_name("object")}
    types.add_typedef(
        {**types.require(name="Glossary"), "guid": "g", "name": "Any", "propertiesDefinition": [attribute]}
    )
    validate_properties(types, "Any", properties(any=primitive(1, "INT")))
    with pytest.raises(PropertyError):
        validate_properties(types, "Any", properties(any=MAP))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("DELETED", Code.BAD_DELETE_INSTANCE_STATUS),
        ("DRAFT", Code.BAD_INSTANCE_STATUS),
        ("no status", Code.BAD_INSTANCE_STATUS),
        (None, Code.NULL_INSTANCE_STATUS),
    ],
)
def test_statuses(status, code):
    validate_status(TYPES, "Glossary", "ACTIVE")
    with pytest.raises(StatusNotSupportedError, match="Glossary") as caught:
        validate_status(TYPES, "Glossary", status)
    assert caught.value.code == code
    assert "ACTIVE" in caught.value.help


@pytest.mark.parametrize(
    ("classification", "entity", "error", "code"),
    [
        (None, "Asset", InvalidParameterError, Code.NULL_CLASSIFICATION_NAME),
        ("NoSuch", "Asset", ClassificationError, Code.UNKNOWN_CLASSIFICATION),
        ("Asset", "Asset", ClassificationError, Code.UNKNOWN_CLASSIFICATION),
        ("FixedLocation", "Glossary", ClassificationError, Code.INVALID_CLASSIFICATION_FOR_ENTITY),
    ],
)
def test_classifications_that_cannot_be_attached(classification, entity, error, code):
    with pytest.raises(error) as caught:
        validate_classification(TYPES, classification, entity)
    assert caught.value.code == code


def test_a_classification_fits_the_listed_entities_those_below_them_or_any():
    assert validate_classification(TYPES, "FixedLocation", "Location")["name"] == "FixedLocation"
    assert validate_classification(TYPES, "MobileResource", "CSVFile")["name"] == "MobileResource"
    types = TYPES.copy()
    free = {**types.require(name="MobileResource"), "guid": "g", "name": "Free", "validEntityDefs": []}
    types.add_typedef(free)
    assert validate_classification(types, "Free", "Glossary") is free


def test_ends_must_be_of_their_types_in_order():
    typedef = TYPES.require(name="AttachedRating")
    first, second = (typedef[field]["entityType"]["name"] for field in ("endDef1", "endDef2"))
    validate_ends(TYPES, typedef, first, second)
    validate_ends(TYPES, typedef, "CSVFile", second)
    with pytest.raises(InvalidParameterError) as caught:
        validate_ends(TYPES, typedef, first, "Glossary")
    assert caught.value.code == Code.INVALID_RELATIONSHIP_ENDS
    assert "end 2" in caught.value.message and "end 1" not in caught.value.message
    with pytest.raises(InvalidParameterError):
        validate_ends(TYPES, typedef, "NoSuchType", second)


def test_swapped_ends_are_recognised():
    nested = TYPES.require(name="NestedFile")
    validate_ends(TYPES, nested, "FileFolder", "CSVFile")
    for ends, swapped in ((("CSVFile", "FileFolder"), True), (("CSVFile", "CSVFile"), False)):
        with pytest.raises(InvalidParameterError) as caught:
            validate_ends(TYPES, nested, *ends)
        assert ("Swap" in caught.value.help) is swapped


def test_require_type_names_what_is_wrong():
    assert require_type(TYPES, guid("Asset"), "ENTITY_DEF")["name"] == "Asset"
    for asked, code in (
        (None, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
        ("nobody", Code.TYPEDEF_ID_NOT_KNOWN),
        (guid("MobileResource"), Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
    ):
        with pytest.raises(TypeDefError) as caught:
            require_type(TYPES, asked, "ENTITY_DEF")
        assert caught.value.code == code


def test_a_new_entity_whose_parts_fit():
    classification = {"class": "Classification", "name": "MobileResource"}
    given = properties(qualifiedName=primitive("q"))
    assert validate_new_entity(TYPES, guid("CSVFile"), given, [classification], "ACTIVE")["name"] == "CSVFile"
    assert validate_new_entity(TYPES, guid("CSVFile"), None)["name"] == "CSVFile"


@pytest.mark.parametrize(
    ("type_name", "given", "classifications", "status", "error"),
    [
        ("AttachedRating", None, None, None, TypeDefError),
        ("CSVFile", properties(x=primitive("q")), None, None, PropertyError),
        ("CSVFile", None, [{"name": "FixedLocation"}], None, ClassificationError),
        ("CSVFile", None, [{"name": "MobileResource"}] * 2, None, ClassificationError),
        ("CSVFile", None, [{"name": "Confidentiality", "properties": properties(x=ENUM)}], None, PropertyError),
        ("CSVFile", None, [{}], None, InvalidParameterError),
        ("CSVFile", None, ["Confidentiality"], None, InvalidParameterError),
        ("CSVFile", None, None, "DELETED", StatusNotSupportedError),
    ],
)
def test_a_new_entity_with_a_part_that_does_not_fit(type_name, given, classifications, status, error):
    with pytest.raises(error):
        validate_new_entity(TYPES, guid(type_name), given, classifications, status)


def test_a_new_relationship():
    assert validate_new_relationship(TYPES, guid("AttachedRating"), None, "ACTIVE")["name"] == "AttachedRating"
    with pytest.raises(TypeDefError):
        validate_new_relationship(TYPES, guid("CSVFile"), None)
    with pytest.raises(PropertyError):
        validate_new_relationship(TYPES, guid("AttachedRating"), properties(x=ENUM))
    with pytest.raises(StatusNotSupportedError):
        validate_new_relationship(TYPES, guid("AttachedRating"), None, "DRAFT")


def test_a_type_that_is_not_known_at_all():
    with pytest.raises(TypeDefNotKnownError):
        validate_properties(TYPES, "NoSuchType", properties(x=ENUM))
