"""Subscribing to a server's out topic: what is chosen, where it begins, what is read again. For both clients."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from e2e_samples import entity_def, known_types

from clients import KINDS, client_of_kind
from omrs_schemas.errors import CodecError, InvalidParameterError, LogError, TypeDefNotKnownError
from omrs_streams.client import MetadataClient, OutEvent
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.names import server_out
from omrs_streams.log.partition import partition_of
from workers import PARTITIONS, SETTLE_S, Pair, eventually, unique

pytestmark = pytest.mark.kafka

Subscribe = Callable[..., Any]
TERM = "GlossaryTerm"


@pytest.fixture(params=KINDS)
def reader(request: pytest.FixtureRequest, pair: Pair) -> Iterator[Any]:
    """A client of server B, of either kind."""
    with (
        asyncio.Runner() as runner,
        client_of_kind(request.param, runner, pair.b.url, pair.b.server, "rita", types=known_types()) as client,
    ):
        yield client


@pytest.fixture
def subscribe(reader: Any, kafka: Endpoint) -> Iterator[Subscribe]:
    """`subscribe(…)` as the client has it; closed afterwards."""
    with ExitStack() as open_ones:

        def begin(**options: Any) -> Any:
            return open_ones.enter_context(reader.subscribe(kafka=kafka.bootstrap_servers, **options))

        yield begin


def term(client: MetadataClient, name: str = "term") -> dict[str, Any]:
    return client.add_entity(TERM, {"qualifiedName": unique(name), "displayName": name})


def until_all(events: Any, *wanted: tuple[str, str]) -> list[OutEvent]:
    """What comes until all of these (kind, guid) have; partitions are read in no order among each other."""
    left, seen = set(wanted), []
    for event in events.events(idle=SETTLE_S):
        seen.append(event)
        left.discard((event.kind, event.guid))
        if not left:
            return seen
    raise AssertionError(f"{left} not among {[(event.kind, event.guid) for event in seen]}")


def until(events: Any, wanted: Callable[[OutEvent], bool]) -> list[OutEvent]:
    """What comes up to the first event that is `wanted`, that one included."""
    seen = []
    for event in events.events(idle=SETTLE_S):
        seen.append(event)
        if wanted(event):
            return seen
    raise AssertionError(f"not among {[(event.kind, event.guid) for event in seen]}")


def test_events_of_home_and_copies_as_they_come(
    subscribe: Subscribe, alice: MetadataClient, bob: MetadataClient, pair: Pair
) -> None:
    before = term(bob, "before")
    until(subscribe(guids=before["guid"], from_="beginning"), lambda event: True)  # it is told of
    events = subscribe()
    copy, own = term(alice, "copy"), term(bob, "own")
    alice.update_entity_properties(copy["guid"], {"qualifiedName": copy["guid"], "displayName": "changed"})
    bob.classify(own["guid"], "Confidentiality", {"confidentialityLevel": 2})
    changes = ("UPDATED_ENTITY_EVENT", copy["guid"]), ("CLASSIFIED_ENTITY_EVENT", own["guid"])
    seen = until_all(events, *changes)
    mine = {guid: [each for each in seen if each.guid == guid] for guid in (copy["guid"], own["guid"])}
    assert [each.kind for each in mine[copy["guid"]]] == ["NEW_ENTITY_EVENT", "UPDATED_ENTITY_EVENT"]
    assert [each.kind for each in mine[own["guid"]]] == ["NEW_ENTITY_EVENT", "CLASSIFIED_ENTITY_EVENT"]
    assert before["guid"] not in {each.guid for each in seen}  # it began with what came next
    first, changed = mine[copy["guid"]]
    assert (first.type_name, first.home, first.version, changed.version) == (TERM, pair.ids[0], 1, 2)
    assert {each.home for each in mine[own["guid"]]} == {pair.ids[1]}
    assert changed.instance is not None and changed.instance["guid"] == copy["guid"]
    assert changed.bean["instanceEventSection"]["entity"] == changed.instance


def test_headers_choose(subscribe: Subscribe, alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    copy, own = term(alice), term(bob)
    file = bob.add_entity("CSVFile", {"qualifiedName": unique("file")})
    eventually(lambda: bob.find_entity(copy["guid"]), "the copy has arrived")
    bob.delete_entity(file["guid"])
    gone, new = ("DELETED_ENTITY_EVENT", file["guid"]), ("NEW_ENTITY_EVENT", own["guid"])

    chosen = until_all(subscribe(types=["Asset"], from_="beginning"), gone)
    assert TERM not in {each.type_name for each in chosen}
    assert [each.kind for each in chosen if each.guid == file["guid"]] == ["NEW_ENTITY_EVENT", gone[0]]
    chosen = until_all(subscribe(guids=(own["guid"], file["guid"]), from_="beginning"), gone, new)
    assert {each.guid for each in chosen} == {own["guid"], file["guid"]}
    chosen = until_all(subscribe(kinds="DELETED", from_="beginning"), gone)
    assert {each.kind for each in chosen} <= {"DELETED_ENTITY_EVENT", "DELETED_RELATIONSHIP_EVENT"}
    chosen = until_all(subscribe(homes=pair.ids[0], from_="beginning"), ("NEW_ENTITY_EVENT", copy["guid"]))
    assert {each.home for each in chosen} == {pair.ids[0]}


def test_what_cannot_be_is_said_at_once(subscribe: Subscribe, reader: Any, kafka: Endpoint) -> None:
    with pytest.raises(InvalidParameterError, match="NOVEL") as raised:
        subscribe(kinds=["NEW", "NOVEL"])
    assert "NEW_ENTITY_EVENT" in raised.value.help
    with pytest.raises(TypeDefNotKnownError):
        subscribe(types="NoSuchType")


def test_a_topic_that_is_not_there(kafka: Endpoint) -> None:
    client = MetadataClient("http://127.0.0.1:1", "nobody", "rita", types=known_types())
    with client, pytest.raises(LogError, match=r"omrs\.server\.nobody\.out") as raised:
        client.subscribe(kafka=kafka.bootstrap_servers)
    assert "started" in raised.value.help


def test_a_group_goes_on_where_it_stopped(subscribe: Subscribe, bob: MetadataClient) -> None:
    group, new = unique("group"), "NEW_ENTITY_EVENT"
    events = subscribe(group=group, types=TERM)
    one, two = term(bob)["guid"], term(bob)["guid"]
    first = until_all(events, (new, one), (new, two))
    events.close()  # the last was handed out, and nobody said that it is dealt with
    three = term(bob)["guid"]
    again = subscribe(group=group, types=TERM)
    second = until_all(again, (new, three), (new, first[-1].guid))
    assert [event.guid for event in second if event.guid in (one, two)] == [first[-1].guid]
    again.commit()
    again.close()
    four = term(bob)["guid"]
    third = until_all(subscribe(group=group, types=TERM), (new, four))
    assert not {one, two, three} & {event.guid for event in third}


def test_a_new_group_that_dies_before_its_first_event_misses_nothing(
    subscribe: Subscribe, bob: MetadataClient, pair: Pair, kafka: Endpoint
) -> None:
    """`now` is when it first began, not when it began again."""
    group = unique("early")
    events = subscribe(group=group, guids="nothing")

    def joined() -> bool:
        assert list(events.events(idle=0.5)) == []
        return has_begun(kafka, group, pair.b.server)

    eventually(joined, "it has joined", within=60)
    events.close()
    made = term(bob)
    assert until(subscribe(group=group), lambda event: event.guid == made["guid"])


def has_begun(kafka: Endpoint, group: str, server: str) -> bool:
    """Whether it is kept in Kafka where the group began, in each partition of the out topic."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group})
    try:
        parts = [TopicPartition(server_out(server), number) for number in range(PARTITIONS)]
        return all(each.offset >= 0 for each in consumer.committed(parts, timeout=30))
    finally:
        consumer.close()


