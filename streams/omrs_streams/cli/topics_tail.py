"""What `omrs topics tail` reads: which topics, from where, which records; and the loop that shows them."""

import difflib
import fnmatch
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from confluent_kafka.admin import AdminClient
from rich.console import Console

from omrs_schemas.errors import ConfigurationError
from omrs_schemas.model.enums import InstanceEventType, RegistryEventType, TypeDefEventType
from omrs_streams.cli import output
from omrs_streams.cli.connection import admin_client
from omrs_streams.cli.topic_types import find_types, topic_types
from omrs_streams.cli.topics_entry import as_json, as_text
from omrs_streams.clock import now_ms
from omrs_streams.log import names, offsets
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.offsets import Offsets, Part
from omrs_streams.log.record import ORIGINS
from omrs_streams.log.roles import COHORT, INSTANCES, REGISTRATION, SERVER, TYPES, owners, role_of
from omrs_streams.log.selection import Selection
from omrs_streams.log.tail import Decoder, Entry, Tail, clipped, read

_AGO = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

Write = Callable[[Entry], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, names as there; empty means: not given."""

    start: str
    limit: int
    follow: bool
    partition: int
    types: Sequence[str]
    subtypes: bool
    guid: str
    kinds: Sequence[str]
    origins: Sequence[str]
    headers: bool
    raw: bool
    release: str


def show(kafka: KafkaSettings, topics: Sequence[str], server: str, cohort: str, options: Options) -> None:
    """Write what is wanted to stdout. ConfigurationError for a topic, offset, kind or origin that means nothing."""
    admin = admin_client(kafka)
    counts = offsets.partitions(admin)
    wanted = chosen(topics, server, cohort, counts)
    parts = [part for part in offsets.parts_of(wanted, counts) if options.partition in (-1, part[1])]
    if not parts:
        raise ConfigurationError(f"there is no partition {options.partition} in {', '.join(wanted)}")
    low, high = offsets.earliest(admin, parts), offsets.latest(admin, parts)
    starts = start_offsets(admin, parts, options.start or ("end" if options.follow else "beginning"), low, high)
    definitions = cache(lambda: topic_types(kafka, wanted, options.release, counts))
    guids, classifications = (
        find_types(definitions(), options.types, subtypes=options.subtypes)
        if options.types
        else (frozenset[str](), frozenset[str]())
    )
    selection = Selection(options.guid, guids, classifications, kinds_of(options.kinds), origins_of(options.origins))
    found = Tail(selection, Decoder(definitions), raw=options.raw)
    write = writer(options, several=len(wanted) > 1)
    batches = read(kafka.bulk_consumer("omrs.topics"), starts, None if options.follow else high)
    try:
        _write_all(found, batches, write, options.limit)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # whoever read us has seen enough; what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if found.unread:
        output.say(f"{found.unread} unreadable records could not be judged by these filters; they show without filters")


def _write_all(found: Tail, batches: Iterable[Sequence[object]], write: Write, limit: int) -> None:
    left = limit or -1
    for batch in batches:
        for entry in found.entries(batch):
            write(entry)
            left -= 1
            if left == 0:
                sys.stdout.flush()
                return
        sys.stdout.flush()


def writer(options: Options, *, several: bool) -> Write:
    """How entries are written: for a person at a terminal, as JSON lines otherwise."""
    if output.is_terminal():
        console = Console(highlight=False)
        return lambda entry: console.print(
            as_text(entry, topic=several, headers=options.headers, raw=options.raw), soft_wrap=True
        )
    return lambda entry: print_line(as_json(entry, headers=options.headers, raw=options.raw))


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")


def chosen(topics: Sequence[str], server: str, cohort: str, counts: Mapping[str, int]) -> list[str]:
    """The topics asked for. ConfigurationError for one that does not exist, or where nothing is asked for."""
    wanted = list(topics)
    if server:
        wanted.append(known(names.server_log(server), counts, f"servers: {_list(owners(counts, SERVER))}"))
    if cohort:
        wanted += cohort_topics(cohort, counts)
    if not wanted:
        raise ConfigurationError(
            "nothing to show: no topic is named", help="name topics (`omrs topics ls`), or --server, or --cohort"
        )
    return list(dict.fromkeys(known(name, counts) for name in wanted))


def cohort_topics(cohort: str, topics: Iterable[str]) -> list[str]:
    """Those of `topics` that the members of a cohort share, whichever form its events have: registration first, then
    types and instances. ConfigurationError where there are none."""
    order = (REGISTRATION, TYPES, INSTANCES)
    found = [(role, name) for name in topics if (role := role_of(name)).owned_by == COHORT and role.owner == cohort]
    if not found:
        raise ConfigurationError(
            f"there is no cohort {cohort}", help=f"cohorts: {_list(owners(topics, COHORT))}", cohort=cohort
        )
    return [name for _, name in sorted(found, key=lambda each: (each[0].root, order.index(each[0].kind)))]


def known(topic: str, counts: Mapping[str, int], advice: str = "") -> str:
    """`topic` if it exists; ConfigurationError with names like it otherwise."""
    if topic in counts:
        return topic
    near = difflib.get_close_matches(topic, counts, 3, 0.6)
    hint = f"did you mean {', '.join(near)}?" if near else "`omrs topics ls` shows those there are"
    raise ConfigurationError(f"there is no topic {topic}", help=advice or hint, topic=topic)


def _list(found: Iterable[str]) -> str:
    return ", ".join(found) or "none"


def start_offsets(admin: AdminClient, parts: Iterable[Part], start: str, low: Offsets, high: Offsets) -> Offsets:
    """Where to begin: `beginning`, `end`, an offset, -N (the last N of each partition), or a time.

    ConfigurationError for anything else.
    """
    parts = list(parts)
    if start == "beginning":
        return dict(low)
    if start == "end":
        return dict(high)
    if re.fullmatch(r"-?\d+", start):
        number = int(start)
        return clipped({part: high[part] + number if number < 0 else number for part in parts}, low, high)
    found = offsets.since(admin, parts, moment(start, now_ms()))
    return clipped({part: at if (at := found[part]) >= 0 else high[part] for part in parts}, low, high)


_PLACES = "beginning, end, an offset, -N for the last N of each partition, "


def moment(text: str, now: int, option: str = "--from") -> int:
    """Epoch milliseconds of `10m` (ago; s, m, h, d) or an ISO-8601 time (without a zone: local time)."""
    if match := _AGO.fullmatch(text):
        return now - int(match[1]) * _SECONDS[match[2]] * 1000
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise ConfigurationError(
            f"{option} {text!r} is neither {'an offset nor ' if option == '--from' else 'a time ago nor '}a time",
            help=f"give {_PLACES if option == '--from' else ''}10m (ago; s, m, h, d), or 2026-01-31T12:00",
        ) from None


def kinds_of(wanted: Iterable[str]) -> frozenset[str]:
    """Event types by name as on the wire; `_EVENT` may be missing, case does not matter, `*` and `?` are wild cards.

    ConfigurationError for one that means nothing.
    """
    known = [str(member.value) for enum in (InstanceEventType, TypeDefEventType, RegistryEventType) for member in enum]
    found: set[str] = set()
    for each in wanted:
        pattern = each.upper()
        matching = fnmatch.filter(known, pattern) or fnmatch.filter(known, f"{pattern}_EVENT")
        if not matching:
            near = [name for name in known if pattern in name] or difflib.get_close_matches(pattern, known, 6, 0.4)
            raise ConfigurationError(
                f"there is no event kind {each!r}",
                help=f"there is {', '.join(sorted(near)) or 'NEW_ENTITY, UPDATED_ENTITY …'}; wild cards: 'NEW_*'",
            )
        found.update(matching)
    return frozenset(found)


def origins_of(wanted: Iterable[str]) -> frozenset[str]:
    """Origins as they stand in the log. ConfigurationError for one that does not exist."""
    found = frozenset(wanted)
    if unknown := sorted(found - ORIGINS):
        raise ConfigurationError(f"there is no origin {unknown[0]!r}", help=f"origins are {', '.join(sorted(ORIGINS))}")
    return found
