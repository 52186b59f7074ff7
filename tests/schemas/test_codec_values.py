"""Which values are plain, which carry their own type, and that neither is ever taken for the other."""

from decimal import Decimal
from typing import Any

import pytest
from strategies import TYPED_VALUE_FIELDS, event_with, exact

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.values import primitive_bean, properties_bean, to_properties
from omrs_schemas.typedefs.system import TypeSystem

PRIMITIVE_NAMES = ("boolean", "byte", "char", "short", "int", "long", "float", "double", "string", "date")
COLOURS = "8a3e7b0c-1111-4222-8333-444455556666"


def attribute(name: str, attribute_type: JsonBean) -> JsonBean:
    return {"headerVersion": 1, "attributeName": name, "attributeType": attribute_type}


def entity_def(name: str, attributes: list[JsonBean]) -> JsonBean:
    return {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": f"{name}-guid",
        "name": name,
        "status": "ACTIVE_TYPEDEF",
        "version": 1,
        "versionName": "1.0",
        "category": "ENTITY_DEF",
        "propertiesDefinition": attributes,
    }


@pytest.fixture(scope="module")
def types() -> TypeSystem:
    """One entity type `Thing` with an attribute of every primitive, a map, arrays and an enum with descriptions."""
    types = TypeSystem.builtin().copy()
    colours: JsonBean = {
        "class": "EnumDef",
        "headerVersion": 1,
        "version": 1,
        "versionName": "1.0",
        "category": "ENUM_DEF",
        "guid": COLOURS,
        "name": "Colour",
        "elementDefs": [
            {"headerVersion": 1, "ordinal": 0, "value": "Red", "description": "Like blood."},
            {"headerVersion": 1, "ordinal": 7, "value": "Blue"},
        ],
    }
    types.add_attribute_typedef(colours)
    kinds = [*PRIMITIVE_NAMES, "biginteger", "bigdecimal", "object"]
    attributes = [attribute(kind, require(types, kind)) for kind in kinds]
    attributes += [
        attribute("map", require(types, "map<string,string>")),
        attribute("longs", require(types, "map<string,long>")),
        attribute("array", require(types, "array<string>")),
        attribute("colour", colours),
    ]
    types.add_typedef(entity_def("Thing", attributes))
    return types


def require(types: TypeSystem, name: str) -> JsonBean:
    found = types.attribute_typedef_by_name(name)
    assert found is not None, name
    return found


def thing(types: TypeSystem, values: dict[str, JsonBean], type_name: str = "Thing") -> JsonBean:
    header = {"class": "InstanceType", "headerVersion": 1, "typeDefName": type_name, "typeDefVersion": 1}
    entity = {"class": "EntityDetail", "headerVersion": 1, "type": header, "version": 1, "guid": "thing-1"}
    return event_with("entity", {**entity, "properties": properties_bean(values)})


def stored(types: TypeSystem, values: dict[str, JsonBean]) -> dict[str, Any]:
    """The values as the Avro record has them, after checking that the beans come back exactly."""
    codec, event = EventCodec(types), thing(types, values)
    data = codec.encode(event)
    assert exact(codec.decode(data)) == exact(event)
    result: dict[str, Any] = codec.decode_record(data)["entity"]["properties"]["values"]
    return result


def is_typed(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), dict)


PLAIN: list[tuple[str, Any]] = [
    ("boolean", True),
    ("byte", -128),
    ("char", "ß"),
    ("short", 1),
    ("int", 0),
    ("long", -(2**63)),
    ("float", 1.0),
    ("double", 0.1),
    ("string", ""),
    ("date", 1795249478610),
    ("map", {"a": "b", "type": "c"}),
    ("map", {}),
    ("longs", {"a": 2**63 - 1}),
    ("array", ["x", "y", *map(str, range(10))]),
    ("array", []),
    ("colour", 7),
    ("colour", 0),
]


