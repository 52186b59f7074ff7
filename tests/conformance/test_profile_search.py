"""Finds among seeded instances: all that is expected, nothing that is not, no more than a page (OMRS conformance § 7).

Two page sizes of instances of a type are made, by turns of two sets: the values of a set have a word of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from repository_calls import ENTITY, RELATIONSHIP, Bean, Lab, Repository, now_ms
from samples import TYPES, ends, entity_types, properties, relationship_types, text

from omrs_schemas.errors import InvalidParameterError

pytestmark = pytest.mark.kafka

PAGE = 4
STRING = "OM_PRIMITIVE_TYPE_STRING"


@dataclass(frozen=True, slots=True)
class Seeds:
    """Guids of the sets of one type; `words`: how the values of each set begin. `names`: its text attributes."""

    kind: str
    type_name: str
    names: tuple[str, ...]
    words: tuple[str, str]
    sets: tuple[frozenset[str], frozenset[str]]
    seeded: int

    @property
    def all(self) -> frozenset[str]:
        return self.sets[0] | self.sets[1]

    def value(self, number: int, name: str) -> str:
        """Of the text attribute `name` in a set; with characters that mean something in a pattern."""
        return f"{self.words[number]}.{name}(+)"


def texts_of(type_name: str) -> tuple[str, ...]:
    """Up to three text attributes, without those that tell instances apart."""
    found = (name for name, each in TYPES.attributes(type_name).items() if each.primitive == STRING and not each.unique)
    return tuple(sorted(found)[:3])


SEEDED = [
    pytest.param((kind, name), id=name)
    for kind, names in ((ENTITY, entity_types()), (RELATIONSHIP, relationship_types()))
    for name in names
    if texts_of(name)
]


@pytest.fixture(scope="module", params=SEEDED)
def seeds(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Seeds]:
    tested = lab.repositories[0]
    kind, type_name = request.param
    words = uuid4().hex[:8], uuid4().hex[8:16]
    plan = Seeds(kind, type_name, texts_of(type_name), words, (frozenset(), frozenset()), 0)

    def make(number: int) -> Bean:
        values = properties({name: text(plan.value(number, name)) for name in plan.names})
        if kind == ENTITY:
            return tested.add_entity(type_name, values)
        one, other = (tested.add_entity(end, None)["guid"] for end in ends(type_name))
        return tested.add_relationship(type_name, one, other, values)

    made = [(number % 2, make(number % 2)) for number in range(2 * PAGE)]
    first, second = (frozenset(bean["guid"] for number, bean in made if number == wanted) for wanted in (0, 1))
    yield Seeds(kind, type_name, plan.names, words, (first, second), now_ms())
    tested.remove(kind, *(bean for _, bean in made))


class Finds:
    """Asks as the suite does: a page size in every query."""

    def __init__(self, tested: Repository, seeds: Seeds) -> None:
        self.tested = tested
        self.seeds = seeds

    def by_property(self, values: Bean, criteria: str, **more: Any) -> list[Bean]:
        match = {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": values}
        return self._find("by-property", {"matchProperties": match, "matchCriteria": criteria}, **more)

    def by_value(self, pattern: str, **more: Any) -> list[Bean]:
        return self._find("by-property-value", {}, searchCriteria=pattern, **more)

    def by_conditions(self, criteria: str, *conditions: Bean, **more: Any) -> list[Bean]:
        search = {"matchCriteria": criteria, "conditions": list(conditions)}
        return self._find("", {"matchProperties": search}, **more)

    def _find(self, how: str, body: Bean, *, typed: bool = True, at: int = 0, **query: str) -> list[Bean]:
        guid = {"typeGUID": self.tested.guid_of(self.seeds.type_name)} if typed else {}
        time = {"asOfTime": at} if at else {}
        path = "/".join(part for part in (how, "history" if at else "") if part)
        request = {**body, **guid, **time, "pageSize": PAGE}
        found = self.tested.find(self.seeds.kind, path, request, **query)
        assert len(found) <= PAGE and len({bean["guid"] for bean in found}) == len(found)
        return found


@pytest.fixture
def finds(tested: Repository, seeds: Seeds) -> Finds:
    return Finds(tested, seeds)


def guids(found: list[Bean]) -> set[str]:
    return {bean["guid"] for bean in found}


def condition(name: str, operator: str, value: Bean | None = None) -> Bean:
    return {"property": name, "operator": operator} | ({} if value is None else {"value": value})


def quoted(part: str, before: str = "", after: str = "") -> str:
    """A literal with anything before or after it."""
    return f"{before}\\Q{part}\\E{after}"


def ways(value: str) -> list[str]:
    """The value exactly, its beginning, its end, and its middle."""
    half = len(value) // 2
    return [
        quoted(value),
        quoted(value[:half], after=".*"),
        quoted(value[half:], before=".*"),
        quoted(value[2:-2], before=".*", after=".*"),
    ]


@pytest.mark.conformance("ENTITY_PROPERTY_SEARCH", "RELATIONSHIP_PROPERTY_SEARCH", "METADATA_INSTANCE_ACCESS")
def test_by_property(seeds: Seeds, finds: Finds) -> None:
    for number in (0, 1):
        for name in seeds.names:
            exact, beginning, *_ = ways(seeds.value(number, name))
            for pattern in (exact, beginning):
                for typed in (True, False):
                    assert guids(finds.by_property({name: text(pattern)}, "ALL", typed=typed)) == seeds.sets[number]
            found = guids(finds.by_property({name: text(exact)}, "NONE"))
            assert len(found) == PAGE and not found & seeds.sets[number]


@pytest.mark.conformance("ENTITY_PROPERTY_SEARCH", "RELATIONSHIP_PROPERTY_SEARCH")
def test_by_pairs_of_properties(seeds: Seeds, finds: Finds) -> None:
    if len(seeds.names) < 2:
        pytest.skip(f"{seeds.type_name} has one text attribute")
    one, other = seeds.names[:2]
    same = {name: text(quoted(seeds.value(0, name))) for name in (one, other)}
    assert guids(finds.by_property(same, "ALL")) == seeds.sets[0]
    mixed = {one: same[one], other: text(quoted(seeds.value(1, other)))}
    assert finds.by_property(mixed, "ALL") == []
    found = guids(finds.by_property(mixed, "ANY"))
    assert len(found) == PAGE and found <= seeds.all
    assert not guids(finds.by_property(mixed, "NONE")) & seeds.all


@pytest.mark.conformance("ENTITY_VALUE_SEARCH", "RELATIONSHIP_VALUE_SEARCH")
def test_by_value(seeds: Seeds, finds: Finds) -> None:
    for number in (0, 1):
        for name in seeds.names:
            exact, beginning, *_ = ways(seeds.value(number, name))
            assert guids(finds.by_value(exact)) == guids(finds.by_value(exact, typed=False)) == seeds.sets[number]
            assert guids(finds.by_value(beginning)) == seeds.sets[number]
    ending, middle = ways(seeds.value(0, seeds.names[0]))[2:]
    assert len(finds.by_value(ending)) == PAGE
    assert guids(finds.by_value(middle)) == seeds.sets[0]
    assert finds.by_value(quoted(uuid4().hex)) == []


@pytest.mark.conformance("ENTITY_CONDITION_SEARCH", "RELATIONSHIP_CONDITION_SEARCH")
def test_by_conditions(seeds: Seeds, finds: Finds) -> None:
    name = seeds.names[0]
    mine, others = (text(seeds.value(number, name)) for number in (0, 1))
    is_mine, is_others = condition(name, "EQ", mine), condition(name, "EQ", others)
    assert guids(finds.by_conditions("ALL", is_mine)) == seeds.sets[0]
    assert finds.by_conditions("ALL", is_mine, is_others) == []
    assert guids(finds.by_conditions("ANY", is_mine, is_others)) <= seeds.all
    assert not guids(finds.by_conditions("NONE", is_mine, is_others)) & seeds.all
    assert not guids(finds.by_conditions("ALL", condition(name, "NEQ", mine))) & seeds.sets[0]
    like = condition(name, "LIKE", text(quoted(seeds.words[1], after=".*")))
    assert guids(finds.by_conditions("ALL", like, condition(name, "NOT_NULL"))) == seeds.sets[1]
    nested = {"nestedConditions": {"matchCriteria": "NONE", "conditions": [is_others]}}
    either = {"nestedConditions": {"matchCriteria": "ANY", "conditions": [is_mine, is_others]}}
    assert guids(finds.by_conditions("ALL", nested, either)) == seeds.sets[0]
    with pytest.raises(InvalidParameterError):
        finds.by_conditions("ALL", {**is_mine, **nested})


@pytest.mark.conformance(
    "ENTITY_ADVANCED_PROPERTY_SEARCH",
    "ENTITY_ADVANCED_VALUE_SEARCH",
    "RELATIONSHIP_ADVANCED_PROPERTY_SEARCH",
    "RELATIONSHIP_ADVANCED_VALUE_SEARCH",
)
def test_by_general_patterns(seeds: Seeds, finds: Finds) -> None:
    word = seeds.words[0]
    for pattern in (
        f"[{word[0]}]{word[1:]}\\..*",
        f"{word[:4]}(?:{word[4:]}|nothing).+\\(\\+\\)",
        f"(?i){word.upper()}.*",
        f"{word}\\W\\w+.{{3}}",
    ):
        assert guids(finds.by_property({seeds.names[0]: text(pattern)}, "ALL")) == seeds.sets[0], pattern
        assert guids(finds.by_value(pattern)) == seeds.sets[0], pattern
    with pytest.raises(InvalidParameterError):
        finds.by_value("[a-")


@pytest.mark.conformance("HISTORICAL_PROPERTY_SEARCH", "HISTORICAL_VALUE_SEARCH")
def test_as_it_was(seeds: Seeds, finds: Finds) -> None:
    """What is found of a time before the instances, and of one after them."""
    name = seeds.names[0]
    exact = quoted(seeds.value(0, name))
    for at, expected in ((seeds.seeded, seeds.sets[0]), (1_000_000_000_000, frozenset[str]())):
        assert guids(finds.by_property({name: text(exact)}, "ALL", at=at)) == expected
        assert guids(finds.by_value(exact, at=at)) == expected
        assert guids(finds.by_conditions("ALL", condition(name, "LIKE", text(exact)), at=at)) == expected
