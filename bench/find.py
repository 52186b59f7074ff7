"""Finds at a server that holds the corpus, against a full scan of the same columns in DuckDB; answers are compared."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import duckdb
import psutil
import pyarrow as pa

from bench.corpus import CYCLE, RECENT, TYPES, UPDATES, entities_in, guid_of, variant_of
from bench.lab import BenchError, Lab, Started
from bench.load import USER
from bench.loaded import loaded
from bench.table import Bar, Row, percentiles
from bench.words import BORN, numbers
from omrs_streams.client import Condition, Entity, MetadataClient, SearchProperties, contains, exact, starts_with

PAGE = 50
REPEATS = 100  # of each query, with other values every time
BUDGET_S = 20.0  # a query is repeated no longer than this
TIMEOUT_S = 600.0
CHUNK = 50_000  # entities loaded into DuckDB at once
LIMIT_MS = 100.0
SLOWEST = 100  # instances a second below which waiting for the search view is given up
REVISED = BORN + 10_000_000_000  # when the corpus updates what it updates
BEFORE = REVISED - 1_000_000_000
CYCLE_ENTITIES = entities_in(CYCLE)

Guids = list[str]


@dataclass(frozen=True, slots=True)
class Query:
    """`ours` and `scan` answer the same question about the entity with the given number: the same page, guid by guid.

    Our pages are in the order of the guids unless another one is asked for, so the scan has to sort as well.
    """

    name: str
    ours: Callable[[MetadataClient, int], Guids]
    scan: Callable[[duckdb.DuckDBPyConnection, int], Guids]


def find(lab: Lab) -> list[Row]:
    """p50 and p99 of every kind of find, once the search view holds everything."""
    worker = loaded(lab)
    rows = [_built(lab, worker)]
    table = _table(lab)
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
        if answer != expected:
            raise BenchError(
                f"find, {query.name}, entity {ordinal}: {len(answer)} guids {answer[:3]}, DuckDB finds "
                f"{len(expected)} {expected[:3]}"
            )
        if time.perf_counter() - began > BUDGET_S:
            break
    warm = slice(min(2, len(times) - 1), None)  # plans, connections and caches
    half, most = percentiles(times[warm])
    scan_half, scan = percentiles(scans[warm])
    what = f"find, {query.name}"
    note = f"{len(times)} finds, {count:,} entities"
    return [
        Row(f"{what}, p50", half, "ms", "DuckDB full scan", scan_half),
        Row(f"{what}, p99", most, "ms", "DuckDB full scan", scan, Bar("<=", 3), note=note),
        Row(f"{what}, p99, absolute", most, "ms", bar=Bar("<=", LIMIT_MS, of="figure")),
    ]


def _built(lab: Lab, worker: Started) -> Row:
    """The worker makes its search view beside everything else that it does."""
    started, busy = time.perf_counter(), worker.cpu_seconds()

    def done() -> bool:
        search = worker.status()["search"]
        return bool(search["open"] and not search["syncing"] and not search["pending"])

    lab.until("the search view", done, 60.0 + lab.size / SLOWEST, worker, every=0.5)
    seconds, used = time.perf_counter() - started, worker.cpu_seconds() - busy
    search, resident = worker.status()["search"], psutil.Process(worker.process.pid).memory_info().rss / (1 << 20)
    note = (
        f"{search['rows']:,} rows and {search['past_rows']:,} of the past, {used / lab.size * 1e6:.0f} µs CPU/ev, "
        f"worker {resident:,.0f} MB"
    )
    return Row("search view of a worker that starts", seconds, "s", note=note)


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

    def scan(table: duckdb.DuckDBPyConnection, ordinal: int, condition: str, value: Any) -> Guids:
        sql = f"SELECT guid FROM entity WHERE {condition} AND type = ? AND until IS NULL ORDER BY guid LIMIT {PAGE}"
        return _column(table.execute(sql, [value, type_of(ordinal)]))

    def between(ordinal: int) -> tuple[int, int]:
        low = variant_of(ordinal) * 4
        return low - 8, low + 8

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
            "numeric range",
            lambda c, n: _guids(
                c.find_entities(
                    "RelationalColumn",
                    properties=SearchProperties(
                        [Condition("length", "GT", between(n)[0]), Condition("length", "LT", between(n)[1])]
                    ),
                    page_size=PAGE,
                )
            ),
            lambda t, n: _column(
                t.execute(
                    "SELECT guid FROM entity WHERE length > ? AND length < ? AND type = 'RelationalColumn' "
                    f"AND until IS NULL ORDER BY guid LIMIT {PAGE}",
                    between(n),
                )
            ),
        ),
        Query(
            "classification",
            lambda c, n: _guids(
                c.find_entities_by_classification(
                    "Confidentiality", {"confidence": 80 + n % 20}, type_name=type_of(n), page_size=PAGE
                )
            ),
            lambda t, n: scan(t, n, "confidence = ?", 80 + n % 20),
        ),
        Query(
            "as of a time",
            lambda c, n: _guids(
                c.find_entities_by_property(
                    type_of(n), {"displayName": contains(fragment(n))}, page_size=PAGE, as_of=BEFORE
                )
            ),
            lambda t, n: _column(
                t.execute(
                    "SELECT guid FROM entity WHERE contains(displayName, ?) AND type = ? AND since <= ? "
                    f"AND (until IS NULL OR until > ?) ORDER BY guid LIMIT {PAGE}",
                    [fragment(n), type_of(n), BEFORE, BEFORE],
                )
            ),
        ),
        Query(
            "type with subtypes",
            lambda c, n: _guids(c.find_entities("SchemaAttribute", offset=n % 500, page_size=PAGE)),
            lambda t, n: _column(
                t.execute(
                    f"SELECT guid FROM entity WHERE type IN ({listed}) AND until IS NULL "
                    f"ORDER BY guid LIMIT {PAGE} OFFSET {n % 500}"
                )
            ),
        ),
        Query(
            "sorted page",
            lambda c, n: _guids(
                c.find_entities("RelationalColumn", offset=n % 500, page_size=PAGE, sort_property="displayName")
            ),
            lambda t, n: _column(
                t.execute(
                    "SELECT guid FROM entity WHERE type = 'RelationalColumn' AND until IS NULL "
                    f"ORDER BY displayName, guid LIMIT {PAGE} OFFSET {n % 500}"
                )
            ),
        ),
    ]


def _guids(found: Sequence[Entity]) -> Guids:
    return [bean["guid"] for bean in found]


def _column(result: duckdb.DuckDBPyConnection) -> Guids:
    return [row[0] for row in result.fetchall()]


def _table(lab: Lab) -> duckdb.DuckDBPyConnection:
    """The same entities as columns of a DuckDB table in memory: a row for each state that was valid for some time."""
    table = duckdb.connect()
    table.execute(
        "CREATE TABLE entity (guid VARCHAR, type VARCHAR, qualifiedName VARCHAR, displayName VARCHAR, "
        "length BIGINT, confidence BIGINT, since BIGINT, until BIGINT)"
    )
    count = entities_in(lab.size)
    updated = _updated(lab.size)
    for first in range(0, count, CHUNK):
        ordinals = range(first, min(first + CHUNK, count))
        states = [(ordinal, False) for ordinal in ordinals] + [
            (ordinal, True) for ordinal in ordinals if ordinal in updated
        ]
        texts = [lab.corpus.texts(ordinal) for ordinal, _ in states]
        rows = pa.table(
            {
                "guid": [guid_of(ordinal) for ordinal, _ in states],
                "type": [TYPES[ordinal % len(TYPES)] for ordinal, _ in states],
                **{name: [found[name] for found in texts] for name in ("qualifiedName", "displayName")},
                "length": [numbers(TYPES[n % len(TYPES)], variant_of(n)).get("length") for n, _ in states],
                "confidence": [80 + variant_of(ordinal) % 20 for ordinal, _ in states],
                "since": [REVISED if revised else BORN for _, revised in states],
                "until": [REVISED if ordinal in updated and not revised else None for ordinal, revised in states],
            }
        )
        table.register("chunk", rows)
        table.execute("INSERT INTO entity SELECT * FROM chunk")
        table.unregister("chunk")
    return table


def _updated(events: int) -> set[int]:
    """The entities that the first `events` events update."""
    cycles, rest = divmod(events, CYCLE)
    recent = range(cycles + (rest > UPDATES))
    return {cycle * CYCLE_ENTITIES + RECENT for cycle in recent} | set(range(cycles))
