"""Reading a server's out topic: everything that becomes visible there, as event beans."""

from collections.abc import Iterator
from typing import Self

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.client.feed import BadRecord, Feed
from omrs_streams.client.subscription import Subscription
from omrs_streams.client.wire import Bean
from omrs_streams.log.kafka import KafkaSettings


class _Given:
    """Types that are what they are."""

    def __init__(self, types: TypeSystem) -> None:
        self.types = types

    def refresh_types(self) -> TypeSystem:
        return self.types


class OutTopicReader:
    """Iterates over the events of `omrs.server.<server>.out` as a member of consumer group `group`.

    For programs that have the types and no client; `MetadataClient.subscribe` chooses among events and follows the
    server's types. At least once: an event counts as dealt with when the next one is asked for. A new group begins at
    the oldest event kept. A record that is no event is handed to `on_bad_record` (logged by default) and skipped.
    `kafka`: bootstrap servers, or settings.

        with OutTopicReader("127.0.0.1:9092", "cocoMDS1", "my-program", client.types) as reader:
            for event in reader:
                print(event["instanceEventSection"]["eventType"])
    """

    def __init__(
        self,
        kafka: KafkaSettings | str,
        server: str,
        group: str,
        types: TypeSystem,
        *,
        on_bad_record: BadRecord | None = None,
    ) -> None:
        decoder = OutEventDecoder(_Given(types))
        self._feed = Feed(kafka, server, group, decoder, on_bad_record=on_bad_record)
        self._feed.open(must_exist=False)
        self._events = Subscription(self._feed)
        self.topic = self._feed.topic

    @property
    def skipped(self) -> int:
        """How many records were no events."""
        return self._feed.skipped

    def __iter__(self) -> Iterator[Bean]:
        return self.events()

    def events(self, *, idle: float | None = None) -> Iterator[Bean]:
        """Events as they come; ends after `idle` seconds without one (never, if None). LogError when Kafka refuses."""
        for event in self._events.events(idle=idle):
            yield event.bean

    def close(self) -> None:
        """Leaves the group; what was not dealt with is read again by the next member."""
        self._feed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
