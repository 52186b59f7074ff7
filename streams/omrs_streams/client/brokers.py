"""First contact with Kafka, and what librdkafka says of brokers that are away: an error, or one line in the log."""

import logging
import time
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException

from omrs_schemas.errors import LogError
from omrs_streams.log.consumer import REQUEST_S

log = logging.getLogger(__name__)

LIBRDKAFKA = logging.getLogger(f"{__name__}.librdkafka")
"""Takes what librdkafka would print, dozens of lines a second while nobody answers; whoever wants it adds a handler."""
LIBRDKAFKA.addHandler(logging.NullHandler())
LIBRDKAFKA.propagate = False

REACH_S = 3.0  # nobody listens there: most often the address is wrong, and a person waits
TRY_S = 1.0  # one look at whether somebody does


class Troubles:
    """Called by librdkafka with every error of a connection. `latest` explains why nobody answers."""

    def __init__(self, topic: str) -> None:
        self.latest = ""
        self.aloud = False
        self._topic = topic
        self._told: set[str] = set()

    def __call__(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            return  # said of each of them already, with the reason
        self.latest = error.str().partition(" (after ")[0]
        if self.aloud and self.latest not in self._told:
            self._told.add(self.latest)
            log.warning("%s is not read at present: %s", self._topic, self.latest)

    def over(self) -> None:
        """Records come."""
        self.latest = ""
        self._told.clear()


def topic_at(consumer: Consumer, topic: str, bootstrap_servers: str, troubles: Troubles) -> Any:
    """What the cluster says of a topic (TopicMetadata), whether it exists or not.

    Raises LogError when nobody listens at the address (`REACH_S`) or nobody answers in time (`REQUEST_S`).
    """
    started = time.monotonic()
    while True:
        try:
            return consumer.list_topics(topic, timeout=TRY_S).topics[topic]
        except KafkaException as error:
            consumer.poll(0)  # lets `troubles` be called
            if time.monotonic() - started > (REACH_S if troubles.latest else REQUEST_S):
                raise LogError(
                    f"Kafka at {bootstrap_servers} does not answer: {troubles.latest or error.args[0].str()}",
                    help="is the address right, do TLS and SASL fit, is it running? `omrs kafka status`",
                    topic=topic,
                ) from error
