"""Records of topics as a connector's inbox holds them."""

from collections.abc import Iterable

from omrs_connectors.runtime.inbox import Record
from omrs_connectors.sdk.listener import Source

Position = dict[int, int]
"""Partition -> offset of the next record."""


def record_of(
    source: Source,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes]] = (),
    timestamp: int = 0,
) -> Record:
    return Record(source, partition, offset, key, value or b"", dict(headers), timestamp)