def test_since_a_time(subscribe: Subscribe, bob: MetadataClient) -> None:
    early = term(bob)
    eventually(lambda: bob.find_entity(early["guid"]), "it is there")
    first = until(subscribe(from_="beginning"), lambda event: event.guid == early["guid"])[-1]
    time.sleep(0.05)
    since = int(time.time() * 1000)
    late = term(bob)
    seen = until(subscribe(from_=since), lambda event: event.guid == late["guid"])
    assert early["guid"] not in {event.guid for event in seen} and first.time < since


def test_poison_is_told_of_and_passed_over(
    subscribe: Subscribe, bob: MetadataClient, pair: Pair, kafka: Endpoint
) -> None:
    told: list[tuple[bytes, str]] = []

    def bad(message: Any, error: CodecError) -> None:
        told.append((message.value(), error.message))

    mark = unique("poison").encode()
    events = subscribe(group=unique("group"), from_="now", on_bad_record=bad)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    topic = f"omrs.server.{pair.b.server}.out"
    for partition in range(PARTITIONS):
        producer.produce(topic, mark, b"key", partition)
        producer.produce(topic, mark, b"key", partition, headers=[("kind", b"NEW_ENTITY_EVENT"), ("omrs-meta", b"x")])
    assert producer.flush(30) == 0
    behind: dict[int, tuple[str, str]] = {}  # an event on each partition
    while len(behind) < PARTITIONS:
        guid = term(bob)["guid"]
        behind[partition_of(guid, PARTITIONS)] = ("NEW_ENTITY_EVENT", guid)
    until_all(events, *behind.values())
    assert events.skipped == 8 and [value for value, _ in told] == [mark] * 8
    assert "Avro" in told[0][1] or "record" in told[0][1]


