"""A repository that takes part in a federated request, and one round of asking several."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from omrs_schemas.errors import MemberUnavailableError, OmrsError
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer, Caller, Services
from omrs_streams.worker.federation import RemoteMember

GRACE_S = 0.25  # a member's own deadline comes first and says more; this one only keeps the promise


class Operation(Protocol):
    """What the federation has to know of a REST operation; the API's table of routes has it."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def payload(self) -> str | None: ...
    @property
    def body(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation with its parameters, by the names in the route's template; `body`: its request bean."""

    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def bean(self) -> Bean:
        """The body as a bean; empty where there is none."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def guid(self) -> str:
        """The instance it is about: the first guid in its path."""
        return next(value for name, value in self.path.items() if name.lower().endswith("guid"))


class Member(Protocol):
    """The local repository or that of another member."""

    @property
    def collection_id(self) -> str: ...
    @property
    def name(self) -> str: ...

    async def call(self, asked: Asked, caller: Caller, deadline: float) -> Answer:
        """Raises MemberUnavailableError when nothing has come by `deadline` (the loop's time), else what it refused."""
        ...


class Connector(Member, Protocol):
    """The way to a remote member; `member`: what it was made from."""

    @property
    def member(self) -> RemoteMember: ...

    async def close(self) -> None: ...


class LocalMember:
    """The local repository as a member."""

    def __init__(self, collection_id: str, name: str, services: Services) -> None:
        self.collection_id = collection_id
        self.name = name
        self._services = services

    async def call(self, asked: Asked, caller: Caller, deadline: float) -> Answer:
        """See `Member`."""
        try:
            async with asyncio.timeout_at(deadline):
                return await self._services.call(
                    asked.operation, caller, path=asked.path, query=asked.query, body=asked.body
                )
        except TimeoutError as error:
            raise MemberUnavailableError(
                f"the local repository has not answered {asked.operation} in time", member=self.name, sent=True
            ) from error


@dataclass(frozen=True, slots=True)
class Reply:
    """What one member made of a request: an answer or an error."""

    member: Member
    answer: Answer | None = None
    error: OmrsError | None = None

    @property
    def result(self) -> Any:
        return None if self.answer is None else self.answer.result


class Round(list[Reply]):
    """The replies of several members, in the order in which they were asked."""

    @property
    def answers(self) -> list[Reply]:
        return [reply for reply in self if reply.answer is not None]

    @property
    def errors(self) -> list[OmrsError]:
        return [reply.error for reply in self if reply.error is not None]

    def of(self, collection_id: str) -> Reply | None:
        """What this member replied."""
        return next((reply for reply in self if reply.member.collection_id == collection_id), None)


async def ask(
    requests: Iterable[tuple[Member, Asked]],
    caller: Caller,
    deadline: float,
) -> Round:
    """All requests at the same time; what has not come by `deadline` is cut off and replied to with an error."""
    wanted = list(requests)
    tasks = [asyncio.create_task(one(member, asked, caller, deadline)) for member, asked in wanted]
    if not tasks:
        return Round()
    try:
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        await asyncio.wait(tasks, timeout=left + GRACE_S)
        return Round(
            task.result() if task.done() else Reply(member, error=cut_off(member, asked))
            for task, (member, asked) in zip(tasks, wanted, strict=True)
        )
    finally:
        for task in tasks:
            task.cancel()


async def one(member: Member, asked: Asked, caller: Caller, deadline: float) -> Reply:
    """The reply of one member."""
    try:
        return Reply(member, await member.call(asked, caller, deadline))
    except OmrsError as error:
        return Reply(member, error=error)


def cut_off(member: Member, asked: Asked) -> MemberUnavailableError:
    return MemberUnavailableError(
        f"{member.name} has not answered {asked.operation} in time", member=member.name, sent=True
    )
