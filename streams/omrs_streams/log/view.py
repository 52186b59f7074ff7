"""A small compacted topic, read whole by every process that needs it, and followed (DESIGN.md, "Horizontal scale")."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from omrs_schemas.errors import LogError
from omrs_streams.log.consumer import ends_of, take

log = logging.getLogger(__name__)

Change = tuple[str, bytes | None, int]
"""key, value (None: removed), offset"""

FIRST_READ_S = 30.0  # these topics hold at most a few thousand records: longer means that the broker does not answer


class TopicView:
    """Follows partition 0 of a topic on a thread and hands batches of changes to `apply` on the event loop.

    `start` returns once everything that was in the topic has been applied.
    """

    def __init__(self, conf: dict[str, Any], topic: str, apply: Callable[[list[Change]], None]) -> None:
        self.topic = topic
        self._conf = conf
        self._apply = apply
        self._stop = threading.Event()
        self._caught_up = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._failure: Exception | None = None
        self.on_failure: Callable[[Exception], object] = lambda error: None
        self._thread = threading.Thread(target=self._follow, name=f"view-{topic}", daemon=True)
        self.next_offset = 0

    async def start(self) -> None:
        self._thread.start()
        try:
            await asyncio.wait_for(self._caught_up.wait(), FIRST_READ_S)
        except TimeoutError:
            self.stop()
            raise LogError(f"{self.topic} could not be read within {FIRST_READ_S:.0f} s", topic=self.topic) from None
        if self._failure is not None:
            raise LogError(f"{self.topic} cannot be read: {self._failure}", topic=self.topic) from self._failure

    def stop(self) -> None:
        self._stop.set()

    async def passed(self, offset: int, timeout: float = FIRST_READ_S) -> None:
        """Wait until the record at `offset` has been applied."""
        deadline = self._loop.time() + timeout
        while self.next_offset <= offset:
            if self._loop.time() > deadline:
                raise LogError(
                    f"{self.topic} was not read up to offset {offset} within {timeout:.0f} s", topic=self.topic
                )
            await asyncio.sleep(0.005)

    def _follow(self) -> None:
        consumer = Consumer(self._conf)
        try:
            low, high = ends_of(consumer, self.topic, 0, FIRST_READ_S)
            consumer.assign([TopicPartition(self.topic, 0, low)])
            if high <= low:
                self._hand_over([], low, caught_up=True)
            caught_up = high <= low
            while not self._stop.is_set():
                changes: list[Change] = []
                position = -1
                for message in take(consumer, 1_000, 0.25):
                    error = message.error()
                    if error is None:
                        key = (message.key() or b"").decode(errors="replace")
                        changes.append((key, message.value(), message.offset()))
                        position = message.offset() + 1
                    elif error.code() == KafkaError._PARTITION_EOF:
                        position = max(position, message.offset())
                if position >= 0:
                    caught_up = caught_up or position >= high
                    self._hand_over(changes, position, caught_up=caught_up)
        except (KafkaException, LogError) as error:
            self._failure = error
            log.error("view of %s stopped: %s", self.topic, error)
            self._call(self._caught_up.set)
            self._call(lambda: self.on_failure(self._failure or LogError(f"{self.topic} is not followed any more")))
        finally:
            consumer.close()

    def _hand_over(self, changes: list[Change], position: int, *, caught_up: bool) -> None:
        def on_loop() -> None:
            try:
                if changes:
                    self._apply(changes)
            finally:
                self.next_offset = max(self.next_offset, position)
                if caught_up:
                    self._caught_up.set()

        self._call(on_loop)

    def _call(self, function: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is stopping
            self._loop.call_soon_threadsafe(function)
