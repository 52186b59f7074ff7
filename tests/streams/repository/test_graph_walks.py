"""Walks and simple paths against brute force on small graphs (OMRS queries § 3 "Graph")."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_schemas.errors import InvalidParameterError
from omrs_streams.repository.graph import (
    Walk,
    explore,
    instance_graph,
    linking_graph,
    neighborhood_level,
    on_simple_paths,
)

Links = Mapping[str, tuple[str, str]]


@st.composite
def graphs(draw: st.DrawFn) -> Links:
    """Up to seven vertices, parallel edges and edges to oneself included."""
    vertices = [str(number) for number in range(draw(st.integers(1, 7)))]
    pairs = draw(st.lists(st.tuples(st.sampled_from(vertices), st.sampled_from(vertices)), max_size=11))
    return {f"e{number}": pair for number, pair in enumerate(pairs)}


def entity(guid: str) -> dict[str, Any]:
    return {"class": "EntityDetail", "guid": guid}


def relationship(guid: str, ends: tuple[str, str]) -> dict[str, Any]:
    return {"guid": guid, "entityOneProxy": {"guid": ends[0]}, "entityTwoProxy": {"guid": ends[1]}}


@dataclass
class Held:
    """A graph in memory that lets only `passed` entities pass."""

    links: Links
    passed: frozenset[str]

    async def relationships(self, guids: Sequence[str]) -> list[dict[str, Any]]:
        return [relationship(edge, ends) for edge, ends in self.links.items() if set(ends) & set(guids)]

    async def entities(self, guids: Sequence[str]) -> list[dict[str, Any]]:
        return [entity(guid) for guid in guids if guid in self.passed]


def walked(links: Links, *, level: int | None = None, passed: frozenset[str] | None = None, most: int = 1000) -> Walk:
    everyone = frozenset(end for ends in links.values() for end in ends)
    held = Held(links, everyone if passed is None else passed)
    return asyncio.run(explore(entity("0"), held, level=level, most=most))


def simple_paths(start: str, end: str, links: Links) -> tuple[set[str], set[str]]:
    """Every simple path, tried out."""
    vertices: set[str] = set()
    edges: set[str] = set()

    def go(at: str, seen: list[str], used: list[str]) -> None:
        if at == end:
            vertices.update(seen)
            edges.update(used)
            return
        for edge, ends in links.items():
            if at in ends and ends[0] != ends[1]:
                other = ends[1] if ends[0] == at else ends[0]
                if other not in seen:
                    go(other, [*seen, other], [*used, edge])

    go(start, [start], [])
    return vertices, edges


def distances(links: Links, passed: frozenset[str]) -> dict[str, int]:
    """Hops from "0" over passed entities, by relaxing until nothing changes."""
    found = {"0": 0}
    for _ in range(10):
        for one, two in links.values():
            for at, other in ((one, two), (two, one)):
                if at in found and (other in passed or other == "0"):
                    found[other] = min(found.get(other, 99), found[at] + 1)
    return found


@given(graphs(), st.integers(0, 6), st.integers(0, 6))
def test_what_lies_on_simple_paths(links: Links, start: int, end: int) -> None:
    found = on_simple_paths(str(start), str(end), links)
    assert found == simple_paths(str(start), str(end), links)


@given(graphs(), st.none() | st.integers(0, 5), st.sets(st.sampled_from("123456")))
def test_a_walk_reaches_what_is_within_its_level(links: Links, level: int | None, passed: set[str]) -> None:
    walk = walked(links, level=level, passed=frozenset(passed))
    near = {guid: hops for guid, hops in distances(links, frozenset(passed)).items() if level is None or hops <= level}
    assert set(walk.entities) == set(near)
    crossed = {
        edge
        for edge, (one, two) in links.items()
        if one in near and two in near and (level is None or min(near[one], near[two]) < level)
    }
    assert {bean["guid"] for bean in walk.relationships()} == crossed


@given(graphs(), st.integers(0, 6))
def test_the_linking_graph_of_a_walk(links: Links, end: int) -> None:
    graph = linking_graph(walked(links), "0", str(end))
    vertices, edges = simple_paths("0", str(end), links)
    assert {bean["guid"] for bean in graph.get("entityElementList", ())} == vertices
    assert {bean["guid"] for bean in graph.get("relationshipElementList", ())} == edges


def ladder(rungs: int) -> Links:
    """Two rails with rungs between them: 2 ** (rungs - 1) simple paths and more from corner to corner."""
    links = {}
    for side in "ab":
        names = [f"{side}{number}" for number in range(rungs)]
        links |= {f"{one}-{two}": (one, two) for one, two in pairwise(names)}
    return links | {f"a{number}-b{number}": (f"a{number}", f"b{number}") for number in range(rungs)}


def test_paths_are_not_counted_out() -> None:
    links = ladder(5_000) | {"a dead end": ("b4999", "z")}
    vertices, edges = on_simple_paths("a0", "b4999", links)
    assert (len(vertices), len(edges)) == (10_000, 14_998)


def test_a_walk_that_meets_too_much_is_refused() -> None:
    star = {f"e{number}": ("0", str(number)) for number in range(1, 12)}
    assert len(walked(star, most=23).entities) == 12
    with pytest.raises(InvalidParameterError, match="more than 22 entities and relationships") as caught:
        walked(star, most=22)
    assert caught.value.code == "OMRS-STREAMS-400-006" and caught.value.params["guid"] == "0"


def test_levels_and_empty_lists() -> None:
    assert [neighborhood_level(level) for level in (-1, 0, 3, 100, 101)] == [100, 0, 3, 100, 100]
    assert instance_graph([], iter([])) == {}
    assert walked({"e": ("0", "1")}, level=0).graph() == {"entityElementList": [entity("0")]}
