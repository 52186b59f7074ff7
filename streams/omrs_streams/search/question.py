"""A find as one SQL query: which rows, in which order, and the sort keys that come with them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.matching import type_guids
from omrs_streams.repository.matching_request import Bean, FindRequest
from omrs_streams.repository.sequencing import by_guid, property_key, time_key
from omrs_streams.search.columns import OWN, Dictionary
from omrs_streams.search.predicates import EVERY, Clause, Properties, both, combined, numbered
from omrs_streams.search.rows import DELETED
from omrs_streams.search.table import CURRENT, PAST

Key = Callable[[tuple[Any, ...]], Any]
"""The sort key of a row, equal to `sequencing.sort_key` of its bean."""

_TIMES: Final = {"CREATION_DATE": "create_time", "LAST_UPDATE": "update_time"}


@dataclass(frozen=True, slots=True)
class Question:
    """Selects guid, partition and what `key` needs, in order. `exact`: only the matches."""

    branches: tuple[str, ...]
    params: tuple[Any, ...]
    order: str
    key: Key
    exact: bool

    def sql(self, limit: int | None) -> str:
        """The query for the first `limit` rows (None: all)."""
        tail = f"ORDER BY {self.order}" + ("" if limit is None else f" LIMIT {limit}")
        if len(self.branches) == 1:
            return f"{self.branches[0]} {tail}"
        # Each branch for itself: with the order inside, DuckDB leaves out what cannot be among the first.
        return f"SELECT * FROM ({' UNION ALL '.join(f'({branch} {tail})' for branch in self.branches)}) {tail}"


def question(
    dictionary: Dictionary, types: TypeSystem, request: FindRequest, parts: Collection[int], *, all_parts: bool
) -> Question:
    """The query for a request that `compile_find` accepts, over these partitions."""
    where = both(
        [
            Clause("rel" if request.kind == "relationship" else "NOT rel"),
            EVERY if all_parts else Clause(f"part IN ({', '.join(map(str, sorted(parts)))})"),
            _types(dictionary, types, request),
            _status(dictionary, request),
            _limited(dictionary, request),
            _content(dictionary, request),
            _classified(dictionary, request.match_classifications),
        ]
    )
    columns, order, key = _order(dictionary, request)
    selected = f"SELECT {', '.join(('guid', 'part', *columns))} FROM"
    time = request.as_of_time
    if time is None:
        return Question((f"{selected} {CURRENT} WHERE {where.sql}",), where.params, order, key, where.exact)
    then = f"{where.sql} AND valid_from <= ?"
    branches = f"{selected} {CURRENT} WHERE {then}", f"{selected} {PAST} WHERE {then} AND valid_to > ?"
    return Question(branches, (*where.params, time, *where.params, time, time), order, key, where.exact)


def denies(request: FindRequest) -> bool:
    """Whether something is asked for by what it has not: less of an instance may then match more."""
    if request.match_criteria == "NONE" and request.form in ("properties", "classification"):
        return True
    searches = [request.match_classifications] if request.match_classifications else []
    if request.form == "search" and request.match_properties:
        searches.append(request.match_properties)
    return any(map(_denies, searches))


def _denies(search: Bean) -> bool:
    if search.get("matchCriteria") == "NONE":
        return True
    for condition in search.get("conditions") or ():
        if condition.get("operator") in ("NEQ", "IS_NULL"):
            return True
        if any(_denies(condition[field]) for field in ("nestedConditions", "matchProperties") if condition.get(field)):
            return True
    return False


def _types(dictionary: Dictionary, types: TypeSystem, request: FindRequest) -> Clause:
    wanted = type_guids(types, request)
    return (
        EVERY if wanted is None else numbered("type", dictionary.words["type"].values, lambda word: word[0] in wanted)
    )


def _status(dictionary: Dictionary, request: FindRequest) -> Clause:
    statuses = request.statuses
    values = dictionary.words["status"].values
    if not statuses:
        return numbered("status", values, lambda word: word != DELETED)
    return numbered("status", values, lambda word: word in statuses)


def _limited(dictionary: Dictionary, request: FindRequest) -> Clause:
    names = set(request.limit_classifications or ())
    if not names:
        return EVERY
    return numbered("classes", dictionary.words["classes"].values, lambda word: not names.isdisjoint(word))


def _carries(dictionary: Dictionary, name: str) -> Clause:
    return numbered("classes", dictionary.words["classes"].values, lambda word: name in word)


def _content(dictionary: Dictionary, request: FindRequest) -> Clause:
    own = Properties(dictionary)
    if request.form == "search":
        return own.search(request.match_properties)
    if request.form == "properties":
        return own.match(request.match_properties, request.match_criteria)
    if request.form == "value":
        return own.any_text(str(request.search_criteria))
    name = str(request.classification_name)
    held = Properties(dictionary, name).match(request.match_properties, request.match_criteria)
    return both([_carries(dictionary, name), held])


def _classified(dictionary: Dictionary, search: Bean | None) -> Clause:
    conditions = (search or {}).get("conditions") or ()
    if search is None or not conditions:
        return EVERY
    clauses = []
    for each in conditions:
        name = str(each["name"])
        held = Properties(dictionary, name).search(each.get("matchProperties"))
        clauses.append(both([_carries(dictionary, name), held]))
    return combined(clauses, search.get("matchCriteria"))


# ---- order ---------------------------------------------------------------------------------------------------------


def _order(dictionary: Dictionary, request: FindRequest) -> tuple[tuple[str, ...], str, Key]:
    """Columns to select behind guid and partition, ORDER BY, and the key of a row (OMRS queries § 3, Sort details)."""
    if by_guid(request):
        return (), "guid", lambda row: row[0]
    order = request.sequencing_order
    if not order.startswith("PROPERTY_"):
        name, _, direction = order.rpartition("_")
        column, recent = _TIMES[name], direction == "RECENT"
        way = "DESC NULLS LAST" if recent else "ASC NULLS FIRST"
        return (column,), f"{column} {way}, guid", lambda row: time_key(row[2], row[0], recent=recent)
    descending = order == "PROPERTY_DESCENDING"
    way = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
    found = [dictionary.columns.get(OWN, str(request.sequencing_property), family) for family in ("n", "s")]
    number, text = (None if column is None else column.sql for column in found)

    def key(row: tuple[Any, ...]) -> Any:
        value = None if row[2] is None else Decimal(repr(row[2]))
        return property_key(value, row[3], row[0], descending=descending)

    selected = (number or "NULL AS n", text or "NULL AS s")
    if number and text:
        family = f"(CASE WHEN {text} IS NOT NULL THEN 2 WHEN {number} IS NOT NULL THEN 1 END)"
        return selected, f"{family} {way}, {number} {way}, {text} {way}, guid", key
    only = number or text
    return selected, f"{only} {way}, guid" if only else "guid", key
