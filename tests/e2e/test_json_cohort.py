"""A cohort that speaks Egeria's JSON, members ours alone: it is a cohort like any other, and stands beside one."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import yaml
from confluent_kafka.admin import AdminClient, NewTopic
from e2e_samples import Bean, entity_def, has_type, known_types

from omrs_schemas.codec.canonical import canonical
from omrs_schemas.model.events import OMRSEventV1
from omrs_streams.client import ExternalSource, MetadataClient
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from workers import Fleet, Pair, Running, arrives, eventually, fleet, unique

pytestmark = pytest.mark.kafka

HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long
ROOT = "egeria.omag"
TYPES = known_types()
SPELLED = (names.egeria_registration, names.egeria_types, names.egeria_instances)


def cohort_of(name: str, encoding: str) -> dict[str, str]:
    return {"name": name, "encoding": encoding}


def start(workers: Fleet, server: str, cohorts: list[dict[str, str]], worker: str = "w1") -> Running:
    config = workers.root / f"{server}-{worker}.yaml"
    config.write_text(yaml.safe_dump({"cohorts": cohorts}))
    return workers.spawn(server, worker, config=config)


def ready(workers: Fleet, *spawned: Running) -> None:
    for running in spawned:
        workers.await_url(running).wait_ready()


def gone(there: MetadataClient, guid: str) -> None:
    eventually(lambda: there.find_entity(guid) is None, f"{guid} goes", within=HERE)


def on_topic(kafka: Endpoint, topic: str) -> list[Bean]:
    """Every event on a topic of the cohort, as JSON."""
    return [json.loads(message.value() or b"") for message in read_all(reader(kafka), topic, 1)]


def reader(kafka: Endpoint) -> dict[str, Any]:
    return KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).bulk_consumer(unique("reader"))


@pytest.fixture(scope="module")
def json_pair(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Servers A and B in a JSON cohort, started at the same time."""
    with fleet(tmp_path_factory.mktemp("json"), kafka.bootstrap_servers) as ours:
        cohort = unique("json")
        a, b = (start(ours, unique(name), [cohort_of(cohort, "egeria-json")]) for name in "AB")
        ready(ours, a, b)
        ids = (a.ask("/status")["metadata_collection_id"], b.ask("/status")["metadata_collection_id"])
        for running in (a, b):
            eventually(
                lambda running=running: (
                    set(ids) <= {each["metadataCollectionId"] for each in running.ask("/status")["cohorts"][cohort]}
                ),
                "the members know each other",
            )
        yield Pair(cohort, a, b, ids)
        # Whatever the tests did: nothing is on the topics that Egeria's beans have no place for.
        is_canonical = canonical(OMRSEventV1)
        for topic in (spell(cohort, ROOT) for spell in SPELLED):
            events = on_topic(kafka, topic)
            assert events
            assert [event for event in events if not is_canonical(event)] == []


def test_every_change_of_an_entity_reaches_the_other(json_pair: Pair) -> None:
    alice, bob = json_pair.a.client("alice", types=TYPES), json_pair.b.client("bob", types=TYPES)
    values = {
        "qualifiedName": f"ToDo:{uuid4()}",
        "priority": 3,
        "dueTime": 1_700_000_000_001,
        "activityStatus": "WAITING",
        "additionalProperties": {"a": "b"},
    }
    made = alice.add_entity("ToDo", values, classifications={"Confidentiality": {"confidentialityLevel": 1}})
    guid = made["guid"]
    arrives(bob, made)
    arrives(bob, alice.update_entity_properties(guid, {**values, "priority": 4}))
    arrives(bob, alice.update_entity_status(guid, "ACTIVE"))
    arrives(bob, alice.undo_entity(guid))
    arrives(bob, alice.classify(guid, "Template"))
    arrives(bob, alice.reclassify(guid, "Confidentiality", {"confidentialityLevel": 2}))
    arrives(bob, alice.declassify(guid, "Template"))
    arrives(bob, alice.delete_entity(guid))
    arrives(bob, alice.restore_entity(guid))
    assert bob.entity_history(guid) == alice.entity_history(guid)
    alice.delete_entity(guid)
    alice.purge_entity(guid, type_name="ToDo")
    gone(bob, guid)


