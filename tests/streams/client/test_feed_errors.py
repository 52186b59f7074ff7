"""What a feed does with an error that stands between the records of a batch."""

from typing import Any

import pytest
from confluent_kafka import KafkaError

from omrs_schemas.errors import LogError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.client.feed import Feed


class Source:
    types = TypeSystem()

    def refresh_types(self) -> TypeSystem:
        return self.types


class Handed:
    """A record, or an error, as librdkafka hands it over."""

    def __init__(self, offset: int | None, error: KafkaError | None = None) -> None:
        self._offset, self._error = offset, error

    def error(self) -> KafkaError | None:
        return self._error

    def headers(self) -> list[tuple[str, bytes]]:
        return []

    def key(self) -> bytes:
        return b"guid"

    def value(self) -> bytes:
        return b"no event"

    def topic(self) -> str:
        return "omrs.server.some.out"

    def partition(self) -> int:
        return 0

    def offset(self) -> int | None:
        return self._offset


def test_what_was_read_before_an_error_is_delivered_before_it_is_raised() -> None:
    feed = Feed("127.0.0.1:1", "some", None, OutEventDecoder(Source()))
    queue: Any = feed
    queue._consumer = object()  # nothing is fetched: the queue is not empty
    refused = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    queue._waiting.extend([Handed(0), Handed(1), Handed(None, refused), Handed(2)])
    assert [each.offset for each in feed.batch()] == [0, 1]
    with pytest.raises(LogError):
        feed.batch()
    assert [each.offset for each in feed.batch()] == [2]
