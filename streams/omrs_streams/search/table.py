"""The view's file: two tables in DuckDB, `current` with the present states and `past` with the revisions before them.

Strings are kept as they are: DuckDB's compressed ones take three times as long to scan. Rows are put in by way of a
file of JSON lines, which DuckDB reads without Python's lock; the whole of a batch is one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from omrs_streams.search.columns import FIELDS, SQL_TYPE, TIMES, Dictionary, Odd
from omrs_streams.search.rows import Row
from omrs_streams.search.settings import SearchSettings

log = logging.getLogger(__name__)

FORMAT: Final = "1"
"""Of the tables. A file of another format is deleted and made anew."""
NAME: Final = "search.duckdb"
GUIDS_AT_ONCE: Final = 5_000
BATCH_BYTES: Final = 4 << 20
"""Rows of a transaction, as JSON; DuckDB needs some ten times as much to take them in."""

_FIXED: Final = {
    "guid": "VARCHAR",
    "part": "USMALLINT",
    "rev": "UINTEGER",
    "rel": "BOOLEAN",
    **dict.fromkeys(FIELDS, "USMALLINT"),
    **dict.fromkeys(TIMES, "BIGINT"),
    "valid_from": "BIGINT",
    "valid_to": "BIGINT",
}
CURRENT, PAST = "current_row", "past_row"

PENDING_BYTES: Final = "16MB"
"""Write-ahead log that is taken into the tables at once: a few thousand changes."""


class Unusable(Exception):
    """The view cannot answer this now; the stores can."""


class Lines:
    """Rows as lines of JSON, and the columns that they use."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.names: set[str] = set()
        self.size = 0
        """Bytes of the lines."""

    def add(self, rows: Sequence[Row]) -> None:
        """All of them or (Odd) none: NUL and lone surrogates have no place in a column."""
        try:
            lines = [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows]
        except TypeError as error:
            raise Odd(str(error)) from error
        if any(b"\\u0000" in line for line in lines):
            raise Odd("NUL in a text")
        self.lines += lines
        self.size += sum(map(len, lines))
        self.names.update(*rows)


@dataclass(slots=True)
class Batch:
    """What one transaction changes.

    `advance`: new states whose rows of the revision before are there and go to the past. `clear`: guids whose rows are
    all deleted first; `rows` are then written as they are, past ones with a `valid_to`. `odd` (guid → partition) have
    no rows, `even` are not odd any more. `synced`: partition → its source, and the offset up to which the tables hold
    everything. `parts` are the partitions of the rows.
    """

    advance: Lines = field(default_factory=Lines)
    rows: Lines = field(default_factory=Lines)
    clear: set[str] = field(default_factory=set)
    odd: dict[str, int] = field(default_factory=dict)
    even: set[str] = field(default_factory=set)
    synced: dict[int, tuple[str, int]] = field(default_factory=dict)
    parts: set[int] = field(default_factory=set)

    @property
    def full(self) -> bool:
        """Whether its rows are as many bytes as DuckDB takes at once with the memory it is given."""
        return self.advance.size + self.rows.size > BATCH_BYTES


