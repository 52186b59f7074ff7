"""What a model takes and what it gives: Egeria's JSON, nulls omitted, unknown fields ignored."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from omrs_schemas.model import enums, requests
from omrs_schemas.model.base import WireEnum
from omrs_schemas.model.instances import (
    ArrayPropertyValue,
    Classification,
    EntityDetail,
    EntityProxy,
    InstanceProperties,
    MapPropertyValue,
    PrimitivePropertyValue,
)
from omrs_schemas.model.types import AttributeTypeDef, TypeDef, TypeDefLink, TypeDefPatch


def test_a_bean_made_here_has_what_egeria_always_writes() -> None:
    assert EntityDetail(guid="g").to_bean() == {"class": "EntityDetail", "headerVersion": 1, "version": 0, "guid": "g"}
    assert TypeDefLink(guid="g", name="n").to_bean() == {"headerVersion": 1, "guid": "g", "name": "n"}
    assert TypeDefPatch(typeDefGUID="g").to_bean() == {
        "headerVersion": 1,
        "typeDefGUID": "g",
        "applyToVersion": 0,
        "updateToVersion": 0,
        "updateMultiLink": False,
        "multiLink": False,
    }


def test_nulls_empty_collections_and_unknown_fields_go() -> None:
    given = {
        "class": "EntityDetail",
        "guid": "g",
        "updatedBy": None,
        "maintainedBy": [],
        "mappingProperties": {},
        "classifications": None,
        "properties": {"class": "InstanceProperties", "instanceProperties": {}},
        "fieldOfRelease9": 5,
    }
    assert EntityDetail.model_validate(given).to_bean() == EntityDetail(guid="g").to_bean()


def test_properties_with_effectivity_alone_stay() -> None:
    bean = EntityProxy.model_validate({"uniqueProperties": {"effectiveFromTime": "1970-01-01T00:00:01Z"}}).to_bean()
    assert bean["uniqueProperties"] == {"class": "InstanceProperties", "headerVersion": 1, "effectiveFromTime": 1000}


def test_setting_a_property_to_null_removes_it() -> None:
    properties = InstanceProperties.model_validate({"instanceProperties": {"a": None}})
    assert properties.is_empty()
    assert InstanceProperties.model_validate({"instanceProperties": None}).is_empty()


@pytest.mark.parametrize("bean", [{}, {"name": ""}, {"name": None}])
def test_a_classification_has_a_name(bean: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="name"):
        Classification.model_validate(bean)


def test_a_value_without_class_is_known_by_its_category() -> None:
    given = {"instanceProperties": {"a": {"instancePropertyCategory": "MAP", "mapValues": {"instanceProperties": {}}}}}
    value = InstanceProperties.model_validate(given).instanceProperties["a"]
    assert isinstance(value, MapPropertyValue)


def test_an_array_index_beyond_the_count_is_refused() -> None:
    with pytest.raises(ValidationError, match="array index '2' is not below arrayCount 2"):
        ArrayPropertyValue.model_validate({"arrayCount": 2, "arrayValues": {"instanceProperties": {"2": STRING}}})


def test_the_count_of_a_map_is_computed() -> None:
    value = MapPropertyValue.model_validate({"mapElementCount": 9, "mapValues": {"instanceProperties": {"a": STRING}}})
    assert value.to_bean()["mapElementCount"] == 1


STRING = {"class": "PrimitivePropertyValue", "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING", "primitiveValue": "x"}


@pytest.mark.parametrize(
    ("category", "given", "held"),
    [
        ("DATE", "1970-01-01T00:00:01Z", 1000),
        ("DATE", 5, 5),
        ("BIGDECIMAL", 5, 5),
        ("BIGINTEGER", 2**70, 2**70),
        ("BYTE", 127, 127),
        ("CHAR", "word", "w"),
        ("FLOAT", 5, 5.0),
        ("DOUBLE", 1.5, 1.5),
        ("LONG", 5, 5),
        ("LONG", 5.0, 5),
        ("BOOLEAN", False, False),
    ],
)
def test_primitive_values_are_coerced_as_their_category_says(category: str, given: Any, held: Any) -> None:
    value = PrimitivePropertyValue.model_validate(
        {"primitiveDefCategory": f"OM_PRIMITIVE_TYPE_{category}", "primitiveValue": given}
    )
    assert value.primitiveValue == held
    assert type(value.primitiveValue) is type(held)


def test_a_request_bean_that_extends_the_expected_one_is_taken() -> None:
    body = {"class": "PropertyMatchFindRequest", "offset": 0, "pageSize": 10}
    assert requests.TypeLimitedFindRequest.model_validate(body).pageSize == 10
    with pytest.raises(ValidationError, match="class is 'EntityDetail' where a TypeLimitedFindRequest is expected"):
        requests.TypeLimitedFindRequest.model_validate({"class": "EntityDetail"})


@pytest.mark.parametrize("kind", [TypeDef, AttributeTypeDef])
@pytest.mark.parametrize("bean", [{}, {"class": "NoSuchDef"}, {"class": 5}, "text", None])
def test_a_type_without_a_known_class_is_refused(kind: Any, bean: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(bean)


def test_the_class_is_in_the_json_schema() -> None:
    properties = EntityDetail.model_json_schema()["$defs"]["Classification"]["properties"]
    assert properties["class"] == {"const": "Classification", "type": "string"}


ENUMS = [kind for kind in vars(enums).values() if isinstance(kind, type) and issubclass(kind, WireEnum) and len(kind)]


@pytest.mark.parametrize("kind", ENUMS)
def test_enums_are_their_names(kind: type[WireEnum]) -> None:
    assert [member.value for member in kind] == [member.name for member in kind]
    ordinals = [member.ordinal for member in kind]
    if kind is not enums.TypeDefAttributeStatus:  # two of Egeria's ordinals are equal there
        assert len(set(ordinals)) == len(ordinals)


def test_ordinals_are_egerias() -> None:
    assert enums.InstanceStatus.DELETED.ordinal == 99
    assert enums.InstanceEventType.REFRESHED_RELATIONSHIP_EVENT.ordinal == 25
    assert enums.TypeDefCategory.RELATIONSHIP_DEF.ordinal == 8
