"""Events as Avro single-object records: C3 01, the CRC-64-AVRO fingerprint of the writer's schema, the body.

The fingerprint says which of the released schemas wrote a record; all of them ship with the package, and what any of
them wrote is read as the current schema has it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import fastavro.schema

from omrs_schemas.avro.files import FILES, current, released
from omrs_schemas.codec.binary import BinaryFault
from omrs_schemas.codec.binary_reader import Reader, compile_reader
from omrs_schemas.codec.binary_writer import Writer, compile_writer
from omrs_schemas.codec.generic import SchemaConverter
from omrs_schemas.codec.instances import InstanceConverter, Record
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean

if TYPE_CHECKING:
    from omrs_schemas.typedefs.system import TypeSystem

MARKER = b"\xc3\x01"
HEADER_SIZE = 10
"""Marker and fingerprint."""

SECTION = {
    "RegistryEvent": ("REGISTRY", "registryEventSection"),
    "TypeDefEvent": ("TYPEDEF", "typeDefEventSection"),
    "InstanceEvent": ("INSTANCE", "instanceEventSection"),
}
"""Event record → (eventCategory, name of its section in the event bean)."""

_RECORD_OF_CATEGORY = {category: name for name, (category, _) in SECTION.items()}
_ENVELOPE = frozenset({"timestamp", "originator", "protocolVersionId", "error"})

INSTANCE_FIELDS = {
    "entity": "EntityDetail",
    "entityProxy": "EntityProxy",
    "relationship": "Relationship",
    "classification": "Classification",
    "originalEntity": "EntityDetail",
    "originalRelationship": "Relationship",
    "originalClassification": "Classification",
}
"""Field of an instance event → class of the instance in it."""


class KnownSchema(NamedTuple):
    """A schema that some version of this package writes."""

    name: str
    version: str
    read: Reader


def fingerprint(schema: dict[str, Any]) -> bytes:
    """The CRC-64-AVRO fingerprint of a schema, as it stands in a record (8 bytes, little-endian)."""
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    return bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


def _known_schemas() -> dict[bytes, KnownSchema]:
    known: dict[bytes, KnownSchema] = {}
    for name in FILES:
        schema = current(name)
        for version, older in released(name):
            known[fingerprint(older)] = KnownSchema(name, version, compile_reader(older, schema))
        known[fingerprint(schema)] = KnownSchema(name, "current", compile_reader(schema))
    return known


FINGERPRINTS: dict[bytes, KnownSchema] = _known_schemas()
"""Every fingerprint that can be read."""


@cache
def _writers() -> dict[str, tuple[bytes, Writer]]:
    return {name: (MARKER + fingerprint(current(name)), compile_writer(current(name))) for name in FILES}


@cache
def _converters() -> dict[str, SchemaConverter]:
    skipped = frozenset(INSTANCE_FIELDS) | {"instanceBatch"}
    return {
        name: SchemaConverter(current(name), frozenset(field["name"] for field in current(name)["fields"]) - skipped)
        for name in SECTION
    }


class EventCodec:
    """Event bean ⇄ Avro single-object bytes.

    The type system says which property values are plain; a record is read with the definitions of the types that it was
    written with (or later ones: attributes are never removed from a type).
    """

    def __init__(self, types: TypeSystem) -> None:
        self._instances = InstanceConverter(types)
        self._convert = _converters()
        self._write = _writers()

    def encode(self, event: JsonBean) -> bytes:
        """The bytes of an event bean. Raises CodecError that names the field and what is wrong with it."""
        name, record = self.event_to_record(event)
        return self.encode_record(name, record)

    def decode(self, data: bytes) -> JsonBean:
        """The event bean in the bytes. Raises CodecError that says what is wrong, and where."""
        name, record = read_record(data)
        return self.record_to_event(record, name)

    def decode_record(self, data: bytes) -> Record:
        """The Avro record in the bytes: values plain, no conversion to beans. For indexes. Raises CodecError.

        A value of `properties.values` that is a dict with a dict under `type` is a TypedValue; any other dict is a map.
        """
        return read_record(data)[1]

    def encode_record(self, name: str, record: Record) -> bytes:
        """The bytes of a record of `RegistryEvent`, `TypeDefEvent` or `InstanceEvent`. Raises CodecError."""
        header, write = self._write[name]
        out = bytearray(header)
        try:
            write(out, record)
        except BinaryFault as fault:
            raise _unwritable(name, record, str(fault)) from fault
        except RecursionError:
            raise _unwritable(name, record, "values are nested too deeply") from None
        return bytes(out)

    def event_to_record(self, event: JsonBean) -> tuple[str, Record]:
        """(name of the record type, record) of an event bean. Raises CodecError."""
        category = event.get("eventCategory")
        name = _RECORD_OF_CATEGORY.get(category) if isinstance(category, str) else None
        if name is None:
            raise CodecError(
                f"events of category {category!r} have no Avro form",
                help=f"eventCategory must be one of {', '.join(_RECORD_OF_CATEGORY)}.",
            )
        section_name = SECTION[name][1]
        section = event.get(section_name)
        if section is None:
            section = {}
        elif type(section) is not dict:
            raise CodecError(f"{section_name} is a {type(section).__name__}, not an object")
        convert = self._convert[name]
        record = {
            "timestamp": event.get("timestamp"),
            "originator": event.get("originator"),
            "protocolVersionId": event.get("protocolVersionId"),
            "error": convert.to_record("error", event.get("errorSection")),
        }
        try:
            if name == "InstanceEvent":
                self._instance_fields(section, record, convert)
            else:
                for field, value in section.items():
                    record[field] = convert.to_record(field, value) if field in convert else value
        except CodecError as error:
            raise _unwritable(name, section, error.message, error.help) from error
        return name, record

    def record_to_event(self, record: Record, name: str = "InstanceEvent") -> JsonBean:
        """The event bean of a record. Raises CodecError where a type definition is missing."""
        if name not in SECTION:
            raise CodecError(f"a record of {name} is no event", help=f"events are {', '.join(SECTION)}", record=name)
        category, section_name = SECTION[name]
        convert = self._convert[name]
        section: JsonBean = {}
        try:
            for field, value in record.items():
                if value is None or field in _ENVELOPE:
                    continue
                instance_class = INSTANCE_FIELDS.get(field)
                if instance_class is not None and name == "InstanceEvent":
                    section[field] = self._instances.to_bean(value, instance_class)
                elif field == "instanceBatch":
                    section[field] = self._graph_bean(value)
                else:
                    section[field] = convert.to_bean(field, value)
        except CodecError as error:
            raise _with_params(f"{name} of {record.get('instanceGUID')}: {error.message}", error, record) from error
        event: JsonBean = {"class": "OMRSEventV1"}
        if record["protocolVersionId"] is not None:
            event["protocolVersionId"] = record["protocolVersionId"]
        if record["timestamp"] is not None:
            event["timestamp"] = record["timestamp"]
        if record["originator"] is not None:
            event["originator"] = {key: item for key, item in record["originator"].items() if item is not None}
        event["eventCategory"] = category
        event[section_name] = section
        if record["error"] is not None:
            event["errorSection"] = convert.to_bean("error", record["error"])
        return event

    def _instance_fields(self, section: JsonBean, record: Record, convert: SchemaConverter) -> None:
        for field, value in section.items():
            if value is None:
                continue
            if field in INSTANCE_FIELDS:
                record[field] = self._instances.to_record(value)
            elif field == "instanceBatch":
                record[field] = self._graph_record(value)
            else:
                record[field] = value

    def _graph_record(self, graph: JsonBean) -> Record:
        if type(graph) is not dict:
            raise CodecError(f"instanceBatch is a {type(graph).__name__}, not an InstanceGraph bean")
        record = dict(graph)
        for part in ("entities", "relationships"):
            if graph.get(part) is not None:
                record[part] = [self._instances.to_record(item) for item in graph[part]]
        return record

    def _graph_bean(self, record: Record) -> JsonBean:
        graph: JsonBean = {"class": "InstanceGraph", "headerVersion": record["headerVersion"]}
        for part, instance_class in (("entities", "EntityDetail"), ("relationships", "Relationship")):
            if record[part] is not None:
                graph[part] = [self._instances.to_bean(item, instance_class) for item in record[part]]
        return graph


def read_record(data: bytes) -> tuple[str, Record]:
    """(name of the record type, record) of single-object bytes, whichever released schema wrote them.

    Raises CodecError.
    """
    if type(data) is not bytes:
        data = bytes(data)
    if len(data) < HEADER_SIZE or data[:2] != MARKER:
        raise CodecError(
            f"not an Avro single-object record: {len(data)} bytes that start with {data[:2].hex(' ') or 'nothing'}",
            help="A record starts with c3 01 and the 8-byte fingerprint of its schema. "
            "Schema-registry framing (00 …) and Egeria JSON need their own codec.",
            size=len(data),
        )
    known = FINGERPRINTS.get(data[2:HEADER_SIZE])
    if known is None:
        raise CodecError(
            f"no known schema has the fingerprint {data[2:HEADER_SIZE].hex()}",
            help="Written by a newer version of omrs-streams (upgrade this one), or no OMRS event.",
            fingerprint=data[2:HEADER_SIZE].hex(),
        )
    try:
        record, end = known.read(data, HEADER_SIZE)
    except BinaryFault as fault:
        raise _unreadable(known, data, str(fault)) from fault
    except RecursionError:
        raise _unreadable(known, data, "values are nested too deeply") from None
    if end != len(data):
        raise _unreadable(known, data, f"{len(data) - end} bytes follow after its end at byte {end}")
    return known.name, record


def _with_params(message: str, error: CodecError, record: Record) -> CodecError:
    wrapped = CodecError(message, help=error.help)
    wrapped.params.update(error.params, guid=record.get("instanceGUID"))
    return wrapped


def _unreadable(known: KnownSchema, data: bytes, reason: str) -> CodecError:
    return CodecError(
        f"broken {known.name} (schema version {known.version}, {len(data)} bytes): {reason}",
        help="The bytes were cut, damaged, or written by something that is no Avro writer of this schema.",
        record=known.name,
        size=len(data),
    )


def _unwritable(name: str, record: Record, reason: str, hint: str = "") -> CodecError:
    guid = record.get("instanceGUID") or record.get("typeDefGUID")
    subject = f"{name} of {guid}" if guid else name
    return CodecError(f"{subject} cannot be written: {reason}", help=hint, record=name, guid=guid)
