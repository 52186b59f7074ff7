"""Broken input gives a CodecError that says what is wrong and where, never another exception."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import event_of, event_with

from omrs_schemas.codec import FINGERPRINTS, EventCodec
from omrs_schemas.codec.avro import MARKER
from omrs_schemas.codec.egeria_json import dumps, loads, to_json
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.values import properties_bean, to_properties
from omrs_schemas.typedefs.system import TypeSystem

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)


def entity() -> JsonBean:
    values = {"qualifiedName": "q", "displayName": "d", "additionalProperties": {"a": "b"}}
    return {
        "class": "EntityDetail",
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name="Asset")),
        "status": "ACTIVE",
        "createTime": 1795249478610,
        "version": 3,
        "guid": "e-1",
        "properties": to_properties(TYPES, "Asset", values),
    }


EVENTS = {
    "instance": event_with("entity", entity()),
    "registry": {
        "class": "OMRSEventV1",
        "eventCategory": "REGISTRY",
        "registryEventSection": {
            "registryEventType": "REGISTRATION_EVENT",
            "remoteConnection": {"class": "Connection"},
        },
    },
    "type": {
        "class": "OMRSEventV1",
        "eventCategory": "TYPEDEF",
        "typeDefEventSection": {"typeDefEventType": "NEW_TYPEDEF_EVENT", "typeDef": TYPES.require(name="Asset")},
    },
}


@pytest.mark.parametrize("kind", EVENTS)
def test_bytes_cut_anywhere(kind: str) -> None:
    data = CODEC.encode(EVENTS[kind])
    for cut in range(len(data)):
        with pytest.raises(CodecError) as caught:
            CODEC.decode(data[:cut])
        assert "broken" in caught.value.message or "not an Avro single-object record" in caught.value.message
        with pytest.raises(CodecError):
            CODEC.decode_record(data[:cut])


def test_the_message_names_the_field() -> None:
    data = CODEC.encode(EVENTS["instance"])
    with pytest.raises(CodecError, match=r"broken InstanceEvent .*: entity\.properties\.values\.qualifiedName: "):
        CODEC.decode(data[: data.index(b"qualifiedName") + len(b"qualifiedName") + 1])


@pytest.mark.parametrize("kind", EVENTS)
def test_any_byte_changed(kind: str) -> None:
    """Either another event or a CodecError; the seed is fixed so that a failure can be repeated."""
    data = CODEC.encode(EVENTS[kind])
    dice = random.Random(7)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] = dice.randrange(256)
        survives_or_codec_error(bytes(changed))


@settings(deadline=None)
@given(st.sampled_from(sorted(FINGERPRINTS)), st.binary(max_size=200))
def test_any_body(fingerprint: bytes, body: bytes) -> None:
    survives_or_codec_error(MARKER + fingerprint + body)


def survives_or_codec_error(data: bytes) -> None:
    try:
        CODEC.decode(data)
    except CodecError as error:
        assert error.message


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes that start with nothing"),
        (b"\xc3\x01", "not an Avro single-object record"),
        (b"\x00\x00\x00\x00\x07rest of it", "not an Avro single-object record"),
        (b'{"class":"OMRSEventV1"}', "not an Avro single-object record"),
        (MARKER + b"12345678" + b"body", "no known schema has the fingerprint 3132333435363738"),
    ],
)
def test_bytes_that_are_no_record_of_ours(data: bytes, reason: str) -> None:
    with pytest.raises(CodecError, match=reason) as caught:
        CODEC.decode(data)
    assert caught.value.help


def test_bytes_after_the_end() -> None:
    with pytest.raises(CodecError, match="3 bytes follow after its end"):
        CODEC.decode(CODEC.encode(EVENTS["instance"]) + b"xyz")


def test_a_record_nested_thousands_deep_is_refused_not_fatal() -> None:
    """Values within values, 20,000 deep in 700 kB: more than a compiled reader's C stack holds."""
    deepest = CODEC.encode(EVENTS["instance"])
    inner: JsonBean = {
        "class": "StructPropertyValue",
        "attributes": properties_bean({"n": {"class": "MapPropertyValue"}}),
    }
    one = CODEC.encode(event_with("entity", {"class": "EntityDetail", "properties": properties_bean({"n": inner})}))
    head = one[: one.index(b"\x02n") + 2]
    level_start = len(head)
    level_end = one.index(b"\x02n", level_start) + 2
    with pytest.raises(CodecError, match="nested too deeply"):
        CODEC.decode(head + one[level_start:level_end] * 20_000 + deepest)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"status": "SLEEPING"},
            r"e-1 cannot be written: entity\.status: 'SLEEPING' is not one of InstanceStatus: UNKNOWN",
        ),
        ({"version": "3"}, r"entity\.version: str '3' where a whole number is expected"),
        ({"version": 2**70}, r"entity\.version: \d+ does not fit in 64 bits"),
        ({"version": True}, r"entity\.version: bool True"),
        ({"createTime": 1.5}, r"entity\.createTime: float 1\.5"),
        ({"guid": 5}, r"entity\.guid: int 5 where text is expected"),
        ({"createdBy": "\ud800"}, r"entity\.createdBy: text that UTF-8 cannot hold"),
        ({"maintainedBy": "me"}, r"entity\.maintainedBy: str 'me' where a list is expected"),
        ({"maintainedBy": ["a", 5]}, r"entity\.maintainedBy\.1: int 5"),
        ({"type": "Asset"}, r"entity\.type: str 'Asset' where a InstanceType is expected"),
        ({"type": {"typeDefCategory": "X"}}, r"entity\.type\.typeDefCategory: 'X' is not one of TypeDefCategory"),
        ({"properties": "none"}, "properties is a str"),
        ({"classifications": ["x"]}, "a str where an instance bean is expected"),
        ({"mappingProperties": {"a": object()}}, "cannot be written as JSON"),
    ],
)
def test_beans_that_cannot_be_written(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(CodecError, match=reason) as caught:
        CODEC.encode(event_with("entity", entity() | change))
    assert f"InstanceEvent of {change.get('guid', 'e-1')}" in caught.value.message


@pytest.mark.parametrize("section", ["text", 5, ["x"]])
def test_sections_that_are_no_objects(section: Any) -> None:
    with pytest.raises(CodecError, match="instanceEventSection is a"):
        CODEC.encode(event_of(section))


@pytest.mark.parametrize("field", ["typeDef", "typeDefPatch", "attributeTypeDef", "originalTypeDefSummary"])
@pytest.mark.parametrize("bean", ["text", 5, ["x"], {"propertiesDefinition": 5}, {"class": "Nonsense"}])
def test_typedef_sections_of_the_wrong_shape(field: str, bean: Any) -> None:
    section = {"typeDefEventType": "NEW_TYPEDEF_EVENT", field: bean}
    event: JsonBean = {"class": "OMRSEventV1", "eventCategory": "TYPEDEF", "typeDefEventSection": section}
    try:
        CODEC.encode(event)
    except CodecError as error:
        assert "TypeDefEvent" in error.message
    else:
        assert isinstance(bean, dict)  # fields that the bean does not have are ignored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "an OMRS event is a JSON object, this is an array"),
        ("null", "this is null"),
        ('"x"', "this is a text"),
        ("5", "this is a number"),
        ("{}", "class is None"),
        ('{"class":"Other"}', "class is 'Other'"),
        ('{"class":"OMRSEventV1","protocolVersionId":"OMRS V9"}', "protocolVersionId 'OMRS V9' is not supported"),
        ('{"class":"OMRSEventV1","eventCategory":"PARTY"}', "eventCategory: Input should be"),
        ('{"class":"OMRSEventV1","timestamp":"yesterday"}', "timestamp: not a date: 'yesterday'"),
        ('{"class":"OMRSEventV1","originator":5}', "originator: "),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_json_that_is_no_event(text: str, reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        loads(text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "SLEEPING"}, r"entity\.status: Input should be 'UNKNOWN'"),
        ({"class": "Relationship"}, "class is 'Relationship' where a EntityDetail is expected"),
        ({"version": "three"}, r"entity\.version: .*got 'three'"),
        ({"createTime": "soon"}, r"entity\.createTime: not a date: 'soon'"),
        ({"guid": 5}, r"entity\.guid: Input should be a valid string"),
        ({"properties": {"instanceProperties": {"p": {"class": "No"}}}}, r"instanceProperties\.p: "),
        ({"classifications": [{"class": "Classification"}]}, r"classifications\.0\.name: Field required"),
        ({"classifications": [{"class": "Classification", "name": ""}]}, r"classifications\.0\.name: "),
    ],
)
def test_json_instances_that_are_wrong(change: dict[str, Any], reason: str) -> None:
    text = json.dumps(event_with("entity", entity() | change))
    with pytest.raises(CodecError, match=reason):
        loads(text)