def test_types_that_come_later_are_followed(subscribe: Subscribe, bob: MetadataClient, reader: Any) -> None:
    """A subtype that did not exist when the subscription began belongs to it, one after the other."""
    events = subscribe(types="Referenceable", kinds="NEW")
    for _ in range(3):
        name = unique("Later").replace("-", "")
        bob.add_typedef(entity_def(name, attribute=f"words{name}"))
        made = bob.add_entity(name, {"qualifiedName": name, f"words{name}": "later"})
        [event] = until(events, lambda event, made=made: event.guid == made["guid"])[-1:]
        assert event.type_name == name and event.instance is not None
        assert event.instance["properties"] == made["properties"]


PROGRAM = """
import sys, time
from omrs_streams.client import MetadataClient
url, server, group, kafka = sys.argv[1:]
with MetadataClient(url, server, "rita") as client:
    with client.subscribe(types="GlossaryTerm", group=group, from_="beginning", kafka=kafka) as events:
        for event in events:
            print(event.guid, event.version, flush=True)
            time.sleep(0.01)
"""


def test_a_program_that_is_killed_loses_nothing(bob: MetadataClient, pair: Pair, kafka: Endpoint) -> None:
    """kill -9 at any moment: everything is seen at least once, of each guid in order."""
    group, made = unique("killed"), [term(bob) for _ in range(60)]
    expected = {each["guid"] for each in made}
    for each in made[::3]:
        bob.update_entity_properties(each["guid"], {"qualifiedName": each["guid"]}, type_name=TERM)
    expected_changes = {(each["guid"], 1) for each in made} | {(each["guid"], 2) for each in made[::3]}
    argv = [sys.executable, "-c", PROGRAM, pair.b.url, pair.b.server, group, kafka.bootstrap_servers]
    seen: list[tuple[str, int]] = []
    kills = 0
    deadline = time.monotonic() + 3 * SETTLE_S
    while not expected_changes <= set(seen) and time.monotonic() < deadline:
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            for count, line in enumerate(program.stdout, 1):
                guid, version = line.split()
                seen.append((guid, int(version)))
                if (kills < 2 and count == 40) or expected_changes <= set(seen):
                    break
            kills += 1
            program.send_signal(signal.SIGKILL)
    assert kills >= 3 and expected_changes <= set(seen)
    firsts = [change for change in dict.fromkeys(seen) if change[0] in expected]
    assert all(firsts.index((guid, 1)) < firsts.index((guid, 2)) for guid, version in expected_changes if version == 2)


def test_waiting_for_an_event_may_be_given_up(pair: Pair, bob: MetadataClient, kafka: Endpoint, tmp_path: Path) -> None:
    """What arrives while nobody waits is there for who waits next."""
    from omrs_streams.client import AsyncMetadataClient

    async def scenario() -> list[str]:
        async with (
            AsyncMetadataClient(pair.b.url, pair.b.server, "rita", types=known_types()) as client,
            client.subscribe(kafka=kafka.bootstrap_servers, kinds="NEW", types=TERM) as events,
        ):
            given_up = 0
            while given_up < 20:  # what other tests left behind may still arrive
                try:
                    await asyncio.wait_for(anext(events), 0.01)
                except TimeoutError:
                    given_up += 1
            made = await asyncio.to_thread(lambda: [term(bob)["guid"] for _ in range(5)])
            seen: set[str] = set()
            async with asyncio.timeout(SETTLE_S):
                while not set(made) <= seen:
                    try:
                        seen.add((await asyncio.wait_for(anext(events), 0.005)).guid)
                    except TimeoutError:
                        continue
            return made

    assert len(asyncio.run(scenario())) == 5
