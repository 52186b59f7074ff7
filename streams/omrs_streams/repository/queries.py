"""Reads on the partitions that this worker owns: candidates from indexes or the search view, decided on the beans."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from omrs_schemas.errors import CodecError, InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.commands import not_known, proxy_only, soft_deleted
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching import compile_find
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.search import ByClassification, ByPrefix, ByProperty, ByTypes, Choice, Lookup, plan_find
from omrs_streams.repository.sequencing import by_guid, head
from omrs_streams.search.finding import answer, parts_of
from omrs_streams.search.table import Unusable
from omrs_streams.store.partition import PartitionStore, Stored

DELETED = "DELETED"


def read(
    store: PartitionStore, guid: str, *, relationship: bool, proxies: bool = False, deleted: bool = False
) -> tuple[Bean, int]:
    """The current instance and its revision.

    Raises EntityNotKnownError / RelationshipNotKnownError, EntityProxyOnlyError unless `proxies`.
    """
    stored = store.get(guid)
    if stored is None or stored.meta.relationship != relationship:
        raise not_known(guid, relationship=relationship)
    if stored.meta.deleted and not deleted:
        raise soft_deleted(guid, relationship=relationship)
    if stored.meta.proxy and not proxies:
        raise proxy_only(guid)
    return store.to_bean(stored), stored.meta.revision


def known(store: PartitionStore, guid: str, *, relationship: bool) -> Bean | None:
    """isEntityKnown / isRelationshipKnown: soft-deleted instances are there, proxies are not."""
    stored = store.get(guid)
    if stored is None or stored.meta.relationship != relationship or stored.meta.proxy:
        return None
    return store.to_bean(stored)


def as_of(store: PartitionStore, guid: str, time: int, *, relationship: bool, proxies: bool = False) -> Bean:
    """The instance as it was at `time` (OMRS instances § Versioning: before createTime unknown, DELETED unknown)."""
    stored = store.as_of(guid, time)
    if stored is None or stored.meta.relationship != relationship:
        raise not_known(guid, relationship=relationship)
    if stored.meta.deleted:
        raise soft_deleted(guid, relationship=relationship)
    if stored.meta.proxy and not proxies:
        raise proxy_only(guid)
    return store.to_bean(stored)


def history(
    store: PartitionStore, guid: str, *, relationship: bool, start: int | None, end: int | None, forwards: bool
) -> list[Bean]:
    """Every version that was valid somewhere between `start` and `end` (epoch ms, either open).

    One bean per OMRS version; of the revisions that a classification change made within a version, the last.
    Raises EntityNotKnownError / RelationshipNotKnownError when the instance did not exist in that time, and what
    `check_range` raises.
    """
    check_range(start, end)
    revisions = [stored for stored in store.revisions(guid) if stored.meta.relationship == relationship]
    latest: dict[int, Stored] = {}
    since: dict[int, int] = {}
    for stored in revisions:
        if stored.meta.proxy:
            continue
        latest[stored.meta.version] = stored
        since.setdefault(stored.meta.version, stored.meta.valid_from)
    versions = list(latest)
    found = []
    for index, version in enumerate(versions):
        until = since[versions[index + 1]] if index + 1 < len(versions) else None
        if (end is None or since[version] <= end) and (start is None or until is None or until > start):
            found.append(store.to_bean(latest[version]))
    if not found:
        raise not_known(guid, relationship=relationship)
    return found if forwards else found[::-1]


def check_range(start: int | None, end: int | None) -> None:
    """InvalidParameterError INVALID_TIME_RANGE where `start` lies after `end` (OMRS queries § 3)."""
    if start is not None and end is not None and start > end:
        raise InvalidParameterError(
            f"fromTime {start} lies after toTime {end}", code="OMRS-REPOSITORY-400-083", parameter="fromTime"
        )


Seen = Callable[[Bean], Bean | None]
"""An instance as the one who asks may see it; None = not at all."""


def whole(bean: Bean) -> Bean | None:
    """What the server itself sees: everything."""
    return bean


FEW: Final = 256
"""Candidates that are decided one by one, 0.1 ms each, rather than asking the search view, which takes some ms."""


def find(stores: Sequence[PartitionStore], types: TypeSystem, request: FindRequest, seen: Seen = whole) -> list[Bean]:
    """This worker's share of a find: in order, cut to what the page can need. Raises the errors of `compile_find`.

    Conditions are tested on what is seen: nobody finds by what he may not read, and pages are full.
    """
    end = request.offset + request.page_size if request.page_size else None
    return _find(stores, types, request, seen, 0, end)


def find_page(
    stores: Sequence[PartitionStore], types: TypeSystem, request: FindRequest, seen: Seen = whole
) -> list[Bean]:
    """The page itself, of a find in these stores alone: what lies before it is not read where that is not needed."""
    return _find(stores, types, request, seen, request.offset, request.page_size or None)


def _find(
    stores: Sequence[PartitionStore], types: TypeSystem, request: FindRequest, seen: Seen, skip: int, take: int | None
) -> list[Bean]:
    matches = compile_find(types, request)
    plan = plan_find(types, request)
    wanted = plan.types
    deleted_too = request.statuses is not None and DELETED in request.statuses
    relationship = request.kind == "relationship"
    time = request.as_of_time

    def decide(store: PartitionStore, guid: str) -> Bean | None:
        """The instance as it is seen, if it matches."""
        stored = store.get(guid) if time is None else store.as_of(guid, time)
        if stored is None:
            return None
        meta = stored.meta
        if meta.relationship != relationship or meta.proxy or (meta.deleted and not deleted_too):
            return None
        if wanted is not None and meta.type_guid not in wanted:
            return None
        try:
            bean = seen(store.to_bean(stored))
        except CodecError:
            return None  # reported and sent to the dead letters when it was folded
        return bean if bean is not None and matches(bean) else None

    few = None if time is not None else _few(stores, plan.cheapest)
    view = parts_of(stores) if few is None else None
    if view is not None:
        try:
            return answer(*view, types, request, decide, skip=skip, take=take, redacted=seen is not whole)
        except Unusable:
            pass  # the stores answer everything
    candidates = few if few is not None else _candidates(stores, plan.cheapest, time)
    found = (bean for store, guid in candidates if (bean := decide(store, guid)) is not None)
    end = None if take is None else skip + take
    if by_guid(request):
        return list(islice(found, skip, end))
    return [dict(bean) for bean in head(found, replace(request, offset=0, page_size=end or 0))][skip:]


Candidate = tuple[PartitionStore, str]


def _few(stores: Sequence[PartitionStore], choice: Choice) -> list[Candidate] | None:
    """The candidates that the indexes of values give, in the order of guids; None when they are many."""
    if not all(isinstance(lookup, ByProperty | ByPrefix) for lookup in choice):
        return None
    found: list[Candidate] = []
    for store in stores:
        for lookup in choice:
            found.extend((store, guid) for guid in islice(_entries(store, lookup), FEW + 1 - len(found)))
            if len(found) > FEW:
                return None
    return sorted({guid: (store, guid) for store, guid in found}.values(), key=_guid)


def _candidates(stores: Sequence[PartitionStore], choice: Choice, time: int | None) -> Iterator[Candidate]:
    """All candidates of a choice, each once, in the order of guids. Indexes hold the present only; a past state is
    looked for in every history."""

    def of(store: PartitionStore) -> Iterator[Candidate]:
        guids = store.guids() if time is not None else _guids(store, choice)
        return ((store, guid) for guid in guids)

    return heapq.merge(*(of(store) for store in stores), key=_guid)


def _guid(candidate: Candidate) -> str:
    return candidate[1]


def _guids(store: PartitionStore, choice: Choice) -> Iterable[str]:
    """The candidates of a choice in one partition, each once, in the order of guids."""
    if len(choice) == 1:
        return _lookup(store, choice[0])
    return sorted({guid for lookup in choice for guid in _lookup(store, lookup)})


def _entries(store: PartitionStore, lookup: Lookup) -> Iterable[str]:
    """The guids of an index, as they come."""
    match lookup:
        case ByProperty(name=name, value=value):
            return store.guids_by_property(name, value)
        case ByPrefix(name=name, prefix=prefix):
            return store.guids_by_property(name, prefix, prefix=True)
        case ByClassification(name=name):
            return store.guids_with_classification(name)
        case ByTypes(guids=guids):
            return heapq.merge(*(store.guids_of_type(type_guid) for type_guid in guids))
        case _:
            return store.guids()


def _lookup(store: PartitionStore, lookup: Lookup) -> Iterable[str]:
    """Guids in order: an index entry ends with the guid, so those of one value, type or name come sorted."""
    found = _entries(store, lookup)
    return sorted(set(found)) if isinstance(lookup, ByPrefix) else found
