"""Random changes of JSON: what a stranger, a defect or another release could make of an event."""

import copy
from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
STRANGE = (
    st.sampled_from([None, 0, 1, -1, 1.0, 1.5, "", "0", "x", True, False, [], {}, [None], {"a": None}, 2**63, 2**64])
    | st.sampled_from(["ACTIVE", "2026-11-21T08:24:37.954+00:00", "UNKNOWN", "OM_PRIMITIVE_TYPE_BIGDECIMAL"])
    | st.integers(-(2**63), 2**63 - 1)
    | TEXTS
)


def changed(data: st.DataObject, event: Any) -> Any:
    """A copy of `event` with one to three of its parts replaced, removed or added."""
    event = copy.deepcopy(event)
    for _ in range(data.draw(st.integers(1, 3), label="changes")):
        paths = [found for found in places(event) if found]
        if not paths:
            break
        path = data.draw(st.sampled_from(paths), label="path")
        parent = event
        for step in path[:-1]:
            parent = parent[step]
        match data.draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                parent[path[-1]] = copy.deepcopy(data.draw(STRANGE))
            case "remove":
                del parent[path[-1]]
            case _:
                if isinstance(parent, dict):
                    parent[data.draw(TEXTS)] = copy.deepcopy(data.draw(STRANGE))
    return event


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every part of a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inside for found in places(item, (*path, key)))]
