"""The registry state machine, one happening at a time (OMRS cohort § 3, § 4, § 5, § 7)."""

from dataclasses import replace
from typing import Any

import pytest

from omrs_schemas.errors import ConfigurationError
from omrs_streams.cohort.registry import (
    Audit,
    Connect,
    ConnectionFailed,
    Disconnect,
    FederateWith,
    Heard,
    Output,
    Received,
    RegistryState,
    RemoveRegistration,
    SendEvent,
    Sent,
    StopFederating,
    StoreRegistration,
    Tick,
    Unregister,
    step,
)
from omrs_streams.cohort.registry_events import Identity, Registration, registration_event, un_registration

NOW = 1_700_000_000_000
CONNECTION = {"class": "Connection", "endpoint": {"class": "Endpoint", "address": "http://127.0.0.1:1/servers/b"}}
ME = Identity("id-a", "a", "A's metadata", "Metadata Server", "Coco")
B = Registration("id-b", "b", "B's metadata", "Metadata Server", "Coco", 5, CONNECTION)


def connected(**changes: Any) -> RegistryState:
    state = RegistryState("coco", ME, local=Registration.of_identity(ME, 7), status="CONNECTED")
    return replace(state, **changes)


def sent(outputs: list[Output]) -> list[dict[str, Any]]:
    return [each.event for each in outputs if isinstance(each, SendEvent)]


def kinds(outputs: list[Output]) -> list[str]:
    return [event["registryEventSection"]["registryEventType"] for event in sent(outputs)]


def audits(outputs: list[Output]) -> list[str]:
    return [each.id.removeprefix("OMRS-AUDIT-") for each in outputs if isinstance(each, Audit)]


