"""Reading reports: those of an element from its metadata server, those of a daemon from its topic (integration § 8)."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import AdminClient

from omrs_connectors.sdk.releases import type_names
from omrs_connectors.sdk.report import KINDS
from omrs_schemas.codec.reports import decode_report
from omrs_schemas.errors import CodecError, ConfigurationError
from omrs_streams.client import MetadataClient
from omrs_streams.log import offsets
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import daemon_reports
from omrs_streams.log.offsets import Offsets
from omrs_streams.log.tail import read

log = logging.getLogger(__name__)

Bean = dict[str, Any]

PAGE = 100

SKEW_MS = 600_000  # the clocks of a daemon and of a metadata server may differ by minutes, hardly by more


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports of a daemon; what is empty wants all. `connector` is a name or an id; `element` the guid of an
    anchor, or of anything that was changed. Dates are epoch milliseconds, of the end of a pass."""

    connector: str = ""
    element: str = ""
    since: int | None = None
    until: int | None = None
    changes_only: bool = False

    def accepts(self, bean: Bean) -> bool:
        completed = bean["refreshCompletionDate"]
        if self.since is not None and completed < self.since:
            return False
        if self.until is not None and completed > self.until:
            return False
        if self.connector and self.connector not in (bean["connectorId"], bean["connectorName"]):
            return False
        if self.changes_only and not bean["changes"]:
            return False
        return not self.element or any(_names(change, self.element) for change in bean["changes"])


def _names(change: Bean, guid: str) -> bool:
    return guid == change["anchorGUID"] or any(guid in (change.get(f"{kind}Elements") or ()) for kind in KINDS)


class DaemonReports:
    """The report topic of a daemon; ConfigurationError where there is none."""

    def __init__(self, kafka: KafkaSettings, daemon: str) -> None:
        self.topic = daemon_reports(daemon)
        self._conf = kafka.bulk_consumer("omrs.reports")
        self._admin = AdminClient(kafka.librdkafka())
        counts = offsets.partitions(self._admin)
        if self.topic not in counts:
            known = [topic.split(".")[2] for topic in counts if topic.startswith("omrs.daemon.") and _is_reports(topic)]
            raise ConfigurationError(
                f"daemon {daemon} has no reports here",
                help=f"daemons that have: {', '.join(sorted(known)) or 'none'}; is this its Kafka?",
                daemon=daemon,
            )
        self._parts = offsets.parts_of([self.topic], counts)
        self._ends: Offsets = offsets.latest(self._admin, self._parts)

    def until_now(self, wanted: Wanted) -> Iterator[Bean]:
        """Those that were there when this was made, each part once, in the order of the topic."""
        low = offsets.earliest(self._admin, self._parts)
        starts = dict(low)
        if wanted.since is not None:
            found = offsets.since(self._admin, self._parts, wanted.since)
            starts = {part: found[part] if found[part] >= 0 else self._ends[part] for part in self._parts}
        return self._fitting(read(self._conf, starts, self._ends), wanted)

    def from_now(self, wanted: Wanted) -> Iterator[Bean]:
        """Those that come afterwards, for ever."""
        return self._fitting(read(self._conf, self._ends, None), wanted)

    def _fitting(self, batches: Iterable[Sequence[Any]], wanted: Wanted) -> Iterator[Bean]:
        seen: set[tuple[str, int]] = set()
        for batch in batches:
            for message in batch:
                try:
                    bean = decode_report(message.value() or b"")
                except CodecError as error:
                    log.info("%s[%s]@%s is passed over: %s", self.topic, message.partition(), message.offset(), error)
                    continue
                identity = (bean["reportId"], bean["part"])
                if identity not in seen and wanted.accepts(bean):
                    seen.add(identity)
                    yield bean


def _is_reports(topic: str) -> bool:
    return topic.endswith(".reports")


def reports_of_element(
    client: MetadataClient,
    guid: str,
    *,
    since: int | None = None,
    until: int | None = None,
    start: int = 0,
    page_size: int = 0,
) -> list[Bean]:
    """One page of the reports that are linked to an element, the newest first; page size 0 = all.

    A report counts if its pass ended in the window (epoch milliseconds, both ends included). Each has its properties by
    their names, `guid`, and `anchorGUID`.
    """
    found = []
    skipped = 0
    for bean in iter_reports_of_element(client, guid, since=since, until=until):
        if skipped < start:
            skipped += 1
            continue
        found.append(bean)
        if page_size and len(found) == page_size:
            break
    return found


def iter_reports_of_element(
    client: MetadataClient, guid: str, *, since: int | None = None, until: int | None = None
) -> Iterator[Bean]:
    """As `reports_of_element`, read page by page as far as it is asked for."""
    names = type_names(client.types)
    offset = 0
    while True:
        links = client.relationships_of(guid, names.report_subject, PAGE, offset=offset, order="CREATION_DATE_RECENT")
        for link in links:
            if since is not None and link["createTime"] + SKEW_MS < since:
                return  # it was made after the pass that it tells of, and the rest before it
            report = link["entityTwoProxy"]
            if report["guid"] == guid or not client.types.is_type_of(
                str(report["type"]["typeDefName"]), names.activity_report
            ):
                continue
            said = client.get_entity(str(report["guid"])).plain_properties
            completed = said.get("refreshCompletionDate", link["createTime"])
            if (since is None or completed >= since) and (until is None or completed <= until):
                yield {"guid": report["guid"], "anchorGUID": guid, **said}
        if len(links) < PAGE:
            return
        offset += len(links)
