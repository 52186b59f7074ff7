"""The short way of reading JSON events never says yes to what the model would change."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError, model_validator

from json_changes import changed
from omrs_schemas.codec.canonical import canonical
from omrs_schemas.codec.egeria_json import from_json
from omrs_schemas.model.base import Bean
from omrs_schemas.model.events import OMRSEventV1
from shared_data import require_shared

is_canonical = canonical(OMRSEventV1)


@cache
def one_per_shape() -> list[Any]:
    """Recorded events, one of each set of fields in their section, and Egeria's own beans."""
    folder = require_shared("data", "egeria-events")
    found: dict[Any, Any] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            event = json.loads(line)["value"]
            section = next((value for name, value in event.items() if name.endswith("EventSection")), {})
            found[path.name, str(section.get("eventType")), *sorted(section)] = event
    return [*found.values(), *(json.loads(path.read_bytes()) for path in sorted(folder.glob("beans/*.json")))]


def test_what_egeria_writes_is_canonical() -> None:
    events = [event for event in one_per_shape() if event]
    assert len(events) > 40
    for event in events:
        assert is_canonical(event)
        assert OMRSEventV1.model_validate(event).to_bean() == event


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_changed_event_is_never_taken_for_canonical(data: st.DataObject) -> None:
    events = [event for event in one_per_shape() if event]
    event = changed(data, data.draw(st.sampled_from(events), label="event"))
    if is_canonical(event):
        assert same(OMRSEventV1.model_validate(event).to_bean(), event)


def same(one: Any, other: Any) -> bool:
    """Equal, and of equal types: 1, 1.0 and True are three things."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-11-21T08:24:37.954+00:00"},
        {"unheardOf": 1},
        {"originator": None},
        {"instanceEventSection": {"eventType": "NEVER_HEARD_OF"}},
        {"instanceEventSection": {"eventType": "NEW_ENTITY_EVENT", "entity": {"class": "EntityDetail"}}},
    ],
)
def test_tolerated_forms_are_left_to_the_model(change: dict[str, Any]) -> None:
    event = {"class": "OMRSEventV1", "eventCategory": "INSTANCE", "timestamp": 1, **change}
    assert not is_canonical(event)


def test_numbers_beyond_a_long_are_left_to_the_model() -> None:
    event = from_json(b'{"class": "OMRSEventV1", "eventCategory": "INSTANCE", "timestamp": 9223372036854775808}')
    assert not is_canonical(event)
    with pytest.raises(ValidationError):
        OMRSEventV1.model_validate(event)


class Doubled(Bean):
    """A model that does what its fields do not say."""

    number: int = 0

    @model_validator(mode="after")
    def _double(self) -> "Doubled":
        self.number *= 2
        return self


class Odd(Bean):
    """A model with a field of a kind that no bean has."""

    number: complex | None = None


@pytest.mark.parametrize("model", [Doubled, Odd])
def test_a_model_that_does_more_is_refused(model: type[Bean]) -> None:
    with pytest.raises(TypeError, match="not known here"):
        canonical(model)