class Table:
    """One open file. One thread writes, any number read by cursors of their own."""

    def __init__(self, path: Path, settings: SearchSettings) -> None:
        import duckdb  # 30 MB: only a worker that has a view pays for it

        self.path = path
        self._chunk = path.with_suffix(".chunk")
        self._columns: set[str] = set()
        self.rows = (0, 0)
        """Of the present and of the past."""
        self.parts: set[int] = set()
        """Partitions that have rows."""
        self.connection = duckdb.connect(
            str(path),
            config={
                "memory_limit": f"{settings.memory_mb}MB",
                "threads": settings.threads,
                "temp_directory": str(path.with_suffix(".tmp")),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        try:
            self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        run = self.connection.execute
        run("PRAGMA force_compression='uncompressed'")
        run(f"SET checkpoint_threshold='{PENDING_BYTES}'")
        names = {row[0] for row in run("SELECT table_name FROM information_schema.tables").fetchall()}
        if not names:
            run("BEGIN")
            columns = ", ".join(f"{name} {kind}" for name, kind in _FIXED.items())
            for table in (CURRENT, PAST):
                run(f"CREATE TABLE {table} ({columns})")
            run("CREATE TABLE meta (format VARCHAR)")
            run("INSERT INTO meta VALUES (?)", [FORMAT])
            run("CREATE TABLE word (field VARCHAR, number INTEGER, packed VARCHAR)")
            run("CREATE TABLE property (number INTEGER, packed VARCHAR)")
            run("CREATE TABLE kind (type_name VARCHAR, packed VARCHAR)")
            run("CREATE TABLE odd (guid VARCHAR, part USMALLINT)")
            run("CREATE TABLE synced (part USMALLINT, source VARCHAR, next_offset BIGINT)")
            run("COMMIT")
        elif run("SELECT format FROM meta").fetchall() != [(FORMAT,)]:
            raise ValueError("it has another format")
        self._columns = {row[1] for row in run(f"PRAGMA table_info('{CURRENT}')").fetchall()}
        self.parts = {row[0] for row in run(f"SELECT part FROM {CURRENT} UNION SELECT part FROM {PAST}").fetchall()}
        self._count()

    def close(self) -> None:
        self.connection.close()

    # ---- what was kept ---------------------------------------------------------------------------------------------

    def load(self, dictionary: Dictionary) -> dict[str, dict[str, str]]:
        """Fill `dictionary`; the kinds of values by type name (see Plans)."""
        run = self.connection.execute
        for name, packed in run("SELECT field, packed FROM word ORDER BY field, number").fetchall():
            dictionary.words[name].load(packed)
        for number, packed in run("SELECT number, packed FROM property").fetchall():
            dictionary.columns.load(number, packed)
        return {name: orjson.loads(packed) for name, packed in run("SELECT type_name, packed FROM kind").fetchall()}

    def odd(self) -> dict[str, int]:
        """Guid → partition of the instances that are not in the tables."""
        return dict(self.connection.execute("SELECT guid, part FROM odd").fetchall())

    def synced(self) -> dict[int, tuple[str, int]]:
        """Partition → what its rows were made from, and the offset up to which the tables hold everything."""
        found = self.connection.execute("SELECT part, source, next_offset FROM synced").fetchall()
        return {part: (source, offset) for part, source, offset in found}

    def _count(self) -> None:
        current, past = (
            self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in (CURRENT, PAST)
        )
        self.rows = (current, past)

    # ---- writing ---------------------------------------------------------------------------------------------------

    def states(self, guids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Guid → revision and valid_from of the present row, of those that have one."""
        found: dict[str, tuple[int, int]] = {}
        for first in range(0, len(guids), GUIDS_AT_ONCE):
            rows = self.connection.execute(
                f"SELECT guid, rev, valid_from FROM {CURRENT} WHERE guid IN (SELECT unnest(?))",
                [list(guids[first : first + GUIDS_AT_ONCE])],
            ).fetchall()
            found.update((guid, (revision, valid_from)) for guid, revision, valid_from in rows)
        return found

    def write(self, batch: Batch, dictionary: Dictionary, kinds: Mapping[str, dict[str, str]]) -> None:
        """All of the batch, with what the dictionary learnt and the `kinds` that are new, or nothing."""
        run = self.connection.execute
        self.parts |= batch.parts
        learnt = {column.sql for column in dictionary.columns.changed.values()}
        self._add_columns(batch.advance.names | batch.rows.names | learnt)
        run("BEGIN")
        try:
            self._save(dictionary, kinds)
            self._odd(batch)
            if batch.clear:
                self._delete(sorted(batch.clear))
            if batch.advance.lines:
                self._advance(batch.advance)
            if batch.rows.lines:
                self._insert(batch.rows)
            for part, (source, offset) in batch.synced.items():
                run("DELETE FROM synced WHERE part = ?", [part])
                run("INSERT INTO synced VALUES (?, ?, ?)", [part, source, offset])
            run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        for words in dictionary.words.values():
            words.saved = len(words.values)
        for column in dictionary.columns.changed.values():
            column.ready = True
        dictionary.columns.changed = {}
        self._count()

    def _roll_back(self) -> None:
        """Whatever failed may have ended the transaction already; what failed is to be told, not that."""
        try:
            self.connection.execute("ROLLBACK")
        except Exception as error:
            log.debug("nothing was rolled back: %s", error)

    def drop(self, part: int) -> None:
        """Forget a partition."""
        run = self.connection.execute
        run("BEGIN")
        for table in (CURRENT, PAST, "odd", "synced"):
            run(f"DELETE FROM {table} WHERE part = ?", [part])
        run("COMMIT")
        self.parts.discard(part)
        self._count()

    def _add_columns(self, names: set[str]) -> None:
        for name in sorted(names - self._columns):
            for table in (CURRENT, PAST):
                self.connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {_type(name)}")
            self._columns.add(name)

    def _save(self, dictionary: Dictionary, kinds: Mapping[str, dict[str, str]]) -> None:
        run = self.connection.execute
        for name, words in dictionary.words.items():
            for number in range(words.saved, len(words.values)):
                run("INSERT INTO word VALUES (?, ?, ?)", [name, number, orjson.dumps(words.values[number]).decode()])
        for column in dictionary.columns.changed.values():
            run("DELETE FROM property WHERE number = ?", [column.number])
            run("INSERT INTO property VALUES (?, ?)", [column.number, column.packed()])
        for name, found in kinds.items():
            run("DELETE FROM kind WHERE type_name = ?", [name])
            run("INSERT INTO kind VALUES (?, ?)", [name, orjson.dumps(found).decode()])

    def _odd(self, batch: Batch) -> None:
        run = self.connection.execute
        gone = sorted({*batch.even, *batch.odd})
        if gone:
            run("DELETE FROM odd WHERE guid IN (SELECT unnest(?))", [gone])
        for guid, part in batch.odd.items():
            run("INSERT INTO odd VALUES (?, ?)", [guid, part])

    def _delete(self, guids: list[str]) -> None:
        for table in (CURRENT, PAST):
            self.connection.execute(f"DELETE FROM {table} WHERE guid IN (SELECT unnest(?))", [guids])

    def _insert(self, rows: Lines) -> None:
        source, names = self._source(rows)
        if "valid_to" not in rows.names:
            self.connection.execute(f"INSERT INTO {CURRENT} ({names}) SELECT {names} FROM {source}")
            return
        for table, null in ((CURRENT, "NULL"), (PAST, "NOT NULL")):
            self.connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} WHERE valid_to IS {null}"
            )

    def _advance(self, rows: Lines) -> None:
        """The present rows of these guids go to the past, where they were valid until the new ones are."""
        run = self.connection.execute
        source, names = self._source(rows)
        run(
            f"CREATE OR REPLACE TEMP TABLE gone AS SELECT t.rowid AS id, n.valid_from AS until "
            f"FROM {CURRENT} t JOIN {source} n USING (guid)"
        )
        run(
            f"INSERT INTO {PAST} BY NAME SELECT t.* REPLACE (gone.until AS valid_to) FROM {CURRENT} t "
            "JOIN gone ON t.rowid = gone.id WHERE gone.until > t.valid_from"
        )
        run(f"DELETE FROM {CURRENT} WHERE rowid IN (SELECT id FROM gone)")
        run(f"INSERT INTO {CURRENT} ({names}) SELECT {names} FROM {source}")

    def _source(self, rows: Lines) -> tuple[str, str]:
        """The rows as something to select from, a file that DuckDB reads, and the names of their columns."""
        with self._chunk.open("wb") as chunk:
            chunk.writelines(rows.lines)
        used = sorted(rows.names)
        columns = ", ".join(f"{name}: '{_type(name)}'" for name in used)
        path = str(self._chunk).replace("'", "''")
        source = f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}})"
        return source, ", ".join(used)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def select(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a query, from any thread. Raises Unusable."""
        import duckdb

        try:
            cursor = self.connection.cursor()
            try:
                found: list[tuple[Any, ...]] = cursor.execute(sql, list(params)).fetchall()
            finally:
                cursor.close()
        except duckdb.Error as error:
            log.info("the search view cannot answer: %s", error)
            raise Unusable(str(error)) from error
        return found


def _type(column: str) -> str:
    return _FIXED.get(column) or SQL_TYPE[column[0]]
