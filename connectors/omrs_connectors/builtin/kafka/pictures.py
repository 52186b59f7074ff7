"""What metadata should say of a cluster and its registry."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from omrs_connectors.builtin.files.schema import Column, avro_columns
from omrs_connectors.builtin.kafka.cluster import ClusterFacts, TopicFacts
from omrs_connectors.builtin.kafka.registry import AVRO, SchemaVersion, Subject
from omrs_connectors.builtin.openapi.documents import Document
from omrs_connectors.builtin.openapi.fields import leaves
from omrs_connectors.builtin.picture import Key, Picture
from omrs_connectors.services.below import ASSET_SCHEMA, SCHEMA_ATTRIBUTE, SCHEMA_OPTION
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.schemas import CapabilityProperties, SchemaAttributeProperties, SchemaTypeProperties
from omrs_connectors.services.topic_integrator import TopicIntegratorContext, TopicProperties
from omrs_schemas.errors import OmrsError

BROKERS = TopicIntegratorContext.event_brokers
TOPICS = ElementKind("topics", TopicProperties, ("KafkaTopic", "Topic"))
EVENT_LISTS = ElementKind(
    "what may be on a topic", SchemaTypeProperties, ("EventTypeList",), below=(ASSET_SCHEMA,), anchored=True
)
EVENTS = TopicIntegratorContext.event_types
FIELDS = TopicIntegratorContext.event_attributes
BROKER_TOPICS = Link(("CapabilityAssetUse", "ServerAssetUse"), "SoftwareCapability", "Asset")

KINDS = (BROKERS, TOPICS, EVENT_LISTS, EVENTS, FIELDS)
LINKS = (ASSET_SCHEMA, SCHEMA_OPTION, SCHEMA_ATTRIBUTE, BROKER_TOPICS)


class Naming:
    """Qualified names of one cluster's elements."""

    def __init__(self, prefix: str, cluster: str) -> None:
        self.cluster: Key = f"{prefix}Kafka::{cluster}"

    def topic(self, name: str) -> Key:
        return f"{self.cluster}::topic::{name}"

    def events(self, topic: str) -> Key:
        return f"{self.topic(topic)}::events"

    def subject(self, name: str) -> Key:
        return f"{self.cluster}::subject::{name}"


