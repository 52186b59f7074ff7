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
    Output,
    Received,
    RegistryState,
    RemoveRegistration,
    SendEvent,
    Sent,
    StopFederating,
    StoreRegistration,
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
    assert failed == state and audits(told) == ["0105"]
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
    assert RemoveRegistration("id-a", local=True) in outputs
    assert state.local is None and audits(outputs) == ["0063", "0062"]


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
    assert same == state and again == [Audit(f"OMRS-AUDIT-{audit}", again[0].params)]  # type: ignore[union-attr]


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
    state, outputs = step(connected(remotes={"id-b": B}), Unregister(), NOW)
    assert kinds(outputs) == ["UN_REGISTRATION_EVENT"] and audits(outputs) == ["0009", "0063"]
    assert state.local is None and state.remotes == {} and state.members == frozenset()
    assert {RemoveRegistration("id-a", local=True), RemoveRegistration("id-b")} <= {
        each for each in outputs if isinstance(each, RemoveRegistration)
    }
    _, again = step(state, Connect(), NOW + 1)
    assert kinds(again)[0] == "REGISTRATION_EVENT"


def test_registrations_survive_the_store() -> None:
    assert Registration.of_bean(B.to_bean()) == B
    bare = Registration("id", None)
    assert Registration.of_bean(bare.to_bean()) == bare and "repositoryConnection" not in bare.to_bean()
