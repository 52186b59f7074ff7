"""Classifications that came in events of their own, laid over those that an instance carries.

A classification has no guid: it is known by its entity and its name (OMRS instances § Fields). Each event states one
classification, or its removal; what counts is the newest statement per name, whatever order the events came in.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from omrs_streams.fold.kinds import DECLASSIFIED

Bean = dict[str, Any]
Statement = tuple[tuple[int, int, bool], Mapping[str, Any]]
"""(createTime, version, removed), the classification. A later createTime is a new classification of that name."""


def merge_classifications(base: Iterable[Bean], events: Iterable[Mapping[str, Any]]) -> list[Bean]:
    """The classifications an entity carries: those of `base` in their order, then others by name.

    `events` are the instance sections (or Avro records) of CLASSIFIED, RECLASSIFIED and DECLASSIFIED events. A newer
    statement replaces or removes the one in `base`; of two alike that of `base` stays, unless the other removes it.
    """
    newest: dict[str, Statement] = {}
    for event in events:
        found = _statement(event)
        if found is not None and (found[1]["name"] not in newest or found[0] >= newest[found[1]["name"]][0]):
            newest[found[1]["name"]] = found
    merged: list[Bean] = []
    for classification in base:
        over = newest.pop(classification.get("name", ""), None)
        if over is None or over[0] <= (*_age(classification), False):
            merged.append(classification)
        elif not over[0][2]:
            merged.append(dict(over[1]))
    merged.extend(dict(newest[name][1]) for name in sorted(newest) if not newest[name][0][2])
    return merged


def _statement(event: Mapping[str, Any]) -> Statement | None:
    removed = event.get("eventType") == DECLASSIFIED
    wanted = ("originalClassification", "classification") if removed else ("classification",)
    classification = next((event[field] for field in wanted if event.get(field)), None)
    if classification is None or not classification.get("name"):
        return None
    return (*_age(classification), removed), classification


def _age(classification: Mapping[str, Any]) -> tuple[int, int]:
    return classification.get("createTime") or 0, classification.get("version") or 0