@pytest.mark.parametrize(
    ("category", "value"),
    [
        ("BOOLEAN", 1),
        ("INT", "5"),
        ("INT", 2**31),
        ("BYTE", 128),
        ("LONG", 1.5),
        ("LONG", True),
        ("STRING", 5),
        ("DOUBLE", "x"),
        ("BIGDECIMAL", "ten"),
        ("BIGDECIMAL", True),
        ("DATE", "soon"),
    ],
)
def test_primitive_values_of_the_wrong_kind(category: str, value: Any) -> None:
    bean = {"class": "PrimitivePropertyValue", "primitiveDefCategory": f"OM_PRIMITIVE_TYPE_{category}"}
    properties = properties_bean({"p": {**bean, "primitiveValue": value}})
    with pytest.raises(CodecError, match=r"entity\.properties\.instanceProperties\.p"):
        loads(json.dumps(event_with("entity", entity() | {"properties": properties})))


def test_nulls_and_unknown_fields_are_not_there_afterwards() -> None:
    event = json.loads(to_json(EVENTS["instance"]))
    event["new in 9.0"] = {"a": 1}
    event["instanceEventSection"]["entity"] |= {"updatedBy": None, "novelty": [1], "classifications": []}
    event["instanceEventSection"]["entity"]["properties"]["instanceProperties"]["gone"] = None
    assert loads(json.dumps(event)) == EVENTS["instance"]


def test_a_bean_that_is_no_event_is_not_written() -> None:
    with pytest.raises(CodecError, match="no OMRS event: class is None"):
        dumps({"eventCategory": "INSTANCE"})
