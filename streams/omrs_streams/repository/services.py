"""The metadata collection API (OMRS queries § 1) by operation, whoever asks: the OMRS paths, `/api/v1`, a federation.

answer = await services.call("getEntityDetail", Caller("erin"), path={"guid": guid})
answer.result, answer.revision          # the instance as the caller may see it, and its ETag
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `event_id`: of a write; the same id again repeats the same write. `revision`: expected (If-Match)."""

    user: str
    event_id: str = field(default_factory=lambda: str(uuid4()))
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`result`: what the operation answers (a bean, a list of beans, a value or None). `revision`: of one instance.

    `warnings`: what the answer could not take into account, as text, of federated calls.
    """

    result: Any
    revision: int | None = None
    warnings: tuple[str, ...] = ()


class Services(Protocol):
    """The metadata collection API (OMRS queries § 1): of the local repository, or of all members together."""

    async def call(
        self,
        operation: str,
        caller: Caller,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """Run an operation. `path` and `query`: the parameters of its route; `body`: its request bean, dates in ms.

        Raises the operation's OmrsError.
        """
        ...
