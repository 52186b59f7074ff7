"""Membership of real servers: leaving and returning without loss, members that are not as they should be, servers
without a local repository (OMRS cohort § 3 to § 7)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.registry_events import Registration, registration_event
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.worker.federation import REST_CONNECTOR
from workers import Fleet, Running, eventually, unique

pytestmark = pytest.mark.kafka

CODEC = EventCodec(TypeSystem())  # registry events hold no instance


def ask(running: Running, path: str) -> dict[str, Any]:
    found: dict[str, Any] = running.rest().get(f"/metadata-highway/{path}").json()
    assert found["relatedHTTPCode"] == 200, found
    return found


def members(running: Running, cohort: str) -> set[str]:
    """The collection ids of the other members that this server knows."""
    found = ask(running, f"cohorts/{cohort}/remote-members").get("cohortMembers", [])
    return {each["metadataCollectionId"] for each in found}


def collection(running: Running) -> str:
    return str(running.ask("/status")["metadata_collection_id"])


def sent(kafka: Endpoint, cohort: str) -> list[dict[str, Any]]:
    """Every event of a cohort's registration topic."""
    conf = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).bulk_consumer(unique("reader"))
    return [CODEC.decode(message.value()) for message in read_all(conf, names.cohort_registration(cohort), 1)]


def errors(kafka: Endpoint, cohort: str, sender: Running) -> list[dict[str, Any]]:
    found = [event for event in sent(kafka, cohort) if event["originator"].get("serverName") == sender.server]
    return [event["errorSection"] for event in found if "errorSection" in event]


def register(kafka: Endpoint, cohort: str, member: Registration, kind: str = "REGISTRATION_EVENT") -> None:
    producer = Producer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).librdkafka())
    value = CODEC.encode(registration_event(kind, member, 1))
    producer.produce(names.cohort_registration(cohort), value, member.collection_id.encode(), 0)
    assert producer.flush(20) == 0


def connection(provider: str, address: str) -> dict[str, Any]:
    return {
        "class": "Connection",
        "headerVersion": 0,
        "connectorType": {"class": "ConnectorType", "headerVersion": 0, "connectorProviderClassName": provider},
        "endpoint": {"class": "Endpoint", "headerVersion": 0, "address": address},
    }


@contextmanager
def two(workers: Fleet) -> Iterator[tuple[str, Running, Running]]:
    cohort = unique("co")
    a, b = (workers.spawn(unique(name), cohort=cohort) for name in "AB")
    for running in (a, b):
        workers.await_url(running).wait_ready()
    eventually(lambda: members(a, cohort) == {collection(b)}, "A knows B")
    eventually(lambda: members(b, cohort) == {collection(a)}, "B knows A")
    yield cohort, a, b


def test_what_happens_during_an_absence_is_made_up_for_in_both_directions(workers: Fleet) -> None:
    with two(workers) as (cohort, a, b):
        alice, bob = a.client(), b.client()
        before = bob.add_entity("DataFile", {"qualifiedName": unique("before")})
        eventually(lambda: alice.find_entity(before["guid"]) == before, "B's entity is at A")
        assert ask(b, f"cohorts/{cohort}/disconnect")["flag"]
        theirs = [alice.add_entity("DataFile", {"qualifiedName": unique("a")}) for _ in range(30)]
        ours = [bob.add_entity("DataFile", {"qualifiedName": unique("b")}) for _ in range(30)]
        assert bob.get_entity(before["guid"])["instanceProvenanceType"] == "LOCAL_COHORT"
        # It outlives the process, and the rest of the server works meanwhile.
        assert b.stop() == 0
        b = workers.start(b.server, cohort=cohort)
        bob = b.client()
        ours.append(bob.add_entity("DataFile", {"qualifiedName": unique("b")}))
        [description] = ask(b, "cohort-descriptions")["cohorts"]
        assert description["connectionStatus"] == "DISCONNECTED"
        assert not any(bob.find_entity(each["guid"]) for each in theirs)
        assert not any(alice.find_entity(each["guid"]) for each in ours)
        assert members(a, cohort) == {collection(b)}, "nobody was told"

        assert ask(b, f"cohorts/{cohort}/connect")["flag"]
        for there, expected in ((bob, theirs), (alice, ours)):
            for each in expected:
                eventually(lambda there=there, each=each: there.find_entity(each["guid"]) == each, "it is made up for")


