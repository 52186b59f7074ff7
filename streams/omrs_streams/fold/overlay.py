"""Classifications that came in events of their own, laid over those that an instance carries.

A classification has no guid: it is known by its entity and its name (OMRS instances § Fields). Each event states one
classification, or its removal; what counts is the newest statement per name, whatever order the events came in. Only
what the entity's own home put there is that home's to change: others' statements about that name do not count.
"""

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from omrs_streams.fold.kinds import DECLASSIFIED

Bean = dict[str, Any]
Key = tuple[int, str, int, bool]
"""(createTime, home, version, removed). A later createTime is a new classification of that name; two members that
classified in the same millisecond are told apart by their collection ids, the same way everywhere."""


NOBODY: Mapping[str, Any] = MappingProxyType({})


class Statement(NamedTuple):
    """What one event says about a classification; `section` is the event's instance section (or Avro record)."""

    key: Key
    classification: Mapping[str, Any]
    section: Mapping[str, Any]


def merge_classifications(
    base: Iterable[Bean], events: Iterable[Mapping[str, Any]], entity: Mapping[str, Any] = NOBODY
) -> list[Bean]:
    """The classifications an entity carries: those of `base` in their order, then others by name.

    `events` are the instance sections (or Avro records) of CLASSIFIED, RECLASSIFIED and DECLASSIFIED events. A newer
    statement replaces or removes the one in `base`; of two alike that of `base` stays, unless the other removes it.
    What the home of `entity` (the instance that carries `base`) stated before this version of it, `base` says. And
    what that home put there, others neither change nor remove: of such a name only its own statements count.
    """
    base = list(base)
    home = entity.get("metadataCollectionId")
    kept = {each.get("name") for each in base if home and each.get("metadataCollectionId") == home}
    newest = newest_statements(events, entity, kept)
    merged: list[Bean] = []
    for classification in base:
        over = newest.pop(classification.get("name", ""), None)
        if over is None or over.key <= (*_age(classification), False):
            merged.append(classification)
        elif not over.key[3]:
            merged.append(dict(over.classification))
    merged.extend(dict(newest[name].classification) for name in sorted(newest) if not newest[name].key[3])
    return merged


def newest_statements(
    events: Iterable[Mapping[str, Any]], entity: Mapping[str, Any] = NOBODY, kept: Container[object] = ()
) -> dict[str, Statement]:
    """The statement that counts of each classification name; those that `entity` itself has overtaken are left out, and
    of the names in `kept` those of others than its home."""
    newest: dict[str, Statement] = {}
    for event in events:
        found = statement_of(event)
        if found is None or _overtaken(found, entity):
            continue
        name = found.classification["name"]
        if name in kept and found.classification.get("metadataCollectionId") != entity.get("metadataCollectionId"):
            continue
        if name not in newest or found.key >= newest[name].key:
            newest[name] = found
    return newest


def statement_of(event: Mapping[str, Any]) -> Statement | None:
    removed = event.get("eventType") == DECLASSIFIED
    wanted = ("originalClassification", "classification") if removed else ("classification",)
    classification = next((event[field] for field in wanted if event.get(field)), None)
    if classification is None or not classification.get("name"):
        return None
    return Statement((*_age(classification), removed), classification, event)


def _overtaken(statement: Statement, entity: Mapping[str, Any]) -> bool:
    home = statement.classification.get("metadataCollectionId")
    if not home or home != entity.get("metadataCollectionId"):
        return False
    proxy: Mapping[str, Any] = statement.section.get("entityProxy") or NOBODY
    return (proxy.get("version") or 0) < (entity.get("version") or 0)


def _age(classification: Mapping[str, Any]) -> tuple[int, str, int]:
    return (
        classification.get("createTime") or 0,
        classification.get("metadataCollectionId") or "",
        classification.get("version") or 0,
    )
