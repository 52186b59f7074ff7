"""Registry events recorded from real Egeria servers, and ours through the codecs."""

import json
from collections import Counter
from typing import Any

import pytest

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.registry import Audit, Received, RegistryState, SendEvent, StoreRegistration, step
from omrs_streams.cohort.registry_events import (
    Identity,
    Registration,
    refresh_request,
    registration_event,
    registry_error,
    un_registration,
)
from shared_data import require_shared

ME = Identity("our-collection", "ours", "Ours", "Metadata Server", "Coco")
CONNECTION = {
    "class": "Connection",
    "headerVersion": 0,
    "endpoint": {"class": "Endpoint", "headerVersion": 0, "address": "http://127.0.0.1:1/servers/ours"},
}


def recorded() -> list[dict[str, Any]]:
    found = []
    for line in require_shared("data", "egeria-events", "registration.jsonl").read_text().splitlines():
        value = json.loads(line)["value"]
        found.append(json.loads(value) if isinstance(value, str) else value)
    return found


def test_real_members_are_registered_answered_and_forgotten() -> None:
    local = Registration.of_identity(ME, 1)
    state = RegistryState("coco", ME, local=local, status="CONNECTED")
    kinds: Counter[str] = Counter()
    audits: Counter[str] = Counter()
    answers = 0
    for event in recorded():
        kinds[event.get("registryEventSection", {}).get("registryEventType", "none")] += 1
        state, outputs = step(state, Received(event), 2)
        audits.update(each.id[-4:] for each in outputs if isinstance(each, Audit))
        answers += sum(isinstance(each, SendEvent) for each in outputs)
        for each in outputs:
            if isinstance(each, StoreRegistration):
                assert Registration.of_bean(json.loads(json.dumps(each.registration.to_bean()))) == each.registration
    assert kinds["REFRESH_REGISTRATION_REQUEST"] == audits["0106"]
    assert kinds["UN_REGISTRATION_EVENT"] == audits["0111"]
    assert kinds["REGISTRATION_ERROR_EVENT"] > 0, "of others' connections: only their owner is concerned"
    assert audits["0108"] > 0, "an impostor"
    assert audits["8001"] == kinds["none"]
    assert answers >= audits["0106"]
    assert state.remotes and all(each.server_name for each in state.remotes.values())


@pytest.mark.parametrize("connection", [None, CONNECTION])
def test_our_events_go_through_the_codec_unchanged(connection: dict[str, Any] | None) -> None:
    codec = EventCodec(TypeSystem())
    member = Registration("our-collection", "ours", "Ours", "Metadata Server", "Coco", 5, connection)
    for event in (
        registration_event("REGISTRATION_EVENT", member, 7),
        registration_event("RE_REGISTRATION_EVENT", member, 7),
        refresh_request(ME, 8),
        un_registration(member, 9),
        registry_error(ME, "BAD_REMOTE_CONNECTION", "no such provider", "other", connection, 9),
    ):
        assert codec.decode(codec.encode(event)) == event
