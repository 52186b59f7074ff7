"""Registrations whose connection is anything but one: the member stays registered, it only cannot be queried."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from test_cohort_member import B, Server, run, until

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cli.cohort import _registered
from omrs_streams.cohort.registry_events import Registration, address_of, registration_event
from omrs_streams.worker.cohort_store import StoredRegistry
from omrs_streams.worker.federation import REST_CONNECTOR, Federation, connection_fault

CODEC = EventCodec(TypeSystem())
REST = {"connectorProviderClassName": REST_CONNECTOR}

ODD: list[Any] = [
    {"class": "Connection", "endpoint": "http://x"},
    {"connectorType": "x", "endpoint": {"address": "http://127.0.0.1:9"}},
    {"connectorType": REST, "endpoint": "http://x"},
    {"connectorType": REST, "endpoint": ["http://x"]},
    {"connectorType": REST, "endpoint": 7},
    {"connectorType": REST, "endpoint": {"address": {"a": 1}}},
    {"connectorType": REST, "endpoint": {"address": ["http://x"]}},
    {"connectorType": REST, "endpoint": {"address": 9}},
    {"connectorType": REST, "endpoint": {"address": "http://[::1"}},
    {"connectorType": [REST], "endpoint": {"address": "http://x/servers/y"}},
    {"connectorType": {"connectorProviderClassName": {"a": [1, {"b": None}]}}},
    {"connectorType": {"connectorProviderClassName": "x" * 100_000}},
    {"connectorType": REST, "endpoint": {"address": "x" * 100_000}},
    {},
]
NO_OBJECT: list[Any] = ["http://x", 5, True, [], [{}], ""]


def member(connection: Any) -> Registration:
    return Registration("id-b", "b", time=5, connection=connection)


@pytest.mark.parametrize("connection", [*ODD, *NO_OBJECT])
def test_no_connector_is_built_from_an_odd_connection(connection: Any) -> None:
    fault = connection_fault(connection)
    assert fault and len(fault) < 1_000
    assert isinstance(address_of(connection), str | None)
    assert Federation().sync("c", {"id-b": member(connection)}) == []
    assert _registered(member(connection).to_bean(), local=False)["server"] == "b"


@pytest.mark.parametrize("connection", ODD)
def test_an_odd_connection_is_kept_as_it_is(connection: Any) -> None:
    stored = StoredRegistry()
    stored.take("id-b", CODEC.encode(registration_event("REGISTRATION_EVENT", member(connection), 5)), CODEC)
    assert stored.remotes == {"id-b": member(connection)}


def test_a_member_with_an_odd_connection_is_registered_and_told() -> None:
    async def scenario(server: Server) -> None:
        one = server.worker()
        await one.speak()
        for connection in ODD + NO_OBJECT:
            server.said.clear()
            await one.registry_events([registration_event("RE_REGISTRATION_EVENT", member(connection), 1)])
            assert one.remotes["id-b"].connection == connection
            [event] = server.said
            assert event["errorSection"]["errorCode"] == "BAD_REMOTE_CONNECTION"
            assert one._federation.members() == ()
        await one.registry_events([registration_event("RE_REGISTRATION_EVENT", B, 1)])
        assert [each.collection_id for each in one._federation.members()] == ["id-b"]
        assert "dead" not in server.audits

    run(scenario)


def test_an_event_that_nobody_foresaw_is_a_dead_letter_and_the_next_is_heard() -> None:
    async def scenario(server: Server) -> None:
        one = server.worker()
        buried: list[Exception] = []
        one._parts = SimpleNamespace(
            **{**vars(one._parts), "letters": SimpleNamespace(bury=lambda message, error: buried.append(error))}
        )
        await one.speak()
        await until(lambda: server.registry.standing.status == "CONNECTED")
        bad: list[Any] = [
            {"registryEventSection": "x"},
            {"originator": 5, "registryEventSection": {"registryEventType": "REGISTRATION_EVENT"}},
            {
                "originator": {"metadataCollectionId": ["x"]},
                "registryEventSection": {"registryEventType": "REGISTRATION_EVENT"},
            },
        ]
        await one.registry_events([*bad, registration_event("REGISTRATION_EVENT", B, 1)])
        assert len(buried) == len(bad) and set(one.remotes) == {"id-b"}
        assert all(type(each.__cause__).__name__ in str(each) for each in buried)
        await asyncio.sleep(0)

    run(scenario)


def test_a_time_that_no_calendar_has_is_shown_as_it_is() -> None:
    far = Registration("id-b", "b", time=2**63 - 1)
    assert _registered(far.to_bean(), local=False)["registered"] == str(2**63 - 1)
