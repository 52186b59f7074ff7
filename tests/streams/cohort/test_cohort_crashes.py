"""A member dies between any two things it does, and is started again: the cohort heals without help (OMRS cohort § 4).

Exhaustive, without I/O: a topic is a list, a store a few dicts, and of a dead member only the store and the committed
offset are left, as with `worker/cohort.py` on Kafka.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from omrs_streams.cohort.registry import (
    Connect,
    Heard,
    Input,
    Output,
    Received,
    RegistryState,
    RemoveRegistration,
    SendEvent,
    Sent,
    StoreRegistration,
    Tick,
    Unregister,
    step,
)
from omrs_streams.cohort.registry_events import Identity, Registration

NOW = 1_700_000_000_000


class DiedError(Exception):
    """The member's process ended."""


@dataclass
class Member:
    """One server on the topic `topic`. It dies before its `deadly`-th effect (0: never)."""

    identity: Identity
    topic: list[dict[str, Any]]
    local: Registration | None = None
    remotes: dict[str, Registration] = field(default_factory=dict)
    wanted: Input = field(default_factory=Connect)
    offset: int = 0
    deadly: int = 0
    effects: int = 0
    state: RegistryState | None = None

    def start(self) -> None:
        """A new process: what is stored, and what is wanted."""
        self.state = RegistryState("c", self.identity, self.local, dict(self.remotes))
        self.happen(self.wanted)

    def become(self, wanted: Input) -> None:
        self.wanted = wanted
        self.happen(wanted)

    def happen(self, happened: Input) -> None:
        assert self.state is not None
        self.state, outputs = step(self.state, happened, NOW + len(self.topic))
        for output in outputs:
            self._do(output)

    def _do(self, output: Output) -> None:
        if not isinstance(output, SendEvent | StoreRegistration | RemoveRegistration):
            return
        self._effect()
        if isinstance(output, SendEvent):
            self.topic.append(output.event)
            if output.report:
                self._effect()  # sent, but it does not live to know
                self.happen(Sent(output.event))
        elif isinstance(output, StoreRegistration) and output.local:
            self.local = output.registration
        elif isinstance(output, StoreRegistration):
            self.remotes[output.registration.collection_id] = output.registration
        elif output.local:
            self.local = None
        else:
            self.remotes.pop(output.collection_id, None)

    def _effect(self) -> None:
        self.effects += 1
        if self.effects == self.deadly:
            raise DiedError

    def read(self) -> bool:
        """Take in what has come; whether there was anything. The offset is committed after each event."""
        found = self.offset < len(self.topic)
        while self.offset < len(self.topic):
            event = self.topic[self.offset]
            if self.state is not None and self.state.status == "CONNECTED":
                self.happen(Received(event))
            self.offset += 1
        return found


def cohort(size: int = 3) -> list[Member]:
    topic: list[dict[str, Any]] = []
    return [Member(Identity(f"id-{n}", f"server-{n}", connection={"n": n}), topic) for n in range(size)]


def settle(members: list[Member]) -> None:
    """Everyone reads until nothing comes any more; who dies is started again."""
    for _ in range(200):
        if not any(reads(member) for member in members):
            return
    raise AssertionError("the members answer each other for ever")


def reads(member: Member) -> bool:
    return survived(member, member.read)


def survived(member: Member, act: Callable[[], Any]) -> bool:
    try:
        found = act()
    except DiedError:
        member.start()
        return True
    return bool(found)


def assert_all_know(members: list[Member]) -> None:
    everyone = {member.identity.collection_id for member in members}
    for member in members:
        assert member.state is not None and member.state.members == everyone
        assert member.local is not None and member.local.time is not None
        assert set(member.remotes) == everyone - {member.identity.collection_id}


def deaths(scenario: Callable[[int], Member]) -> Iterator[int]:
    """Every number of an effect at which the member of `scenario` can die; the scenario is run for each."""
    deadly = 1
    while True:
        member = scenario(deadly)
        if member.effects < deadly:
            return
        yield deadly
        deadly += 1


