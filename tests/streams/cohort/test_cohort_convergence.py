"""Simulated cohorts: whatever is delayed, repeated, lost or restarted, everyone ends up knowing everyone."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_streams.cohort.registry import (
    Connect,
    Disconnect,
    Output,
    Received,
    RegistryState,
    RemoveRegistration,
    SendEvent,
    Sent,
    StoreRegistration,
    Unregister,
    step,
)
from omrs_streams.cohort.registry_events import Identity, Registration


@dataclass
class Member:
    """A server: its state machine, its registry store, and the messages waiting for it."""

    identity: Identity
    state: RegistryState
    stored_local: Registration | None = None
    stored: dict[str, Registration] = field(default_factory=dict)
    inbox: list[dict[str, Any]] = field(default_factory=list)


class Cohort:
    """Members and a network that may lose, repeat and reorder; `chance` decides, so a seed repeats a run."""

    def __init__(self, size: int, chance: random.Random, loss: float, repeats: float) -> None:
        self.chance, self.loss, self.repeats = chance, loss, repeats
        self.now = 1_700_000_000_000
        self.members = []
        for number in range(size):
            identity = Identity(f"id-{number}", f"server-{number}", connection={"class": "Connection", "n": number})
            self.members.append(Member(identity, RegistryState("c", identity)))

    def happen(self, member: Member, happened: Any) -> None:
        self.now += self.chance.randrange(-50, 100)
        member.state, outputs = step(member.state, happened, self.now)
        for output in outputs:
            self._do(member, output)

    def _do(self, member: Member, output: Output) -> None:
        if isinstance(output, StoreRegistration):
            if output.local:
                member.stored_local = output.registration
            else:
                member.stored[output.registration.collection_id] = output.registration
        elif isinstance(output, RemoveRegistration):
            if output.local:
                member.stored_local = None
            else:
                member.stored.pop(output.collection_id, None)
        elif isinstance(output, SendEvent):
            failed = self.chance.random() < self.loss / 2
            if not failed:
                self._send(output.event)
            if output.report and self.chance.random() >= self.loss:
                self.happen(member, Sent(output.event, "lost" if failed else None))

    def _send(self, event: dict[str, Any]) -> None:
        for member in self.members:
            copies = 1 + (self.chance.random() < self.repeats)
            for _ in range(copies):
                if self.chance.random() >= self.loss:
                    member.inbox.append(event)

    def restart(self, member: Member) -> None:
        """All that is left of a stopped process is its store."""
        member.state = RegistryState("c", member.identity, member.stored_local, dict(member.stored))
        self.happen(member, Connect())

    def deliver(self, budget: int | None = None) -> None:
        """Hand over waiting messages in any order."""
        while budget is None or budget > 0:
            waiting = [member for member in self.members if member.inbox]
            if not waiting:
                return
            member = self.chance.choice(waiting)
            event = member.inbox.pop(self.chance.randrange(len(member.inbox)))
            self.happen(member, Received(event))
            budget = None if budget is None else budget - 1

    def heal(self) -> None:
        """The network works from here on, and everyone is started once more."""
        self.loss = 0.0
        self.deliver()
        for member in self.members:
            self.restart(member)
        self.deliver()


def assert_everyone_knows_everyone(cohort: Cohort, absent: frozenset[str] = frozenset()) -> None:
    present = {member.identity.collection_id for member in cohort.members} - absent
    for member in cohort.members:
        if member.identity.collection_id in absent:
            continue
        assert member.state.members == present
        assert member.stored == dict(member.state.remotes)
        assert member.stored_local == member.state.local
        for remote in member.state.remotes.values():
            assert remote.server_name == remote.collection_id.replace("id", "server")


seeds = st.integers(0, 2**32)


@settings(max_examples=300, deadline=None)
@given(seeds, st.integers(2, 6), st.floats(0, 0.9), st.floats(0, 0.5))
def test_members_starting_in_any_order_converge_after_any_losses(
    seed: int, size: int, loss: float, repeats: float
) -> None:
    chance = random.Random(seed)
    cohort = Cohort(size, chance, loss, repeats)
    for member in chance.sample(cohort.members, size):
        cohort.happen(member, Connect())
        cohort.deliver(chance.randrange(2 * size))
    for _ in range(chance.randrange(2 * size)):
        member = chance.choice(cohort.members)
        cohort.happen(member, Disconnect())
        cohort.restart(member)
        cohort.deliver(chance.randrange(2 * size))
    cohort.heal()
    assert_everyone_knows_everyone(cohort)


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(2, 6), st.floats(0, 0.5))
def test_without_losses_no_restart_is_needed(seed: int, size: int, repeats: float) -> None:
    """All of them starting within moments of each other, in any order."""
    chance = random.Random(seed)
    cohort = Cohort(size, chance, 0.0, repeats)
    for member in chance.sample(cohort.members, size):
        cohort.happen(member, Connect())
    cohort.deliver()
    assert_everyone_knows_everyone(cohort)


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(3, 6))
def test_who_leaves_for_good_is_forgotten_by_all_and_may_return(seed: int, size: int) -> None:
    chance = random.Random(seed)
    cohort = Cohort(size, chance, 0.0, 0.0)
    for member in cohort.members:
        cohort.happen(member, Connect())
    cohort.deliver()
    leaver = chance.choice(cohort.members)
    cohort.happen(leaver, Unregister())
    cohort.deliver()
    assert_everyone_knows_everyone(cohort, frozenset({str(leaver.identity.collection_id)}))
    cohort.restart(leaver)
    cohort.deliver()
    assert_everyone_knows_everyone(cohort)


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(3, 6))
def test_an_impostor_never_replaces_the_first_member(seed: int, size: int) -> None:
    chance = random.Random(seed)
    cohort = Cohort(size, chance, 0.0, 0.3)
    for member in cohort.members:
        cohort.happen(member, Connect())
    cohort.deliver()
    impostor = Member(
        replace(cohort.members[0].identity, server_name="impostor"),
        RegistryState("c", replace(cohort.members[0].identity, server_name="impostor")),
    )
    honest = list(cohort.members)
    cohort.members.append(impostor)
    cohort.happen(impostor, Connect())
    cohort.deliver()
    cohort.members = honest
    assert_everyone_knows_everyone(cohort)
