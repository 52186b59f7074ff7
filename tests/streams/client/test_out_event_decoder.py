"""Decoding events of types that are newer than those at hand, and of none."""

from typing import Any

import pytest

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import CodecError
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.decoder import BURST, REFILL_S, OutEventDecoder

TYPES = TypeSystem.builtin()


class Source:
    """Types of a server that has learned some since they were first fetched."""

    def __init__(self, newest: TypeSystem) -> None:
        self.types = TYPES
        self.newest = newest
        self.fetched = 0

    def refresh_types(self) -> TypeSystem:
        self.fetched += 1
        return self.newest


def event(types: TypeSystem) -> bytes:
    entity = {
        "class": "EntityDetail",
        "headerVersion": 1,
        "type": types.instance_type(types.require(name="WardTerm")),
        "guid": "g",
        "properties": to_properties(types, "WardTerm", {"displayName": "x"}),
    }
    section: dict[str, Any] = {"eventType": "NEW_ENTITY_EVENT", "instanceGUID": "g", "entity": entity}
    bean = {"class": "OMRSEventV1", "timestamp": 1, "eventCategory": "INSTANCE", "instanceEventSection": section}
    return EventCodec(types).encode(bean)


@pytest.fixture
def newest() -> TypeSystem:
    types = TYPES.copy()
    parent = TYPES.require(name="GlossaryTerm")
    types.add_typedef(
        {
            "class": "EntityDef",
            "headerVersion": 1,
            "category": "ENTITY_DEF",
            "guid": "guid-ward",
            "name": "WardTerm",
            "version": 1,
            "versionName": "1.0",
            "superType": {"guid": parent["guid"], "name": "GlossaryTerm", "status": "ACTIVE_TYPEDEF"},
        }
    )
    return types


def test_a_newer_type_is_fetched(newest: TypeSystem) -> None:
    source = Source(newest)
    decoder = OutEventDecoder(source)
    value = event(newest)
    for _ in range(3):
        assert decoder.decode(value)["instanceEventSection"]["entity"]["type"]["typeDefName"] == "WardTerm"
    assert source.fetched == 1


def test_a_type_is_asked_for_once(newest: TypeSystem) -> None:
    source = Source(newest)
    decoder = OutEventDecoder(source)
    for guid in ("guid-ward", "guid-ward", "unheard", "unheard"):
        known = decoder.types_with(guid).typedef(guid) is not None
        assert known == (guid == "guid-ward")
    assert source.fetched == 2


def test_a_flood_of_poison_is_no_flood_of_fetches(newest: TypeSystem) -> None:
    now = [0.0]
    source = Source(newest)
    decoder = OutEventDecoder(source, lambda: now[0])
    for _ in range(100):
        with pytest.raises(CodecError):
            decoder.decode(b"\xc3\x01 no event")
    assert source.fetched == BURST
    now[0] += REFILL_S
    for value in (b"poison", None, b""):
        with pytest.raises(CodecError):
            decoder.decode(value)
    assert source.fetched == BURST + 1
