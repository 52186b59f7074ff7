"""A log and topics in memory: what a producer of the metadata server writes to, and the kit reads from."""

import threading
from collections.abc import Sequence

from omrs_schemas.errors import OmrsError
from omrs_streams.log.producer import LogProducer, Outgoing


class MemoryProducer(LogProducer):
    """Keeps records by topic, in the order they came; partition 0 of each."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Outgoing]] = {}
        self._guard = threading.Lock()

    def send_and_wait(self, records: Sequence[Outgoing], timeout: float = 30.0) -> list[int]:
        offsets = []
        with self._guard:
            for record in records:
                held = self.topics.setdefault(record[0], [])
                offsets.append(len(held))
                held.append(record)
        return offsets

    async def send_batch(self, records: Sequence[Outgoing]) -> list[int]:
        return self.send_and_wait(records)

    def send_nowait(self, record: Outgoing) -> None:
        self.send_and_wait([record])

    def close(self) -> None:
        """Nothing is open."""

    def records(self, topic: str, start: int = 0) -> list[Outgoing]:
        with self._guard:
            return self.topics.get(topic, [])[start:]


def bury(*place: object) -> None:
    """What the server's log cannot hold does not come from a connector: say so, instead of keeping a dead letter."""
    error = next((each for each in place if isinstance(each, OmrsError)), None)
    raise error or AssertionError(f"a record of the memory server is a dead letter: {place}")
