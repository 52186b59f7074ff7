"""A Faust transport whose messages are whole batches of one partition.

Faust spends about 150 µs on each message (two tasks, conductor, stream, ack), whatever is in it. Here a message is what
one fetch brought for a partition, up to `broker_max_poll_records`; its offset is that of the last record. Flow control,
rebalance, acknowledgement and commit are Faust's own and see one message: a batch is acknowledged as a whole after the
agent's body, and read again as a whole when it was not. Overridden are `Consumer.getmany` and a warning (Faust 0.15.3).

Faust commits the offset after the last of a row of acknowledged offsets. The offsets inside a batch are noted as a gap
in the topic, as compaction leaves them, and it commits across it. (It notes such gaps itself, but not after offset 0.)
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP
from faust.types.tuples import ConsumerMessage


class BatchMessage(ConsumerMessage):
    """`records`: aiokafka ConsumerRecords in offset order; key, value and headers of the message itself are empty."""

    records: Sequence[Any]


class BatchConsumer(Consumer):
    """Hands the fetched records of a partition over at once. Topics on `hold` are not fetched; they stay assigned."""

    held: frozenset[str] = frozenset()

    def hold(self, topics: frozenset[str]) -> None:
        """From now on fetch everything that is assigned but `topics`."""
        released, self.held = self.held - topics, topics
        if released:
            self.resume_partitions({tp for tp in self.assignment() if tp.topic in released})

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's complaint about a partition that makes no progress; one on hold shall make none."""
        if tp.topic not in self.held:
            super().verify_event_path(now, tp)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, BatchMessage]]:
        """As Faust's, with a batch where that yields records one by one."""
        if self.held:
            # Here, and not once: Faust makes all partitions active again in several places.
            active_now = self._get_active_partitions()
            active_now.difference_update({tp for tp in active_now if tp.topic in self.held})
        found, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if found is None or self.should_stop:
            return
        if not self.flow_active:
            # A rebalance began during the fetch: what was fetched is read again from the committed offset.
            await self.perform_seek()
            return
        for tp, records in found.items():
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if records and (active is None or tp in active or tp in self._buffered_partitions):
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                if len(records) > 1:
                    await self._add_gap(tp, records[0].offset, records[-1].offset - 1)
                yield tp, self._batch(tp, records)

    def _batch(self, tp: TP, records: Sequence[Any]) -> BatchMessage:
        last = records[-1]
        message = BatchMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            None,
            b"",
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )
        message.records = records
        return message


class BatchTransport(Transport):
    """aiokafka with `BatchConsumer`."""

    Consumer = BatchConsumer
