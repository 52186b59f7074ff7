"""What no store holds is refused before it is appended, and is poison where a log has it already."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from omrs_schemas.errors import InvalidParameterError, PoisonRecordError
from omrs_streams.fold.fold import fold
from omrs_streams.log.record import ORIGIN_HOME, TEXT_LIMIT, Effective, LogRecord
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import Bean

LONG = "h" * (TEXT_LIMIT + 1)
TYPE = {"typeDefCategory": "ENTITY_DEF", "typeDefGUID": "t", "typeDefName": "Referenceable", "typeDefVersion": 1}


def recorded(guid: str = "g", **changes: Any) -> LogRecord:
    entity: Bean = {
        "class": "EntityDetail",
        "guid": guid,
        "type": TYPE,
        "metadataCollectionId": "m",
        "version": 1,
        "createTime": 5,
        "status": "ACTIVE",
    }
    event = instance_event("NEW", {**entity, **changes}, {"metadataCollectionId": "m"}, 9)
    return log_record(event, lambda _: b"value", 1, event_id="e", origin=ORIGIN_HOME)


def parsed(record: LogRecord) -> LogRecord:
    return LogRecord.parse(0, 0, record.key.encode(), record.value, record.headers("s"))


def effective(record: LogRecord, **headers: bytes) -> Effective | None:
    found = {**dict(record.headers("s")), **{name.replace("_", "-"): value for name, value in headers.items()}}
    key, value, listed = record.key.encode(), record.value, list(found.items())
    return Effective.of(
        SimpleNamespace(
            key=lambda: key, value=lambda: value, headers=lambda: listed, partition=lambda: 0, offset=lambda: 0
        )
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda: recorded(metadataCollectionId=LONG),
        lambda: recorded(metadataCollectionId="h" * 70_000),
        lambda: recorded(replicatedBy=LONG),
        lambda: recorded(guid=LONG),
        lambda: recorded(type={**TYPE, "typeDefGUID": LONG}),
        lambda: recorded(type={**TYPE, "typeDefVersion": 2**62}),
        lambda: recorded(version=10**18),
        lambda: recorded(version=-(10**17)),
        lambda: recorded(createTime=10**18),
        lambda: recorded(updateTime=10**18),
    ],
)
def test_what_no_store_holds_is_not_appended(change: Callable[[], LogRecord]) -> None:
    with pytest.raises(InvalidParameterError, match="more than"):
        change()


@pytest.mark.parametrize("letter", ["h", "ü", "\U0001f600"])
def test_the_longest_texts_are_held(letter: str) -> None:
    text = letter * TEXT_LIMIT
    record = replace(
        recorded(guid=text, metadataCollectionId=text, replicatedBy=text, version=10**18 - 1, createTime=1 - 10**17),
        type_guid=text,
        event_id=text,
        cause=text,
        offset=0,
    )
    again = parsed(record)
    assert again == record
    meta = fold(again, None).meta
    assert meta is not None and type(meta).unpack(meta.pack()) == meta
    assert effective(record) is not None


@pytest.mark.parametrize(
    "name", ["key", "home_id", "replicated_by", "type_guid", "event_id", "status", "kind", "cause"]
)
def test_a_record_too_long_is_poison_for_fold_and_publishers(name: str) -> None:
    bad = replace(recorded(), **{name: LONG})
    with pytest.raises(PoisonRecordError, match=name):
        parsed(bad)
    assert effective(bad) is None


def test_publishers_pass_over_what_the_fold_cannot_read() -> None:
    good = recorded()
    assert effective(good) is not None
    assert effective(good, home_id=b"\xff") is None
    assert effective(good, cause=b"\xff") is None
    assert effective(good, expected_revision=b"one") is None