def test_at_each_step_of_the_first_registration() -> None:
    def scenario(deadly: int) -> Member:
        members = cohort()
        for member in members[1:]:
            survived(member, member.start)
        settle(members[1:])
        newcomer = members[0]
        newcomer.deadly = deadly
        survived(newcomer, newcomer.start)
        settle(members)
        assert_all_know(members)
        return newcomer

    # Stores and sends its registration, stores its time, asks; then stores and answers what the others say.
    assert len(list(deaths(scenario))) >= 9


@pytest.mark.parametrize("first", [0, 1, 2])
def test_at_each_step_when_all_start_at_once(first: int) -> None:
    def scenario(deadly: int) -> Member:
        members = cohort()
        mortal = members[0]
        mortal.deadly = deadly
        for member in (*members[first:], *members[:first]):
            survived(member, member.start)
        settle(members)
        assert_all_know(members)
        return mortal

    assert len(list(deaths(scenario))) >= 9


def test_at_each_step_of_a_restart() -> None:
    def scenario(deadly: int) -> Member:
        members = cohort()
        for member in members:
            member.start()
        settle(members)
        again = members[0]
        again.effects, again.deadly = 0, deadly
        survived(again, again.start)
        settle(members)
        assert_all_know(members)
        return again

    assert len(list(deaths(scenario))) >= 3


def test_at_each_step_of_leaving_for_good_and_of_returning() -> None:
    def leave(deadly: int, *, back: bool) -> Member:
        members = cohort()
        for member in members:
            member.start()
        settle(members)
        leaver = members[0]
        leaver.effects, leaver.deadly = 0, 0 if back else deadly
        survived(leaver, lambda: leaver.become(Unregister()))
        settle(members)
        assert leaver.local is None and not leaver.remotes
        for member in members[1:]:
            assert "id-0" not in member.remotes
        if back:
            leaver.effects, leaver.deadly = 0, deadly
            survived(leaver, lambda: leaver.become(Connect()))
            settle(members)
            assert_all_know(members)
        return leaver

    assert len(list(deaths(lambda deadly: leave(deadly, back=False)))) >= 4
    assert len(list(deaths(lambda deadly: leave(deadly, back=True)))) >= 7


def test_at_each_step_of_losing_the_local_repository() -> None:
    def scenario(deadly: int) -> Member:
        members = cohort()
        for member in members:
            member.start()
        settle(members)
        nobody = members[0]
        nobody.identity = Identity(None, "server-0")
        nobody.effects, nobody.deadly = 0, deadly
        survived(nobody, nobody.start)
        settle(members)
        assert nobody.local is None and set(nobody.remotes) == {"id-1", "id-2"}
        assert all("id-0" not in member.remotes for member in members[1:])
        return nobody

    assert len(list(deaths(scenario))) >= 4


@pytest.mark.parametrize("lost", range(8))
def test_whatever_single_event_is_lost_a_later_one_heals(lost: int) -> None:
    """On topics that keep no history (an Egeria cohort): the n-th event reaches nobody. Nobody is restarted."""
    members = cohort()
    for number, member in enumerate(members):
        if number:
            member.offset = len(member.topic)
        member.start()
        if len(member.topic) > lost:
            member.topic[lost] = {"lost": True}
        settle(members[: number + 1])
    for member in members:
        assert member.state is not None
        for other in members:
            # Its instance events come; a minute later than our last question they are noticed.
            member.state, outputs = step(member.state, Heard(str(other.identity.collection_id)), NOW + 60_000)
            for output in outputs:
                member._do(output)
        settle(members)
    assert_all_know(members)


def test_a_tick_when_all_is_well_says_nothing() -> None:
    [member] = cohort(1)
    member.start()
    before = len(member.topic)
    member.happen(Tick())
    assert len(member.topic) == before
