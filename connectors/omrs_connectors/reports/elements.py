"""Reports as metadata: an element for each anchor that a pass changed something of, linked to it (integration § 8).

Made from the report topic, by one consumer group of the daemon's workers: what a worker did not come to is done by the
next one. Under the event ids that follow from the report, an element is made once, however often it is tried.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from omrs_connectors.reports.writing import write_element
from omrs_schemas.codec.reports import decode_report
from omrs_schemas.errors import CodecError, OmrsError
from omrs_streams.client import MetadataClient
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import daemon_report_elements, daemon_reports

log = logging.getLogger(__name__)

Bean = dict[str, Any]

POLL = 0.2  # seconds between looks at whether to stop
WRITERS = 4  # elements written at once: a pass that touched thousands is done in a minute, the server stays free
FIRST_RETRY = 1.0  # seconds until a server that is not ready is asked again; doubles
LONGEST_RETRY = 30.0
COMMIT_MS = 1_000
SESSION_MS = 10_000  # how long the partitions of a killed worker wait for another one
STOP_S = 3.0  # seconds that a write under way gets to end; it is repeated by the next life otherwise


class _Stopping(Exception):
    """The record is left for the next life."""


class ReportElements:
    """Writes the report elements of a daemon, on threads of its own, from `start` to `close`.

    `client_of` answers the client of a metadata server by its name; None for one that this daemon has nothing to do
    with. Whatever goes wrong with an element is logged: the record on the topic is there in any case.
    """

    def __init__(self, kafka: KafkaSettings, daemon: str, client_of: Callable[[str], MetadataClient | None]) -> None:
        self.topic = daemon_reports(daemon)
        self.written = 0
        self._group = daemon_report_elements(daemon)
        self._kafka = kafka
        self._client_of = client_of
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report-elements", daemon=True)
        self._early: list[Any] = []  # records that came while another one was being dealt with

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begins to end it; what is not written yet is written when the daemon runs again."""
        self._stop.set()

    def close(self) -> None:
        """Ends it."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(STOP_S + 2 * POLL)

    def _run(self) -> None:
        conf = self._kafka.librdkafka(
            group_id=self._group,
            auto_offset_reset="earliest",
            enable_auto_commit=True,
            auto_commit_interval_ms=COMMIT_MS,
            enable_auto_offset_store=False,
            session_timeout_ms=SESSION_MS,
            allow_auto_create_topics=False,
        )
        consumer = Consumer(conf)
        writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="report-writer")
        try:
            consumer.subscribe([self.topic])
            while not self._stop.is_set():
                message = self._early.pop(0) if self._early else consumer.poll(POLL)
                if message is not None and message.error() is None:
                    self._handle(consumer, writers, message)
        except _Stopping:
            log.info("report elements that were not written yet are left for the daemon's next start")
        except Exception:  # the boundary: the connectors go on, and the topic has every report
            log.exception("report elements are not written any more")
        finally:
            writers.shutdown(wait=False, cancel_futures=True)
            consumer.close()

    def _handle(self, consumer: Consumer, writers: ThreadPoolExecutor, message: Any) -> None:
        bean = _decoded(message)
        if bean is not None and bean["publishElements"] and bean["changes"]:
            changes: Sequence[Bean] = bean["changes"]
            work = [writers.submit(self._write, bean, number, change) for number, change in enumerate(changes)]
            self._until_done(consumer, work)
        try:
            following = TopicPartition(message.topic(), message.partition(), message.offset() + 1)
            consumer.store_offsets(offsets=[following])
        except KafkaException as refused:  # another worker has the partition now, and reads this record again
            log.debug("%s[%s] is another worker's now: %s", self.topic, message.partition(), refused)

    def _until_done(self, consumer: Consumer, work: Sequence[Future[None]]) -> None:
        """Waits for the writers, and lets Kafka know meanwhile that this consumer lives."""
        deadline = float("inf")
        paused: list[TopicPartition] = []
        while True:
            if wait(work, timeout=POLL).not_done:
                if self._stop.is_set():
                    deadline = min(deadline, time.monotonic() + STOP_S)
                if time.monotonic() > deadline:
                    raise _Stopping
                assigned = consumer.assignment()
                if assigned != paused:
                    consumer.pause(assigned)
                    paused = assigned
                message = consumer.poll(0)
                if message is not None and message.error() is None:
                    self._early.append(message)
                continue
            if paused:
                consumer.resume(consumer.assignment())
            for each in work:
                each.result()
            return

    def _write(self, bean: Mapping[str, Any], number: int, change: Bean) -> None:
        pause = FIRST_RETRY
        while True:
            if self._stop.is_set():
                raise _Stopping
            try:
                client = self._client_of(str(bean.get("metadataServerName") or ""))
                if client is None:
                    log.warning(
                        "report %s is of metadata server %s, which this daemon is not configured with",
                        bean["reportId"],
                        bean.get("metadataServerName"),
                    )
                    return
                write_element(client, bean, number, change)
                self.written += 1
                return
            except OmrsError as error:
                if not error.retriable:
                    log.warning("report %s of %s is no element: %s", bean["reportId"], change["anchorGUID"], error)
                    return
                log.info("report %s waits for metadata server: %s", bean["reportId"], error)
            self._stop.wait(pause)
            pause = min(pause * 2, LONGEST_RETRY)


def _decoded(message: Any) -> Mapping[str, Any] | None:
    try:
        return decode_report(message.value() or b"")
    except CodecError as error:
        log.warning("%s[%s]@%s is no report: %s", message.topic(), message.partition(), message.offset(), error)
        return None
