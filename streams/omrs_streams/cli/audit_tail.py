"""What `omrs audit tail` reads and shows."""

import fnmatch
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.text import Text

from omrs_schemas.codec.audit import decode_audit
from omrs_schemas.codec.egeria_json import json_text
from omrs_schemas.errors import CodecError, ConfigurationError
from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.console import console_line
from omrs_streams.audit.severity import severity_named
from omrs_streams.cli import output
from omrs_streams.cli.topics_tail import known, moment, print_line
from omrs_streams.clock import now_ms
from omrs_streams.log import names, offsets
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.offsets import Offsets
from omrs_streams.log.roles import AUDIT, role_of
from omrs_streams.log.tail import read

Bean = dict[str, Any]

STYLES = {
    S.ACTION: "bold yellow",
    S.ERROR: "red",
    S.EXCEPTION: "bold red",
    S.SECURITY: "magenta",
    S.COHORT: "cyan",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages; an empty part wants everything. `ids` are wild cards, `params` what must stand in a message."""

    severities: frozenset[str] = frozenset()
    ids: tuple[str, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    worker: str = ""

    @classmethod
    def of(cls, severities: Sequence[str], ids: Sequence[str], where: Sequence[str], worker: str) -> Self:
        """From the command line. ConfigurationError for a severity or parameter that means nothing."""
        params = []
        for each in where:
            name, equals, value = each.partition("=")
            if not equals:
                raise ConfigurationError(f"--where {each!r} names no value", help="give name=value, such as guid=…")
            params.append((name, value))
        found = frozenset(severity_named(name).value for name in severities)
        return cls(found, tuple(pattern.upper() for pattern in ids), tuple(params), worker)

    def key(self, message_id: str) -> bool:
        """Whether the id, which is the record's key, is wanted: asked before anything is decoded."""
        return not self.ids or any(
            fnmatch.fnmatchcase(message_id, pattern) or fnmatch.fnmatchcase(message_id, f"OMRS-AUDIT-{pattern}")
            for pattern in self.ids
        )

    def accepts(self, bean: Mapping[str, Any]) -> bool:
        if self.severities and bean["severity"] not in self.severities:
            return False
        if self.worker and bean.get("worker") != self.worker:
            return False
        return all(bean["messageParameters"].get(name) == value for name, value in self.params)


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose audit logs; none named: of all that there are."""

    servers: tuple[str, ...] = ()
    daemons: tuple[str, ...] = ()

    @property
    def topics(self) -> list[str]:
        return [*map(names.server_audit, self.servers), *map(names.daemon_audit, self.daemons)]


def show(
    kafka: KafkaSettings,
    admin: AdminClient,
    owners: Owners,
    wanted: Wanted,
    *,
    since: str,
    last: int,
    follow: bool,
    as_json: bool,
) -> None:
    """Write what is wanted to stdout; ConfigurationError for a server or daemon that has no audit log."""
    counts = offsets.partitions(admin)
    parts = offsets.parts_of(audit_topics(owners, counts), counts)
    low, high = offsets.earliest(admin, parts), offsets.latest(admin, parts)
    starts: Offsets = dict(low)
    if since:
        found = offsets.since(admin, parts, moment(since, now_ms(), "--since"))
        starts = {part: max(found[part], low[part]) if found[part] >= 0 else high[part] for part in parts}
    conf = kafka.bulk_consumer("omrs.audit")
    plain = as_json or not output.is_terminal()
    try:
        kept: Iterable[Bean] = _wanted(read(conf, starts, high), wanted)
        count = write(deque(kept, last) if last else kept, plain=plain)
        if not count and not plain:
            output.say("No audit message is kept that fits." + (" Waiting for what comes …" if follow else ""))
        if follow:
            write(_wanted(read(conf, high, None), wanted), plain=plain)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # whoever read us has seen enough; what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def audit_topics(owners: Owners, counts: Mapping[str, int]) -> list[str]:
    """The audit topics of these owners, of all where none is named. ConfigurationError where there are none."""
    there = sorted(topic for topic in counts if role_of(topic).kind == AUDIT)
    if owners.topics:
        have = ", ".join(f"{role.owned_by} {role.owner}" for role in map(role_of, there)) or "none"
        return [known(topic, counts, f"there is an audit log of: {have}") for topic in owners.topics]
    if not there:
        raise ConfigurationError("no server has an audit log here", help="`omrs worker` starts one; is this its Kafka?")
    return there


def _wanted(batches: Iterator[list[Any]], wanted: Wanted) -> Iterator[Bean]:
    for batch in batches:
        for message in batch:
            if not wanted.key((message.key() or b"").decode(errors="replace")):
                continue
            try:
                bean = decode_audit(message.value() or b"")
            except CodecError as error:
                output.say(f"{message.topic()}[{message.partition()}]@{message.offset()} is skipped: {error.message}")
                continue
            if wanted.accepts(bean):
                yield bean


def write(beans: Iterable[Bean], *, plain: bool) -> int:
    """Each on a line of its own, at once: a follower wants to see it now. Returns how many there were."""
    console = Console(highlight=False)
    count = 0
    for bean in beans:
        count += 1
        if plain:
            print_line(json_text(bean))
            sys.stdout.flush()
            continue
        severity = S(bean["severity"])
        server = (bean.get("originator") or {}).get("serverName", "")
        line = console_line(bean["timeStamp"], server, severity.label, bean["messageId"], bean["messageText"])
        console.print(Text(line, STYLES.get(severity, "")), soft_wrap=True)
    return count
