"""Carrying out a step of a command at the worker that owns the guid it is about."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from omrs_schemas.errors import NotReadyError
from omrs_streams.repository.commands import Call, Commands
from omrs_streams.repository.local import Bean
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import MOVING_S, Router

RECORDS = "/internal/v1/records"
RETRY_S = 0.2

Step = Callable[[OwnedPartition, Call, str, Bean], Awaitable[Bean]]


class Cascade:
    """Steps of commands that concern another guid than the one that was asked about; what follows from a change too.

    `run` finds the owner, `answer` is the owner's side. Each step changes nothing twice under one event id.
    """

    def __init__(self, router: Router, peers: Peers, commands: Commands) -> None:
        self._router = router
        self._peers = peers
        self._commands = commands
        self._steps: dict[str, Step] = {
            "delete": self._delete,
            "purge": self._purge,
            "drop": self._drop,
            "look": commands.look,
            "re_identify": commands.place,
            "retire": commands.retire,
            "carry": commands.carry,
            "re_point": commands.re_point,
            "take": commands.take,
            "forget": commands.forget,
        }
        commands.connect(self.run)

    async def run(self, name: str, guid: str, call: Call, bean: Bean) -> Bean:
        """Step `name` of `guid`; `bean` is what it needs to know. Errors: the step's, NotReadyError after `MOVING_S`.

        `delete`, `purge` and `drop` (a copy) take the instance's bean; the others are described in `IdentityCommands`
        and `CopyCommands`.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + MOVING_S
        body = {
            "name": name,
            "guid": guid,
            "user": call.user,
            "event_id": call.event_id,
            "cause": call.cause,
            "bean": bean,
        }
        while True:
            found = await self._router.locate(self._router.partition(guid), deadline)
            try:
                if isinstance(found, OwnedPartition):
                    return await self._apply(found, body)
                answer = await self._peers.call(found, RECORDS, body)
                result: Bean = answer["result"]
                return result
            except NotReadyError:
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(RETRY_S)

    async def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Another worker's step, for a guid that is owned here."""
        number = self._router.partition(body["guid"])
        owned = self._router.local(number)
        if owned is None:
            raise self._router.directory.not_ready(number, self._router.why(number))
        return {"result": await self._apply(owned, body)}

    async def _apply(self, owned: OwnedPartition, body: Mapping[str, Any]) -> Bean:
        call = Call(body["user"], body["event_id"], cause=body["cause"])
        return await self._steps[body["name"]](owned, call, body["guid"], body["bean"])

    async def _delete(self, owned: OwnedPartition, call: Call, guid: str, bean: Bean) -> Bean:
        return await self._commands.delete(owned, call, guid, bean["class"], *_type_of(bean))

    async def _purge(self, owned: OwnedPartition, call: Call, guid: str, bean: Bean) -> Bean:
        await self._commands.purge(owned, call, guid, bean["class"], *_type_of(bean))
        return {}

    async def _drop(self, owned: OwnedPartition, call: Call, guid: str, bean: Bean) -> Bean:
        await self._commands.drop_copy(owned, call, guid)
        return {}


def _type_of(bean: Bean) -> tuple[str, str]:
    return bean["type"]["typeDefGUID"], bean["type"]["typeDefName"]
