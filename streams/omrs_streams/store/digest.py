"""Comparing folded state: store against pure fold, before against after a rebuild, one member against another."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple

from omrs_schemas.errors import CodecError
from omrs_streams.fold.meta import StateMeta
from omrs_streams.fold.state import FoldedState, Stored
from omrs_streams.store.beans import to_bean
from omrs_streams.store.canonical import canonical_bytes
from omrs_streams.store.codec import PayloadCodec

_STATE: Final = Struct(">IIqqqB")


@dataclass(frozen=True, slots=True)
class PartitionDigest:
    """`count` is the number of (guid, revision) pairs hashed, `hex` the SHA-256 over them in guid order."""

    partition: int
    next_offset: int
    count: int
    hex: str


@dataclass(frozen=True, slots=True)
class HomeDigest:
    """Instances of one home collection as a member holds them; equal at all members that hold them all."""

    home_id: str
    count: int
    hex: str


class RevisionHash(NamedTuple):
    guid: str
    revision: int
    hash: bytes


def digest(state: FoldedState, codec: PayloadCodec | None = None) -> PartitionDigest:
    """Over every revision of every guid, tombstones included. Without a codec the payload bytes themselves are hashed:
    quicker, and enough where both sides were folded from the same log."""
    whole = sha256()
    count = 0
    for guid, revision, value in revision_hashes(state, codec):
        whole.update(_entry(guid, revision, value))
        count += 1
    return PartitionDigest(state.partition, state.next_offset, count, whole.hexdigest())


def revision_hashes(state: FoldedState, codec: PayloadCodec | None = None) -> Iterator[RevisionHash]:
    """The hash of each revision, by guid and revision."""
    for guid in state.guids():
        meta = state.get_meta(guid)
        if meta is not None and meta.tombstone:
            yield RevisionHash(guid, meta.revision, sha256(_meta_bytes(meta)).digest())
            continue
        for stored in state.revisions(guid):
            value = sha256(_meta_bytes(stored.meta))
            value.update(_content(stored, codec))
            yield RevisionHash(guid, stored.meta.revision, value.digest())


def differing_guids(one: FoldedState, other: FoldedState, codec: PayloadCodec | None = None) -> Iterator[str]:
    """The guids that the two hold differently, in guid order; take as many as are worth showing."""
    left, right = (_by_guid(revision_hashes(state, codec)) for state in (one, other))
    merged = heapq.merge(((guid.encode(), value) for guid, value in left), ((g.encode(), v) for g, v in right))
    held: tuple[bytes, bytes] | None = None
    for entry in merged:
        if held is None:
            held = entry
        elif held == entry:
            held = None
        else:
            yield held[0].decode()
            held = None if held[0] == entry[0] else entry
    if held is not None:
        yield held[0].decode()


def home_digest(states: Iterable[FoldedState], codec: PayloadCodec, home_id: str) -> HomeDigest:
    """Over all partitions of a member: current instances whose home is `home_id`, soft-deleted ones included, proxies
    and purged ones not. Revisions are a member's own count and left out."""
    whole = sha256()
    count = 0
    for guid, value in heapq.merge(*(_home_hashes(state, codec, home_id) for state in states)):
        whole.update(_entry(guid.decode(), 0, value))
        count += 1
    return HomeDigest(home_id, count, whole.hexdigest())


def _home_hashes(state: FoldedState, codec: PayloadCodec, home_id: str) -> Iterator[tuple[bytes, bytes]]:
    for guid in state.guids():
        meta = state.get_meta(guid)
        if meta is None or meta.home_id != home_id or meta.tombstone or meta.proxy:
            continue
        stored = state.get(guid)
        if stored is not None:
            yield guid.encode(), sha256(_content(stored, codec)).digest()


def _by_guid(hashes: Iterator[RevisionHash]) -> Iterator[tuple[str, bytes]]:
    """One hash per guid over all its revisions."""
    guid: str | None = None
    value = sha256()
    for entry in hashes:
        if guid is not None and entry.guid != guid:
            yield guid, value.digest()
            value = sha256()
        guid = entry.guid
        value.update(_entry(*entry))
    if guid is not None:
        yield guid, value.digest()


def _content(stored: Stored, codec: PayloadCodec | None) -> bytes:
    if codec is not None:
        try:
            return canonical_bytes(to_bean(stored, codec))
        except CodecError:
            pass  # equal bytes that nobody can read are equal
    return b"".join(len(part).to_bytes(8, "big") + part for part in (stored.payload, *stored.overlay))


def _meta_bytes(meta: StateMeta) -> bytes:
    """What the fold decided; the offset is the log's, not the state's."""
    return _STATE.pack(meta.revision, meta.base_revision, meta.version, meta.create_time, meta.valid_from, meta.flags)


def _entry(guid: str, revision: int, value: bytes) -> bytes:
    data = guid.encode()
    return len(data).to_bytes(4, "big") + data + revision.to_bytes(8, "big") + value


def home_sum(states: Iterable[FoldedState], codec: PayloadCodec, home_id: str) -> dict[str, object]:
    """`home_digest` in a form that shares can be added up in any order: the sum, modulo 2**256, of a hash per instance.

    Members may cut their logs into different numbers of partitions and their workers answer in any order.
    """
    total = count = 0
    for state in states:
        for guid, value in _home_hashes(state, codec, home_id):
            total += int.from_bytes(sha256(_entry(guid.decode(), 0, value)).digest(), "big")
            count += 1
    return {"sum": f"{total % 2**256:064x}", "count": count}
