"""Which index entries can hold the answers of a find: candidates first, `matching` decides (OMRS queries § 3).

    plan = plan_find(types, request)
    for lookup in plan.cheapest:            # read these entries, put the guids together
        ...
    found = [bean for bean in candidates if matches(bean)]

Every choice of a plan is a superset of the matches: reading any one of them and testing the beans gives the whole
answer. A choice is a set of lookups whose results are put together. Property lookups speak of the *string* value of an
attribute, exactly as stored, because that is what the store indexes; numbers, enums and collections are tested only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.matching import type_guids
from omrs_streams.repository.matching_conditions import may_be_collection
from omrs_streams.repository.matching_request import Bean, FindRequest, Kind
from omrs_streams.repository.matching_text import leading_literal
from omrs_streams.repository.matching_values import COLLECTIONS, HEADER_NAMES, elements, text_of


@dataclass(frozen=True, slots=True)
class ByProperty:
    """Instances whose attribute `name` is the string `value`."""

    name: str
    value: str
    cost: int = 1


@dataclass(frozen=True, slots=True)
class ByPrefix:
    """Instances whose attribute `name` is a string that begins with `prefix` (never empty)."""

    name: str
    prefix: str

    @property
    def cost(self) -> int:
        """A longer prefix holds fewer entries."""
        return max(3, 40 - len(self.prefix))


@dataclass(frozen=True, slots=True)
class ByClassification:
    """Entities that carry the classification `name`."""

    name: str
    cost: int = 60


@dataclass(frozen=True, slots=True)
class ByTypes:
    """Instances whose type is one of `guids`, subtypes already included."""

    guids: frozenset[str]
    cost: int = 80


@dataclass(frozen=True, slots=True)
class Everything:
    """All entities, or all relationships."""

    kind: Kind
    cost: int = 1000


Lookup = ByProperty | ByPrefix | ByClassification | ByTypes | Everything
Choice = tuple[Lookup, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`choices`, cheapest first, never empty; each alone is enough. An empty choice proves that nothing can match.

    `types` can sort out candidates before they are decoded (None = any type).
    """

    kind: Kind
    choices: tuple[Choice, ...]
    types: frozenset[str] | None

    @property
    def cheapest(self) -> Choice:
        """The choice expected to read the fewest entries."""
        return self.choices[0]


def plan_find(types: TypeSystem, request: FindRequest) -> Plan:
    """The plan of a request that `matching.compile_find` accepts; raises TypeDefError as that does."""
    wanted = type_guids(types, request)
    choices = [*_content_choices(types, request, wanted), *_search_classifications(request.match_classifications)]
    if request.limit_classifications:
        choices.append(tuple(ByClassification(name) for name in dict.fromkeys(request.limit_classifications)))
    if wanted is not None:
        choices.append((ByTypes(wanted),))
    choices.append((Everything(request.kind),))
    return Plan(request.kind, tuple(sorted(choices, key=_cost)), wanted)


def _cost(choice: Choice) -> int:
    return sum(lookup.cost for lookup in choice)


def _content_choices(types: TypeSystem, request: FindRequest, wanted: frozenset[str] | None) -> list[Choice]:
    if request.form == "search":
        return _search_properties(request.match_properties)
    if request.form == "classification" and request.classification_name:
        return [(ByClassification(request.classification_name),)]
    if request.form == "properties":
        pairs = [(name, value) for name, value in elements(request.match_properties).items() if value is not None]
        in_collections = may_be_collection(types, wanted)
        parts = [[] if in_collections(name) else _text_choices(name, text_of(value)) for name, value in pairs]
        return _joined(parts, request.match_criteria)
    return []


def _search_properties(search: Bean | None) -> list[Choice]:
    conditions: Sequence[Bean] = (search or {}).get("conditions") or ()
    criteria = (search or {}).get("matchCriteria")
    return _joined([_condition_choices(each) for each in conditions], criteria)


def _condition_choices(condition: Bean) -> list[Choice]:
    nested = condition.get("nestedConditions")
    if nested is not None:
        return _search_properties(nested)
    name, op, value = condition.get("property"), condition.get("operator"), condition.get("value")
    if not name or name in HEADER_NAMES or value is None:
        return []
    if op == "EQ":
        text = text_of(value)
        return [] if text is None else [(ByProperty(name, text),)]
    if op == "LIKE":
        return _text_choices(name, text_of(value))
    if op == "IN" and value.get("instancePropertyCategory") == "ARRAY":
        wanted = [text_of(each) for each in elements(value.get(COLLECTIONS["ARRAY"])).values()]
        known = [text for text in wanted if text is not None]
        if len(known) == len(wanted):
            return [tuple(ByProperty(name, text) for text in dict.fromkeys(known))]
    return []


def _search_classifications(search: Bean | None) -> list[Choice]:
    conditions: Sequence[Bean] = (search or {}).get("conditions") or ()
    each: list[list[Choice]] = [[(ByClassification(str(one.get("name"))),)] for one in conditions]
    return _joined(each, (search or {}).get("matchCriteria"))


def _text_choices(name: str, pattern: str | None) -> list[Choice]:
    """What a regular expression promises about the string value of an attribute."""
    if pattern is None or name in HEADER_NAMES:
        return []
    literal, whole = leading_literal(pattern)
    if whole:
        return [(ByProperty(name, literal),)]
    return [(ByPrefix(name, literal),)] if literal else []


def _joined(parts: Sequence[list[Choice]], criteria: str | None) -> list[Choice]:
    """ALL: each part's choices hold the answer; ANY: one choice of every part together; NONE: nothing to look up."""
    if criteria == "ALL":
        return [choice for choices in parts for choice in choices]
    if criteria == "ANY" and parts and all(parts):
        cheapest: Iterable[Choice] = (min(choices, key=_cost) for choices in parts)
        return [tuple(dict.fromkeys(lookup for choice in cheapest for lookup in choice))]
    return []