def test_relationships_and_classifications_of_a_copy_travel(json_pair: Pair) -> None:
    alice, bob = json_pair.a.client("alice", types=TYPES), json_pair.b.client("bob", types=TYPES)
    ends = [alice.add_entity("GlossaryTerm", {"qualifiedName": f"Term:{uuid4()}"})["guid"] for _ in "12"]
    made = alice.add_relationship("Synonym", *ends, {"description": "v1", "confidence": 7})
    guid = made["guid"]
    arrives(bob, made)
    arrives(bob, alice.update_relationship_properties(guid, {"description": "v2"}))
    arrives(bob, alice.delete_relationship(guid))
    arrives(bob, alice.restore_relationship(guid))
    # B classifies its copy: only a proxy of A's entity travels with the classification.
    eventually(lambda: bob.find_entity(ends[1]), "B has the copy", within=HERE)
    there = bob.classify(ends[1], "Confidentiality", {"confidentialityLevel": 3})
    arrives(alice, there)
    alice.delete_entity(ends[0])
    eventually(lambda: not bob.relationships_of(ends[1]), "the relationship goes with its end", within=HERE)


def test_external_instances_are_distributed_by_who_replicates_them(json_pair: Pair) -> None:
    alice, bob = json_pair.a.client("alice", types=TYPES), json_pair.b.client("bob", types=TYPES)
    source = ExternalSource(str(uuid4()), "a catalogue")
    made = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("external")}, external_source=source)
    assert made["replicatedBy"] == json_pair.ids[0]
    arrives(bob, made)
    arrives(bob, alice.update_entity_properties(made["guid"], {"qualifiedName": unique("changed")}))
    arrives(bob, alice.delete_entity(made["guid"]))
    alice.purge_entity(made["guid"], type_name="GlossaryTerm")
    gone(bob, made["guid"])


def test_a_new_guid_type_and_home_arrive(json_pair: Pair) -> None:
    alice, bob = json_pair.a.client("alice", types=TYPES), json_pair.b.client("bob", types=TYPES)
    file = alice.add_entity("DataFile", {"qualifiedName": unique("file")})
    arrives(bob, file)
    arrives(bob, alice.re_type_entity(file["guid"], "CSVFile"))
    made, other = (alice.add_entity("GlossaryTerm", {"qualifiedName": unique("t")}) for _ in "12")
    link = alice.add_relationship("Synonym", other["guid"], made["guid"])
    arrives(bob, link)
    changed = alice.re_identify_entity(made["guid"], str(uuid4()))
    arrives(bob, changed)
    gone(bob, made["guid"])
    eventually(lambda: alice.get_relationship(link["guid"])["version"] == 2, "A re-points it", within=HERE)
    arrives(bob, alice.get_relationship(link["guid"]))
    arrives(bob, alice.re_identify_relationship(link["guid"], str(uuid4())))
    arrives(alice, bob.re_home_entity(changed["guid"], json_pair.ids[1]))
    arrives(alice, bob.update_entity_properties(changed["guid"], {"qualifiedName": unique("bob's")}))


def test_a_type_made_by_one_is_learned_by_the_other(json_pair: Pair) -> None:
    typedef = entity_def(unique("E2eJson"), attribute="wording")
    assert json_pair.a.rest().post("/types/typedef", json=typedef).json()["relatedHTTPCode"] == 200
    types = known_types(typedef)
    path = f"/types/typedef/name/{typedef['name']}"
    has_type(json_pair.b, typedef["name"])
    made = json_pair.b.client("bob", types=types).add_entity(typedef["name"], {"wording": "w"})
    arrives(json_pair.a.client("alice", types=types), made)
    assert json_pair.b.rest().get(path).json()["typeDef"] == json_pair.a.rest().get(path).json()["typeDef"]


def test_the_topics_look_as_egeria_members_leave_them(json_pair: Pair, kafka: Endpoint) -> None:
    """OMRS events § 1, § 2; observed.md § Kafka, § JSON."""
    alice = json_pair.a.client("alice", types=TYPES)
    guid = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("seen")})["guid"]
    alice.delete_entity(guid)
    alice.purge_entity(guid, type_name="GlossaryTerm")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    found = admin.list_topics(timeout=10).topics
    three = [spell(json_pair.cohort, ROOT) for spell in SPELLED]
    assert {name: len(found[name].partitions) for name in three} == dict.fromkeys(three, 1)
    assert not [name for name in found if name.startswith(f"omrs.cohort.{json_pair.cohort}.")]
    eventually(
        lambda: (
            [
                event["instanceEventSection"]["eventType"]
                for event in on_topic(kafka, three[2])
                if event["instanceEventSection"].get("instanceGUID") == guid
            ]
            == ["NEW_ENTITY_EVENT", "DELETED_ENTITY_EVENT", "PURGED_ENTITY_EVENT"]
        ),
        "the three events are on the topic, in order",
    )
    events = [e for e in on_topic(kafka, three[2]) if e["instanceEventSection"].get("instanceGUID") == guid]
    assert all(event["originator"]["metadataCollectionId"] == json_pair.ids[0] for event in events)
    # A purge with the entity in it is not obeyed by Java members (observed.md, Receivers 3).
    assert set(events[-1]["instanceEventSection"]) == {"eventType", "instanceGUID", "typeDefGUID", "typeDefName"}


