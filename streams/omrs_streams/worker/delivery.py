"""Sending what a publisher has read to its target, where one record must not hold up the others."""

from collections.abc import Callable, Sequence

from omrs_schemas.errors import OmrsError
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.record import Effective
from omrs_streams.worker.boundary import fault_of

Bury = Callable[[Effective, OmrsError], None]
"""Makes a dead letter of what can never be sent."""


def deliver(
    producer: LogProducer,
    records: Sequence[Effective],
    sent: Callable[[Effective], Outgoing | None],
    bury: Bury,
) -> int:
    """Send what `sent` makes of the records (None: nothing), in order; how many were sent, all acknowledged.

    Raises what is retriable, so that the publisher repeats the batch: ProduceError, NotReadyError.
    """
    outgoing: list[tuple[Effective, Outgoing]] = []
    for record in records:
        try:
            made = sent(record)
            if made is not None:
                outgoing.append((record, made))
        except Exception as error:
            bury(record, fault_of(error, f"{record.text('kind')} of {record.key.decode()}"))
    return _send(producer, outgoing, bury)


def _send(producer: LogProducer, outgoing: Sequence[tuple[Effective, Outgoing]], bury: Bury) -> int:
    """Send them together; where one can never be sent (too large for the topic as others made it), one by one."""
    try:
        producer.send_and_wait([each for _, each in outgoing])
        return len(outgoing)
    except OmrsError as error:
        if error.retriable:
            raise
        if len(outgoing) == 1:
            bury(outgoing[0][0], error)
            return 0
    return sum(_send(producer, [each], bury) for each in outgoing)
