"""One federated request: who is asked, until when, and what the answer could not take into account."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omrs_schemas.errors import (
    EntityNotKnownError,
    EntityProxyOnlyError,
    OmrsError,
    RelationshipNotKnownError,
    TypeDefError,
    TypeDefNotKnownError,
)
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.federation.failures import short, warning
from omrs_streams.federation.member import Asked, Member, Operation, Round, ask
from omrs_streams.federation.merging import Said, rivals
from omrs_streams.federation.outcomes import Outcomes
from omrs_streams.federation.settings import FederationSettings
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer, Caller

View = Callable[[str, Operation, Any], Any]
"""What a user may see of a result, with the marks that are computed on reading; raises UserNotAuthorizedError."""

Learn = Callable[[Sequence[Bean], str], None]
"""Told of instances that others showed and the local repository did not, and for whom; returns at once."""

FIRST_SHARE = 0.9  # of the deadline: what is cut off then leaves time to ask the others about classifications

NOTHING_THERE = (
    EntityNotKnownError,
    RelationshipNotKnownError,
    EntityProxyOnlyError,
    TypeDefError,
    TypeDefNotKnownError,
)
"""Who refuses a read with one of these has answered: it has nothing of it."""


@dataclass(frozen=True, slots=True)
class Federated:
    """What every federated request works with. `local_id`: the local metadata collection, "" without a repository."""

    server: str
    local_id: str
    operations: Mapping[str, Operation]
    types: TypeSystem
    settings: FederationSettings
    view: View
    record: Callable[..., None]
    record_once: Callable[..., None]
    learn: Learn
    outcomes: Outcomes = field(default_factory=Outcomes)


@dataclass(slots=True)
class Request:
    """`deadline`: the loop's time by which a read answers; None for a change, whose steps have one each."""

    federated: Federated
    asked: Asked
    caller: Caller
    members: Sequence[Member]
    deadline: float | None
    warnings: list[str] = field(default_factory=list)

    async def all(self, asked: Asked | None = None, members: Iterable[Member] | None = None) -> Round:
        """Ask the same of all members at the same time; those that could not take part are in the warnings."""
        wanted = [(member, asked or self.asked) for member in (self.members if members is None else members)]
        return await self.each(wanted, FIRST_SHARE)

    async def each(
        self,
        wanted: Iterable[tuple[Member, Asked]],
        share: float = 1.0,
        silent: tuple[type[OmrsError], ...] = (),
    ) -> Round:
        """Ask each what it is to be asked, at the same time, until `share` of the time that is left has passed.

        `silent`: errors that are no warning.
        """
        now = asyncio.get_running_loop().time()
        left = self.federated.settings.deadline_s if self.deadline is None else max(0.0, self.deadline - now)
        replies = await ask(wanted, self.caller, now + left * share)
        self.warn(replies, silent)
        return replies

    def warn(self, replies: Round, silent: tuple[type[OmrsError], ...] = ()) -> None:
        for reply in replies:
            if reply.error is not None and not isinstance(reply.error, (*NOTHING_THERE, *silent)):
                text = warning(reply.member.name, reply.error)
                if text not in self.warnings:
                    self.warnings.append(text)

    def warn_of_rivals(self, shown: Iterable[Sequence[Said]]) -> None:
        """`shown`: what is said of each instance that is answered."""
        found = Counter(tuple(rivals(said)) for said in shown)
        for homes, count in found.items():
            if not homes:
                continue
            members = (self.member(home) for home in homes)
            names = ", ".join(member.name for member in members if member is not None)
            self.warnings.append(f"{names}: each says to be the home of {count} of the same instances")

    def local(self) -> Member | None:
        return self.member(self.federated.local_id)

    def member(self, collection_id: str | None) -> Member | None:
        return next((each for each in self.members if collection_id and each.collection_id == collection_id), None)

    def learn(self, beans: Iterable[Bean], shown: Callable[[str], Iterable[str]]) -> None:
        """Copies of `beans` are wanted where the local repository was not among those that showed the guid."""
        local = self.federated.local_id
        new = [bean for bean in beans if local not in shown(bean["guid"])]
        if local and new:
            self.federated.learn(new, self.caller.user)

    def view(self, result: Any, operation: str | None = None) -> Any:
        """`result` as the caller may see it; `operation`: as if this one had answered it."""
        described = self.federated.operations[operation or self.asked.operation]
        return self.federated.view(self.caller.user, described, result)

    def answer(self, result: Any, revision: int | None = None) -> Answer:
        return Answer(result, revision, tuple(map(short, self.warnings)))

    def write_deadline(self) -> float:
        return asyncio.get_running_loop().time() + self.federated.settings.write_s
