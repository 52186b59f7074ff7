"""Iterating over pages while instances come and go, for both clients."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from http_server import Answer, Received, answering, bean

Make = Callable[..., Any]


class Shifting:
    """A server whose instances change with each request: `change(guids, number of the request)`."""

    def __init__(self, guids: set[str], change: Callable[[set[str], int], None]) -> None:
        self.guids = set(guids)
        self.always = set(guids)  # there from the first page to the last
        self.ever = set(guids)
        self.requests: list[dict[str, Any]] = []
        self._change = change

    def __call__(self, request: Received) -> Answer:
        body = request.body
        self.requests.append(body)
        offset, size = body["offset"], body["pageSize"]
        page = sorted(self.guids)[offset : offset + size]
        self._change(self.guids, len(self.requests))
        self.always &= self.guids
        self.ever |= self.guids
        found = [{"guid": guid, "type": {"typeDefName": "GlossaryTerm"}} for guid in page]
        return bean({"entities": found, "relationships": found} if found else {})


def nothing(guids: set[str], number: int) -> None:
    """Everything stays as it is."""


def named(count: int) -> set[str]:
    return {f"g{number:04}" for number in range(0, count * 10, 10)}


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 23])
def test_every_instance_once_in_order(make_client: Make, count: int) -> None:
    shifting = Shifting(named(count), nothing)
    with answering(shifting) as server:
        client = make_client(server.url)
        assert [each.guid for each in client.iter_entities("GlossaryTerm", page_size=5)] == sorted(named(count))
        assert [each.guid for each in client.iter_relationships(page_size=5)] == sorted(named(count))
        assert [each.guid for each in client.iter_relationships_of("g", page_size=5)] == sorted(named(count))
    assert {body["sequencingOrder"] for body in shifting.requests} == {"GUID"}


@pytest.mark.parametrize("seed", range(12))
def test_what_stays_is_seen_exactly_once(make_client: Make, seed: int) -> None:
    """Whatever goes from before the page, or comes there, or is the very instance that the last page ended with."""
    dice = random.Random(seed)

    def change(guids: set[str], number: int) -> None:
        if number > 40:
            return
        for _ in range(dice.randrange(5)):
            if guids and dice.random() < 0.6:
                guids.discard(dice.choice(sorted(guids)[:12] if dice.random() < 0.7 else sorted(guids)))
            else:
                guids.add(f"g{dice.randrange(400):04}x")

    shifting = Shifting(named(40), change)
    with answering(shifting) as server:
        seen = [each.guid for each in make_client(server.url).iter_entities(page_size=dice.choice([1, 3, 7]))]
    assert seen == sorted(set(seen))
    assert shifting.always <= set(seen) <= shifting.ever


def test_everything_goes_meanwhile(make_client: Make) -> None:
    def change(guids: set[str], number: int) -> None:
        if number == 2:
            guids.clear()

    shifting = Shifting(named(20), change)
    with answering(shifting) as server:
        assert len(list(make_client(server.url).iter_entities(page_size=4))) == 8
    assert len(shifting.requests) < 8


def test_a_page_is_asked_for_when_it_is_needed(make_client: Make) -> None:
    shifting = Shifting(named(50), nothing)
    with answering(shifting) as server:
        terms = make_client(server.url).iter_entities(page_size=10)
        assert shifting.requests == []
        assert [next(terms).guid for _ in range(3)] == sorted(named(3)) and len(shifting.requests) == 1


def test_conditions_and_time_hold_for_every_page(make_client: Make) -> None:
    shifting = Shifting(named(11), nothing)
    with answering(shifting) as server:
        client = make_client(server.url)
        given = {"statuses": ["ACTIVE"], "classifications": ["Anchors", "Confidentiality"], "as_of": 7, "page_size": 5}
        assert len(list(client.iter_entities("GlossaryTerm", {"displayName": "a.*"}, **given))) == 11
        assert len(list(client.iter_entities("GlossaryTerm", **given))) == 11
    paths = [request.path.partition("/instances/")[2] for request in server.received]
    assert paths == ["entities/by-property/history"] * 3 + ["entities/history"] * 3
    bodies = [request.body for request in server.received]
    assert all(body["asOfTime"] == 7 and body["limitResultsByStatus"] == ["ACTIVE"] for body in bodies)
    assert bodies[2]["limitResultsByClassification"] == ["Anchors", "Confidentiality"]
    assert bodies[5]["matchClassifications"]["matchCriteria"] == "ANY"
