"""Remote members as this process knows them, across cohorts (OMRS cohort § 6, § 9)."""

from dataclasses import replace
from typing import Any

import pytest

from omrs_streams.audit import CATALOGUE
from omrs_streams.cohort.registry_events import Registration
from omrs_streams.worker.federation import REST_CONNECTOR, AuditRow, Federation, connection_fault


def connection(address: str | None, provider: str | None = REST_CONNECTOR) -> dict[str, Any]:
    return {
        "class": "Connection",
        "connectorType": {"class": "ConnectorType", "connectorProviderClassName": provider},
        "endpoint": {"class": "Endpoint", "address": address},
    }


B = Registration("id-b", "b", time=5, connection=connection("http://127.0.0.1:1/servers/b/"))
C = Registration("id-c", "c", time=3, connection=connection("https://c.example:8443/servers/c"))


def numbers(rows: list[AuditRow]) -> list[str]:
    for message_id, params in rows:
        message = CATALOGUE[message_id]
        assert message.required <= params.keys() and set(params) <= message.names | {"cohort", "server"}, message_id
    return [message_id.removeprefix("OMRS-AUDIT-") for message_id, _ in rows]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (connection("http://127.0.0.1:1/servers/b"), ""),
        (connection("http://[::1]:9443/servers/b"), ""),
        (connection(None), "no endpoint address"),
        (connection(""), "no endpoint address"),
        (connection("127.0.0.1:9443"), "no http or https URL"),
        (connection("http:///servers/b"), "no http or https URL"),
        (connection("http://host:port/servers/b"), "is no URL"),
        (connection("http://host:99999/servers/b"), "is no URL"),
        (connection("http://[::1/servers/b"), "is no URL"),
        (connection("http://h/servers/b", "no.such.Provider"), "no.such.Provider is not known"),
        (connection("http://h/servers/b", None), "(none) is not known"),
        ({}, "(none) is not known"),
    ],
)
def test_from_which_connections_a_connector_can_be_built(given: dict[str, Any], said: str) -> None:
    fault = connection_fault(given)
    assert said in fault and bool(fault) == bool(said)


def test_a_member_of_two_cohorts_is_queried_once() -> None:
    federation = Federation()
    assert numbers(federation.add("one", B)) == ["0127", "0132", "0130"]
    assert numbers(federation.add("two", B)) == ["0128"]
    assert numbers(federation.add("one", C)) == ["0127", "0132", "0130"]
    assert [each.collection_id for each in federation.members()] == ["id-c", "id-b"], "as they registered"
    found = federation.member("id-b")
    assert found is not None and found.cohorts == ("one", "two") and found.url == "http://127.0.0.1:1/servers/b"
    assert numbers(federation.remove("one", "id-b")) == ["0131"]
    assert federation.member("id-b") is not None
    assert numbers(federation.remove("two", "id-b")) == ["0131", "0134", "0130"]
    assert federation.member("id-b") is None
    assert federation.remove("two", "id-b") == []


def test_another_connection_replaces_the_old_one() -> None:
    federation = Federation()
    federation.add("one", B)
    moved = replace(B, connection=connection("http://127.0.0.1:2/servers/b"))
    assert numbers(federation.add("one", moved)) == ["0135", "0133", "0130"]
    assert [each.url for each in federation.members()] == ["http://127.0.0.1:2/servers/b"]


def test_a_federation_follows_the_registry() -> None:
    federation = Federation()
    bad = Registration("id-x", "x", connection=connection("nonsense"))
    silent = Registration("id-s", "s")
    stored = {each.collection_id: each for each in (B, C, bad, silent)}
    assert numbers(federation.sync("one", stored)) == ["0127", "0132", "0130"] * 2
    assert federation.sync("one", stored) == []
    again = {**stored, "id-b": replace(B, time=9)}
    assert numbers(federation.sync("one", again)) == ["0128"]
    assert [each.collection_id for each in federation.members()] == ["id-c", "id-b"]
    assert numbers(federation.sync("one", {"id-c": C})) == ["0131", "0134", "0130"]
    broken = {"id-c": replace(C, connection=connection("nonsense"))}
    assert numbers(federation.sync("one", broken)) == ["0131", "0134", "0130"]
    assert federation.members() == ()
