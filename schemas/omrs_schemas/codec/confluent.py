"""Events in Confluent framing (byte 0, schema id, Avro body) for cohort and out topics; never for a server's log.

Writing is confluent-kafka's AvroSerializer with subjects by topic and record name. Reading asks the same registry for
the writer's schema but decodes with the reader of this package, which a crafted record cannot crash (see `binary`) and
which holds the schema to the compatibility that the registry may or may not enforce.
Needs the extra `registry`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

import fastavro.schema
import orjson

from omrs_schemas.avro.compat import incompatibilities
from omrs_schemas.avro.files import FILES, current
from omrs_schemas.codec.avro import EventCodec
from omrs_schemas.codec.binary import BinaryFault, full_name
from omrs_schemas.codec.binary_reader import Reader, compile_reader
from omrs_schemas.codec.instances import Record
from omrs_schemas.errors import CodecError, ConfigurationError, NotReadyError
from omrs_schemas.model.base import JsonBean

if TYPE_CHECKING:
    from omrs_schemas.typedefs.system import TypeSystem

HEADER_SIZE = 5
"""Byte 0 and the schema id, big-endian."""

REGISTRY_TIMEOUT_S = 10
"""A registry answers in milliseconds; the client repeats a request that was not answered (`max.retries`). By itself it
would wait for ever."""

SCHEMA_NOT_FOUND = 40403
"""The registry's error code for an id that it does not know."""


def _unanswered() -> tuple[type[Exception], ...]:
    """What the registry client raises without an answer: confluent-kafka's HTTP library is httpx2 where that is
    installed, else httpx."""
    libraries = (import_module(name) for name in ("httpx2", "httpx") if find_spec(name) is not None)
    return (OSError, *(library.HTTPError for library in libraries))


UNANSWERED = _unanswered()


class ConfluentCodec:
    """Event bean ⇄ Confluent-framed bytes, with one registry."""

    def __init__(self, types: TypeSystem, registry: str | dict[str, Any], *, register: bool = True) -> None:
        """`registry`: its URL, or the settings of confluent-kafka's SchemaRegistryClient (url, ssl.…, basic.auth…).

        `register`: whether schemas that the registry does not have yet are registered on first use.
        Raises ConfigurationError without the extra `registry`.
        """
        try:
            from confluent_kafka.schema_registry import SchemaRegistryClient, topic_record_subject_name_strategy
            from confluent_kafka.schema_registry.avro import AvroSerializer
        except ImportError as error:
            raise ConfigurationError(
                f"Confluent framing needs packages that are not installed ({error})",
                help="Install the extra: pip install 'omrs-streams[registry]'.",
            ) from error
        self._codec = EventCodec(types)
        client = {"url": registry} if isinstance(registry, str) else registry
        self._client = SchemaRegistryClient.new_client({"timeout": REGISTRY_TIMEOUT_S, **client})
        settings = {"auto.register.schemas": register, "subject.name.strategy": topic_record_subject_name_strategy}
        self._serializers = {
            name: AvroSerializer(self._client, orjson.dumps(current(name)).decode(), conf=settings) for name in FILES
        }
        self._readers: dict[int, tuple[str, Reader]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections to the registry; the codec is not usable afterwards."""
        self._client.close()

    def encode(self, topic: str, event: JsonBean) -> bytes:
        """The framed bytes of an event bean for a topic.

        Raises CodecError for a bean that is no event, NotReadyError if the registry does not answer.
        """
        from confluent_kafka.schema_registry.error import SchemaRegistryError
        from confluent_kafka.serialization import MessageField, SerializationContext

        name, record = self._codec.event_to_record(event)
        try:
            framed = self._serializers[name](record, SerializationContext(topic, MessageField.VALUE))
        except SchemaRegistryError as error:
            raise CodecError(
                f"the schema registry refuses {name} on {topic}: {error}",
                help="The subject holds a schema that this one is not compatible with, or registering is not allowed.",
                topic=topic,
            ) from error
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            self._codec.encode_record(name, record)  # raises with the path of the field, which this error lacks
            raise CodecError(f"{name} cannot be written: {error}", topic=topic) from error
        except UNANSWERED as error:
            raise _unreachable(error) from error
        return bytes(framed)

    def decode(self, data: bytes) -> JsonBean:
        """The event bean in framed bytes. Raises CodecError, or NotReadyError if the registry does not answer."""
        name, record = self.decode_record(data)
        return self._codec.record_to_event(record, name)

    def decode_record(self, data: bytes) -> tuple[str, Record]:
        """(name of the record type, record) in framed bytes; errors as `decode`."""
        if len(data) < HEADER_SIZE or data[0] != 0:
            raise CodecError(
                f"not Confluent framing: {len(data)} bytes that start with {data[:2].hex(' ') or 'nothing'}",
                help="A framed record starts with 00 and the id of its schema; c3 01 is a single-object record.",
                size=len(data),
            )
        schema_id = int.from_bytes(data[1:HEADER_SIZE], "big")
        name, read = self._readers.get(schema_id) or self._reader(schema_id)
        try:
            record, end = read(data, HEADER_SIZE)
        except BinaryFault as fault:
            raise CodecError(f"broken {name} (schema id {schema_id}, {len(data)} bytes): {fault}") from fault
        except RecursionError:
            raise CodecError(f"broken {name} (schema id {schema_id}): values are nested too deeply") from None
        if end != len(data):
            raise CodecError(f"broken {name} (schema id {schema_id}): {len(data) - end} bytes follow after its end")
        return name, record

    def _reader(self, schema_id: int) -> tuple[str, Reader]:
        """The reader for a schema id, asked for once."""
        text = self._schema_text(schema_id)
        try:
            schema = orjson.loads(text)
            fastavro.schema.parse_schema(orjson.loads(text))
            name = full_name(schema)
            expected = current(name) if name in FILES else None
        except (ValueError, TypeError, LookupError, fastavro.schema.SchemaParseException) as error:
            raise CodecError(f"schema id {schema_id} is no Avro record schema: {error}", schema_id=schema_id) from error
        if expected is None:
            raise CodecError(
                f"schema id {schema_id} is {name}, no OMRS event",
                help=f"Events are {', '.join(FILES)}. Something else writes to this topic.",
                schema_id=schema_id,
            )
        faults = incompatibilities(schema, expected)
        if faults:
            raise CodecError(
                f"schema id {schema_id} cannot be read as {name}: {'; '.join(map(str, faults[:3]))}",
                help="Its writer does not keep to FULL_TRANSITIVE. Upgrade this reader or correct that writer.",
                schema_id=schema_id,
            )
        self._readers[schema_id] = (name, compile_reader(schema, expected))
        return self._readers[schema_id]

    def _schema_text(self, schema_id: int) -> str:
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            return str(self._client.get_schema(schema_id).schema_str)
        except SchemaRegistryError as error:
            if error.error_code == SCHEMA_NOT_FOUND or error.http_status_code == 404:
                raise CodecError(f"the schema registry does not know schema id {schema_id}") from error
            raise _unreachable(error) from error
        except UNANSWERED as error:
            raise _unreachable(error) from error


def _unreachable(error: Exception) -> NotReadyError:
    return NotReadyError(
        f"the schema registry does not answer: {error}",
        help="Check the registry's URL and that it runs; without a URL topics use single-object records.",
    )
