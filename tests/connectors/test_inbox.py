"""What waits for a connector: in order, at least once, never more than is wanted; its positions."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.runtime import inbox as module
from omrs_connectors.runtime.inbox import Inbox, Positions, Record
from omrs_connectors.sdk.listener import Listener, Source

OUT = Source("omrs.server.s.out")
OWN = Source("events.of.the.technology", kind="own")


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Topics:
    """Where an inbox asks for records, and the position it asks with."""

    def __init__(self, reached: Positions | None = None) -> None:
        self.reads: dict[Source, Positions | None] = {}
        self.at = reached or {}

    def attach(self, inbox: Inbox, source: Source, position: Positions | None) -> None:
        self.reads[source] = position

    def detach(self, inbox: Inbox, source: Source) -> None:
        del self.reads[source]

    def reached(self, source: Source) -> Positions:
        return dict(self.at)


def record(offset: int, partition: int = 0, source: Source = OUT, kind: bytes = b"NEW_ENTITY_EVENT") -> Record:
    return Record(source, partition, offset, b"guid", b"event", {"kind": kind}, 0)


def offer(inbox: Inbox, records: Sequence[Record], source: Source = OUT) -> bool:
    reached: dict[int, int] = {}
    for each in records:
        reached[each.partition] = each.offset + 1
    return inbox.offer(source, records, reached)


def listening(topics: Topics, stored: Mapping[str, Mapping[int, int]] | None = None, *sources: Source) -> Inbox:
    inbox = Inbox(topics, stored)
    inbox.listeners([Listener(each, kinds=frozenset({"NEW_ENTITY_EVENT"})) for each in sources or (OUT,)])
    return inbox


async def taken(inbox: Inbox, limit: int = 100) -> list[int]:
    return [each.offset for each in await asyncio.wait_for(inbox.take(limit), 60)]


@on_a_loop
async def test_only_what_is_wanted_is_kept_and_the_position_passes_the_rest() -> None:
    inbox = listening(Topics())
    offer(inbox, [record(0), record(1, kind=b"DELETED_ENTITY_EVENT"), record(2)])
    assert await taken(inbox) == [0, 2]
    offer(inbox, [record(3, kind=b"DELETED_ENTITY_EVENT")])
    assert inbox.positions == {OUT.key: {0: 0}}
    inbox.done([record(0), record(2)])
    assert inbox.positions == {OUT.key: {0: 4}}


@on_a_loop
async def test_a_position_waits_for_the_oldest_that_is_not_done() -> None:
    inbox = listening(Topics())
    offer(inbox, [record(5), record(6), record(7)])
    await taken(inbox)
    inbox.done([record(6), record(7)])
    assert inbox.positions == {OUT.key: {0: 5}}
    inbox.done([record(5)])
    assert inbox.positions == {OUT.key: {0: 8}}


@on_a_loop
async def test_what_was_offered_before_is_not_taken_twice() -> None:
    inbox = listening(Topics(), {OUT.key: {0: 3}})
    offer(inbox, [record(1), record(2), record(3), record(4)])
    offer(inbox, [record(3), record(4), record(5)])
    assert await taken(inbox) == [3, 4, 5]


@on_a_loop
async def test_a_full_inbox_refuses_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 3)
    inbox = listening(Topics())
    assert offer(inbox, [record(0), record(1), record(2)])
    assert not offer(inbox, [record(3)])
    assert inbox.next_of(OUT) == {0: 3}
    waiting = asyncio.create_task(inbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await taken(inbox, 1) == [0]
    await asyncio.wait_for(waiting, 60)
    assert offer(inbox, [record(3)])
    assert await taken(inbox) == [1, 2, 3]


@on_a_loop
async def test_events_of_open_metadata_begin_now_and_other_topics_at_their_beginning() -> None:
    topics = Topics({0: 40})
    listening(topics, None, OUT, OWN)
    assert topics.reads == {OUT: {0: 40}, OWN: None}


@on_a_loop
async def test_a_connector_goes_on_where_its_earlier_life_was() -> None:
    topics = Topics({0: 40})
    inbox = listening(topics, {OUT.key: {0: 12}})
    assert topics.reads == {OUT: {0: 12}}
    offer(inbox, [record(12), record(13)])
    await taken(inbox)
    inbox.done([record(12)])
    inbox.listeners(())
    assert topics.reads == {}
    assert inbox.positions == {OUT.key: {0: 13}}


@on_a_loop
async def test_nothing_is_said_of_a_topic_that_is_not_read_yet_and_its_beginning_is_told() -> None:
    inbox, begun = listening(Topics()), []
    inbox.on_begin = lambda: begun.append(inbox.positions)
    assert inbox.positions == {}
    inbox.listeners(())
    assert inbox.positions == {}, "the next life would begin with the oldest record"
    inbox.listeners([Listener(OUT)])
    inbox.offer(OUT, [], {0: 7})
    offer(inbox, [record(7)])
    assert begun == [{OUT.key: {0: 7}}]


@on_a_loop
async def test_a_failed_connector_gives_up_metadata_events_only() -> None:
    topics = Topics({0: 40})
    inbox = listening(topics, None, OUT, OWN)
    offer(inbox, [record(41)])
    offer(inbox, [record(7, source=OWN)], OWN)
    inbox.pass_over()
    assert inbox.positions == {OWN.key: {0: 7}}
    topics.at = {0: 90}
    inbox.listeners([Listener(OUT), Listener(OWN)])
    assert topics.reads == {OUT: {0: 90}, OWN: {0: 7}}


@given(st.data())
def test_every_wanted_record_is_handed_out_once_in_order_and_the_position_is_sound(data: st.DataObject) -> None:
    """Batches overlap, as they do when a reader begins anew; records are done in any order."""

    async def play() -> None:
        inbox = listening(Topics())
        size = data.draw(st.integers(1, 30))
        wanted = {(p, o): data.draw(st.booleans()) for p in (0, 1) for o in range(size)}
        handed: list[tuple[int, int]] = []
        done: set[tuple[int, int]] = set()
        next_of = {0: 0, 1: 0}
        while any(at < size for at in next_of.values()):
            partition = data.draw(st.sampled_from([p for p, at in next_of.items() if at < size]))
            first = data.draw(st.integers(0, next_of[partition]))
            last = data.draw(st.integers(next_of[partition], size - 1))
            kinds = {True: b"NEW_ENTITY_EVENT", False: b"UPDATED_ENTITY_EVENT"}
            batch = [record(o, partition, kind=kinds[wanted[partition, o]]) for o in range(first, last + 1)]
            assert offer(inbox, batch)
            next_of[partition] = last + 1
            if any(wanted[p, o] and (p, o) not in handed for p in (0, 1) for o in range(next_of[p])):
                found = await inbox.take(data.draw(st.integers(1, 5)))
                handed += [(each.partition, each.offset) for each in found]
                finished = data.draw(st.lists(st.sampled_from(handed)))
                inbox.done([record(o, p) for p, o in finished])
                done.update(finished)
            for partition, at in inbox.positions[OUT.key].items():
                open_ = [o for o in range(next_of[partition]) if wanted[partition, o] and (partition, o) not in done]
                assert at == (open_[0] if open_ else next_of[partition])
        left = sum(wanted.values()) - len(handed)
        if left:
            handed += [(each.partition, each.offset) for each in await inbox.take(1_000)]
        assert len(handed) == len(set(handed)) == sum(wanted.values())
        for partition in (0, 1):
            assert [o for p, o in handed if p == partition] == sorted(o for p, o in handed if p == partition)

    asyncio.run(play())
