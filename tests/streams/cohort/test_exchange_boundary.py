"""Judging events together: one that fails for what it is does not keep the others from the log."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from omrs_schemas.errors import CodecError, LogError, NotReadyError
from omrs_streams.cohort.receiving import ACCEPTED, DEAD, Receiver
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.repository.local import Bean
from omrs_streams.worker.exchange import Exchange


def event(guid: str) -> Bean:
    entity = {
        "class": "EntityDetail",
        "guid": guid,
        "type": {"typeDefGUID": "t", "typeDefName": "T"},
        "metadataCollectionId": "other",
        "instanceProvenanceType": "LOCAL_COHORT",
        "version": 1,
        "createTime": 5,
        "status": "ACTIVE",
    }
    return {
        "class": "OMRSEventV1",
        "timestamp": 9,
        "originator": {"metadataCollectionId": "other", "serverName": "o"},
        "eventCategory": "INSTANCE",
        "instanceEventSection": {
            "eventType": "NEW_ENTITY_EVENT",
            "typeDefGUID": "t",
            "typeDefName": "T",
            "instanceGUID": guid,
            "entity": entity,
        },
    }


class Log:
    """The bulk side: what it takes, refuses and raises, by guid."""

    def __init__(self, refused: dict[str, str], errors: dict[str, Exception]) -> None:
        self.refused, self.errors = refused, errors
        self.taken: set[str] = set()
        self.audits: list[str] = []

    async def held(self, guids: set[str]) -> dict[str, Any]:
        for guid in guids & self.errors.keys():
            raise self.errors[guid]
        return {}

    async def append(self, body: Bean) -> Bean:
        results = {}
        for entry in body["entries"]:
            refused = self.refused.get(entry["guid"])
            results[entry["event_id"]] = {"effective": not refused, "reason": "", "refused": refused}
            if not refused:
                self.taken.add(entry["guid"])
        return {"results": results}

    def take_in(self, *guids: str) -> dict[str, str]:
        async def nothing(_: Any) -> None:
            return None

        async def no_guid(_: str, __: str) -> str:
            raise AssertionError("no guid is lost here")

        me = Receiver("ours", frozenset({"other"}), ExchangeRule(), ExchangeRule(), lambda guid, name: True)
        parts: Any = SimpleNamespace(
            audit=SimpleNamespace(record=lambda message_id, **params: self.audits.append(message_id))
        )
        bulk: Any = self
        saving: Any = SimpleNamespace(learn=nothing)
        exchange = Exchange("c", parts, lambda: me, bulk, saving, nothing, no_guid)
        receipts = asyncio.run(exchange.take_in({f"e-{guid}": event(guid) for guid in guids}))
        return {event_id.removeprefix("e-"): receipt.outcome for event_id, receipt in receipts.items()}


@pytest.mark.parametrize("error", [KeyError("x"), AttributeError("x"), CodecError("x")])
def test_an_error_about_one_event(error: Exception) -> None:
    log = Log({}, {"b": error})
    assert log.take_in("a", "b", "c") == {"a": ACCEPTED, "b": DEAD, "c": ACCEPTED}
    assert log.taken == {"a", "c"} and log.audits.count("OMRS-AUDIT-9015") == 1


def test_an_event_that_the_log_refuses() -> None:
    log = Log({"b": "home_id has more than 1000 characters"}, {})
    assert log.take_in("a", "b", "c") == {"a": ACCEPTED, "b": DEAD, "c": ACCEPTED}
    assert log.taken == {"a", "c"}


@pytest.mark.parametrize("error", [NotReadyError("x"), LogError("x"), OSError("x")])
def test_what_is_nobody_s_fault_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        Log({}, {"b": error}).take_in("a", "b", "c")
