"""Copies are asked for of what others showed: once in a while, and only where they would be kept."""

import asyncio
from collections.abc import Sequence
from typing import Any

from memory_members import MemoryMember, link, term

from omrs_schemas.errors import RepositoryError
from omrs_streams.federation.learning import AGAIN_S, WAITING, Learner

Bean = dict[str, Any]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def learned(local: MemoryMember, *rounds: Sequence[Bean], clock: Clock | None = None, step: float = 0.0) -> list[str]:
    """The refresh operations that were called, after `learn` was told each of `rounds`, `step` seconds apart."""
    clock = clock or Clock()

    async def run() -> None:
        learner = Learner(local, lambda bean: bean["version"] < 9, lambda home: home == "b", clock)
        for beans in rounds:
            learner.learn(beans, "erin")
            await learner.idle()
            clock.now += step
        learner.close()

    asyncio.run(run())
    return [operation for operation in local.asked if operation.startswith("refresh")]


def test_what_is_not_held_is_asked_for_at_its_home() -> None:
    local = MemoryMember("local", term("held", "b"))
    found = [term("held", "b"), term("new", "b"), link("r", "b", "held", "new")]
    assert learned(local, found) == ["refreshEntityReferenceCopy", "refreshRelationshipReferenceCopy"]


def test_what_would_not_be_kept_or_has_no_home_that_answers() -> None:
    external = term("x", "tool", replicatedBy="b")
    assert learned(MemoryMember("local"), [term("a", "b", 9), term("c", "gone")]) == []
    assert learned(MemoryMember("local"), [external]) == ["refreshEntityReferenceCopy"]


def test_once_in_a_while() -> None:
    beans = [term("new", "b")]
    assert len(learned(MemoryMember("local"), beans, beans, beans)) == 1
    assert len(learned(MemoryMember("local"), beans, beans, beans, step=AGAIN_S)) == 3


def test_no_more_than_a_few_pages_wait() -> None:
    many = [term(str(number), "b") for number in range(WAITING + 500)]
    assert len(learned(MemoryMember("local"), many)) == WAITING


def test_a_refusal_stops_nothing() -> None:
    local = MemoryMember("local")
    local.refuses["refreshEntityReferenceCopy"] = RepositoryError("no")
    assert len(learned(local, [term("a", "b"), term("c", "b")])) == 2


def test_a_bean_that_cannot_be_asked_for_stops_nothing() -> None:
    odd = {name: value for name, value in term("a", "b").items() if name != "class"}
    assert len(learned(MemoryMember("local"), [odd, term("c", "b")])) == 1
