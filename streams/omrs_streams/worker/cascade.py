"""Carrying out a consequence at the worker that owns its guid."""

import asyncio
from collections.abc import Mapping
from typing import Any

from omrs_schemas.errors import NotReadyError
from omrs_streams.repository.commands import Call, Commands
from omrs_streams.repository.local import Bean
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.peers import Peers
from omrs_streams.worker.router import MOVING_S, Router

RECORDS = "/internal/v1/records"
RETRY_S = 0.2


class Cascade:
    """Deletes or purges an instance because another one was; `run` finds the owner, `answer` is the owner's side."""

    def __init__(self, router: Router, peers: Peers, commands: Commands) -> None:
        self._router = router
        self._peers = peers
        self._commands = commands

    async def run(self, name: str, guid: str, call: Call, bean: Bean) -> None:
        """`name`: `delete`, `purge` or `drop` (a copy). Errors: the command's, NotReadyError after `MOVING_S`."""
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
                    await self._apply(found, body)
                else:
                    await self._peers.call(found, RECORDS, body)
                return
            except NotReadyError:
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(RETRY_S)

    async def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Another worker's consequence, for a guid that is owned here."""
        number = self._router.partition(body["guid"])
        owned = self._router.local(number)
        if owned is None:
            raise self._router.directory.not_ready(number, self._router.why(number))
        await self._apply(owned, body)
        return {"done": True}

    async def _apply(self, owned: OwnedPartition, body: Mapping[str, Any]) -> None:
        call = Call(body["user"], body["event_id"], cause=body["cause"])
        bean = body["bean"]
        if body["name"] == "drop":
            await self._commands.drop_copy(owned, call, body["guid"])
            return
        action = self._commands.delete if body["name"] == "delete" else self._commands.purge
        await action(owned, call, body["guid"], bean["class"], bean["type"]["typeDefGUID"], bean["type"]["typeDefName"])
