"""`omrs topics` on the topics of a cohort that speaks Egeria's JSON."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from topic_records import entity, event
from topics_cli import omrs
from typer.testing import CliRunner

from omrs_schemas.codec.egeria_json import dumps
from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli.topics import app
from omrs_streams.cohort.type_beans import type_event
from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import FOREVER, TopicSpec, ensure_topics

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka_environment")]

Bean = dict[str, Any]

ROOT = "egeria.omag"
SENDER = "0d9ed4b8-1b52-4d3f-9d6c-0a3e8e6f2a11"  # Egeria's key: of a server, in no relation to its collection


@pytest.fixture
def cohort(kafka: Endpoint) -> Iterator[str]:
    name = f"coco-{uuid4().hex[:8]}"
    spelled = (names.egeria_registration, names.egeria_types, names.egeria_instances)
    specs = [TopicSpec(each(name, ROOT), 1, FOREVER) for each in spelled]
    ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).librdkafka(), specs)
    yield name


def send(kafka: Endpoint, topic: str, *events: Bean) -> None:
    producer = LogProducer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).producer("omrs.test"))
    producer.send_and_wait([(topic, -1, SENDER.encode(), dumps(each), []) for each in events])
    producer.close()


def registration(server: str) -> Bean:
    return {
        "class": "OMRSEventV1",
        "timestamp": 1_700_000_000_000,
        "originator": {"metadataCollectionId": str(uuid4()), "serverName": server},
        "eventCategory": "REGISTRY",
        "registryEventSection": {"registryEventType": "REGISTRATION_EVENT"},
    }


def typedef(name: str) -> Bean:
    return {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": str(uuid4()),
        "name": name,
        "category": "ENTITY_DEF",
        "status": "ACTIVE_TYPEDEF",
        "version": 1,
        "versionName": "1.0",
        "description": name,
        "superType": {"headerVersion": 1, "guid": "a32316b8-dc8c-48c5-b12b-71c1b2a080bf", "name": "Referenceable"},
        "validInstanceStatusList": ["ACTIVE", "DELETED"],
        "initialStatus": "ACTIVE",
    }


def test_ls_says_what_they_are(cohort: str) -> None:
    listed = {found["topic"]: found for found in omrs("ls")}
    assert listed[names.egeria_types(cohort, ROOT)]["what"].endswith("in Egeria's JSON")
    assert cohort in listed[names.egeria_instances(cohort, ROOT)]["what"]


def test_tail_follows_a_cohort_by_its_name(kafka: Endpoint, cohort: str) -> None:
    made = event("NEW", entity("DataFile", "a file", "home"))
    other = event("NEW", entity("GlossaryTerm", "a term", "home"))
    member = registration("cocoMDS1")
    send(kafka, names.egeria_registration(cohort, ROOT), member)
    send(kafka, names.egeria_instances(cohort, ROOT), made, other)
    shown = omrs("tail", "--cohort", cohort)
    assert [found["key"] for found in shown] == [SENDER] * 3
    assert all("problem" not in found for found in shown)
    assert {json.dumps(found["event"]) for found in shown} == {json.dumps(each) for each in (member, made, other)}
    by_guid = omrs("tail", "--cohort", cohort, "--guid", made["instanceEventSection"]["instanceGUID"])
    assert [found["event"] for found in by_guid] == [made]
    assert [found["event"] for found in omrs("tail", "--cohort", cohort, "--type", "GlossaryTerm")] == [other]
    assert [found["event"] for found in omrs("tail", "--cohort", cohort, "--kind", "REGISTRATION")] == [member]


def test_tail_knows_the_types_that_members_announced(kafka: Endpoint, cohort: str) -> None:
    defined = typedef(f"Coco{uuid4().hex[:8]}")
    announced = type_event(defined, {"metadataCollectionId": "c", "serverName": "cocoMDS1"}, 1_700_000_000_000)
    made = event("NEW", entity("DataFile", "a file", "home"))
    section = made["instanceEventSection"]
    section["typeDefGUID"] = section["entity"]["type"]["typeDefGUID"] = defined["guid"]
    section["typeDefName"] = section["entity"]["type"]["typeDefName"] = defined["name"]
    send(kafka, names.egeria_types(cohort, ROOT), announced, {"class": "OMRSEventV1", "eventCategory": "TYPEDEF"})
    send(kafka, names.egeria_instances(cohort, ROOT), event("NEW", entity("DataFile", "b", "home")), made)
    topic = names.egeria_instances(cohort, ROOT)
    assert [found["event"] for found in omrs("tail", topic, "--type", defined["name"])] == [made]


def test_what_is_produced_is_json_under_the_key_of_its_sender(cohort: str) -> None:
    topic = names.egeria_instances(cohort, ROOT)
    made = event("NEW", entity("DataFile", "a file", "home"))
    del made["instanceEventSection"]["instanceGUID"]
    request = {
        **made,
        "instanceEventSection": {
            "eventType": "REFRESH_ENTITY_REQUEST",
            "typeDefGUID": "t",
            "typeDefName": "n",
            "instanceGUID": "g",
            "homeMetadataCollectionId": "h",
        },
    }
    lines = "".join(json.dumps(each) + "\n" for each in (made, request))
    assert omrs("produce", topic, stdin=lines) == [{"topic": topic, "produced": 2, "failed": 0}]
    found = omrs("tail", topic, "--headers")
    assert [each["key"] for each in found] == ["home", "home"]
    assert all(each["headers"]["originator"] == "home" and each["headers"]["event-id"] for each in found)
    made["instanceEventSection"]["instanceGUID"] = made["instanceEventSection"]["entity"]["guid"]
    assert [each["event"] for each in found] == [made, request]
    assert json.loads(CliRunner().invoke(app, ["tail", topic, "-n", "1"]).stdout)["event"] == made
    refused = omrs("produce", names.egeria_types(cohort, ROOT), stdin=lines, code=1)
    assert refused[0]["failed"] == 2


def test_a_cohort_that_is_not_there_is_named_with_those_that_are(cohort: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        omrs("tail", "--cohort", "nowhere")
    assert cohort in caught.value.help
