"""Comparing a rebuilt store with the one in use, partition by partition, and naming what differs."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ReplayError
from omrs_streams.store.digest import PartitionDigest, digest, revision_hashes
from omrs_streams.store.identity import LogIdentity
from omrs_streams.store.location import current_path
from omrs_streams.store.partition import PartitionStore
from omrs_streams.worker.directory import Owner
from omrs_streams.worker.peers import remote_error

SHOWN = 10  # differing guids that are named; the first ones are enough to look at
DIGEST_TIMEOUT_S = 600.0  # a digest decodes every revision: about 10 k/s

INTERNAL_DIGEST = "/internal/v1/digest"

Hash = tuple[str, int, str]
"""guid, revision, hex"""


@dataclass(frozen=True, slots=True)
class Live:
    """The store in use: opened here, or asked for at the worker that has it open."""

    stores: Path
    topic: str
    topic_id: str
    codec: EventCodec
    owner: Owner | None

    def digest(self, partition: int) -> PartitionDigest | None:
        """None when there is no such store."""
        if self.owner is not None:
            answer = self._ask(partition, hashes=False)
            return None if answer is None else PartitionDigest(**answer["digest"])
        with self._open(partition) as store:
            return digest(store, self.codec)

    def hashes(self, partition: int) -> Iterator[Hash]:
        if self.owner is not None:
            answer = self._ask(partition, hashes=True)
            yield from ((guid, revision, value) for guid, revision, value in (answer or {"hashes": []})["hashes"])
            return
        with self._open(partition) as store:
            yield from plain_hashes(store, self.codec)

    def _open(self, partition: int) -> PartitionStore:
        identity = LogIdentity(self.topic, self.topic_id, partition)
        return PartitionStore.open(current_path(self.stores, partition), identity, self.codec)

    def _ask(self, partition: int, *, hashes: bool) -> dict[str, Any] | None:
        if self.owner is None:
            return None
        response = httpx.post(
            f"{self.owner.url}{INTERNAL_DIGEST}",
            json={"partition": partition, "hashes": hashes},
            timeout=DIGEST_TIMEOUT_S,
            trust_env=False,
        )
        if response.status_code != 200:
            raise remote_error(response.json())
        answer: dict[str, Any] | None = response.json()
        return answer


def plain_hashes(store: PartitionStore, codec: EventCodec) -> Iterator[Hash]:
    return ((found.guid, found.revision, found.hash.hex()) for found in revision_hashes(store, codec))


def differing(one: Iterator[Hash], other: Iterator[Hash]) -> list[str]:
    """The first guids whose revisions are not the same on both sides, in guid order."""

    def guids() -> Iterator[str]:
        marked = heapq.merge(
            ((h, 0) for h in one), ((h, 1) for h in other), key=lambda item: (item[0][0].encode(), item[0][1])
        )
        held: tuple[Hash, int] | None = None
        last = ""
        for entry in marked:
            if held is None:
                held = entry
            elif held[0] == entry[0] and held[1] != entry[1]:
                held = None
            else:
                if held[0][0] != last:
                    last = held[0][0]
                    yield last
                held = entry
        if held is not None and held[0][0] != last:
            yield held[0][0]

    return list(islice(guids(), SHOWN))


def compare(rebuilt: PartitionStore, live: Live, codec: EventCodec) -> tuple[PartitionDigest, PartitionDigest | None]:
    """Both digests of one partition. Raises ReplayError, naming the first differing guids, when they are not equal.

    The two must be at the same offset; the caller sees to that.
    """
    ours = digest(rebuilt, codec)
    theirs = live.digest(rebuilt.partition)
    if theirs is not None and (ours.hex, ours.count) != (theirs.hex, theirs.count):
        guids = differing(plain_hashes(rebuilt, codec), live.hashes(rebuilt.partition))
        raise ReplayError(
            f"partition {rebuilt.partition} differs at offset {ours.next_offset}: rebuilt {ours.hex[:16]} "
            f"({ours.count} revisions), in use {theirs.hex[:16]} ({theirs.count}); first guids: {', '.join(guids)}",
            help="the store in use was damaged or folded by another version; `omrs replay --from-scratch` replaces it",
            partition=rebuilt.partition,
            guids=guids,
        )
    return ours, theirs