@pytest.mark.parametrize(("name", "value"), PLAIN)
def test_canonical_values_are_plain(types: TypeSystem, name: str, value: Any) -> None:
    values = to_properties(types, "Thing", {name: value})["instanceProperties"]
    assert exact(stored(types, values)) == exact({name: value})


def test_a_canonical_value_without_value_is_plain_null(types: TypeSystem) -> None:
    bean = primitive_bean("OM_PRIMITIVE_TYPE_STRING", "x")
    del bean["primitiveValue"]
    assert stored(types, {"string": bean}) == {"string": None}


def changed(bean: JsonBean, **changes: Any) -> JsonBean:
    return {key: value for key, value in {**bean, **changes}.items() if value is not None}


STRING = primitive_bean("OM_PRIMITIVE_TYPE_STRING", "x")
LONG = primitive_bean("OM_PRIMITIVE_TYPE_LONG", 5)
DOUBLE = primitive_bean("OM_PRIMITIVE_TYPE_DOUBLE", 5.0)
RED = {
    "class": "EnumPropertyValue",
    "headerVersion": 1,
    "instancePropertyCategory": "ENUM",
    "typeGUID": COLOURS,
    "typeName": "Colour",
    "ordinal": 0,
    "symbolicName": "Red",
    "description": "Like blood.",
}
TYPED: dict[str, tuple[str, JsonBean]] = {
    "no type name": ("string", changed(STRING, typeName=None)),
    "no type guid": ("string", changed(STRING, typeGUID=None)),
    "no type at all": ("string", changed(STRING, typeGUID=None, typeName=None)),
    "another type name": ("string", changed(STRING, typeName="text")),
    "another header version": ("string", changed(STRING, headerVersion=0)),
    "no header version": ("string", changed(STRING, headerVersion=None)),
    "another category": ("string", LONG),
    "an int where a double is": ("double", changed(DOUBLE, primitiveValue=5)),
    "a float where a long is": ("long", changed(LONG, primitiveValue=5.0)),
    "a boolean where a long is": ("long", changed(LONG, primitiveValue=True)),
    "a number beyond long": ("long", changed(LONG, primitiveValue=2**63)),
    "a big integer": ("biginteger", primitive_bean("OM_PRIMITIVE_TYPE_BIGINTEGER", 10**40)),
    "a small big integer": ("biginteger", primitive_bean("OM_PRIMITIVE_TYPE_BIGINTEGER", 1)),
    "a big decimal": ("bigdecimal", primitive_bean("OM_PRIMITIVE_TYPE_BIGDECIMAL", "1.10000000000000000000000001")),
    "a decimal with scale": ("bigdecimal", primitive_bean("OM_PRIMITIVE_TYPE_BIGDECIMAL", Decimal("1.10"))),
    "an object": ("object", primitive_bean("OM_PRIMITIVE_TYPE_UNKNOWN", {"a": [1, 2.5, None, "x"]})),
    "an enum with another description": ("colour", changed(RED, description="Like wine.")),
    "an enum without description": ("colour", changed(RED, description=None)),
    "an unknown ordinal": ("colour", changed(RED, ordinal=3)),
    "a primitive where an enum is": ("colour", STRING),
    "an attribute that the type does not have": ("nothing", STRING),
}


@pytest.mark.parametrize("case", TYPED)
def test_anything_else_carries_its_own_type(types: TypeSystem, case: str) -> None:
    name, bean = TYPED[case]
    assert is_typed(stored(types, {name: bean})[name])


def array(items: dict[str, JsonBean], count: int) -> JsonBean:
    head = {"class": "ArrayPropertyValue", "headerVersion": 1, "instancePropertyCategory": "ARRAY"}
    ids = {"typeGUID": "0428b5d3-f824-459c-b7f5-f8151de59707", "typeName": "array<string>"}
    return {**head, **ids, "arrayCount": count, "arrayValues": properties_bean(items)}