def test_topics_that_others_made_are_taken_as_they_are(workers: Fleet, kafka: Endpoint) -> None:
    """More partitions than Egeria's, records kept for a day, and no room for what ours would hold: what does not fit
    is a dead letter of its sender and holds nothing up."""
    cohort = unique("json")
    given = {"retention.ms": "86400000", "max.message.bytes": "20000"}
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    topics = [NewTopic(spell(cohort, ROOT), 3, 1, config=given) for spell in SPELLED]
    for made in admin.create_topics(topics).values():
        made.result(30)
    a, b = (start(workers, unique(name), [cohort_of(cohort, "egeria-json")]) for name in "AB")
    ready(workers, a, b)
    alice, bob = (running.client(types=TYPES) for running in (a, b))
    words = " ".join(str(uuid4()) for _ in range(2_000))  # no compression makes 20 KB of it
    large = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("large"), "description": words})
    small = [alice.add_entity("GlossaryTerm", {"qualifiedName": unique("small")}) for _ in range(5)]
    for expected in small:
        arrives(bob, expected)
    assert bob.find_entity(large["guid"]) is None

    def letters() -> list[Any]:
        found = read_all(reader(kafka), names.dead_letters(names.server_group(a.server)), 1)
        return [each for each in found if each.key() == large["guid"].encode()]

    (letter,) = eventually(letters, "the large one is a dead letter", within=HERE)
    found = dict(letter.headers() or ())
    assert b"max.message.bytes" in found["dlq-reason"] and b"larger than" in found["dlq-reason"]
    assert found["dlq-topic"] == names.server_log(a.server).encode()


def test_two_workers_and_a_restart(workers: Fleet) -> None:
    cohort = [cohort_of(unique("json"), "egeria-json")]
    a, b = unique("A"), unique("B")
    first = [start(workers, a, cohort), start(workers, b, cohort)]
    ready(workers, *first)
    second = [start(workers, server, cohort, "w2") for server in (a, b)]
    ready(workers, *second)
    alice, bob = (running.client(types=TYPES) for running in first)
    made = [alice.add_entity("GlossaryTerm", {"qualifiedName": unique("t")}) for _ in range(20)]
    made += [second[0].client(types=TYPES).add_entity("GlossaryTerm", {"qualifiedName": unique("t")})]
    links = [alice.add_relationship("Synonym", one["guid"], other["guid"]) for one, other in pairwise(made)]
    for expected in (*made, *links):
        arrives(bob, expected)
        arrives(second[1].client(types=TYPES), expected)
    assert first[1].stop() == 0
    changed = alice.update_entity_properties(made[0]["guid"], {"qualifiedName": unique("while w1 was away")})
    arrives(second[1].client(types=TYPES), changed)
    assert second[1].stop() == 0
    meanwhile = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("while B was away")})
    again = start(workers, b, cohort)
    ready(workers, again)
    arrives(again.client(types=TYPES), meanwhile)
    arrives(again.client(types=TYPES), changed)
    home = first[0].ask("/status")["metadata_collection_id"]
    digests = [running.ask("/digest", home=home) for running in (first[0], again)]
    assert digests[0]["count"] and digests[0].keys() == digests[1].keys()


def test_a_server_in_two_cohorts_keeps_them_apart(workers: Fleet, kafka: Endpoint) -> None:
    """OMRS cohort § 9: what came from one cohort does not go on to the other; what we are home of goes to both."""
    avro, other = cohort_of(unique("avro"), "avro"), cohort_of(unique("json"), "egeria-json")
    left = start(workers, unique("L"), [avro])
    middle = start(workers, unique("M"), [avro, other])
    right = start(workers, unique("R"), [other])
    ready(workers, left, middle, right)
    clients = [running.client(types=TYPES) for running in (left, middle, right)]
    from_left, from_middle, from_right = (
        client.add_entity("GlossaryTerm", {"qualifiedName": unique("t")}) for client in clients
    )
    for there, expected in (
        (clients[0], from_middle),
        (clients[2], from_middle),
        (clients[1], from_left),
        (clients[1], from_right),
    ):
        arrives(there, expected)
    # A second change of ours is behind everything that could have been passed on.
    for index, client in ((0, clients[0]), (2, clients[2])):
        last = clients[1].update_entity_properties(from_middle["guid"], {"qualifiedName": unique(f"last{index}")})
        arrives(client, last)
    assert clients[2].find_entity(from_left["guid"]) is None
    assert clients[0].find_entity(from_right["guid"]) is None
    sent = on_topic(kafka, names.egeria_instances(other["name"], ROOT))
    assert from_left["guid"] not in {event["instanceEventSection"].get("instanceGUID") for event in sent}
