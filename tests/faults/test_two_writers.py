"""Somebody else appends to the same log at the same time: the log's order decides, nobody's record is passed over."""

import threading
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import EventProducer
from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.record import ORIGIN_HOME, ORIGINATOR, LogRecord
from omrs_streams.repository import changes
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import LocalCollection
from oracle import equals_its_log
from workers import PARTITIONS, Fleet, eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)


def entity(home: str) -> LogRecord:
    local = LocalCollection(home, home, home)
    instance_type = TYPES.instance_type(TYPES.require(name="DataFile"))
    audit = changes.home_header(local, "u", 1_700_000_000_000, instance_type, "ACTIVE")
    bean = changes.new_instance(changes.ENTITY, str(uuid4()), audit, None, local)
    event = instance_event("NEW", bean, local.originator(), 1_700_000_000_000)
    return log_record(event, CODEC.encode, PARTITIONS, event_id=str(uuid4()), origin=ORIGIN_HOME)


def test_another_writer_between_the_records_of_a_batch(kafka: Endpoint, workers: Fleet) -> None:
    """As a worker does that still believes it owns a partition. Batches of copies meet its single records."""
    cohort, member = unique("co"), unique("member")
    running = workers.start(unique("S"), cohort=cohort)
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    log_topic, cohort_topic = names.server_log(running.server), names.cohort_instances(cohort)
    home = running.ask("/status")["metadata_collection_id"]
    halt = threading.Event()
    foreign: list[str] = []

    def intrude() -> None:
        other = Producer(settings.producer("intruder"))
        while not halt.wait(0.0003):  # a thousand a second: it is to come between, not to drown the worker
            record = entity(home)
            foreign.append(record.key)
            headers = record.headers(running.server)
            other.produce(log_topic, record.value, record.key.encode(), record.partition, headers=headers)
            other.poll(0)
        assert other.flush(30) == 0

    intruder = threading.Thread(target=intrude, daemon=True)
    copies = [entity(member) for _ in range(3000)]
    sender = Producer(settings.producer("sender"))
    with EventProducer(kafka.bootstrap_servers, cohort, member, TYPES, partitions=PARTITIONS) as registered:
        registered.register()
    intruder.start()
    for record in copies:
        headers = record.headers(member, [(ORIGINATOR, member.encode())])
        sender.produce(cohort_topic, record.value, record.key.encode(), record.partition, headers=headers)
        sender.poll(0)
    assert sender.flush(30) == 0
    client = running.client()
    made = [client.add_entity("DataFile", {"qualifiedName": f"{n}"})["guid"] for n in range(20)]
    last = {record.partition: record.key for record in copies}  # each partition is read in its order, for itself
    eventually(lambda: all(client.find_entity(guid) for guid in last.values()), "the copies are in", within=60)
    halt.set()
    intruder.join(60)
    log = equals_its_log(kafka.bootstrap_servers, running)
    assert {record.key for record in copies} | set(foreign) | set(made) <= {record.key for record in log.effective}
    for guid in (*foreign[:20], *foreign[-20:]):
        assert client.get_entity(guid)["guid"] == guid
