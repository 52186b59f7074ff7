"""Every bench runs at a tiny size and says what it should; nothing is asserted about time."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench.corpus import HOME, TYPES, Corpus, entities_in, guid_of
from bench.table import Bar, Row, merged, percentiles
from omrs_schemas.codec import EventCodec
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.record import LogRecord

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 1_000


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus()


def records(corpus: Corpus, **more: bool) -> list[LogRecord]:
    events = corpus.events(0, EVENTS, "s", **more)
    return [LogRecord.parse(0, offset, *event) for offset, event in enumerate(events)]


def test_every_event_of_the_corpus_decodes_to_what_its_headers_say(corpus: Corpus) -> None:
    codec = EventCodec(corpus.types)
    for record in records(corpus):
        section = codec.decode(record.value or b"")["instanceEventSection"]
        instance = section.get("entity") or section["relationship"]
        assert (instance["guid"], section["instanceGUID"]) == (record.key, record.key)
        assert (instance["version"], instance["createTime"]) == (record.version, record.create_time)
        assert (section["eventType"], record.home_id) == (record.kind, HOME)
        assert not any(mark in (record.value or b"") for mark in (b"~~~", b"@@@", b"<<<", b">>>"))


def test_the_corpus_is_a_catalogue_of_the_promised_shape(corpus: Corpus) -> None:
    found = records(corpus)
    kinds = Counter(record.kind for record in found)
    assert kinds == {"NEW_ENTITY_EVENT": 750, "NEW_RELATIONSHIP_EVENT": 150, "UPDATED_ENTITY_EVENT": 100}
    assert entities_in(EVENTS) == 750
    assert 1_100 < sum(len(record.value or b"") for record in found) / EVENTS < 1_400
    assert len({record.event_id for record in found}) == EVENTS
    codec = EventCodec(corpus.types)
    ends = [
        codec.decode(record.value or b"")["instanceEventSection"]["relationship"][end]["guid"]
        for record in found
        if record.is_relationship
        for end in ("entityOneProxy", "entityTwoProxy")
    ]
    known = {guid_of(ordinal) for ordinal in range(entities_in(EVENTS))}
    assert set(ends) <= known


def test_every_event_of_the_corpus_is_effective(corpus: Corpus) -> None:
    effects = MemoryFold().apply(records(corpus))
    assert len(effects) == EVENTS
    assert all(effect.effective for effect in effects)


def test_the_text_of_an_entity_is_what_its_event_carries(corpus: Corpus) -> None:
    codec = EventCodec(corpus.types)
    record = records(corpus)[27]
    values = codec.decode_record(record.value or b"")["entity"]["properties"]["values"]
    expected = corpus.texts(22)
    assert record.key == guid_of(22)
    assert {name: values[name] for name in expected} == expected
    assert TYPES[22 % len(TYPES)] in expected["qualifiedName"]


def test_events_for_a_cohort_name_their_sender(corpus: Corpus) -> None:
    for _, _, headers in corpus.events(0, 40, "s", originator=True):
        assert dict(headers)["originator"] == HOME.encode()


def test_bars_compare_the_ratio_or_the_figure() -> None:
    assert Row("a", 50.0, "ev/s", "f", 100.0, Bar(">=", 0.45)).met is True
    assert Row("a", 40.0, "ev/s", "f", 100.0, Bar(">=", 0.45)).met is False
    assert Row("a", 16.0, "s", bar=Bar("<=", 15, of="figure")).met is False
    assert Row("a", 16.0, "s", bar=Bar("<=", 3)).met is None
    assert Row("a", 16.0, "s").met is None


def test_of_several_runs_the_median_one_is_shown_whole() -> None:
    runs = [[Row("a", figure, "ev/s", "f", floor)] for figure, floor in ((10.0, 100.0), (40.0, 100.0), (30.0, 150.0))]
    [row] = merged(runs)
    assert (row.figure, row.floor) == (30.0, 150.0)
    assert "3 runs" in row.note


def test_percentiles_are_milliseconds() -> None:
    assert percentiles([0.001] * 99 + [0.5]) == (1.0, 500.0)


@pytest.mark.parametrize("size", ["10", "many", "0.5k"])
def test_a_size_that_measures_nothing_is_refused(size: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "bench", "--size", size], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "--size" in ended.stderr


EXPECTED = {
    "replay": ("replay, readable by guid, 1 process", "replay, every index, 2 processes"),
    "ingest": ("live ingest, every index", "ingest of a backlog by a new member"),
    "create": ("write at A → readable at B, one in flight, p50",),
    "reads": tuple(
        f"{name}, p50" for name in ("find contains", "neighbourhood, level 2", "history", "getEntity, all members")
    ),
    "get": ("getEntity by guid over REST, p99",),
    "find": tuple(f"find, {name}, p99" for name in ("equal", "prefix", "contains", "regex", "sorted page")),
    "listen": ("change at a server → connector's listener called, p99",),
    "start": ("cold start: broker and two members, until both are registered",),
    "memory": ("memory: broker, two members, daemon",),
}


@pytest.mark.kafka
@pytest.mark.parametrize("pieces", ["replay,ingest", "create,get,find", "reads,listen", "start,memory"])
def test_every_piece_runs_and_reports(pieces: str, kafka: Endpoint) -> None:
    command = [sys.executable, "-m", "bench", "--size", str(EVENTS), "--only", pieces, "--json"]
    command += ["--bootstrap-servers", kafka.bootstrap_servers]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = orjson.loads(ended.stdout)
    rows = {row["what"]: row for row in answer["rows"]}
    for what in (name for piece in pieces.split(",") for name in EXPECTED[piece]):
        assert rows[what]["figure"] > 0
        assert rows[what]["met"] in (True, False, None)
    assert answer["machine"]["cores"]
