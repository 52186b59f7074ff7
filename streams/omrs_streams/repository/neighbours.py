"""One hop in the partitions of a worker: the relationships at some entities, and entities by guid."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from omrs_schemas.errors import CodecError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.changes import ends_of
from omrs_streams.repository.local import Bean
from omrs_streams.repository.queries import DELETED, Seen, whole
from omrs_streams.store.partition import PartitionStore, Stored


@dataclass(frozen=True, slots=True)
class Passable:
    """What a graph query passes: plain data, so that a worker can send it to another.

    Types are guids, subtypes included; None or empty = any. `statuses` None = every status but DELETED, of entities
    and relationships. `classifications`: an entity carries any one of them. `time` None = now, else epoch ms. `user`
    None = the server itself. `proxies`: whether entities that are here as proxies only are passed.
    """

    entity_types: Sequence[str] | None = None
    relationship_types: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    classifications: Sequence[str] | None = None
    time: int | None = None
    user: str | None = None
    proxies: bool = False


def relationships_at(
    stores: Iterable[PartitionStore],
    types: TypeSystem,
    guids: Sequence[str],
    passable: Passable,
    seen: Seen = whole,
    most: int | None = None,
) -> list[Bean]:
    """The relationships at any of `guids` in these partitions; at most one more than `most`.

    A past state is looked for below the present ends: a relationship keeps its ends for life, and an entity that was
    given another guid is not known by its former one.
    """
    wanted = _subtypes(types, passable.relationship_types)
    asked = frozenset(guids)
    found: list[Bean] = []
    for store in stores:
        for relationship_guid in _attached(store, guids, wanted if passable.time is None else None):
            stored = _state(store, relationship_guid, passable.time)
            if stored is None or not stored.meta.relationship or not _passes(stored, wanted, passable.statuses):
                continue
            bean = _seen(store, stored, seen)
            if bean is not None and not asked.isdisjoint(ends_of(bean)):
                found.append(bean)
                if most is not None and len(found) > most:
                    return found
    return found


def _attached(store: PartitionStore, guids: Sequence[str], wanted: frozenset[str] | None) -> Iterator[str]:
    """The relationships of these types that the index has at any of `guids`, each once."""
    met: set[str] = set()
    for guid in guids:
        for relationship_guid, type_guid in store.relationships_of(guid):
            if relationship_guid not in met and (wanted is None or type_guid in wanted):
                met.add(relationship_guid)
                yield relationship_guid


def entities_at(
    located: Iterable[tuple[PartitionStore, str]], types: TypeSystem, passable: Passable, seen: Seen = whole
) -> list[Bean]:
    """Those of the entities (each with the partition of its guid) that may be passed."""
    wanted = _subtypes(types, passable.entity_types)
    named = frozenset(passable.classifications or ())

    def found() -> Iterator[Bean]:
        for store, guid in located:
            stored = _state(store, guid, passable.time)
            if stored is None or stored.meta.relationship or (stored.meta.proxy and not passable.proxies):
                continue
            if not _passes(stored, wanted, passable.statuses):
                continue
            bean = _seen(store, stored, seen)
            if bean is not None and (not named or carries(bean, named)):
                yield bean

    return list(found())


def carries(entity: Bean, names: Collection[str]) -> bool:
    """Whether an entity has any one of these classifications."""
    return any(each.get("name") in names for each in entity.get("classifications") or ())


def _subtypes(types: TypeSystem, guids: Sequence[str] | None) -> frozenset[str] | None:
    if not guids:
        return None
    return frozenset().union(*(types.subtype_guids(guid) for guid in guids))


def _state(store: PartitionStore, guid: str, time: int | None) -> Stored | None:
    return store.get(guid) if time is None else store.as_of(guid, time)


def _passes(stored: Stored, wanted: frozenset[str] | None, statuses: Sequence[str] | None) -> bool:
    if wanted is not None and stored.meta.type_guid not in wanted:
        return False
    status = stored.meta.status
    return status in statuses if statuses else status != DELETED


def _seen(store: PartitionStore, stored: Stored, seen: Seen) -> Bean | None:
    try:
        return seen(store.to_bean(stored))
    except CodecError:
        return None  # reported and sent to the dead letters when it was folded
