"""Who asks what of which repository: the one place where a request becomes calls of the repository services.

There is no authentication yet: as on the OMRS paths, the caller is believed (docs/api.md). `user_of` is where a bearer
token becomes a user.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Depends, Header, Query, Request

from omrs_schemas.errors import FunctionNotSupportedError, RevisionConflictError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.audit import AuditLog
from omrs_streams.log.event_ids import following_id
from omrs_streams.repository.services import Answer, Caller, Services

Scope = Literal["cohort", "local"]

USER = "x-omrs-user"
ANONYMOUS = "anonymous"
_TAG = re.compile(r'"([0-9]{1,19})"')


@dataclass(frozen=True, slots=True)
class Repositories:
    """What the API is written against. `cohort`: all members together; None where the server has no cohorts.

    `types`: what is known of types here, for the form of values; who may see a type is asked of the services.
    """

    server: str
    local: Services
    cohort: Services | None
    types: TypeSystem
    audit: AuditLog

    def of(self, scope: Scope) -> Services:
        return self.local if scope == "local" or self.cohort is None else self.cohort


@dataclass(frozen=True, slots=True)
class Expected:
    """An `If-Match`: `revisions` None = none was sent, or `*`, which any state of the instance meets. `sent`: it."""

    revisions: tuple[int, ...] | None = None
    sent: str = "*"

    async def resolve(self, guid: str, current: Callable[[], Awaitable[int | None]]) -> int | None:
        """The one revision to insist on; RevisionConflictError where the instance is at none of those named."""
        if self.revisions is None or len(self.revisions) == 1:
            return self.revisions[0] if self.revisions else None
        found = await current()
        if found in self.revisions:
            return found
        raise RevisionConflictError(
            f"{guid} is at revision {found}, which is not what If-Match names: {self.sent:.200}",
            help='read it again and repeat the change on what is there now; send its ETag as it came, such as "3", '
            "and not a weak one (W/…)",
            guid=guid,
        )


def expected(if_match: str | None) -> Expected:
    """An `If-Match` header: `*`, or entity tags as they were answered.

    Weak tags and whatever else is no revision of ours never match (RFC 9110 § 13.1.1).
    """
    if if_match is None or if_match.strip() == "*":
        return Expected()
    tags = (_TAG.fullmatch(part.strip()) for part in if_match.split(","))
    return Expected(tuple(int(tag[1]) for tag in tags if tag is not None), if_match)


class Asking:
    """One request's calls: as whom, of which repository; and what their answers could not take into account."""

    def __init__(self, request: Request, scope: Scope, user: str) -> None:
        self.request = request
        self.scope: Scope = scope
        self.user = user
        self.repositories: Repositories = request.app.state.repositories
        self.warnings: list[str] = []

    @property
    def types(self) -> TypeSystem:
        return self.repositories.types

    def here(self) -> "Asking":
        """The same caller, asking this server alone."""
        return Asking(self.request, "local", self.user)

    async def __call__(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """The answer to a call that only reads."""
        return await self._call(operation, Caller(self.user), path, query, body)

    async def _call(
        self, operation: str, caller: Caller, path: Mapping[str, str] | None, query: Mapping[str, str] | None, body: Any
    ) -> Answer:
        services = self.repositories.of(self.scope)
        try:
            answer = await services.call(operation, caller, path=path, query=query, body=body)
        except FunctionNotSupportedError:
            if services is self.repositories.local:
                raise
            # OMRS offers it of the local repository only (OMRS queries § 5): types are kept, histories are.
            answer = await self.repositories.local.call(operation, caller, path=path, query=query, body=body)
        self.warnings += [each for each in answer.warnings if each not in self.warnings]
        return answer


class Changing(Asking):
    """A request that writes: repeatable by its key, conditional by `If-Match`."""

    def __init__(self, request: Request, scope: Scope, user: str, key: str, condition: Expected) -> None:
        super().__init__(request, scope, user)
        self.key = key
        self.condition = condition

    async def write(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        revision: int | None = None,
        step: str = "",
    ) -> Answer:
        """A call that changes something. `step` names a further change of the same request, so that it repeats too."""
        caller = Caller(self.user, following_id(self.key, step), revision)
        return await self._call(operation, caller, path, query, body)

    async def revision(self, guid: str, operation: str) -> int | None:
        """What `If-Match` insists on, with `operation` to read where the instance is."""

        async def current() -> int | None:
            return (await self(operation, path={"guid": guid})).revision

        return await self.condition.resolve(guid, current)


_SCOPE = Query(description="`cohort`: all members of its cohorts answer together; `local`: this server alone.")
_USER = Header(
    alias=USER,
    min_length=1,
    max_length=200,
    pattern=r"^[!-~]([ -~]*[!-~])?$",
    description="The user that asks; believed.",
    examples=["erinoverview"],
)
_KEY = Header(
    alias="idempotency-key",
    min_length=1,
    max_length=255,
    pattern=r"^[!-~]+$",
    description="Makes the request repeatable: the same key again changes nothing again. It is the id of the event.",
)
_IF_MATCH = Header(
    alias="if-match",
    description="Change it only if it is at this revision: the ETag that was read, several, or `*`.",
    examples=['"3"'],
)


def user_of(user: Annotated[str, _USER] = ANONYMOUS) -> str:
    """The user who asks."""
    return user


def _asking(
    request: Request, user: Annotated[str, Depends(user_of)], scope: Annotated[Scope, _SCOPE] = "cohort"
) -> Asking:
    return Asking(request, scope, user)


def _changing(
    request: Request,
    user: Annotated[str, Depends(user_of)],
    scope: Annotated[Scope, _SCOPE] = "cohort",
    key: Annotated[str | None, _KEY] = None,
) -> Changing:
    return Changing(request, scope, user, key or str(uuid4()), Expected())


def _conditional(
    request: Request,
    user: Annotated[str, Depends(user_of)],
    scope: Annotated[Scope, _SCOPE] = "cohort",
    key: Annotated[str | None, _KEY] = None,
    if_match: Annotated[str | None, _IF_MATCH] = None,
) -> Changing:
    return Changing(request, scope, user, key or str(uuid4()), expected(if_match))


Ask = Annotated[Asking, Depends(_asking)]
"""Of a request that reads."""
Create = Annotated[Changing, Depends(_changing)]
"""Of a request that makes something new."""
Change = Annotated[Changing, Depends(_conditional)]
"""Of a request that changes what is there."""
