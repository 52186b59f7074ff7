"""The order of results and their pages: one routine for entities and relationships (OMRS queries § 3, Sort details).

A page is: filter → sort → skip `offset` → take `page_size` (0 = all). The order is total, so that pages never overlap
and workers agree: what the SequencingOrder leaves equal is ordered by guid, and ANY is the order of guids.

- A missing time or property is the smallest: first when ascending, last when descending.
- PROPERTY_* compares by primitiveDefCategory: numbers and dates as numbers, everything else as text. Values of
  different families stand apart (numbers before texts); the typeName of the value plays no part, because a comparison
  that some pairs opt out of is no order.
- A PROPERTY_* order without a sequencingProperty is the order of guids.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_streams.repository.matching_request import DEFAULT_ORDER, Bean, FindRequest, check_paging
from omrs_streams.repository.matching_values import elements, number_of, string_form

ORDERS = (
    "ANY",
    "GUID",
    "CREATION_DATE_RECENT",
    "CREATION_DATE_OLDEST",
    "LAST_UPDATE_RECENT",
    "LAST_UPDATE_OLDEST",
    "PROPERTY_ASCENDING",
    "PROPERTY_DESCENDING",
)
_TIMES = {"CREATION_DATE": "createTime", "LAST_UPDATE": "updateTime"}

SortKey = Callable[[Bean], Any]


class _Reversed:
    """A text that sorts the other way round."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __lt__(self, other: "_Reversed") -> bool:
        return other.text < self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def sort_key(order: str | None = None, sequencing_property: str | None = None) -> SortKey:
    """The key of a bean under a SequencingOrder, guid included; null means ANY.

    Raises InvalidParameterError for an order that does not exist.
    """
    order = order or DEFAULT_ORDER
    if order not in ORDERS:
        raise InvalidParameterError(
            f"sequencingOrder {order!r} does not exist",
            code=Code.INVALID_SEARCH_CRITERIA,
            help=f"Use one of {', '.join(ORDERS)}.",
            parameter="sequencingOrder",
        )
    if order in ("ANY", "GUID") or (order.startswith("PROPERTY_") and not sequencing_property):
        return _guid
    if order.startswith("PROPERTY_"):
        return _by_property(str(sequencing_property), order == "PROPERTY_DESCENDING")
    field, _, direction = order.rpartition("_")
    return _by_time(_TIMES[field], direction == "RECENT")


def by_guid(request: FindRequest) -> bool:
    """Whether the request's order is that of the guids."""
    order = request.sequencing_order
    return order in ("ANY", "GUID") or (order.startswith("PROPERTY_") and not request.sequencing_property)


def page(beans: Iterable[Bean], request: FindRequest) -> list[Bean]:
    """The page of `beans` that the request asks for; empty when there is none."""
    return take(
        beans, sort_key(request.sequencing_order, request.sequencing_property), request.offset, request.page_size
    )


def head(beans: Iterable[Bean], request: FindRequest) -> list[Bean]:
    """What one worker answers of a scattered find: its first `offset + page_size` instances, in order."""
    size = request.offset + request.page_size if request.page_size else 0
    return take(beans, sort_key(request.sequencing_order, request.sequencing_property), 0, size)


def merge(parts: Iterable[Iterable[Bean]], request: FindRequest) -> list[Bean]:
    """The page out of the workers' answers, each in order as `head` gives it.

    A guid that two workers answer (a partition is changing hands) appears once, in its highest version.
    """
    key = sort_key(request.sequencing_order, request.sequencing_property)
    stop = request.offset + request.page_size if request.page_size else None
    chosen = newest(list(part) for part in parts)
    ordered = sorted(chosen, key=key)
    return ordered[request.offset : stop]


def newest(parts: Iterable[Iterable[Bean]]) -> Iterator[Bean]:
    """Each guid once: the highest version, and among equals the first."""
    best: dict[str, Bean] = {}
    for part in parts:
        for bean in part:
            known = best.get(bean["guid"])
            if known is None or bean.get("version", 0) > known.get("version", 0):
                best[bean["guid"]] = bean
    yield from best.values()


def take(beans: Iterable[Bean], key: SortKey, offset: int, page_size: int) -> list[Bean]:
    """Sort, skip, take. Raises PagingError for a negative offset or page size."""
    check_paging(offset, page_size)
    if page_size == 0:
        return sorted(beans, key=key)[offset:]
    return heapq.nsmallest(offset + page_size, beans, key=key)[offset:]


def _guid(bean: Bean) -> str:
    return str(bean["guid"])


def time_key(time: int | None, guid: str, *, recent: bool) -> tuple[bool, int, str]:
    """Times are epoch milliseconds ≥ 0 or negative; a missing one is before all others (`recent`: behind them)."""
    if recent:
        return (time is None, -(time or 0), guid)
    return (time is not None, time or 0, guid)


def _by_time(field: str, recent: bool) -> SortKey:
    return lambda bean: time_key(bean.get(field), bean["guid"], recent=recent)


def property_key(
    number: float | Decimal | None, text: str | None, guid: str, *, descending: bool
) -> tuple[int, float | Decimal, str | _Reversed, str]:
    """Of a value that is a number, or else a text; both None: there is no value."""
    family = 1 if number is not None else 0 if text is None else 2
    if descending:
        return (-family, _negated(number or 0), _Reversed(text or ""), guid)
    return (family, number or 0, text or "", guid)


def _negated(number: float | Decimal) -> float | Decimal:
    """With all its digits: `-` rounds a Decimal to 28 of them."""
    return number.copy_negate() if isinstance(number, Decimal) else -number


def _by_property(name: str, descending: bool) -> SortKey:
    def key(bean: Bean) -> tuple[int, float | Decimal, str | _Reversed, str]:
        value = elements(bean.get("properties")).get(name)
        number = None if value is None else number_of(value)
        text = None if value is None or number is not None else string_form(value)
        return property_key(number, text, bean["guid"], descending=descending)

    return key
