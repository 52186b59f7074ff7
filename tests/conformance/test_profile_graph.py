"""Graph queries on a small graph: what is around an entity, what is related to it, what lies between two
(OMRS conformance § 8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest
from repository_calls import ENTITY, Bean, Lab, Repository
from samples import texts

from workers import unique

pytestmark = pytest.mark.kafka

DEPTH, FAN_OUT = 3, 3
KINDS = (("ResourceList", "Glossary"), ("CollectionMembership", "GlossaryTerm"), ("ResourceList", "Collection"))


@dataclass(frozen=True, slots=True)
class Graph:
    """A tree, each level by other types, and an entity apart. `parent`: guid → (its parent's, the relationship's)."""

    root: str
    apart: str
    parent: dict[str, tuple[str, str]]
    type_of: dict[str, str]

    def path(self, guid: str) -> list[str]:
        """From the root to it."""
        found = [guid]
        while found[-1] in self.parent:
            found.append(self.parent[found[-1]][0])
        return found[::-1]

    def within(self, level: int) -> set[str]:
        return {guid for guid in self.type_of if guid != self.apart and len(self.path(guid)) <= level + 1}

    def edges(self, guids: set[str]) -> set[str]:
        return {edge for child, (parent, edge) in self.parent.items() if {child, parent} <= guids}


@pytest.fixture(scope="module")
def graph(lab: Lab) -> Iterator[Graph]:
    tested = lab.repositories[0]

    def add(name: str) -> Bean:
        return tested.add_entity(name, texts(qualifiedName=unique("node")))

    made = [add("Collection"), add("Glossary")]
    root, apart = (bean["guid"] for bean in made)
    parent: dict[str, tuple[str, str]] = {}
    level = [root]
    for relationship, entity in KINDS[:DEPTH]:
        below = []
        for start in level:
            for _ in range(FAN_OUT):
                child = add(entity)
                made.append(child)
                link = tested.add_relationship(relationship, start, child["guid"], None)
                parent[child["guid"]] = (start, link["guid"])
                below.append(child["guid"])
        level = below[:2]
    yield Graph(root, apart, parent, {bean["guid"]: bean["type"]["typeDefName"] for bean in made})
    for bean in made:
        tested.remove(ENTITY, bean)


def guids(answer: Bean, field: str) -> set[str]:
    return {bean["guid"] for bean in answer.get(field, ())}


def around(tested: Repository, start: str, level: int, **body: object) -> tuple[set[str], set[str]]:
    answer = tested.ask("POST", f"/instances/entities/from-entity/{start}/by-neighborhood", body, level=str(level))
    return guids(answer, "entityElementList"), guids(answer, "relationshipElementList")


@pytest.mark.conformance("ENTITY_NEIGHBORHOOD")
@pytest.mark.parametrize("level", range(DEPTH + 1))
def test_what_is_around_an_entity(level: int, graph: Graph, tested: Repository) -> None:
    entities = graph.within(level)
    assert around(tested, graph.root, level) == (entities, graph.edges(entities))


@pytest.mark.conformance("ENTITY_NEIGHBORHOOD")
def test_what_is_around_it_of_some_types(graph: Graph, tested: Repository) -> None:
    glossaries = {guid for guid in graph.within(1) if graph.type_of[guid] == "Glossary"} | {graph.root}
    only = {"entityTypeGUIDs": [tested.guid_of("Glossary")]}
    assert around(tested, graph.root, DEPTH, **only) == (glossaries, graph.edges(glossaries))
    first = {"relationshipTypeGUIDs": [tested.guid_of("ResourceList")]}
    entities = graph.within(1)
    assert around(tested, graph.root, DEPTH, **first) == (entities, graph.edges(entities))
    none = {"relationshipTypeGUIDs": [tested.guid_of("Synonym")]}
    assert around(tested, graph.root, DEPTH, **none) == ({graph.root}, set())


@pytest.mark.conformance("CONNECTED_ENTITIES")
def test_all_that_is_related(graph: Graph, tested: Repository) -> None:
    def related(start: str, **body: object) -> set[str]:
        request = {"class": "RelatedEntitiesFindRequest", "pageSize": 0, **body}
        answer = tested.ask("POST", f"/instances/entities/from-entity/{start}/by-relationship", request)
        return guids(answer, "entities")

    everyone = graph.within(DEPTH)
    for start in (graph.root, min(graph.parent)):
        assert related(start) == everyone
    terms = {guid for guid in everyone if graph.type_of[guid] == "GlossaryTerm"}
    assert related(graph.root, entityTypeGUIDs=[tested.guid_of("GlossaryTerm")]) == terms
    assert related(graph.apart) <= {graph.apart}


@pytest.mark.conformance("LINKED_ENTITIES")
def test_what_lies_between_two(graph: Graph, tested: Repository) -> None:
    def between(one: str, other: str) -> tuple[set[str], set[str]]:
        path = f"/instances/entities/from-entity/{one}/by-linkage"
        answer = tested.ask("POST", path, {}, endEntityGUID=other)
        return guids(answer, "entityElementList"), guids(answer, "relationshipElementList")

    some = [graph.root, *sorted(graph.parent)[:: len(graph.parent) // 5]]
    for one, other in combinations(some, 2):
        ways = graph.path(one), graph.path(other)
        shared = [here for here, there in zip(*ways, strict=False) if here == there]
        entities = set(ways[0]) ^ set(ways[1]) | {shared[-1]}
        assert between(one, other) == (entities, graph.edges(entities)), (one, other)
    assert between(graph.root, graph.apart) == (set(), set())