def test_first_join_registers_and_asks_for_the_others() -> None:
    state, outputs = step(RegistryState("coco", ME), Connect(), NOW)
    assert kinds(outputs) == ["REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]
    assert audits(outputs) == ["0060", "0062"]
    registration, refresh = sent(outputs)
    assert registration["registryEventSection"]["registrationTimestamp"] == NOW
    assert registration["originator"]["metadataCollectionId"] == "id-a"
    assert "metadataCollectionId" not in refresh["originator"]
    assert state.status == "CONNECTED" and state.local is not None and state.local.time is None


def test_registration_time_is_stored_only_when_it_was_sent() -> None:
    state, outputs = step(RegistryState("coco", ME), Connect(), NOW)
    [asked] = [each for each in outputs if isinstance(each, SendEvent) and each.report]
    failed, told = step(state, Sent(asked.event, "broker is down"), NOW + 1)
    assert failed == replace(state, unsent=frozenset({"REGISTRATION_EVENT"})) and audits(told) == ["0105"]
    again, outputs = step(replace(failed, status="NEW"), Connect(), NOW + 9)
    assert kinds(outputs)[0] == "REGISTRATION_EVENT"
    done, stored = step(again, Sent(sent(outputs)[0]), NOW + 10)
    assert done.local is not None and done.local.time == NOW + 9
    assert stored == [StoreRegistration(done.local, local=True)]


def test_restart_re_registers_with_the_stored_time_and_connects_the_known_members() -> None:
    silent = replace(B, collection_id="id-c", server_name="c", connection=None)
    state = connected(status="NEW", remotes={"id-b": B, "id-c": silent})
    state, outputs = step(state, Connect(), NOW)
    assert kinds(outputs) == ["RE_REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]
    assert sent(outputs)[0]["registryEventSection"]["registrationTimestamp"] == 7
    assert [each.registration for each in outputs if isinstance(each, FederateWith)] == [B]
    assert audits(outputs) == ["0061", "0062"]
    assert state.members == {"id-a", "id-b", "id-c"}


def test_local_repository_taken_away_un_registers_it() -> None:
    state = connected(status="NEW", identity=replace(ME, collection_id=None))
    state, outputs = step(state, Connect(), NOW)
    assert kinds(outputs) == ["UN_REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]
    assert sent(outputs)[0]["originator"]["metadataCollectionId"] == "id-a"
    assert state.local is None and audits(outputs) == ["0063", "0062"]
    assert RemoveRegistration("id-a", local=True) not in outputs, "it is stored until the others are told"
    told, removed = step(state, Sent(sent(outputs)[0]), NOW)
    assert removed == [RemoveRegistration("id-a", local=True)]
    assert told == replace(state, leaving=None) and told.status == "CONNECTED"


def test_another_configured_collection_is_refused() -> None:
    state = connected(status="NEW", identity=replace(ME, collection_id="id-z"))
    with pytest.raises(ConfigurationError, match="id-a") as caught:
        step(state, Connect(), NOW)
    assert caught.value.code == "OMRS-COHORT-REGISTRY-400-002"


@pytest.mark.parametrize(("kind", "audit"), [("REGISTRATION_EVENT", "0110"), ("RE_REGISTRATION_EVENT", "0112")])
def test_a_member_registers(kind: str, audit: str) -> None:
    state, outputs = step(connected(), Received(registration_event(kind, B, NOW)), NOW)
    assert state.remotes == {"id-b": B} and audits(outputs) == [audit]
    assert StoreRegistration(B) in outputs and FederateWith(B) in outputs
    same, again = step(state, Received(registration_event(kind, B, NOW)), NOW)
    assert same == state and again == [Audit(f"OMRS-AUDIT-{audit}", again[0].params)]


def test_a_member_that_loses_its_connection_is_no_longer_federated() -> None:
    silent = replace(B, connection=None)
    state, outputs = step(
        connected(remotes={"id-b": B}), Received(registration_event("RE_REGISTRATION_EVENT", silent, NOW)), NOW
    )
    assert state.remotes["id-b"] == silent and StopFederating("id-b") in outputs


def test_refresh_request_is_answered_when_registered() -> None:
    request = {
        "originator": {"serverName": "b"},
        "registryEventSection": {"registryEventType": "REFRESH_REGISTRATION_REQUEST"},
    }
    _, outputs = step(connected(), Received(request), NOW)
    assert kinds(outputs) == ["RE_REGISTRATION_EVENT"] and audits(outputs) == ["0106"]
    assert sent(outputs)[0]["registryEventSection"]["registrationTimestamp"] == 7
    _, silent = step(connected(local=None), Received(request), NOW)
    assert sent(silent) == []


def test_a_member_leaves() -> None:
    state, outputs = step(connected(remotes={"id-b": B}), Received(un_registration(B, NOW)), NOW)
    assert state.remotes == {} and audits(outputs) == ["0111"]
    assert RemoveRegistration("id-b") in outputs and StopFederating("id-b") in outputs
    assert step(state, Received(un_registration(B, NOW)), NOW)[0] == state


def test_own_echo_is_dropped_but_a_stranger_with_our_id_is_told() -> None:
    state = connected()
    mine = Registration.of_identity(ME, 7)
    assert mine is not None
    assert step(state, Received(registration_event("REGISTRATION_EVENT", mine, NOW)), NOW) == (state, [])
    impostor = replace(mine, server_name="z")
    same, outputs = step(state, Received(registration_event("REGISTRATION_EVENT", impostor, NOW)), NOW)
    assert same == state and audits(outputs) == ["0113"]
    [error] = sent(outputs)
    assert error["errorSection"]["errorCode"] == "CONFLICTING_COLLECTION_ID"
    assert error["errorSection"]["targetMetadataCollectionId"] == "id-a"


def test_the_second_user_of_a_remote_id_is_not_stored_until_the_first_leaves() -> None:
    other = Received(registration_event("REGISTRATION_EVENT", replace(B, server_name="z"), NOW))
    state = connected(remotes={"id-b": B})
    same, outputs = step(state, other, NOW)
    assert same == state and audits(outputs) == ["0108"]
    assert kinds(outputs) == ["REGISTRATION_ERROR_EVENT"]
    same, _ = step(state, Received(un_registration(replace(B, server_name="z"), NOW)), NOW)
    assert same == state
    left, _ = step(state, Received(un_registration(B, NOW)), NOW)
    taken, _ = step(left, other, NOW)
    assert taken.remotes["id-b"].server_name == "z"


@pytest.mark.parametrize(
    ("code", "target", "expected"),
    [
        ("CONFLICTING_COLLECTION_ID", "id-a", ["0107"]),
        ("CONFLICTING_COLLECTION_ID", "id-b", ["0108"]),
        ("BAD_REMOTE_CONNECTION", "id-a", ["0109"]),
        ("BAD_REMOTE_CONNECTION", "id-b", []),
        ("UNKNOWN_ERROR_CODE", "id-a", ["8001"]),
    ],
)
def test_errors_are_logged_only(code: str, target: str, expected: list[str]) -> None:
    event = {
        "originator": {"metadataCollectionId": "id-b", "serverName": "b"},
        "registryEventSection": {"registryEventType": "REGISTRATION_ERROR_EVENT"},
        "errorSection": {"errorCode": code, "targetMetadataCollectionId": target},
    }
    state = connected()
    same, outputs = step(state, Received(event), NOW)
    assert same == state and audits(outputs) == expected and len(outputs) == len(expected)


def test_registrations_without_a_collection_and_unknown_events_change_nothing() -> None:
    state = connected()
    nobody = {"originator": {"serverName": "b"}, "registryEventSection": {"registryEventType": "REGISTRATION_EVENT"}}
    assert audits(step(state, Received(nobody), NOW)[1]) == ["0126"]
    assert audits(step(state, Received({"originator": {"serverName": "b"}}), NOW)[1]) == ["8001"]
    assert step(state, Received({}), NOW)[0] == state


def test_a_bad_connection_keeps_the_member_and_tells_it() -> None:
    state = connected(remotes={"id-b": B})
    same, outputs = step(state, ConnectionFailed("id-b", "no such provider"), NOW)
    assert same == state and audits(outputs) == ["0114"]
    [error] = sent(outputs)
    assert error["errorSection"] == {
        "errorCode": "BAD_REMOTE_CONNECTION",
        "errorMessage": "no such provider",
        "targetMetadataCollectionId": "id-b",
        "targetRemoteConnection": CONNECTION,
    }


def test_leaving_for_now_sends_nothing_and_keeps_the_registry() -> None:
    state, outputs = step(connected(remotes={"id-b": B}), Disconnect(), NOW)
    assert sent(outputs) == [] and audits(outputs) == ["0008"]
    assert state.local is not None and state.remotes == {"id-b": B} and StopFederating("id-b") in outputs
    assert step(state, Received(un_registration(B, NOW)), NOW) == (state, [])


def test_leaving_for_good_tells_the_others_and_clears_the_registry() -> None:
    leaving, outputs = step(connected(remotes={"id-b": B}), Unregister(), NOW)
    assert kinds(outputs) == ["UN_REGISTRATION_EVENT"] and audits(outputs) == ["0009", "0063"]
    assert StopFederating("id-b") in outputs
    assert leaving.status == "DISCONNECTING" and leaving.local is None
    state, cleared = step(leaving, Sent(sent(outputs)[0]), NOW)
    assert state.remotes == {} and state.members == frozenset() and state.status == "DISCONNECTED"
    assert cleared == [RemoveRegistration("id-a", local=True), RemoveRegistration("id-b")]
    _, again = step(state, Connect(), NOW + 1)
    assert kinds(again)[0] == "REGISTRATION_EVENT"


def test_registrations_survive_the_store() -> None:
    assert Registration.of_bean(B.to_bean()) == B
    bare = Registration("id", None)
    assert Registration.of_bean(bare.to_bean()) == bare and "repositoryConnection" not in bare.to_bean()


def test_what_could_not_be_sent_is_sent_again_while_running() -> None:
    state, outputs = step(RegistryState("coco", ME), Connect(), NOW)
    for event in sent(outputs):
        state, told = step(state, Sent(event, "broker is down"), NOW)
        assert audits(told) == ["0105"]
    state, again = step(state, Tick(), NOW + 5)
    assert kinds(again) == ["REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]
    assert sent(again)[0]["registryEventSection"]["registrationTimestamp"] == NOW + 5
    state, _ = step(state, Sent(sent(again)[0]), NOW + 6)
    assert state.local is not None and state.local.time == NOW + 5
    assert step(state, Tick(), NOW + 9) == (state, [])
    state, _ = step(state, Sent(sent(again)[1], "broker is down"), NOW + 9)
    assert kinds(step(state, Tick(), NOW + 9)[1]) == ["REFRESH_REGISTRATION_REQUEST"]


def test_an_answer_that_could_not_be_sent_is_sent_again() -> None:
    event = registration_event("RE_REGISTRATION_EVENT", B, NOW)
    state, _ = step(connected(), Sent(event, "broker is down"), NOW)
    assert kinds(step(state, Tick(), NOW)[1]) == ["RE_REGISTRATION_EVENT"]


def test_leaving_for_good_goes_on_until_the_others_were_told() -> None:
    leaving, outputs = step(connected(remotes={"id-b": B}), Unregister(), NOW)
    failed, told = step(leaving, Sent(sent(outputs)[0], "broker is down"), NOW)
    assert audits(told) == ["0105"] and failed.status == "DISCONNECTING"
    again, outputs = step(failed, Tick(), NOW)
    assert kinds(outputs) == ["UN_REGISTRATION_EVENT"]
    assert step(again, Sent(sent(outputs)[0]), NOW)[0].status == "DISCONNECTED"
    back, outputs = step(failed, Connect(), NOW)
    assert kinds(outputs)[0] == "RE_REGISTRATION_EVENT" and back.local is not None and back.leaving is None
    after_a_crash = RegistryState("coco", ME, local=Registration.of_identity(ME, 7), remotes={"id-b": B})
    assert kinds(step(after_a_crash, Unregister(), NOW)[1]) == ["UN_REGISTRATION_EVENT"]
    half_cleared = RegistryState("coco", ME, remotes={"id-b": B})
    state, outputs = step(half_cleared, Unregister(), NOW)
    assert sent(outputs) == [] and RemoveRegistration("id-b") in outputs and state.status == "DISCONNECTED"


def test_without_a_local_repository_only_requests_are_sent() -> None:
    nobody = Identity(None, "a")
    state, outputs = step(RegistryState("coco", nobody), Connect(), NOW)
    assert kinds(outputs) == ["REFRESH_REGISTRATION_REQUEST"] and audits(outputs) == ["0062"]
    state, outputs = step(state, Received(registration_event("RE_REGISTRATION_EVENT", B, NOW)), NOW)
    assert FederateWith(B) in outputs and state.members == {"id-b"}
    state, outputs = step(state, Unregister(), NOW)
    assert sent(outputs) == [] and state.status == "DISCONNECTED" and state.remotes == {}


def test_who_is_heard_but_not_registered_is_asked_for_ever_more_rarely() -> None:
    state, _ = step(RegistryState("coco", ME), Connect(), NOW)
    assert step(state, Heard("id-b"), NOW + 29_999) == (state, []), "asked at connect"
    asked_at = []
    for seconds in range(0, 3_600, 5):
        state, outputs = step(state, Heard("id-b"), NOW + seconds * 1_000)
        asked_at += [seconds] * len(sent(outputs))
        assert not outputs or (kinds(outputs) == ["REFRESH_REGISTRATION_REQUEST"] and audits(outputs) == ["0062"])
    assert asked_at == [30, 90, 210, 450, 930, 1890]
    state, _ = step(state, Received(registration_event("RE_REGISTRATION_EVENT", B, NOW)), NOW)
    later = NOW + 10**9
    assert step(state, Heard("id-b"), later) == (state, []) and not state.strangers
    assert step(state, Heard("id-a"), later) == (state, [])
    assert step(replace(state, status="DISCONNECTED"), Heard("id-x"), later)[1] == []


def test_members_with_one_name_or_one_address_are_reported_and_stored() -> None:
    twin = replace(B, collection_id="id-c")
    event = registration_event("REGISTRATION_EVENT", twin, 1)
    state, outputs = step(connected(remotes={"id-b": B}), Received(event), 1)
    assert state.remotes["id-c"].collection_id == "id-c"
    reported = [each for each in outputs if isinstance(each, Audit) and each.id.startswith("OMRS-STREAMS")]
    assert [each.id for each in reported] == ["OMRS-STREAMS-0020", "OMRS-STREAMS-0021"]
    assert {each.params["other_collection_id"] for each in reported} == {"id-c"}
    ours = replace(B, collection_id="id-d", server_name="a", connection=None)
    _, outputs = step(connected(), Received(registration_event("REGISTRATION_EVENT", ours, 1)), 1)
    assert "OMRS-STREAMS-0020" in [each.id for each in outputs if isinstance(each, Audit)]


def test_java_says_conflict_and_means_a_bad_connection() -> None:
    """Observed, Receivers 7; some leave the event type out too (OMRS events § 9)."""
    for section in ({"registryEventType": "REGISTRATION_ERROR_EVENT"}, {}):
        event = {
            "originator": {"metadataCollectionId": "id-b", "serverName": "b"},
            "registryEventSection": section,
            "errorSection": {
                "errorCode": "CONFLICTING_COLLECTION_ID",
                "errorMessage": "Unknown Connector Provider class",
                "targetMetadataCollectionId": "id-a",
                "targetRemoteConnection": CONNECTION,
            },
        }
        state = connected()
        same, outputs = step(state, Received(event), NOW)
        assert same == state and audits(outputs) == ["0109"]