def test_leaving_one_of_two_cohorts_leaves_the_other_alone(workers: Fleet) -> None:
    left, kept = unique("left"), unique("kept")
    both = workers.start(unique("S"), cohort=[left, kept])
    one, other = workers.start(unique("L"), cohort=left), workers.start(unique("K"), cohort=kept)
    eventually(lambda: members(both, left) == {collection(one)}, "it knows L")
    eventually(lambda: members(both, kept) == {collection(other)}, "it knows K")
    assert ask(both, f"cohorts/{left}/disconnect")["flag"]
    standing = {each["cohortName"]: each["connectionStatus"] for each in ask(both, "cohort-descriptions")["cohorts"]}
    assert standing == {left: "DISCONNECTED", kept: "CONNECTED"}
    made = both.client().add_entity("DataFile", {"qualifiedName": unique("file")})
    at_one, at_other = one.client(), other.client()
    eventually(lambda: at_other.find_entity(made["guid"]) == made, "K has it")
    theirs = at_other.add_entity("DataFile", {"qualifiedName": unique("file")})
    here = both.client()
    eventually(lambda: here.find_entity(theirs["guid"]) == theirs, "and is heard")
    assert at_one.find_entity(made["guid"]) is None
    assert ask(both, f"cohorts/{left}/connect")["flag"]
    eventually(lambda: at_one.find_entity(made["guid"]) == made, "L has it now")


def test_copies_of_a_member_that_left_for_good_say_so_until_it_returns(workers: Fleet) -> None:
    with two(workers) as (cohort, a, b):
        alice, bob = a.client(), b.client()
        his = bob.add_entity("DataFile", {"qualifiedName": unique("b")})
        mine = alice.add_entity("DataFile", {"qualifiedName": unique("a")})
        eventually(lambda: alice.find_entity(his["guid"]) == his, "B's entity is at A")
        eventually(lambda: bob.find_entity(mine["guid"]) == mine, "A's entity is at B")
        assert ask(b, f"cohorts/{cohort}/unregister")["flag"]

        def provenance(reader: Any, guid: str) -> str:
            return str(reader.get_entity(guid)["instanceProvenanceType"])

        eventually(lambda: provenance(alice, his["guid"]) == "DEREGISTERED_REPOSITORY", "A sees that B has gone")
        assert members(a, cohort) == set()
        assert provenance(bob, mine["guid"]) == "DEREGISTERED_REPOSITORY", "B knows nobody any more"
        assert provenance(bob, his["guid"]) == provenance(alice, mine["guid"]) == "LOCAL_COHORT"
        assert "cohortMember" not in ask(b, f"cohorts/{cohort}/local-registration")
        b.kill()
        b = workers.start(b.server, cohort=cohort)
        assert members(a, cohort) == set(), "a restart does not bring it back"
        eventually(lambda: "OMRS-STREAMS-0022" in b.log_text(), "it says that it stays away")
        assert [each for each in ("AUDIT-0005", "AUDIT-0026", "AUDIT-0009") if each in b.log_text()] == []

        assert ask(b, f"cohorts/{cohort}/connect")["flag"]
        bob = b.client()
        eventually(lambda: provenance(alice, his["guid"]) == "LOCAL_COHORT", "B has returned")
        eventually(lambda: provenance(bob, mine["guid"]) == "LOCAL_COHORT", "and knows A again")


def test_a_bad_connection_is_reported_and_the_member_kept(kafka: Endpoint, workers: Fleet) -> None:
    cohort = unique("co")
    running = workers.start(unique("S"), cohort=cohort)
    bad = {
        "unknown": connection("no.such.Provider", "http://127.0.0.1:1/servers/x"),
        "garbled": connection(REST_CONNECTOR, "ftp:nonsense"),
        "unreachable": connection(REST_CONNECTOR, "http://127.0.0.1:1/servers/y"),
    }
    for name, how in bad.items():
        register(kafka, cohort, Registration(name, f"server-{name}", time=5, connection=how))
    eventually(lambda: members(running, cohort) == set(bad), "all are kept")
    found = eventually(lambda: len(e := errors(kafka, cohort, running)) == 2 and e, "the two bad ones are reported")
    assert [each["errorCode"] for each in found] == ["BAD_REMOTE_CONNECTION"] * 2
    assert {each["targetMetadataCollectionId"] for each in found} == {"unknown", "garbled"}
    assert [each["targetRemoteConnection"] for each in found] == [bad["unknown"], bad["garbled"]]


