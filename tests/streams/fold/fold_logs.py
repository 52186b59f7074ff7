"""Small logs for the fold's and the store's tests: any mixture of kinds, versions, repeats and bad payloads."""

from typing import Any

import orjson
from hypothesis import strategies as st

from omrs_schemas.errors import CodecError
from omrs_streams.log.record import LogRecord

CREATED = 100
TYPE = "type-asset"
HOME = "home-1"
BROKEN = b"\xff not JSON"

NEW = "NEW_ENTITY_EVENT"
UPDATED = "UPDATED_ENTITY_EVENT"
DELETED = "DELETED_ENTITY_EVENT"
PURGED = "PURGED_ENTITY_EVENT"
CLASSIFIED = "CLASSIFIED_ENTITY_EVENT"
RECLASSIFIED = "RECLASSIFIED_ENTITY_EVENT"
DECLASSIFIED = "DECLASSIFIED_ENTITY_EVENT"


class JsonCodec:
    """Instance sections as JSON: what the tests need of a codec, with errors where the real one has them."""

    def decode(self, data: bytes) -> dict[str, Any]:
        return {"instanceEventSection": self.decode_record(data)}

    def decode_record(self, data: bytes) -> dict[str, Any]:
        try:
            record: dict[str, Any] = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise CodecError(f"not JSON: {error}") from None
        return record


def section(
    kind: str, guid: str, version: int, *, proxy: bool = False, relationship: bool = False, **more: Any
) -> bytes:
    """An instance section; properties and classifications depend on `version` alone."""
    bean: dict[str, Any] = {
        "guid": guid,
        "version": version,
        "properties": {"values": {"name": f"name-{version % 3}", "size": version, "open": version % 2 == 0}},
    }
    if relationship:
        bean |= {"entityOneProxy": {"guid": "a"}, "entityTwoProxy": {"guid": f"b{version % 2}"}}
    elif version % 2:
        bean["classifications"] = [{"name": "Own", "createTime": CREATED, "version": version}]
    field = "relationship" if relationship else "entityProxy" if proxy else "entity"
    return orjson.dumps({"eventType": kind, "instanceGUID": guid, field: bean, **more})


def record(offset: int, guid: str = "g", version: int = 1, kind: str = NEW, **fields: Any) -> LogRecord:
    """A record whose header and payload agree; `fields` override the header, `value` the payload."""
    proxy, relationship = fields.get("is_proxy", False), fields.get("is_relationship", False)
    known: dict[str, Any] = {
        "partition": 0,
        "offset": offset,
        "key": guid,
        "event_id": f"event-{offset}",
        "expected_revision": None,
        "cause": None,
        "kind": kind,
        "origin": "copy",
        "version": version,
        "create_time": CREATED,
        "type_guid": TYPE,
        "type_version": 1,
        "home_id": HOME,
        "replicated_by": "",
        "status": "DELETED" if kind == DELETED else "ACTIVE",
        "valid_from": 1_000 * version,
        "is_proxy": proxy,
        "is_relationship": relationship,
    }
    known |= fields
    known.setdefault("value", section(kind, guid, version, proxy=proxy, relationship=relationship))
    return LogRecord(**known)


def classification(
    offset: int,
    name: str,
    number: int = 1,
    kind: str = CLASSIFIED,
    guid: str = "g",
    created: int = CREATED,
    **fields: Any,
) -> LogRecord:
    """A classification event with only a proxy in it: an overlay change. `number` is the classification's version, in
    the header too; the proxy in the payload is always the same."""
    field = "originalClassification" if kind == DECLASSIFIED else "classification"
    bean = {"name": name, "version": number, "createTime": created}
    value = section(kind, guid, 2, proxy=True, **{field: bean})
    header = {"valid_from": 1_000 * number, "home_id": "classifier", "is_proxy": True, "value": value}
    return record(offset, guid, number, kind, **header | fields)


GUIDS = ("a", "a\x01", "ä-guid", "rel-1", "rel-2")
KINDS = (NEW, UPDATED, UPDATED, UPDATED, DELETED, PURGED, CLASSIFIED, DECLASSIFIED)


@st.composite
def logs(draw: st.DrawFn, most: int = 40) -> list[LogRecord]:
    """Up to `most` records of one partition, with gaps between offsets."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from(GUIDS),
                st.sampled_from(KINDS),
                st.integers(1, 4),  # version
                st.sampled_from((0, 1, 1, 1, 1, 2, 50)),  # distance from the offset before
                st.sampled_from((None, None, None, 0, 1, 2, 3)),  # expected revision
                st.integers(0, 9),  # variation
                st.integers(0, 60),  # event-id: some repeat
            ),
            max_size=most,
        )
    )
    found: list[LogRecord] = []
    offset = 0
    for guid, kind, version, distance, expected, variation, event_id in steps:
        offset += max(distance, 1) if found else distance
        relationship = guid.startswith("rel")
        fields: dict[str, Any] = {"expected_revision": expected, "event_id": f"id-{event_id}"}
        if variation == 0:
            fields["create_time"] = CREATED + 1
        if variation == 1:
            fields["value"] = BROKEN
        if kind in (CLASSIFIED, DECLASSIFIED) and not relationship and variation < 8:
            found.append(_overlay(offset, guid, kind, version, variation, fields))
            continue
        proxy = variation == 2 and not relationship
        found.append(
            record(offset, guid, kind=kind, is_proxy=proxy, is_relationship=relationship, version=version, **fields)
        )
    return found


def _overlay(offset: int, guid: str, kind: str, version: int, variation: int, fields: dict[str, Any]) -> LogRecord:
    name = ("Own", "Secret", "Gold")[variation % 3]
    event = classification(offset, name, version, kind, guid, CREATED + variation % 2)
    for field, value in fields.items():
        setattr(event, field, value)
    return event