@pytest.mark.parametrize(
    "bean",
    [
        array({"0": STRING}, 2),
        array({"1": STRING}, 1),
        array({"00": STRING}, 1),
        array({"0": LONG}, 1),
        array({"0": changed(STRING, typeGUID=None)}, 1),
        {**array({"0": STRING}, 1), "arrayValues": {**properties_bean({"0": STRING}), "effectiveFromTime": 1}},
        {**array({}, 0), "arrayValues": {"class": "InstanceProperties", "headerVersion": 1}},
    ],
)
def test_arrays_that_are_not_canonical_carry_their_own_type(types: TypeSystem, bean: JsonBean) -> None:
    assert is_typed(stored(types, {"array": bean})["array"])


def test_a_map_cannot_pass_for_a_typed_value(types: TypeSystem) -> None:
    values = to_properties(types, "Thing", {"map": dict.fromkeys(TYPED_VALUE_FIELDS, "PrimitivePropertyValue")})
    assert not is_typed(stored(types, values["instanceProperties"])["map"])


def test_a_typed_map_with_the_same_keys_comes_back_too(types: TypeSystem) -> None:
    values = to_properties(types, "Thing", {"map": dict.fromkeys(TYPED_VALUE_FIELDS, "x")})["instanceProperties"]
    bean = changed(values["map"], typeName=None)
    assert is_typed(stored(types, {"map": bean})["map"])


def test_a_type_that_is_not_known_loses_nothing(types: TypeSystem) -> None:
    event = thing(types, {"string": STRING, "colour": RED}, "NoSuchType")
    codec = EventCodec(types)
    assert codec.decode(codec.encode(event)) == event


def test_a_reader_without_the_type_says_what_is_missing(types: TypeSystem) -> None:
    data = EventCodec(types).encode(thing(types, {"string": STRING}))
    stranger = EventCodec(TypeSystem.builtin())
    with pytest.raises(CodecError, match=r"thing-1.*Thing\.string is a plain value") as caught:
        stranger.decode(data)
    assert "Load the definition of type Thing" in caught.value.help
    assert caught.value.params["type_name"] == "Thing"
    assert caught.value.params["property"] == "string"
    assert stranger.decode_record(data)["entity"]["properties"]["values"] == {"string": "x"}


def test_a_reader_with_another_definition_says_so(types: TypeSystem) -> None:
    data = EventCodec(types).encode(thing(types, {"string": STRING}))
    other = TypeSystem.builtin().copy()
    other.add_typedef(entity_def("Thing", [attribute("string", require(other, "int"))]))
    with pytest.raises(CodecError, match="which is no value of what its type definition says"):
        EventCodec(other).decode(data)


def test_a_type_added_later_is_used_at_once(types: TypeSystem) -> None:
    later = TypeSystem.builtin().copy()
    codec = EventCodec(later)
    event = thing(types, {"string": STRING})
    assert is_typed(codec.decode_record(codec.encode(event))["entity"]["properties"]["values"]["string"])
    later.add_typedef(entity_def("Thing", [attribute("string", require(later, "string"))]))
    assert codec.decode_record(codec.encode(event))["entity"]["properties"]["values"] == {"string": "x"}


def test_values_nested_too_deeply_are_refused_by_the_writer(types: TypeSystem) -> None:
    bean = STRING
    for _ in range(40):
        bean = {"class": "StructPropertyValue", "attributes": properties_bean({"in": bean})}
    with pytest.raises(CodecError, match="nested deeper than 32"):
        EventCodec(types).encode(thing(types, {"object": bean}))


@pytest.mark.parametrize("bad", ["text", 5, ["x"]])
def test_what_is_no_value_bean_is_refused_by_name(types: TypeSystem, bad: Any) -> None:
    with pytest.raises(CodecError, match="'string' is a"):
        EventCodec(types).encode(thing(types, {"string": bad}))
