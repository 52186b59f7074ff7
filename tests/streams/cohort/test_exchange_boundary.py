"""Judging events together: one that fails for what it is does not keep the others from the log; what is learned is
learned before that."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from omrs_schemas.errors import CodecError, LogError, NotReadyError
from omrs_streams.cohort.receiving import ACCEPTED, DEAD, Receiver
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.repository.local import Bean
from omrs_streams.worker.exchange import Exchange


def event(guid: str, kind: str = "NEW_ENTITY_EVENT") -> Bean:
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
            "eventType": kind,
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
        self.order: list[str] = []

    async def held(self, guids: set[str]) -> dict[str, Any]:
        for guid in guids & self.errors.keys():
            raise self.errors[guid]
        return {}

    async def append(self, body: Bean) -> Bean:
        results = {}
        self.order.append("append")
        for entry in body["entries"]:
            refused = self.refused.get(entry["guid"])
            results[entry["event_id"]] = {"effective": not refused, "reason": "", "refused": refused}
            if not refused:
                self.taken.add(entry["guid"])
        return {"results": results}

    def take_in(self, *guids: str, kind: str = "NEW_ENTITY_EVENT", save: ExchangeRule | None = None) -> dict[str, str]:
        async def nothing(_: Any) -> None:
            return None

        async def learn(types: list[str]) -> None:
            self.order += [f"learn {guid}" for guid in types]

        async def no_guid(_: str, __: str) -> str:
            raise AssertionError("no guid is lost here")

        rule = save or ExchangeRule()
        me = Receiver("ours", frozenset({"other"}), ExchangeRule(), rule, lambda guid, name: True)
        parts: Any = SimpleNamespace(
            audit=SimpleNamespace(record=lambda message_id, **params: self.audits.append(message_id))
        )
        bulk: Any = self
        saving: Any = SimpleNamespace(learn=learn)
        exchange = Exchange("c", parts, lambda: me, bulk, saving, nothing, no_guid)
        receipts = asyncio.run(exchange.take_in({f"e-{guid}": event(guid, kind) for guid in guids}))
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


def test_a_type_is_learned_before_the_answer_is_kept() -> None:
    """Whoever sees the copy counts on the next one of its type; and a crash between the two would lose what was
    learned, for an event that is in the log is not judged again."""
    log = Log({}, {})
    assert log.take_in("a", kind="REFRESHED_ENTITY_EVENT", save=ExchangeRule.of("LEARNED_TYPES")) == {"a": ACCEPTED}
    assert log.order == ["learn t", "append"]


@pytest.mark.parametrize("error", [NotReadyError("x"), LogError("x"), OSError("x")])
def test_what_is_nobody_s_fault_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        Log({}, {"b": error}).take_in("a", "b", "c")
