"""Reading a partition's store, from any thread, while its one writer folds."""

from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from rocksdict import Rdict

from omrs_schemas.errors import ConfigurationError
from omrs_streams.fold.effect import LostMark
from omrs_streams.fold.meta import StateMeta, packed_offset
from omrs_streams.fold.state import Stored
from omrs_streams.store import beans, encoding, keys
from omrs_streams.store.codec import Bean, PayloadCodec
from omrs_streams.store.encoding import Scalar, Term
from omrs_streams.store.engine import read, scan, scan_keys, scan_range
from omrs_streams.store.rows import row_payload, unpack_row

_WINNER: Final = Struct(">q")
_ATTEMPTS: Final = 3
"""A purge between two reads of one `get` leaves a revision without its row; the state is then read again."""


class PropertyTerm(NamedTuple):
    """One entry of a property index: `term.cut` when only the first 256 bytes of the value are here."""

    term: Term
    guid: str


def pack_mark(reason: str, winner: int) -> bytes:
    return _WINNER.pack(winner) + reason.encode()


class StoreReads:
    """The read side. Index answers are candidates in key order: values beyond 256 bytes are compared on what is
    indexed, and instances of every status and kind are there, so a query filters what it reads."""

    def __init__(self, engine: Rdict, path: Path, codec: PayloadCodec | None) -> None:
        self._engine = engine
        self._path = path
        self._codec = codec
        self._metas: dict[str, bytes] = {}

    @property
    def life(self) -> str:
        """RocksDB's name of this database: another one when it was deleted and is folded again."""
        return (self._path / "IDENTITY").read_text()

    # ---- by guid ---------------------------------------------------------------------------------------------------

    def get_meta(self, guid: str) -> StateMeta | None:
        """The current state, tombstones included; None when the guid was never seen."""
        packed = self._metas.get(guid) or read(self._engine, keys.current(guid))
        return None if packed is None else StateMeta.unpack(packed)

    def get(self, guid: str) -> Stored | None:
        """The current state with its payloads; None when unknown or purged."""
        for _ in range(_ATTEMPTS):
            meta = self.get_meta(guid)
            if meta is None or meta.tombstone:
                return None
            payload = self.payload(guid, meta.base_revision)
            if payload is not None:
                return Stored(meta, payload, self._overlay(guid, meta) if meta.has_overlay else ())
        return None

    def revision(self, guid: str, number: int) -> Stored | None:
        """One revision of the present life; None when there is no such."""
        row = read(self._engine, keys.revision(keys.HISTORY, guid, number))
        return None if row is None else self._stored(guid, *unpack_row(row))

    def history(self, guid: str) -> Iterator[tuple[StateMeta, bytes]]:
        """State and instance payload of every revision, oldest first (overlays left out: see `revisions`)."""
        return ((stored.meta, stored.payload) for stored in self.revisions(guid))

    def revisions(self, guid: str) -> Iterator[Stored]:
        """Every revision of the present life, oldest first; nothing when unknown or purged."""
        meta = self.get_meta(guid)
        if meta is not None and not meta.tombstone:
            for number in range(meta.first_revision, meta.revision + 1):
                stored = self.revision(guid, number)
                if stored is not None:
                    yield stored

    def as_of(self, guid: str, time: int) -> Stored | None:
        """The last revision that was valid at `time` (epoch ms); None when there was none yet, or it is purged.

        A version is valid from its updateTime, else createTime (OMRS instances § Versioning).
        """
        meta = self.get_meta(guid)
        if meta is None or meta.tombstone:
            return None
        for number in range(meta.revision, meta.first_revision - 1, -1):
            stored = self.revision(guid, number)
            if stored is not None and stored.meta.valid_from <= time:
                return stored
        return None

    def _stored(self, guid: str, meta: StateMeta, payload: bytes) -> Stored:
        if meta.base_revision != meta.revision:
            payload = self.payload(guid, meta.base_revision) or b""
        return Stored(meta, payload, self._overlay(guid, meta) if meta.has_overlay else ())

    def payload(self, guid: str, revision: int) -> bytes | None:
        """The event of one revision of the present life as it was appended, whatever it changed."""
        row = read(self._engine, keys.revision(keys.HISTORY, guid, revision))
        return None if row is None else row_payload(row)

    def _overlay(self, guid: str, meta: StateMeta) -> tuple[bytes, ...]:
        laid = (self.payload(guid, number) for number in self.overlay_numbers(guid, meta))
        return tuple(payload for payload in laid if payload is not None)

    def overlay_numbers(self, guid: str, meta: StateMeta) -> list[int]:
        """Revisions of the present life, up to that of `meta`, whose payload is laid over the instance."""
        first = keys.revision(keys.OVERLAY, guid, meta.first_revision)
        end = keys.revision(keys.OVERLAY, guid, meta.revision + 1)
        return [keys.number_of(key) for key, _ in scan_range(self._engine, first, end)]

    def guids(self) -> Iterator[str]:
        """Every guid ever seen, purged ones included, in the order of their UTF-8 bytes."""
        return (key[1:].decode() for key in scan_keys(self._engine, keys.CURRENT))

    def metas_since(self, offset: int) -> Iterator[tuple[str, StateMeta]]:
        """Guids whose state was changed by a record at `offset` or later, purged ones included, in the order of their
        UTF-8 bytes."""
        for key, packed in scan(self._engine, keys.CURRENT):
            if packed_offset(packed) >= offset:
                yield key[1:].decode(), StateMeta.unpack(packed)

    # ---- by index --------------------------------------------------------------------------------------------------

    def guids_of_type(self, type_guid: str) -> Iterator[str]:
        """Instances of exactly this type (subtypes are asked for one by one)."""
        return self._tails(keys.BY_TYPE + keys.part(type_guid))

    def guids_with_classification(self, name: str) -> Iterator[str]:
        """Entities that carry a classification of this name, from home or laid over."""
        return self._tails(keys.BY_CLASSIFICATION + keys.part(name))

    def relationships_of(self, guid: str) -> Iterator[tuple[str, str]]:
        """(relationship guid, its type guid) of every relationship with an end at `guid`."""
        prefix = keys.BY_END + keys.part(guid)
        return ((key[len(prefix) :].decode(), value.decode()) for key, value in scan(self._engine, prefix))

    def guids_by_property(self, attribute: str, value: Scalar, *, prefix: bool = False) -> Iterator[str]:
        """Instances whose property has this value, or (`prefix`, strings only) begins with it; type of value matters:
        1, 1.0 and "1" are different values. Equal values come in guid order, prefixes in value order."""
        stem = keys.BY_PROPERTY + keys.part(attribute)
        if not prefix:
            encoded = encoding.encode(value)
            return iter(()) if encoded is None else self._tails(stem + encoded)
        if not isinstance(value, str):
            raise TypeError(f"only strings have prefixes, not {value!r}")
        start = stem + encoding.encode_prefix(value)
        return (entry.guid for entry in self._terms(stem, start))

    def scan_property(self, attribute: str) -> Iterator[PropertyTerm]:
        """Every indexed value of a property, in value order within booleans, reals, integers, strings."""
        stem = keys.BY_PROPERTY + keys.part(attribute)
        return self._terms(stem, stem)

    def _terms(self, stem: bytes, start: bytes) -> Iterator[PropertyTerm]:
        for key in scan_keys(self._engine, start):
            term, end = encoding.decode(key, len(stem))
            yield PropertyTerm(term, key[end:].decode())

    def _tails(self, prefix: bytes) -> Iterator[str]:
        length = len(prefix)
        return (key[length:].decode() for key in scan_keys(self._engine, prefix))

    # ---- by offset -------------------------------------------------------------------------------------------------

    def lost(self, offset: int) -> LostMark | None:
        """Why the record at `offset` changed nothing; None when it is effective, skipped or not folded yet."""
        value = read(self._engine, keys.lost(offset))
        return None if value is None else _mark(offset, value)

    def lost_between(self, first: int, end: int) -> dict[int, LostMark]:
        """Records with first <= offset < end that changed nothing, by offset."""
        found = scan_range(self._engine, keys.lost(max(first, 0)), keys.lost(max(end, 0)))
        marks = (_mark(keys.number_of(key), value) for key, value in found)
        return {mark.offset: mark for mark in marks}

    # ---- beans -----------------------------------------------------------------------------------------------------

    @property
    def codec(self) -> PayloadCodec:
        """ConfigurationError when the store was opened without one."""
        if self._codec is None:
            raise ConfigurationError(
                f"the store at {self._path} was opened without a codec", help="open it with codec=EventCodec(types)"
            )
        return self._codec

    def to_bean(self, stored: Stored) -> Bean:
        """The entity, relationship or proxy of a revision, overlay merged; CodecError when it cannot be decoded."""
        return beans.to_bean(stored, self.codec)

    def payload_bean(self, payload: bytes) -> Bean:
        """The instance in one payload, without overlay."""
        return beans.payload_bean(payload, self.codec)

    def size_bytes(self) -> int:
        """Bytes on disk, write-ahead log included."""
        return sum(entry.stat().st_size for entry in self._path.iterdir() if entry.is_file())


def _mark(offset: int, value: bytes) -> LostMark:
    return LostMark(offset, value[_WINNER.size :].decode(), _WINNER.unpack_from(value)[0])
