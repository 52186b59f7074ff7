"""Asking for reference copies of what was found at other members (OMRS queries § 5, events § 6): lazily, in the
background, each instance once in a while."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from omrs_schemas.errors import OmrsError
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Caller, Services

log = logging.getLogger(__name__)

AGAIN_S = 300.0  # a refresh is answered within seconds or not at all; who asks more often only makes noise
WAITING = 1_000  # instances; more than a few pages were found at once then, and the next find brings them again
REMEMBERED = 20_000  # guids; what is forgotten is asked for once more, which harms nobody


@dataclass(frozen=True, slots=True)
class _Wanted:
    bean: Bean
    user: str


class Learner:
    """`keeps`: whether copies of an instance would be kept; `is_home`: whether a metadata collection is a member that
    answers for its instances."""

    def __init__(
        self,
        local: Services,
        keeps: Callable[[Bean], bool],
        is_home: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local = local
        self._keeps = keeps
        self._is_home = is_home
        self._clock = clock
        self._waiting: deque[_Wanted] = deque(maxlen=WAITING)
        self._asked: dict[str, float] = {}
        self._working: asyncio.Task[None] | None = None

    def learn(self, beans: Sequence[Bean], user: str) -> None:
        """Ask for copies of `beans`, some time soon. Returns at once."""
        now = self._clock()
        for bean in beans:
            if now < self._asked.get(bean["guid"], now) or not self._wanted(bean):
                continue
            self._asked.pop(bean["guid"], None)  # to the end: the oldest is forgotten first
            self._asked[bean["guid"]] = now + AGAIN_S
            self._waiting.append(_Wanted(bean, user))
        while len(self._asked) > REMEMBERED:
            del self._asked[next(iter(self._asked))]
        if self._waiting and (self._working is None or self._working.done()):
            self._working = asyncio.create_task(self._work())

    async def idle(self) -> None:
        """When nothing waits any more."""
        while self._working is not None and not self._working.done():
            await asyncio.wait({self._working})

    def close(self) -> None:
        if self._working is not None:
            self._working.cancel()

    def _wanted(self, bean: Bean) -> bool:
        return self._is_home(_home(bean)) and self._keeps(bean)

    async def _work(self) -> None:
        while self._waiting:
            wanted = self._waiting.popleft()
            try:
                await self._refresh(wanted.bean, Caller(wanted.user))
            except OmrsError:
                continue  # it may not be read by the user, or cannot be asked for now; found again, it is tried again
            except Exception:
                log.exception("no copy of %s was asked for", wanted.bean.get("guid"))

    async def _refresh(self, bean: Bean, caller: Caller) -> None:
        noun = "Relationship" if bean["class"] == "Relationship" else "Entity"
        held = await self._local.call(f"is{noun}Known", caller, path={"guid": bean["guid"]})
        if held.result is not None:
            return
        kind = bean["type"]
        await self._local.call(
            f"refresh{noun}ReferenceCopy",
            caller,
            path={f"{noun.lower()}GUID": bean["guid"]},
            query={"homeMetadataCollectionId": _home(bean)},
            body={
                "class": "TypeDefValidationForRequest",
                "typeDefGUID": kind["typeDefGUID"],
                "typeDefName": kind["typeDefName"],
            },
        )


def _home(bean: Bean) -> str:
    """The member that answers a request for the instance: its replicator, where its home is no member."""
    return str(bean.get("replicatedBy") or bean.get("metadataCollectionId") or "")