def test_the_first_owner_of_an_id_is_kept_and_both_are_told(kafka: Endpoint, workers: Fleet) -> None:
    cohort = unique("co")
    running = workers.start(unique("S"), cohort=cohort)
    register(kafka, cohort, Registration("x", "first", time=5))
    eventually(lambda: members(running, cohort) == {"x"}, "the first is there")
    register(kafka, cohort, Registration("x", "second", time=6))
    register(kafka, cohort, Registration(collection(running), "impostor", time=7))
    found = eventually(lambda: len(e := errors(kafka, cohort, running)) == 2 and e, "both are reported")
    assert [each["errorCode"] for each in found] == ["CONFLICTING_COLLECTION_ID"] * 2
    assert [each["targetMetadataCollectionId"] for each in found] == ["x", collection(running)]
    [kept] = ask(running, f"cohorts/{cohort}/remote-members")["cohortMembers"]
    assert kept["serverName"] == "first"


def test_a_server_without_a_local_repository(kafka: Endpoint, workers: Fleet, tmp_path: Path) -> None:
    """It asks for the others, is not registered itself, and has nothing to be asked for."""
    cohort = unique("co")
    one = workers.start(unique("A"), cohort=cohort)
    config = tmp_path / "none.yaml"
    config.write_text("repository: none\n")
    server = unique("N")
    nobody = workers.start(server, cohort=cohort, config=config)
    eventually(lambda: members(nobody, cohort) == {collection(one)}, "it knows A")
    one.client().add_entity("DataFile", {"qualifiedName": unique("a")})
    for path in ("/metadata-collection-id", "/types/all", f"/instances/entity/{uuid4()}"):
        refused = nobody.rest().get(path).json()
        assert refused["exceptionErrorMessageId"] == "OMRS-REST-API-503-001", refused
    assert "cohortMember" not in ask(nobody, "local-registration")
    assert members(one, cohort) == set()
    kinds = [
        event["registryEventSection"]["registryEventType"]
        for event in sent(kafka, cohort)
        if event["originator"].get("serverName") == server
    ]
    assert kinds == ["REFRESH_REGISTRATION_REQUEST"]
    assert "OMRS-AUDIT-0012" in nobody.log_text()
    assert nobody.stop() == 0


def test_a_repository_that_was_taken_away_is_un_registered(workers: Fleet, tmp_path: Path) -> None:
    with two(workers) as (cohort, a, b):
        gone = collection(b)
        assert b.stop() == 0
        assert members(a, cohort) == {gone}
        config = tmp_path / "none.yaml"
        config.write_text("repository: none\n")
        b = workers.start(b.server, cohort=cohort, config=config)
        eventually(lambda: members(a, cohort) == set(), "A is told that B's collection has gone")
        assert b.stop() == 0
        b = workers.start(b.server, cohort=cohort)
        eventually(lambda: members(a, cohort) == {gone}, "it is there again")


def test_a_lost_registration_is_asked_for_when_its_member_is_heard(
    kafka: Endpoint, workers: Fleet, tmp_path: Path
) -> None:
    """An Egeria cohort's topics may keep nothing: who was not heard registering is asked to repeat it."""
    cohort = unique("co")
    config = tmp_path / "json.yaml"
    config.write_text(f"cohorts: [{{name: {cohort}, encoding: egeria-json}}]\n")
    running = workers.start(unique("S"), config=config)
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    conf, producer = settings.bulk_consumer(unique("reader")), Producer(settings.librdkafka())
    topic = names.egeria_registration(cohort, "egeria.omag")

    def requests() -> int:
        found = [json.loads(message.value()) for message in read_all(conf, topic, 1)]
        kinds = [event["registryEventSection"]["registryEventType"] for event in found]
        return kinds.count("REFRESH_REGISTRATION_REQUEST")

    def say(topic: str, category: str, section: dict[str, Any]) -> None:
        event = {
            "class": "OMRSEventV1",
            "originator": {"metadataCollectionId": "id-x", "serverName": "x"},
            "eventCategory": category,
            **section,
        }
        producer.produce(topic, json.dumps(event).encode(), b"java")
        assert producer.flush(20) == 0

    eventually(lambda: requests() == 1, "it asks when it connects")
    instances = names.egeria_instances(cohort, "egeria.omag")
    unknown = {"eventType": "REFRESH_ENTITY_REQUEST", "instanceGUID": str(uuid4()), "typeDefName": "DataFile"}

    def asked_again() -> bool:
        say(instances, "INSTANCE", {"instanceEventSection": unknown})
        return requests() >= 2

    eventually(asked_again, "it asks again, half a minute later", within=120, every=2)
    assert members(running, cohort) == set()
    kind = {"registryEventType": "RE_REGISTRATION_EVENT", "registrationTimestamp": 5}
    say(topic, "REGISTRY", {"registryEventSection": kind})
    eventually(lambda: members(running, cohort) == {"id-x"}, "the answer is taken in")
