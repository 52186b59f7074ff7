"""Graphs around and between entities (OMRS queries § 3 "Graph"): walked hop by hop, whoever looks the instances up.

    walk = await explore(root, hops, level=2)      # `hops` asks a store, all workers of a server, or all members
    walk.graph()                                   # what it reached, as an InstanceGraph bean

A hop asks once for the relationships of all entities that the last one reached, and once for the entities at their
other ends. An entity that `hops` does not answer (filtered out, not readable, not there) is not walked through.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_streams.repository.changes import ends_of
from omrs_streams.repository.local import Bean

MAX_LEVEL = 100
"""The furthest a neighbourhood reaches; a negative or larger level means this (OMRS queries § 3)."""

MOST = 20_000
"""Entities and relationships that one walk may meet: some 200 MB of beans, a second or two of reading. A catalogue of
files hangs together over its glossary and its zones, so that an unlimited walk from one of them reads all of it."""


class Hops(Protocol):
    """Where a walk reads; each answers what is there and may be seen, in any order, each guid once."""

    async def relationships(self, guids: Sequence[str]) -> list[Bean]:
        """The relationships at any of these entities."""
        ...

    async def entities(self, guids: Sequence[str]) -> list[Bean]:
        """These entities; those that the walk must not pass are left out."""
        ...


class Walk:
    """What has been reached from `root`. `cross` and `arrive` in turn, until `frontier` is empty.

    Raises InvalidParameterError (OMRS-STREAMS-400-006) as soon as it has met more than `most` instances.
    """

    def __init__(self, root: Bean, level: int | None = None, *, most: int = MOST) -> None:
        self.entities: dict[str, Bean] = {root["guid"]: root}
        self.frontier: list[str] = [] if level == 0 else [root["guid"]]
        self._hops_left = level
        self._most = most
        self._crossed: dict[str, Bean] = {}
        self._asked = {root["guid"]}

    def cross(self, relationships: Collection[Bean]) -> list[str]:
        """Take the relationships at the frontier; the entities at their ends that are still to be looked up."""
        new: set[str] = set()
        for each in relationships:
            self._crossed[each["guid"]] = each
            new.update(end for end in ends_of(each) if end not in self._asked)
        self._asked |= new
        self._check()
        return sorted(new)

    def arrive(self, entities: Collection[Bean]) -> None:
        """Take those of the asked entities that may be passed; the next frontier."""
        found = sorted(entities, key=lambda bean: str(bean["guid"]))
        self.entities.update((bean["guid"], bean) for bean in found)
        if self._hops_left is not None:
            self._hops_left -= 1
        self.frontier = [] if self._hops_left == 0 else [bean["guid"] for bean in found]
        self._check()

    def relationships(self) -> Iterator[Bean]:
        """Those crossed whose ends were both reached."""
        reached = self.entities
        return (bean for bean in self._crossed.values() if all(end in reached for end in ends_of(bean)))

    def graph(self) -> Bean:
        """All that was reached; see `instance_graph`."""
        return instance_graph(self.entities.values(), self.relationships())

    def _check(self) -> None:
        met = len(self._crossed) + len(self.entities)
        if met > self._most:
            raise too_large(next(iter(self.entities)), self._most)


async def explore(root: Bean, hops: Hops, *, level: int | None = None, most: int = MOST) -> Walk:
    """Everything that can be reached from `root` in `level` hops (None = however many it takes)."""
    walk = Walk(root, level, most=most)
    while walk.frontier:
        new = walk.cross(await hops.relationships(walk.frontier))
        walk.arrive(await hops.entities(new) if new else [])
    return walk


def neighborhood_level(level: int) -> int:
    """The hops that a `level` of getEntityNeighborhood stands for."""
    return level if 0 <= level <= MAX_LEVEL else MAX_LEVEL


def instance_graph(entities: Iterator[Bean] | Collection[Bean], relationships: Iterator[Bean]) -> Bean:
    """The fields of an InstanceGraph; a list without elements is left out (OMRS queries § 3)."""
    lists = {"entityElementList": list(entities), "relationshipElementList": list(relationships)}
    return {name: found for name, found in lists.items() if found}


def linking_graph(walk: Walk, start: str, end: str) -> Bean:
    """getLinkingEntities: of all that was reached from `start`, what lies on a simple path to `end`."""
    links = {bean["guid"]: ends_of(bean) for bean in walk.relationships()}
    entities, relationships = on_simple_paths(start, end, links)
    return instance_graph(
        [bean for guid, bean in walk.entities.items() if guid in entities],
        (bean for bean in walk.relationships() if bean["guid"] in relationships),
    )


def too_large(guid: str, most: int) -> InvalidParameterError:
    """The refusal of a walk that meets too much."""
    return InvalidParameterError(
        f"more than {most} entities and relationships are connected with {guid}",
        code=Code.GRAPH_TOO_LARGE,
        help="ask for fewer levels, or for some types only (getEntityNeighborhood), and go on from what is found",
        guid=guid,
        limit=most,
    )


_BETWEEN = ""
"""The edge that `on_simple_paths` adds between both ends; no relationship has an empty guid."""


def on_simple_paths(start: str, end: str, links: Mapping[str, tuple[str, str]]) -> tuple[set[str], set[str]]:
    """The vertices and edges that lie on some path from `start` to `end` which visits no vertex twice.

    `links`: edge → its two ends; several edges between two vertices, and cycles, are welcome. Paths are not counted
    out, there may be exponentially many: with an edge between `start` and `end` added, an edge lies on a simple path
    between them exactly when it lies on a simple cycle with the added one, that is, in the same biconnected component
    (Hopcroft and Tarjan 1973; one depth-first search, linear in vertices and edges). Without a path both are empty.
    """
    if start == end:
        return {start}, set()
    neighbours: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for edge, (one, two) in links.items():
        if one != two:  # an edge to itself is on no simple path
            neighbours[one].append((edge, two))
            neighbours[two].append((edge, one))

    order = {start: 0, end: 1}
    low = {start: 0, end: 1}
    kept: list[str] = []  # edges of components that are not complete yet
    branch = [(end, _BETWEEN, iter(neighbours[end]))]
    opened: dict[str, int] = {}  # vertex → how many edges were kept before the one that led to it
    while branch:
        vertex, arrived_by, rest = branch[-1]
        step = next(rest, None)
        if step is None:
            branch.pop()
            if branch:
                before = branch[-1][0]
                low[before] = min(low[before], low[vertex])
                if low[vertex] >= order[before]:  # a component that hangs on `before`, without the added edge
                    del kept[opened[vertex] :]
            continue
        edge, other = step
        if edge == arrived_by:
            continue
        if other not in order:
            order[other] = low[other] = len(order)
            opened[other] = len(kept)
            kept.append(edge)
            branch.append((other, edge, iter(neighbours[other])))
        elif order[other] < order[vertex]:
            low[vertex] = min(low[vertex], order[other])
            kept.append(edge)
    return {vertex for edge in kept for vertex in links[edge]}, set(kept)
