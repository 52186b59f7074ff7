"""A pass as the records of the report topic: lists that are too long for one are split, never cut. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from omrs_connectors.sdk.report import KINDS, Kind

Bean = dict[str, Any]

MAX_RECORD = 5_000
"""Guids in one record: some 400 KB of the 1 MB that a Kafka record holds, wherever each is its own anchor."""

MAX_LIST = 2_000
"""Guids of one anchor in one record, hence in one report element: some 300 KB of JSON when it is written."""

MAX_MESSAGE = 2_000  # characters of a message: a path or an error is shorter, a whole stack would crowd out the rest


def changes_of(by_anchor: Mapping[str, Mapping[Kind, list[str]]]) -> Iterator[Bean]:
    """AnchorChanges beans, each of at most `MAX_LIST` guids."""
    for anchor, changed in by_anchor.items():
        bean: Bean = {"anchorGUID": anchor}
        room = MAX_LIST
        for kind in KINDS:
            guids = changed.get(kind) or []
            while guids:
                if not room:
                    yield bean
                    bean, room = {"anchorGUID": anchor}, MAX_LIST
                part, guids = guids[:room], guids[room:]
                bean[f"{kind}Elements"] = part
                room -= len(part)
        yield bean


def records_of(whole: Bean, by_anchor: Mapping[str, Mapping[Kind, list[str]]]) -> list[Bean]:
    """IntegrationReport beans: `whole` with the changes, in as many parts as it takes. Messages and counters are in the
    first one."""
    parts: list[list[Bean]] = [[]]
    room = MAX_RECORD
    for change in changes_of(by_anchor):
        size = size_of(change)
        if size > room:
            parts.append([])
            room = MAX_RECORD
        parts[-1].append(change)
        room -= size
    beans = [{**whole, "part": number, "parts": len(parts), "changes": part} for number, part in enumerate(parts, 1)]
    for bean in beans[1:]:
        bean.pop("messages", None)
        bean.pop("counters", None)
    return beans


def size_of(change: Mapping[str, Any]) -> int:
    """How many guids an AnchorChanges bean names."""
    return sum(len(change.get(f"{kind}Elements") or ()) for kind in KINDS)