class Pictures:
    """Puts a cluster into a picture; `message` is told what could not be read of a schema."""

    def __init__(self, naming: Naming, max_fields: int, message: Callable[[str], None]) -> None:
        self.picture = Picture()
        self.cut = 0
        self._naming = naming
        self._max_fields = max_fields
        self._message = message
        self._lists: dict[str, Key] = {}

    def cluster(self, facts: ClusterFacts, name: str) -> None:
        broker = self.picture.add(
            BROKERS,
            CapabilityProperties(
                qualified_name=self._naming.cluster,
                display_name=name or facts.cluster_id,
                deployed_implementation_type="Apache Kafka",
                additional_properties={"brokers": ", ".join(facts.brokers), "clusterId": facts.cluster_id},
            ),
        )
        for topic in facts.topics:
            self.picture.link(BROKER_TOPICS, broker, self._topic(topic))

    def subjects(self, subjects: Iterable[Subject], topics: Collection[str]) -> None:
        for subject in subjects:
            self._subject(subject, topic_of(subject.name, topics))

    def _topic(self, topic: TopicFacts) -> Key:
        facts = {"partitions": str(topic.partitions), "replicas": str(topic.replicas), **topic.configs}
        properties = TopicProperties(
            qualified_name=self._naming.topic(topic.name),
            display_name=topic.name,
            resource_name=topic.name,
            topic_type="Kafka",
            partitions=topic.partitions,
            replicas=topic.replicas,
            additional_properties=facts,
        )
        return self.picture.add(TOPICS, properties)

    def _subject(self, subject: Subject, topic: str | None) -> None:
        parent = None if topic is None else self._events(topic)
        for schema in subject.schemas:
            newest = schema.version == max(subject.versions)
            key = self._naming.subject(subject.name)
            if not newest:
                key = f"{key}::version::{schema.version}"
            facts = {
                "subject": subject.name,
                "schemaId": str(schema.schema_id),
                "schemaType": schema.kind,
                "compatibility": subject.compatibility,
                "versions": ", ".join(map(str, subject.versions)),
            }
            content = self._content(subject, schema)
            self.picture.add(
                EVENTS,
                SchemaTypeProperties(
                    qualified_name=key,
                    display_name=subject.name if newest else f"{subject.name} version {schema.version}",
                    description=_doc(content),
                    version_identifier=str(schema.version),
                    encoding_standard=schema.kind,
                    namespace=_namespace(content),
                    additional_properties={name: value for name, value in facts.items() if value},
                ),
                parent,
            )
            self._fields(key, subject, schema, content)

    def _events(self, topic: str) -> Key:
        known = self._lists.get(topic)
        if known is None:
            properties = SchemaTypeProperties(qualified_name=self._naming.events(topic), display_name=topic)
            known = self._lists[topic] = self.picture.add(EVENT_LISTS, properties, self._naming.topic(topic))
        return known

    def _content(self, subject: Subject, schema: SchemaVersion) -> Any:
        """The schema as JSON; None for Protobuf, and for what is none."""
        if schema.kind == "PROTOBUF":
            return None
        try:
            return json.loads(schema.text)
        except ValueError:
            if schema.kind == AVRO and schema.text.isidentifier():
                return schema.text  # a primitive type may stand there without quotes
            self._message(f"subject {subject.name} version {schema.version}: its schema is no JSON")
            return None

    def _fields(self, event: Key, subject: Subject, schema: SchemaVersion, content: Any) -> None:
        try:
            columns = _columns(schema, content)
        except (OmrsError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._message(f"subject {subject.name} version {schema.version}: its fields cannot be read: {error}")
            return
        self.cut += max(0, len(columns) - self._max_fields)
        renamed = _aliases(content)
        for column in columns[: self._max_fields]:
            key = f"{event}::field::{column.name}"
            attribute = SchemaAttributeProperties(
                qualified_name=key,
                display_name=column.name,
                data_type=column.data_type,
                is_nullable=column.nullable,
                position=column.position,
                aliases=renamed.get(column.name) or None,
            )
            former = tuple(f"{event}::field::{name}" for name in renamed.get(column.name, ()))
            self.picture.add(FIELDS, attribute, event, formerly=former)


def topic_of(name: str, topics: Collection[str]) -> str | None:
    """The topic that a subject is about, by the three strategies of naming: `<topic>-value` and `<topic>-key`,
    `<topic>-<record>`, and the record alone, which is of no topic."""
    for suffix in ("-value", "-key"):
        if name.endswith(suffix) and name.removesuffix(suffix) in topics:
            return name.removesuffix(suffix)
    parts = name.split("-")
    starts = ("-".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    return next((start for start in starts if start in topics), None)


def _columns(schema: SchemaVersion, content: Any) -> tuple[Column, ...]:
    if content is None:
        return ()
    if schema.kind == AVRO:
        return avro_columns(content, [json.loads(text) for text in schema.references])
    if schema.kind == "JSON":
        document = Document(f"schema {schema.schema_id}", content, lambda address: b"")
        found = leaves(document, content, document.address, "body")
        return tuple(
            Column(each.name, position, each.format or each.type, each.nullable if each.required else True)
            for position, each in enumerate(found)
        )
    return ()


def _aliases(content: Any) -> dict[str, tuple[str, ...]]:
    """Former names of an Avro record's own fields."""
    if not isinstance(content, Mapping) or not isinstance(content.get("fields"), list):
        return {}
    fields = [field for field in content["fields"] if isinstance(field, Mapping)]
    return {str(field["name"]): tuple(map(str, field["aliases"])) for field in fields if field.get("aliases")}


def _doc(content: Any) -> str | None:
    if not isinstance(content, Mapping):
        return None
    return str(content.get("doc") or content.get("description") or "") or None


def _namespace(content: Any) -> str | None:
    return str(content.get("namespace") or "") or None if isinstance(content, Mapping) else None
