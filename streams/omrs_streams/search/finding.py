"""A find answered from the view: rows in order, and beside them the guids that the file does not have as they are.

Rows say which instances may match and in which order; every bean that is answered is read from its store and decided
by the matcher. So what changed while the query ran is answered as it is now, and a page is read on until it is full.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.sequencing import by_guid, sort_key
from omrs_streams.search.part import Part
from omrs_streams.search.question import Question, denies, question
from omrs_streams.search.table import Unusable
from omrs_streams.search.view import SearchView
from omrs_streams.store.partition import PartitionStore

MORE: Final = 8
"""How many times more rows are asked for when those asked for before did not fill the page."""
LEAST: Final = 200

Decide = Callable[[PartitionStore, str], Bean | None]
"""The instance, as it is seen, if it is an answer."""


class Entry(NamedTuple):
    """A guid in the order of the answer; `bean` when it was decided already."""

    key: Any
    guid: str
    part: int
    bean: Bean | None


def parts_of(stores: Sequence[PartitionStore]) -> tuple[SearchView, dict[int, Part]] | None:
    """The view that follows all of these stores, if there is one that finds may use."""
    found: dict[int, Part] = {}
    view: SearchView | None = None
    for store in stores:
        part = store.watcher
        if not isinstance(part, Part) or not part.view.usable(part):
            return None
        if view is not None and part.view is not view:
            return None
        view = part.view
        found[part.number] = part
    return None if view is None else (view, found)


def answer(
    view: SearchView,
    parts: Mapping[int, Part],
    types: TypeSystem,
    request: FindRequest,
    decide: Decide,
    *,
    skip: int,
    take: int | None,
    redacted: bool,
) -> list[Bean]:
    """The beans from number `skip` on, `take` of them (None = all). Raises Unusable.

    `redacted`: somebody asks who may see less of an instance than there is. Then the order of the guids alone is sure,
    no row can be skipped unseen, and what asks for an absence is left to the stores: what is hidden is absent.
    """
    if redacted and (not by_guid(request) or denies(request)):
        raise Unusable
    # Before the query: what comes into the file between the two is decided on its bean.
    undecided = {guid: part for part in parts.values() for guid in part.undecided()}
    asked = question(view.dictionary, types, request, parts.keys(), all_parts=view.all_of(parts.keys()))
    key = sort_key(request.sequencing_order, request.sequencing_property)
    beside = []
    for guid, part in undecided.items():
        bean = decide(part.store, guid)
        if bean is not None:
            beside.append(Entry(key(bean), guid, part.number, bean))
    beside.sort(key=_order)
    return _page(view, parts, asked, undecided, beside, decide, skip, take, exact=asked.exact and not redacted)


def _page(
    view: SearchView,
    parts: Mapping[int, Part],
    asked: Question,
    undecided: Mapping[str, Part],
    beside: Sequence[Entry],
    decide: Decide,
    skip: int,
    take: int | None,
    *,
    exact: bool,
) -> list[Bean]:
    decided: dict[str, Bean | None] = {}
    end = None if take is None else skip + take
    limit = None if end is None else end + len(undecided) if exact else max(2 * end, LEAST) + len(undecided)
    while True:
        rows = view.rows(asked.sql(limit), asked.params)
        entries = (Entry(asked.key(row), row[0], row[1], None) for row in rows if row[0] not in undecided)
        found: list[Bean] = []
        passed = 0
        for entry in heapq.merge(entries, beside, key=_order) if beside else entries:
            if exact and passed < skip:
                passed += 1
                continue
            if entry.guid in decided:
                bean = decided[entry.guid]
            else:
                bean = entry.bean or decide(parts[entry.part].store, entry.guid)
                decided[entry.guid] = bean
            if bean is None:
                continue
            if passed < skip:
                passed += 1
                continue
            found.append(bean)
            if take is not None and len(found) == take:
                return found
        if limit is None or len(rows) < limit:
            return found
        limit *= MORE


def _order(entry: Entry) -> Any:
    return entry.key
