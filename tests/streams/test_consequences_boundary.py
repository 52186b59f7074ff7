"""What follows from changes: one record that entails what cannot be done is a dead letter, the others get theirs."""

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import InvalidParameterError, LogError, NotReadyError, OmrsError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.record import ORIGIN_COPY, ORIGIN_HOME, Effective
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import Bean, LocalCollection
from omrs_streams.worker.boundary import defect, is_of_message
from omrs_streams.worker.consequences import ATTEMPTS, Consequences
from omrs_streams.worker.ends import RelationshipEnds

TYPES = TypeSystem.builtin()
CODEC = EventCodec(TYPES)
ENTITY_TYPE = TYPES.instance_type(TYPES.require(name="GlossaryTerm"))
LINK_TYPE = TYPES.instance_type(TYPES.require(name="Synonym"))


def proxy(guid: str) -> Bean:
    return {
        "class": "EntityProxy",
        "guid": guid,
        "type": ENTITY_TYPE,
        "metadataCollectionId": "other",
        "version": 1,
        "status": "ACTIVE",
    }


def link(guid: str, one: Bean | None, two: Bean | None) -> Bean:
    bean = {
        "class": "Relationship",
        "guid": guid,
        "type": LINK_TYPE,
        "metadataCollectionId": "other",
        "version": 1,
        "createTime": 5,
        "status": "ACTIVE",
        "entityOneProxy": one,
        "entityTwoProxy": two,
    }
    return {name: value for name, value in bean.items() if value is not None}


def effective(kind: str, instance: Bean, origin: str, offset: int = 0) -> Effective:
    event = instance_event(kind, instance, {"metadataCollectionId": "other"}, 9)
    record = log_record(event, CODEC.encode, 1, event_id=f"e-{instance['guid']}", origin=origin)
    found = Effective.of(
        SimpleNamespace(
            key=record.key.encode,
            value=lambda: record.value,
            headers=lambda: record.headers("s"),
            partition=lambda: 0,
            offset=lambda: offset,
        )
    )
    assert found is not None
    return found


class Around:
    """What stands around the consequences of one worker; `errors` are raised by guid."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.kept: list[str] = []
        self.asked: list[str] = []
        self.buried: list[tuple[str, OmrsError]] = []
        self.errors: dict[str, Exception] = {}
        ends = RelationshipEnds(LocalCollection("ours", "s", "s"), CODEC, lambda guid: False, self.headers, self.append)
        scattered: Any = self
        self.consequences = Consequences(
            "ours",
            scattered,
            self.run,
            ends,
            loop,
            lambda record, error: self.buried.append((record.key.decode(), error)),
        )

    async def headers(self, body: Bean) -> Bean:
        for guid in body["guids"]:
            if guid in self.errors:
                raise self.errors[guid]
        return {"beans": {}}

    async def append(self, body: Bean) -> Bean:
        self.kept += [entry["guid"] for entry in body["entries"]]
        return {"results": {}}

    async def run(self, name: str, guid: str, call: object, bean: Bean) -> Bean:
        return {}

    async def relationships_of(self, guid: str, request: Bean, as_of: None) -> list[Bean]:
        self.asked.append(guid)
        if guid in self.errors:
            raise self.errors[guid]
        return []


@pytest.fixture
def around() -> Iterator[Around]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield Around(loop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {name: value for name, value in proxy("x").items() if name != "guid"},
        {name: value for name, value in proxy("x").items() if name != "type"},
        {**proxy("x"), "guid": ""},
        {**proxy("x"), "type": {**ENTITY_TYPE, "typeDefGUID": ""}},
    ],
)
def test_an_incomplete_end_is_left_out(around: Around, odd: Bean | None) -> None:
    around.consequences.follow(
        [
            effective("NEW", link("one", odd, proxy("a")), ORIGIN_COPY),
            effective("NEW", link("two", proxy("b"), odd), ORIGIN_COPY),
        ]
    )
    assert sorted(around.kept) == ["a", "b"] and not around.buried


def test_one_copy_whose_ends_cannot_be_kept(around: Around) -> None:
    around.errors["a"] = KeyError("a")
    records = [
        effective("NEW", link("one", proxy("a"), proxy("b")), ORIGIN_COPY, 0),
        effective("NEW", link("two", proxy("c"), proxy("d")), ORIGIN_COPY, 1),
    ]
    for _ in range(ATTEMPTS - 1):
        with pytest.raises(OmrsError, match="KeyError"):
            around.consequences.follow(records)
    around.consequences.follow(records)
    assert [guid for guid, _ in around.buried] == ["one"] and {"c", "d"} <= set(around.kept)


@pytest.mark.parametrize("error", [AttributeError("x"), InvalidParameterError("x")])
def test_a_delete_that_entails_what_cannot_be(around: Around, error: Exception) -> None:
    entity = {**proxy("bad"), "class": "EntityDetail", "createTime": 5, "status": "DELETED"}
    records = [
        effective("DELETED", entity, ORIGIN_HOME, 0),
        effective("DELETED", {**entity, "guid": "good"}, ORIGIN_HOME, 1),
    ]
    around.errors["bad"] = error
    for _ in range(ATTEMPTS - 1):
        with pytest.raises(OmrsError):
            around.consequences.follow(records)
    assert "good" not in around.asked
    around.consequences.follow(records)
    [(guid, buried)] = around.buried
    assert guid == "bad" and (buried is error or buried.__cause__ is error) and "good" in around.asked


def test_what_can_be_repeated_is_never_buried(around: Around) -> None:
    entity = {**proxy("bad"), "class": "EntityDetail", "createTime": 5, "status": "DELETED"}
    for error in (NotReadyError("partitions move"), LogError("the log ended"), OSError("the disk")):
        around.errors["bad"] = error
        for _ in range(ATTEMPTS + 1):
            with pytest.raises(type(error)):
                around.consequences.follow([effective("DELETED", entity, ORIGIN_HOME)])
    assert not around.buried


def test_whose_fault_an_error_is() -> None:
    assert all(is_of_message(each) for each in (KeyError(1), UnicodeDecodeError("u", b"", 0, 1, ""), RecursionError()))
    assert not any(is_of_message(each) for each in (OSError(), MemoryError(), RuntimeError(), NotReadyError("x")))
    cause = ValueError("v" * 10_000)
    found = defect(cause, "an event")
    assert found.__cause__ is cause and len(found.message) < 1_000
    assert defect(found, "an event") is found
