"""A cohort's events twice, out of order, at the same moment: every member comes to the same end."""

import random
import time
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import EventProducer
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.partition import partition_of
from oracle import equals_its_log
from workers import PARTITIONS, Fleet, Running, eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]

SEED = 353


def test_duplicates_and_reordering_change_nothing(kafka: Endpoint, workers: Fleet) -> None:
    """What a member sent is produced again, each record twice and in any order: no state and no version moves."""
    cohort = unique("co")
    running = workers.start(unique("S"), cohort=cohort)
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    member = unique("member")
    with EventProducer(kafka.bootstrap_servers, cohort, member, TypeSystem.builtin(), partitions=PARTITIONS) as sender:
        sender.register()
        last = {}
        for n in range(12):
            entity = sender.new_entity("DataFile", {"qualifiedName": f"{n}"})
            for version in range(n % 4):
                entity = sender.update_entity(entity, {"qualifiedName": f"{n}.{version}"})
            if n % 5 == 0:
                entity = {**entity, "version": entity["version"] + 1, "status": "DELETED", "statusOnDelete": "ACTIVE"}
                sender.send("DELETED", entity)
            last[entity["guid"]] = entity
    client = running.client()

    def as_sent() -> bool:
        return all((client.find_entity(guid) or {}).get("version") == sent["version"] for guid, sent in last.items())

    eventually(as_sent, "everything arrived", within=60)
    before = {guid: client.find_entity(guid) for guid in last}
    revisions = len(equals_its_log(kafka.bootstrap_servers, running).effective)

    topic = names.cohort_instances(cohort)
    sent = list(read_all(settings.bulk_consumer(unique("reader")), topic, PARTITIONS))
    disordered = sent * 2
    random.Random(SEED).shuffle(disordered)
    producer = Producer(settings.librdkafka())
    for number, message in enumerate(disordered):
        headers = message.headers()
        if number % 3 == 0:  # the same event under another id, as a member that cannot remember would send it again
            headers = [(name, str(uuid4()).encode() if name == "event-id" else value) for name, value in headers]
        producer.produce(topic, message.value(), message.key(), message.partition(), headers=headers)
    assert producer.flush(20) == 0
    with EventProducer(kafka.bootstrap_servers, cohort, member, TypeSystem.builtin(), partitions=PARTITIONS) as sender:
        marks: list[str] = []
        while {partition_of(guid, PARTITIONS) for guid in marks} != set(range(PARTITIONS)):  # one behind each of them
            marks.append(sender.new_entity("DataFile", {"qualifiedName": "mark"})["guid"])
    eventually(lambda: all(client.find_entity(guid) for guid in marks), "what came after it arrived", within=60)
    assert {guid: client.find_entity(guid) for guid in last} == before
    log = equals_its_log(kafka.bootstrap_servers, running)
    assert len(log.effective) == revisions + len(marks)


def test_the_last_version_wins_in_whatever_order_it_comes(kafka: Endpoint, workers: Fleet) -> None:
    """The versions of an entity reach a member in random order; it ends with the highest."""
    cohort = unique("co")
    types = TypeSystem.builtin()
    chance = random.Random(SEED)
    with EventProducer(kafka.bootstrap_servers, cohort, unique("member"), types, partitions=PARTITIONS) as sender:
        running = workers.start(unique("S"), cohort=cohort)
        newest = {}
        events = []
        for n in range(10):
            entity = sender.new_entity("DataFile", {"qualifiedName": f"{n}"})
            versions = [entity]
            for version in range(4):
                values = dict(versions[-1]["properties"])
                versions.append(
                    {**versions[-1], "version": version + 2, "updateTime": entity["createTime"] + version + 1}
                )
                versions[-1]["properties"] = values
            newest[entity["guid"]] = versions[-1]
            events += versions[1:]
        chance.shuffle(events)
        for event in events:
            sender.send("UPDATED", event)
    client = running.client()
    eventually(
        lambda: all((client.find_entity(guid) or {}).get("version") == 5 for guid in newest), "the newest", within=60
    )
    equals_its_log(kafka.bootstrap_servers, running)


@pytest.mark.parametrize("round_", range(5))
def test_members_that_start_at_the_same_moment_find_each_other(kafka: Endpoint, workers: Fleet, round_: int) -> None:
    """Within 100 ms of each other, in any order, in a cohort that nobody has made yet (Egeria's open defect 6353)."""
    chance = random.Random(SEED + round_)
    cohort = unique("co")
    members: list[Running] = []
    for name in chance.sample(["A", "B"], 2):
        members.append(workers.spawn(unique(name), cohort=cohort))
        time.sleep(chance.uniform(0, 0.1))  # the distance between the two is what this test is about
    for running in members:
        workers.await_url(running).wait_ready()
    ids = {running.server: running.ask("/status")["metadata_collection_id"] for running in members}

    def found_each_other() -> bool:
        for running in members:
            registered = running.ask("/status")["cohorts"][cohort]
            if {each["metadataCollectionId"] for each in registered} != set(ids.values()):
                return False
        return True

    eventually(found_each_other, "each knows the other", within=60)
    made = members[0].client().add_entity("DataFile", {"qualifiedName": "x"})
    other = members[1].client()
    eventually(lambda: other.find_entity(made["guid"]) == made, "an entity arrives", within=60)
