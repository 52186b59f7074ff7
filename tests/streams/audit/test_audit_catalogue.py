"""The catalogue holds what the source records, and nothing else; every message can be made and understood."""

import re

import pytest
from audit_calls import ID, ROOT, Call, calls, sources

from omrs_schemas.errors import InvalidParameterError
from omrs_streams.audit import CATALOGUE
from omrs_streams.audit.catalogue import explained
from omrs_streams.audit.left_out import LEFT_OUT
from omrs_streams.audit.messages_streams import MESSAGES as OWN

EVERYWHERE = {"cohort", "server", "collection_id", "guid", "kind", "type_name", "type_guid", "version"} | {
    "other_type_name", "other_guid", "other_collection_id", "topic", "message", "count"
}  # fmt: skip
"""Parameters that any message may be given, whether its text has them or not: they are in the record, for filters."""

BY_THE_LOG = {"OMRS-STREAMS-0001", "OMRS-STREAMS-0002", "OMRS-STREAMS-0003", "OMRS-STREAMS-0004"}
"""Recorded by the audit log itself."""

PROTOCOL = {
    f"OMRS-AUDIT-{number:04}"
    for numbers in (
        [range(1, 48), range(50, 56), range(60, 65), range(100, 103), range(105, 115), [118], range(126, 138)],
        [range(201, 212), range(301, 323), [401], range(8001, 8010), [9002, 9003], range(9005, 9020)],
    )
    for group in numbers
    for number in group
}
"""The ids of the protocol's reference implementation, release 4.2."""

RECORDED: list[Call] = [
    call for path in sources() for call in calls(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
]


def test_every_id_that_is_recorded_is_in_the_catalogue() -> None:
    assert len(RECORDED) > 50
    unknown = [call for call in RECORDED if call.id not in CATALOGUE]
    assert unknown == []


def test_every_call_gives_what_the_text_needs_and_no_strangers() -> None:
    faults = []
    for call in RECORDED:
        if call.names is None or call.id not in CATALOGUE:
            continue
        message = CATALOGUE[call.id]
        if missing := message.required - call.names:
            faults.append(f"{call.place} {call.id} lacks {sorted(missing)}")
        if strange := call.names - message.names - EVERYWHERE:
            faults.append(f"{call.place} {call.id} has no place for {sorted(strange)}")
    assert faults == []


def test_no_message_is_in_the_catalogue_for_nothing() -> None:
    assert set(CATALOGUE) - {call.id for call in RECORDED} - BY_THE_LOG == set()


def test_every_id_of_the_protocol_is_recorded_or_left_out_with_a_reason() -> None:
    known = {message_id for message_id in CATALOGUE if message_id.startswith("OMRS-AUDIT-")}
    assert known & set(LEFT_OUT) == set()
    assert known | set(LEFT_OUT) == PROTOCOL
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


@pytest.mark.parametrize("message_id", CATALOGUE)
def test_a_message_can_be_read(message_id: str) -> None:
    message = CATALOGUE[message_id]
    assert ID.fullmatch(message_id)
    assert (message in OWN) == message_id.startswith("OMRS-STREAMS-")
    full = message.render({name: f"<{name}>" for name in message.names})
    bare = message.render({name: f"<{name}>" for name in message.required})
    for text in (full, bare):
        assert not re.search(r"[\[\]{}?]|  | [,;:.]|\( | \)|\(\)", text), text
        assert text[0].isupper() or text[0] == "<" or text[0].isdigit(), text
    assert {f"<{name}>" for name in message.names} <= set(re.findall(r"<[a-z_]+>", full))
    for sentence in (message.cause, message.action):
        assert sentence.endswith("."), sentence
        assert len(sentence) < 200
    assert len(message.cause) > 10


def test_a_message_shows_what_it_lacks_and_leaves_out_what_it_can() -> None:
    message = CATALOGUE["OMRS-AUDIT-0110"]
    assert message.required == {"cohort", "server"}
    assert message.render({"cohort": "c"}) == "New member in cohort c: ?"
    assert message.render({"cohort": "c", "server": "B", "collection_id": "m"}).endswith(": B, metadata collection m")


def test_explained_takes_an_id_or_its_number() -> None:
    assert explained("0110") is explained("omrs-audit-0110") is CATALOGUE["OMRS-AUDIT-0110"]
    assert explained("omrs-streams-0002").id == "OMRS-STREAMS-0002"
    with pytest.raises(InvalidParameterError, match="no audit message '9999'"):
        explained("9999")
    with pytest.raises(InvalidParameterError, match="0318 is not recorded here") as caught:
        explained("0318")
    assert "every start of every member" in caught.value.help


def test_the_scan_sees_every_way_of_recording() -> None:
    source = """
from omrs_streams.cohort.registry_state import audit
log.record("OMRS-AUDIT-0110" if new else "OMRS-AUDIT-0112", cohort=c, **{"server": s})
receipt = Receipt(audits=(("OMRS-AUDIT-0206", {"guid": g}),))
step = audit(state, "0063", collection_id=i)
number = "0111"
log.record("OMRS-AUDIT-0105", **params)
"""
    found = {call.id.removeprefix("OMRS-AUDIT-"): call.names for call in calls(source, "x")}
    assert found == {
        "0110": {"cohort", "server"},
        "0112": {"cohort", "server"},
        "0206": {"guid"},
        "0063": {"cohort", "collection_id"},
        "0111": None,
        "0105": None,
    }
