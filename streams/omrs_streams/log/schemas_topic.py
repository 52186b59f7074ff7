"""The Avro schemas of our records on a topic of their own, so that a consumer who has nothing of ours can decode them.

`omrs.schemas` is compacted. Key: the 8 bytes that follow `c3 01` in a record, as hexadecimal digits (also the header
`schema-fingerprint` of a log record). Value: the schema as JSON text. Headers: `name`, `version`, `content-type`.
"""

from typing import Any

import orjson

from omrs_schemas.avro.files import FILES, current, released
from omrs_schemas.codec import fingerprint
from omrs_schemas.errors import LogError
from omrs_streams.log.consumer import read_all
from omrs_streams.log.names import SCHEMAS_TOPIC
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.topics import COMPACTED, TopicSpec, ensure_topics

SPEC = TopicSpec(SCHEMAS_TOPIC, 1, COMPACTED)


def shipped_schemas() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Fingerprint (hexadecimal) → name, version and schema of everything that this package or an older one writes.

    The version is a released one where the schema is released, else `current`.
    """
    found = {}
    for name in FILES:
        found[fingerprint(current(name)).hex()] = (name, "current", current(name))
        for version, schema in released(name):
            found[fingerprint(schema).hex()] = (name, version, schema)
    return found


def read_schemas(conf: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Fingerprint (hexadecimal) → schema, as they stand on the topic now. `conf`: a bulk consumer's.

    LogError when Kafka does not answer or something on the topic is no schema.
    """
    schemas: dict[str, dict[str, Any]] = {}
    for message in read_all(conf, SCHEMAS_TOPIC, 1):
        key = (message.key() or b"").decode(errors="replace")
        value = message.value()
        if value is None:
            schemas.pop(key, None)
            continue
        try:
            schemas[key] = orjson.loads(value)
        except ValueError as error:
            raise LogError(
                f"{SCHEMAS_TOPIC}@{message.offset()} is no schema: {error}",
                help="something else wrote to it; delete the topic, the next worker to start fills it again",
                topic=SCHEMAS_TOPIC,
                key=key,
            ) from error
    return schemas


def publish_schemas(producer: LogProducer, conf: dict[str, Any]) -> list[str]:
    """Put every shipped schema that is missing on the topic; the fingerprints that were. For a thread.

    `conf` is a bulk consumer's (`KafkaSettings.bulk_consumer`). Creates the topic; repeating it writes nothing. Several
    workers at once may each write the same schema: the key makes them one. Raises LogError or ProduceError.
    """
    ensure_topics(_admin(conf), [SPEC])
    there = _published(conf)
    missing = {digits: schema for digits, schema in shipped_schemas().items() if digits not in there}
    producer.send_and_wait([_record(digits, *found) for digits, found in missing.items()])
    return list(missing)


def _published(conf: dict[str, Any]) -> set[str]:
    """Keys that have a value: whether the value is right is for `read_schemas` to say."""
    last = {message.key(): message.value() for message in read_all(conf, SCHEMAS_TOPIC, 1)}
    return {key.decode(errors="replace") for key, value in last.items() if key is not None and value is not None}


def _record(digits: str, name: str, version: str, schema: dict[str, Any]) -> Outgoing:
    headers = [("name", name.encode()), ("version", version.encode()), ("content-type", b"application/json")]
    return SCHEMAS_TOPIC, 0, digits.encode(), orjson.dumps(schema), headers


def _admin(conf: dict[str, Any]) -> dict[str, Any]:
    """The settings of `conf` that are not a consumer's own."""
    own = ("group.", "enable.auto.", "enable.partition.", "auto.", "queued.", "fetch.")
    return {name: value for name, value in conf.items() if not name.startswith(own)}
