"""Python values ⇄ property value beans."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import exact, python_values

from omrs_schemas.errors import OmrsError, PropertyError
from omrs_schemas.model.instances import InstanceProperties
from omrs_schemas.model.values import from_properties, to_properties, to_value
from omrs_schemas.typedefs.attributes import AttributeSpec
from omrs_schemas.typedefs.system import TypeSystem

TYPES = TypeSystem.builtin()
ATTRIBUTES = TYPES.attributes("DataFile")


def spec(primitive: str) -> AttributeSpec:
    return AttributeSpec("n", "guid", "type", "PRIMITIVE", f"OM_PRIMITIVE_TYPE_{primitive}", None, (), None, False, "")


def test_values_of_every_kind() -> None:
    values = {
        "qualifiedName": "q",
        "storeCreateTime": datetime(2026, 11, 21, 8, 24, 37, 954000, tzinfo=UTC),
        "additionalProperties": {"a": "b"},
        "authors": ["x", "y"],
        "description": None,
    }
    bean = to_properties(TYPES, "DataFile", values)
    assert bean == InstanceProperties.model_validate(bean).to_bean()
    assert from_properties(bean) == {
        "qualifiedName": "q",
        "storeCreateTime": 1795249477954,
        "additionalProperties": {"a": "b"},
        "authors": ["x", "y"],
    }


@pytest.mark.parametrize("value", ["New", 0])
def test_enums_by_name_or_ordinal(value: Any) -> None:
    attribute = ATTRIBUTES["contentStatus"]
    first = attribute.elements[0]
    given_value = first["value"] if value == "New" else first["ordinal"]
    bean = to_value(attribute, given_value)
    assert bean["ordinal"] == first["ordinal"]
    assert bean["symbolicName"] == first["value"]
    assert from_properties({"instanceProperties": {"e": bean}}) == {"e": first["value"]}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(ATTRIBUTES)).flatmap(lambda name: st.tuples(st.just(name), python_values(ATTRIBUTES[name])))
)
def test_python_values_come_back(drawn: tuple[str, Any]) -> None:
    name, value = drawn
    bean = to_properties(TYPES, "DataFile", {name: value})
    assert bean == InstanceProperties.model_validate(bean).to_bean()
    returned = from_properties(bean)[name]
    if ATTRIBUTES[name].category == "ENUM_DEF":
        value = (ATTRIBUTES[name].enum or {})[value]["value"]
    assert exact(returned) == exact(value)


def test_a_name_that_the_type_does_not_have() -> None:
    with pytest.raises(PropertyError, match="type DataFile has no property 'colour'") as caught:
        to_properties(TYPES, "DataFile", {"colour": "red"})
    assert "qualifiedName" in caught.value.help


def test_a_type_that_is_not_known() -> None:
    with pytest.raises(OmrsError, match="NoSuchType"):
        to_properties(TYPES, "NoSuchType", {"a": 1})


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("qualifiedName", 5, "qualifiedName: int 5 is not a STRING"),
        ("contentStatus", "NoSuchStatus", "'NoSuchStatus' is not an element of ContentStatus: "),
        ("contentStatus", True, "True is not an element"),
        ("authors", "x", "str 'x' is not a list"),
        ("authors", [1], "int 1 is not a STRING"),
        ("additionalProperties", ["x"], "is not a mapping"),
        ("storeCreateTime", "soon", "storeCreateTime: not a date"),
    ],
)
def test_values_of_the_wrong_kind(name: str, value: Any, reason: str) -> None:
    with pytest.raises(PropertyError, match=reason) as caught:
        to_properties(TYPES, "DataFile", {name: value})
    assert ATTRIBUTES[name].type_name in caught.value.help


@pytest.mark.parametrize(
    ("primitive", "value", "held"),
    [
        ("BIGDECIMAL", Decimal("1.10"), Decimal("1.10")),
        ("BIGDECIMAL", "1.5", 1.5),
        ("BIGINTEGER", "123456789012345678901234567890", 123456789012345678901234567890),
        ("DOUBLE", 5, 5.0),
        ("FLOAT", Decimal("0.5"), 0.5),
        ("DATE", "1970-01-01T00:00:01Z", 1000),
        ("INT", Decimal("2.026E+3"), 2026),
        ("BIGINTEGER", 1.5e30, 15 * 10**29),
        ("BIGINTEGER", Decimal("1.50E+30"), 15 * 10**29),
    ],
)
def test_numbers_and_dates_are_taken_in_several_forms(primitive: str, value: Any, held: Any) -> None:
    assert exact(to_value(spec(primitive), value)["primitiveValue"]) == exact(held)


@pytest.mark.parametrize(
    ("primitive", "value", "reason"),
    [
        ("DOUBLE", 10**400, "does not fit in a DOUBLE"),
        ("FLOAT", Decimal("-1E+400"), r"-1E\+400 does not fit in a FLOAT"),
        ("INT", Decimal("1.5"), "Decimal 1.5 is not a INT"),
        ("BIGINTEGER", Decimal("1E+999999999"), r"Decimal 1E\+999999999 is not a BIGINTEGER"),
        ("BIGINTEGER", Decimal("NaN"), "Decimal NaN is not a BIGINTEGER"),
    ],
)
def test_numbers_that_a_type_does_not_hold(primitive: str, value: Any, reason: str) -> None:
    with pytest.raises(PropertyError, match=reason):
        to_value(spec(primitive), value)


def test_numbers_of_a_collection_of_objects_are_exact() -> None:
    attribute = AttributeSpec(
        "n", "guid", "type", "COLLECTION", None, "OM_COLLECTION_ARRAY", ("OM_PRIMITIVE_TYPE_UNKNOWN",), None, False, ""
    )
    values = [1, 10**30, 1.5, Decimal("1.50")]
    bean = to_value(attribute, values)
    assert exact(from_properties({"instanceProperties": {"n": bean}})["n"]) == exact(values)


@pytest.mark.parametrize("key", ["first", "-1", "1.0", ""])
def test_an_array_whose_elements_are_not_numbered(key: str) -> None:
    value = {"class": "PrimitivePropertyValue", "primitiveValue": "x"}
    array = {"class": "ArrayPropertyValue", "arrayValues": {"instanceProperties": {"0": value, key: value}}}
    with pytest.raises(PropertyError, match=f"'{key}' is no place in an array"):
        from_properties({"instanceProperties": {"authors": array}})


def test_nothing_gives_nothing() -> None:
    assert from_properties(None) == {}
    assert to_properties(TYPES, "DataFile", {}) == {"class": "InstanceProperties", "headerVersion": 1}
