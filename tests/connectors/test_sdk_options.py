"""Options of a connector: typed, and refused by the name of the key."""

from typing import Any

import pytest
from kit_connectors import QueueOptions
from pydantic import Field

from omrs_connectors.sdk import ConnectorOptions
from omrs_schemas.errors import ConfigurationError


class Nested(ConnectorOptions):
    inner: QueueOptions
    password: str = Field(..., min_length=20)


def test_values_come_in_camel_case() -> None:
    options = QueueOptions.parse({"maxQueues": 3, "prefixes": ["a", "b"]})
    assert (options.max_queues, options.prefixes) == (3, ("a", "b"))
    assert QueueOptions.parse({"prefixes": "a, b"}).prefixes == ("a", "b"), "as metadata keeps lists"
    assert QueueOptions.keys() == ("maxQueues", "prefixes")


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"maxQueue": 1}, "maxQueue: not known, is maxQueues meant?"),
        ({"zzz": 1}, "zzz: not known"),
        ({"maxQueues": 0}, "maxQueues: input should be greater than or equal to 1"),
        ({"maxQueues": "many"}, "maxQueues: input should be a valid integer"),
        ({"maxQueues": 0, "zzz": 1}, "zzz: not known"),
    ],
)
def test_a_wrong_key_is_named(properties: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        QueueOptions.parse(properties, connector="queues")
    assert said in str(caught.value)
    assert "of connector queues" in str(caught.value)
    assert "known: maxQueues, prefixes" in str(caught.value)
    assert caught.value.params["keys"] == sorted(properties)


def test_a_value_is_never_quoted() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Nested.parse({"inner": {"maxQueues": "hush-hush"}, "password": "hush-hush"})
    assert "inner.maxQueues" in str(caught.value) and "password" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(ConfigurationError, match="inner: missing"):
        Nested.parse({"password": "x" * 20})
