"""What a subscriber may get wrong is said at once, and in one error."""

from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import KafkaError

from omrs_schemas.errors import InvalidParameterError, LogError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import AsyncMetadataClient, MetadataClient, OutTopicReader
from omrs_streams.client.brokers import Troubles

TYPES = TypeSystem.builtin()
NOWHERE = "127.0.0.1:1"
CLIENTS = (MetadataClient, AsyncMetadataClient)


def client_of(kind: Any) -> Any:
    return kind("http://127.0.0.1:1", "s", "u", types=TYPES)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("start", ["begin", "", None, True, 1.5])
def test_a_beginning_that_is_none(kind: Any, start: Any) -> None:
    with pytest.raises(InvalidParameterError, match="cannot begin at") as raised:
        client_of(kind).subscribe(kafka=NOWHERE, from_=start)
    assert "'now', 'beginning'" in raised.value.help and raised.value.params["parameter"] == "from_"


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("group", ["omrs.server.s", "omrs.mine", ""])
def test_a_group_that_is_not_the_subscribers(kind: Any, group: str) -> None:
    with pytest.raises(InvalidParameterError, match="no group for a subscriber"):
        client_of(kind).subscribe(kafka=NOWHERE, group=group)
    with pytest.raises(InvalidParameterError, match="no group for a subscriber"):
        OutTopicReader(NOWHERE, "s", group, TYPES)


@pytest.mark.parametrize("start", ["now", "beginning", 1_700_000_000_000, datetime(2026, 1, 1, tzinfo=UTC)])
def test_a_beginning_that_is_one(start: Any) -> None:
    client_of(AsyncMetadataClient).subscribe(kafka=NOWHERE, from_=start, group="mine")


@pytest.mark.parametrize("address", [NOWHERE, "no-such-host.invalid:9092"])
def test_a_kafka_that_is_not_there(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LogError) as raised:
        client_of(MetadataClient).subscribe(kafka=address, group="mine")
    assert f"Kafka at {address} does not answer: " in raised.value.message
    assert "refused" in raised.value.message or "resolve" in raised.value.message
    assert "omrs kafka status" in raised.value.help
    assert capfd.readouterr() == ("", "")


def test_a_running_subscription_tells_a_trouble_once(caplog: pytest.LogCaptureFixture) -> None:
    troubles = Troubles("t")
    refused = KafkaError(KafkaError._TRANSPORT, "b/1: refused (after 0ms in state CONNECT)")
    troubles(refused)
    assert (troubles.latest, caplog.messages) == ("b/1: refused", [])
    troubles.aloud = True
    for _ in range(3):
        troubles(refused)
        troubles(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    troubles.over()
    troubles(refused)
    assert caplog.messages == ["t is not read at present: b/1: refused"] * 2
