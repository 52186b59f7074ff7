"""Finds at a server that holds the corpus, against a full scan of the same column in DuckDB; answers are compared."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

from bench.corpus import TYPES, entities_in, guid_of
from bench.lab import BenchError, Lab
from bench.load import USER
from bench.loaded import loaded
from bench.table import Bar, Row, percentiles, show
from omrs_streams.client import MetadataClient, contains, exact, starts_with

PAGE = 50
REPEATS = 100  # of each query, with other values every time
BUDGET_S = 20.0  # a query is repeated no longer than this
TIMEOUT_S = 600.0
CHUNK = 50_000  # entities loaded into DuckDB at once
LIMIT_MS = 100.0

Guids = list[str]


@dataclass(frozen=True, slots=True)
class Query:
    """`ours` and `scan` answer the same question about the entity with the given number.

    `ordered`: the answers must be equal; else only as long, because the order of a page is free.
    """

    name: str
    ours: Callable[[MetadataClient, int], Guids]
    scan: Callable[[duckdb.DuckDBPyConnection, int], Guids]
    ordered: bool = False


def find(lab: Lab) -> list[Row]:
    """p99 of every kind of find."""
    worker = loaded(lab)
    table = _table(lab)
    rows = []
    with MetadataClient(worker.url, worker.name, USER, timeout=TIMEOUT_S) as client:
        for query in _queries(lab):
            rows += _row(lab, query, client, table)
    table.close()
    return rows


def _row(lab: Lab, query: Query, client: MetadataClient, table: duckdb.DuckDBPyConnection) -> list[Row]:
    count = entities_in(lab.size)
    random = Random(query.name)
    times: list[float] = []
    scans: list[float] = []
    began = time.perf_counter()
    for _ in range(REPEATS):
        ordinal = random.randrange(count)
        started = time.perf_counter()
        answer = query.ours(client, ordinal)
        between = time.perf_counter()
        expected = query.scan(table, ordinal)
        scans.append(time.perf_counter() - between)
        times.append(between - started)
        if (answer != expected) if query.ordered else (len(answer) != len(expected)):
            raise BenchError(
                f"find, {query.name}, entity {ordinal}: {len(answer)} guids {answer[:3]}, DuckDB finds "
                f"{len(expected)} {expected[:3]}"
            )
        if time.perf_counter() - began > BUDGET_S:
            break
    warm = slice(min(2, len(times) - 1), None)  # plans, connections and caches
    half, most = percentiles(times[warm])
    _, scan = percentiles(scans[warm])
    what = f"find, {query.name}, p99"
    note = f"p50 {show(half)} ms, {len(times)} finds, {count:,} entities"
    return [
        Row(what, most, "ms", "DuckDB full scan", scan, Bar("<=", 3), note=note),
        Row(f"{what}, absolute", most, "ms", bar=Bar("<=", LIMIT_MS, of="figure")),
    ]


def _queries(lab: Lab) -> list[Query]:
    types = lab.corpus.types
    columns = sorted({name for name in TYPES if types.is_type_of(name, "SchemaAttribute")})
    listed = ", ".join(f"'{name}'" for name in columns)

    def text(ordinal: int, name: str) -> str:
        return lab.corpus.texts(ordinal)[name]

    def type_of(ordinal: int) -> str:
        return TYPES[ordinal % len(TYPES)]

    def by_property(client: MetadataClient, ordinal: int, name: str, pattern: str) -> Guids:
        return _guids(client.find_entities_by_property(type_of(ordinal), {name: pattern}, page_size=PAGE))

    def scan(table: duckdb.DuckDBPyConnection, ordinal: int, condition: str, value: str) -> Guids:
        sql = f"SELECT guid FROM entity WHERE {condition} AND type = ? LIMIT {PAGE}"
        return _column(table.execute(sql, [value, type_of(ordinal)]))

    def prefix(ordinal: int) -> str:
        return text(ordinal, "qualifiedName").rpartition("::")[0] + "::"

    def fragment(ordinal: int) -> str:
        return text(ordinal, "displayName")[-6:]

    def pattern(ordinal: int) -> str:
        first, second, *_ = text(ordinal, "displayName").split()
        return f"[A-Z]{first[1:]} ({second}|none) .*{ordinal % 10}"

    return [
        Query(
            "equal",
            lambda c, n: by_property(c, n, "qualifiedName", exact(text(n, "qualifiedName"))),
            lambda t, n: scan(t, n, "qualifiedName = ?", text(n, "qualifiedName")),
            ordered=True,
        ),
        Query(
            "prefix",
            lambda c, n: by_property(c, n, "qualifiedName", starts_with(prefix(n))),
            lambda t, n: scan(t, n, "starts_with(qualifiedName, ?)", prefix(n)),
        ),
        Query(
            "contains",
            lambda c, n: by_property(c, n, "displayName", contains(fragment(n))),
            lambda t, n: scan(t, n, "contains(displayName, ?)", fragment(n)),
        ),
        Query(
            "regex",
            lambda c, n: by_property(c, n, "displayName", pattern(n)),
            lambda t, n: scan(t, n, "regexp_full_match(displayName, ?)", pattern(n)),
        ),
        Query(
            "type with subtypes",
            lambda c, n: _guids(c.find_entities("SchemaAttribute", offset=n % 500, page_size=PAGE)),
            lambda t, n: _column(
                t.execute(f"SELECT guid FROM entity WHERE type IN ({listed}) LIMIT {PAGE} OFFSET {n % 500}")
            ),
        ),
        Query(
            "sorted page",
            lambda c, n: _guids(
                c.find_entities("RelationalColumn", offset=n % 500, page_size=PAGE, sort_property="displayName")
            ),
            lambda t, n: _column(
                t.execute(
                    "SELECT guid FROM entity WHERE type = 'RelationalColumn' "
                    f"ORDER BY displayName LIMIT {PAGE} OFFSET {n % 500}"
                )
            ),
            ordered=True,
        ),
    ]


def _guids(found: list[dict[str, Any]]) -> Guids:
    return [bean["guid"] for bean in found]


def _column(result: duckdb.DuckDBPyConnection) -> Guids:
    return [row[0] for row in result.fetchall()]


def _table(lab: Lab) -> duckdb.DuckDBPyConnection:
    """The same entities as columns of a DuckDB table in memory."""
    table = duckdb.connect()
    table.execute("CREATE TABLE entity (guid VARCHAR, type VARCHAR, qualifiedName VARCHAR, displayName VARCHAR)")
    count = entities_in(lab.size)
    for first in range(0, count, CHUNK):
        ordinals = range(first, min(first + CHUNK, count))
        texts = [lab.corpus.texts(ordinal) for ordinal in ordinals]
        rows = pa.table(
            {
                "guid": [guid_of(ordinal) for ordinal in ordinals],
                "type": [TYPES[ordinal % len(TYPES)] for ordinal in ordinals],
                **{name: [found[name] for found in texts] for name in ("qualifiedName", "displayName")},
            }
        )
        table.register("chunk", rows)
        table.execute("INSERT INTO entity SELECT * FROM chunk")
        table.unregister("chunk")
    return table
