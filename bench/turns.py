"""The same questions to several servers in turns, by one client in a process of its own: `python -m bench.turns <file
with the task>` prints JSON. First it gives every server the same entities, relationships and updates, by REST.

The entities are terms of a tree: each but the first is a synonym of the one whose number is a `FAN`th of its own.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson

from bench.corpus import SERIAL
from bench.load import Caller, entity_bodies
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]

Ask = Callable[[str, int], tuple[str, str, Bean | None]]
"""Method, path and body of the request about the entity with this guid and number."""

TYPE = "GlossaryTerm"
RELATIONSHIP = "Synonym"
PROPERTIES = ["qualifiedName", "displayName", "summary", "description", "abbreviation", "usage"]
"""What GlossaryTerm has in release 4.2 as well as in 6.1."""
TEXTS = 20  # entities with other words in them; then they repeat, with another serial number
FIRST = 700_000_000  # serial number of the first
FAN = 5
THREADS = 4
UPDATES = 4  # of each entity whose history is read
UPDATED = 200  # entities that are updated, at most
PAGE = 50
REPEATS = 300  # of each question, with other entities every time
BUDGET_S = 12.0  # a question is repeated no longer than this
COPIED_S = 300.0
ENTERPRISE = "/enterprise"


@dataclass(frozen=True, slots=True)
class Question:
    """`of`: so many entities, from the first, are asked about. `read` takes from an answer what has to be the same
    everywhere. `local`: the question that asks the same of one member."""

    name: str
    ask: Ask
    of: int
    read: Callable[[Bean], list[Any]]
    local: str = ""


class World:
    """What the servers are given, and what is asked about it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.updated = max(1, min(UPDATED, count // 10))
        self._types = TypeSystem.builtin()
        self._bodies = [orjson.loads(body) for body in entity_bodies([TYPE] * TEXTS, PROPERTIES)]

    def entity(self, number: int, summary: str = "") -> Bean:
        """EntityCreateRequest; `summary`: what an update says."""
        body = orjson.dumps(self._bodies[number % TEXTS]).replace(SERIAL.encode(), b"%09d" % (FIRST + number))
        found: Bean = orjson.loads(body)
        if summary:
            changed = to_properties(self._types, TYPE, {"summary": summary})
            found["initialProperties"]["instanceProperties"].update(changed["instanceProperties"])
        return found

    def text(self, number: int, name: str) -> str:
        value = self.entity(number)["initialProperties"]["instanceProperties"][name]["primitiveValue"]
        return str(value)

    def fill(self, callers: Sequence[Caller]) -> list[str]:
        """Make everything at one server by as many connections; the guids in the order of the numbers."""

        def make(caller: Caller, number: int) -> str:
            return str(caller.call("POST", "/instances/entity", orjson.dumps(self.entity(number)))["entity"]["guid"])

        guids = _shared(callers, make, range(self.count))
        type_guid = self._types.require(name=RELATIONSHIP)["guid"]

        def link(caller: Caller, number: int) -> None:
            body = {"class": "RelationshipCreateRequest", "relationshipTypeGUID": type_guid, "initialStatus": "ACTIVE"}
            body |= {"entityOneGUID": guids[number // FAN], "entityTwoGUID": guids[number]}
            caller.call("POST", "/instances/relationship", orjson.dumps(body))

        _shared(callers, link, range(1, self.count))

        def update(caller: Caller, number: int) -> None:
            for turn in range(UPDATES):
                values = self.entity(number, f"Said again, {turn + 2}.")["initialProperties"]
                body = {"class": "InstancePropertiesRequest", "instanceProperties": values}
                caller.call("POST", f"/instances/entity/{guids[number]}/properties", orjson.dumps(body))

        _shared(callers, update, range(self.updated))
        return guids

    def questions(self) -> Iterator[Question]:
        """Six of the local repository, two of all members."""
        everyone, inner = self.count, max(1, self.count // FAN**2)
        yield Question("getEntity", _get(""), everyone, _entity)
        yield Question("find equal", self._find("", "qualifiedName", r"\Q{}\E", slice(None)), everyone, _entities)
        yield Question(
            "find contains", self._find("", "displayName", r".*\Q{}\E.*", slice(-3, None)), everyone, _entities
        )
        for level in (1, 2):
            yield Question(f"neighbourhood, level {level}", _neighbourhood(level), inner, _graph)
        yield Question("history", _history, self.updated, _versions)
        yield Question("getEntity, all members", _get(ENTERPRISE), everyone, _entity, local="getEntity")
        equal = self._find(ENTERPRISE, "qualifiedName", r"\Q{}\E", slice(None))
        yield Question("find equal, all members", equal, everyone, _entities, local="find equal")

    def _find(self, scope: str, name: str, pattern: str, part: slice) -> Ask:
        type_guid = self._types.require(name=TYPE)["guid"]

        def ask(_: str, number: int) -> tuple[str, str, Bean]:
            wanted = {name: pattern.format(self.text(number, name)[part])}
            body = {
                "class": "EntityPropertyFindRequest",
                "typeGUID": type_guid,
                "matchProperties": to_properties(self._types, TYPE, wanted),
                "matchCriteria": "ALL",
                "offset": 0,
                "pageSize": PAGE,
            }
            return "POST", f"{scope}/instances/entities/by-property", body

        return ask


def _shared(callers: Sequence[Caller], do: Callable[[Caller, int], Any], numbers: Sequence[int]) -> list[Any]:
    """`do` for every number, a share at each connection; the results in order."""

    def share(first: int) -> list[Any]:
        return [do(callers[first], number) for number in numbers[first :: len(callers)]]

    results: list[Any] = [None] * len(numbers)
    with ThreadPoolExecutor(len(callers)) as pool:
        for first, found in enumerate(pool.map(share, range(len(callers)))):
            results[first :: len(callers)] = found
    return results


def _get(scope: str) -> Ask:
    return lambda guid, _: ("GET", f"{scope}/instances/entity/{guid}", None)


def _neighbourhood(level: int) -> Ask:
    path = "/instances/entities/from-entity/{}/by-neighborhood?level={}"
    return lambda guid, _: ("POST", path.format(guid, level), {"class": "EntityNeighborhoodFindRequest"})


def _history(guid: str, _: int) -> tuple[str, str, Bean | None]:
    body = {"class": "HistoryRangeRequest", "offset": 0, "pageSize": PAGE, "sequencingOrder": "BACKWARDS"}
    return "POST", f"/instances/entity/{guid}/history/all", body


def _name(entity: Bean) -> str:
    return str(entity["properties"]["instanceProperties"]["qualifiedName"]["primitiveValue"])


def _entity(answer: Bean) -> list[Any]:
    return [_name(answer["entity"]), answer["entity"]["version"]]


def _entities(answer: Bean) -> list[Any]:
    names = sorted(map(_name, answer["entities"]))
    return names if len(names) < PAGE else [len(names)]  # which ones are on a page is free


def _graph(answer: Bean) -> list[Any]:
    return [len(answer["relationshipElementList"]), *sorted(map(_name, answer["entityElementList"]))]


def _versions(answer: Bean) -> list[Any]:
    return [entity["version"] for entity in answer["entities"]]


def turns(task: dict[str, Any]) -> dict[str, Any]:
    """`sides`: name → `url`, `server` and those of the `other` member; what each took per question (s).

    RuntimeError when two sides answer differently.
    """
    world = World(task["count"])
    sides: dict[str, dict[str, str]] = task["sides"]
    callers = {name: Caller(side["url"], side["server"]) for name, side in sides.items()}
    guids = {}
    for name, side in sides.items():
        guids[name] = world.fill([Caller(side["url"], side["server"]) for _ in range(THREADS)])
    for name, side in sides.items():
        _until_copied(world, Caller(side["other_url"], side["other_server"]), guids[name])
    return {
        question.name: {"local": question.local, "times": _asked(question, callers, guids)}
        for question in world.questions()
    }


def _asked(question: Question, callers: dict[str, Caller], guids: dict[str, list[str]]) -> dict[str, list[float]]:
    random = Random(question.name)
    times: dict[str, list[float]] = {name: [] for name in callers}
    began = time.perf_counter()
    for turn in range(REPEATS):
        number = random.randrange(question.of)
        expected: list[Any] | None = None
        for name, caller in callers.items():
            method, path, bean = question.ask(guids[name][number], number)
            body = None if bean is None else orjson.dumps(bean)
            started = time.perf_counter()
            answer = caller.call(method, path, body)
            times[name].append(time.perf_counter() - started)
            found = question.read(answer)
            if expected is not None and found != expected:
                raise RuntimeError(f"{question.name}, entity {number}: {name} answers {found}, not {expected}")
            expected = found
        if turn > 2 and time.perf_counter() - began > BUDGET_S:
            break
    return {name: found[len(found) // 10 :] for name, found in times.items()}  # the first find caches cold


def _until_copied(world: World, other: Caller, guids: list[str]) -> None:
    """Until the other member has the last entity and the last update."""
    deadline = time.monotonic() + COPIED_S
    for guid, version in ((guids[-1], 1), (guids[world.updated - 1], UPDATES + 1)):
        while (other.call("GET", f"/instances/entity/{guid}/existence").get("entity") or {}).get(
            "version", 0
        ) < version:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{guid} did not arrive at the other member within {COPIED_S:.0f} s")
            time.sleep(0.2)


if __name__ == "__main__":
    given = orjson.loads(Path(sys.argv[1]).read_bytes())
    print(orjson.dumps(turns(given)).decode())
