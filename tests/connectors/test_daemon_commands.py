"""Commands to connectors: their record, and what they make of a connector's state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.runtime.commands import Command, Kind, folded
from omrs_schemas.errors import PoisonRecordError


def command(kind: Kind, body: dict[str, object] | None = None) -> Command:
    return Command(kind, "c1", "erin", 1_700_000_000_000, body or {})


def test_a_command_is_what_was_sent() -> None:
    sent = command("configuration", {"properties": {"include": "*.csv"}, "merge": True})
    assert Command.from_record(b"c1", sent.to_json()) == sent


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"c1", None),
        (b"c1", b"not json"),
        (b"c1", b"[]"),
        (b"c1", b'{"id": "1", "kind": "explode", "user": "erin", "time": 1}'),
        (b"c1", b'{"id": "1", "kind": "refresh", "user": "erin"}'),
        (b"c1", b'{"id": "1", "kind": "refresh", "user": "erin", "time": 1, "body": [1]}'),
        (None, b'{"id": "1", "kind": "refresh", "user": "erin", "time": 1}'),
    ],
)
def test_what_is_no_command_says_so(key: bytes | None, value: bytes | None) -> None:
    with pytest.raises(PoisonRecordError, match="no command"):
        Command.from_record(key, value)


def test_the_last_refresh_and_restart_that_were_asked_for_are_kept() -> None:
    first, second, restart = command("refresh"), command("refresh"), command("restart")
    state = folded(folded(folded({}, first), restart), second)
    assert state["asked"] == {"refresh": second.id, "restart": restart.id}


def test_configuration_properties_replace_or_merge() -> None:
    state = folded({}, command("configuration", {"properties": {"a": 1}, "merge": True}))
    state = folded(state, command("configuration", {"properties": {"b": 2}, "merge": True}))
    assert state["overrides"] == {"merged": {"a": 1, "b": 2}}
    state = folded(state, command("configuration", {"properties": {"c": 3}, "merge": False}))
    assert state["overrides"] == {"properties": {"c": 3}, "merged": {}}
    state = folded(state, command("endpoint", {"networkAddress": "there"}))
    assert state["overrides"]["networkAddress"] == "there"
    state = folded(state, command("connection", {"connection": {"class": "Connection"}}))
    assert state["overrides"] == {"connection": {"class": "Connection"}}


KINDS: st.SearchStrategy[Kind] = st.sampled_from(["refresh", "restart", "configuration", "endpoint"])


@given(st.lists(KINDS, max_size=12), st.data())
def test_a_command_that_arrives_again_changes_nothing(kinds: list[Kind], data: st.DataObject) -> None:
    """Delivery is at least once: whatever of the last commands comes again, in whatever order, is known."""
    commands = [
        command(kind, {"properties": {str(number): number}, "merge": True, "networkAddress": str(number)})
        for number, kind in enumerate(kinds)
    ]
    state: dict[str, object] = {"claim": "c"}
    for number, each in enumerate(commands):
        state = folded(state, each)
        for again in data.draw(st.lists(st.sampled_from(commands[: number + 1]))):
            assert folded(state, again) is state
