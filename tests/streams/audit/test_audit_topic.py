"""Messages reach the audit topic of a real broker, whatever it does meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError

from omrs_schemas.codec.audit import decode_audit
from omrs_streams.audit import AuditLog, AuditSettings
from omrs_streams.audit import sinks as audit_sinks
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import EmbeddedKafka, Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.topics import TopicSpec, days, ensure_topics
from workers import eventually, unique

ORIGINATOR = {"metadataCollectionId": "m", "serverName": "s"}
QUIET = AuditSettings(console=False, severities=("all",))


@contextmanager
def producing(kafka: KafkaSettings, **more: Any) -> Iterator[LogProducer]:
    producer = LogProducer({**kafka.producer("audit-test"), **more})
    try:
        yield producer
    finally:
        producer.close()


def topic_of(kafka: KafkaSettings, server: str) -> str:
    topic = names.server_audit(server)
    ensure_topics(kafka.librdkafka(), [TopicSpec(topic, 1, days(1))])
    return topic


def on_topic(kafka: KafkaSettings, topic: str) -> list[dict[str, Any]]:
    return [decode_audit(message.value() or b"") for message in read_all(kafka.bulk_consumer("t"), topic, 1)]


def test_what_was_recorded_before_the_topic_was_there_comes_first(kafka: Endpoint) -> None:
    server, settings = unique("early"), KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    audit = AuditLog(server, QUIET, worker="w7")
    for count in range(5):
        audit.record("OMRS-AUDIT-8009", count=count, topic="t")
    topic = topic_of(settings, server)
    with producing(settings) as producer:
        audit.open(producer, ORIGINATOR)
        audit.record("OMRS-AUDIT-0011")
        assert audit.flush(30)
        found = on_topic(settings, topic)
        audit.close()
    assert [each["messageParameters"].get("count") for each in found] == ["0", "1", "2", "3", "4", None]
    last = found[-1]
    assert (last["messageId"], last["severity"], last["worker"]) == ("OMRS-AUDIT-0011", "SHUTDOWN", "w7")
    assert last["originator"] == ORIGINATOR
    assert last["userAction"] == "None."
    assert abs(last["timeStamp"] - time.time() * 1000) < 60_000


def test_many_threads_at_once_lose_nothing(kafka: Endpoint) -> None:
    server, settings = unique("many"), KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    topic = topic_of(settings, server)
    audit = AuditLog(server, QUIET)
    with producing(settings) as producer:
        audit.open(producer, ORIGINATOR)

        def talk(who: int) -> None:
            for count in range(500):
                audit.record("OMRS-AUDIT-8009", count=count, topic=f"t{who}")

        threads = [threading.Thread(target=talk, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert audit.flush(60)
        found = on_topic(settings, topic)
        audit.close()
    for who in range(8):
        mine = [each for each in found if each["messageParameters"]["topic"] == f"t{who}"]
        assert [int(each["messageParameters"]["count"]) for each in mine] == list(range(500))


class Stuck:
    """A producer that takes nothing until it is `free`."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.waited = False

    def try_send(self, record: Outgoing, done: Callable[[KafkaError | None], None]) -> bool:
        self.waited = self.free.wait(60)
        done(None)
        return True


def test_recording_waits_for_nothing() -> None:
    producer = Stuck()
    audit = AuditLog(unique("stuck"), QUIET)
    audit.open(cast(LogProducer, producer), ORIGINATOR)
    for count in range(200):
        audit.record("OMRS-AUDIT-8009", count=count, topic="t")
    assert audit.report().counts == {"OMRS-AUDIT-8009": 200}
    producer.free.set()
    assert audit.flush(60)
    assert producer.waited, "the producer was free before all was recorded"
    audit.close()


@pytest.mark.faults
def test_a_broker_that_is_away_is_waited_for(own_kafka: EmbeddedKafka) -> None:
    server, settings = unique("away"), KafkaSettings(bootstrap_servers=own_kafka.bootstrap_servers)
    topic = topic_of(settings, server)
    audit = AuditLog(server, QUIET)
    impatient = {"delivery.timeout.ms": 2_000, "request.timeout.ms": 1_000}
    with producing(settings, **impatient) as producer:
        audit.open(producer, ORIGINATOR)
        audit.record("OMRS-AUDIT-8009", count=1, topic="before")
        assert audit.flush(30)
        own_kafka.kill(1)
        for count in range(200):
            audit.record("OMRS-AUDIT-8009", count=count, topic="meanwhile")
        eventually(lambda: "OMRS-STREAMS-0003" in audit.report().counts, "it is noticed")
        assert not audit.flush(0.5)
        own_kafka.start(1)
        eventually(lambda: "OMRS-STREAMS-0004" in audit.report().counts, "and that it is over")
        assert audit.flush(60)
        found = on_topic(settings, topic)
        audit.close()
    meanwhile = [each for each in found if each["messageParameters"].get("topic") == "meanwhile"]
    assert {each["messageParameters"]["count"] for each in meanwhile} == {str(count) for count in range(200)}
    # Once each, however many messages wait. A broker that has just started may be too slow for so impatient a producer,
    # so that it is away once more; and what was on its way may be there twice.
    said = list({each["guid"]: each["messageId"] for each in found if "-STREAMS-" in each["messageId"]}.values())
    assert len(said) >= 2
    assert said == (["OMRS-STREAMS-0003", "OMRS-STREAMS-0004"] * len(said))[: len(said)]


def test_more_than_is_kept_is_counted_and_reported(kafka: Endpoint) -> None:
    server, settings = unique("full"), KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    topic = topic_of(settings, server)
    audit = AuditLog(server, QUIET)
    audit.flush()
    for count in range(audit_sinks.LIMIT + 7):
        audit.record("OMRS-AUDIT-8009", count=count, topic="t")
    with producing(settings) as producer:
        assert not audit.flush(0.1)
        audit.open(producer, ORIGINATOR)
        assert audit.flush(60)
        eventually(lambda: "OMRS-STREAMS-0002" in audit.report().counts, "the loss is reported")
        assert audit.flush(30)
        found = on_topic(settings, topic)
        audit.close()
    assert len(found) == audit_sinks.LIMIT + 1
    [lost] = [each for each in found if each["messageId"] == "OMRS-STREAMS-0002"]
    assert lost["messageParameters"] == {"count": "7", "destination": f"topic {topic}"}
