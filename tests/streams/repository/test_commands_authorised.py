"""Each command asks the security connector first, as the operation that it is; what follows from one does not ask."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from local_server import TYPES, LocalServer, texts

from omrs_schemas.errors import UserNotAuthorizedError
from omrs_streams.repository import changes
from omrs_streams.repository.commands import Call
from omrs_streams.repository.local import Bean
from omrs_streams.security import MetadataSecurity, Operation

E = changes.ENTITY
TERM = TYPES.require(name="GlossaryTerm")["guid"]
OTHER = "22222222-bbbb-4222-8222-222222222222"


class Watching(MetadataSecurity):
    """Refuses `refused` and remembers what was asked."""

    def __init__(self) -> None:
        self.refused: Operation | None = None
        self.asked: list[tuple[str, str, str | None]] = []

    def check(self, user: str, operation: Operation, instance: Bean, classification: str | None = None) -> None:
        self.asked.append((user, operation, classification))
        if operation == self.refused:
            raise UserNotAuthorizedError(f"{user} may not {operation} {instance['guid']}")


def summary(name: str) -> Bean:
    typedef = TYPES.require(name=name)
    return {"guid": typedef["guid"], "name": name}


Act = Callable[[LocalServer, str], Awaitable[Any]]

ACTS: dict[Operation, Act] = {
    "create": lambda s, g: s.add("GlossaryTerm"),
    "update": lambda s, g: s.commands.update_properties(s.owned, s.call(), g, E, texts({"displayName": "d"})),
    "delete": lambda s, g: s.commands.delete(s.owned, s.call(), g, E, TERM, "GlossaryTerm"),
    "classify": lambda s, g: s.commands.classify(s.owned, s.call(), g, "Memento", None),
    "reclassify": lambda s, g: s.commands.reclassify(s.owned, s.call(), g, "Template", None),
    "declassify": lambda s, g: s.commands.declassify(s.owned, s.call(), g, "Template"),
    "re-identify": lambda s, g: s.commands.re_identify(s.owned, s.call(), g, E, TERM, "GlossaryTerm", "new"),
    "re-type": lambda s, g: s.commands.re_type(
        s.owned, s.call(), g, E, summary("GlossaryTerm"), summary("Referenceable")
    ),
}


def play(path: Path, scenario: Callable[[LocalServer, Watching], Awaitable[None]]) -> None:
    async def whole() -> None:
        security = Watching()
        server = LocalServer(path / "store", security=security)
        try:
            await scenario(server, security)
        finally:
            server.store.close()

    asyncio.run(whole())


@pytest.mark.parametrize("operation", ACTS)
def test_what_is_refused_changes_nothing(operation: Operation, tmp_path: Path) -> None:
    async def scenario(server: LocalServer, security: Watching) -> None:
        guid = (await server.add("GlossaryTerm", qualifiedName="1"))["guid"]
        await server.commands.classify(server.owned, server.call(), guid, "Template", None)
        before, count = server.bean(guid), len(server.log.records)
        security.refused = operation
        with pytest.raises(UserNotAuthorizedError, match=operation):
            await ACTS[operation](server, guid)
        assert (server.bean(guid), len(server.log.records)) == (before, count)
        assert security.asked[-1][:2] == ("alice", operation)
        assert security.asked[-1][2] in (None, "Memento", "Template")
        security.refused = None
        await ACTS[operation](server, guid)
        assert len(server.log.records) == count + 1

    play(tmp_path, scenario)


def test_restore_and_purge(tmp_path: Path) -> None:
    async def scenario(server: LocalServer, security: Watching) -> None:
        guid = (await server.add("GlossaryTerm"))["guid"]
        commands, owned = server.commands, server.owned
        await commands.delete(owned, server.call(), guid, E, TERM, "GlossaryTerm")
        security.refused = "restore"
        with pytest.raises(UserNotAuthorizedError):
            await commands.restore(owned, server.call(), guid, E)
        security.refused = "delete"
        with pytest.raises(UserNotAuthorizedError):
            await commands.purge(owned, server.call(), guid, E, TERM, "GlossaryTerm")
        assert server.bean(guid) is not None
        cause = Call("alice", "event-x", cause="event-y")
        await commands.purge(owned, cause, guid, E, TERM, "GlossaryTerm")
        assert server.bean(guid) is None

    play(tmp_path, scenario)


def test_re_home_and_proxies(tmp_path: Path) -> None:
    async def scenario(server: LocalServer, security: Watching) -> None:
        made = await server.add("GlossaryTerm", qualifiedName="1")
        proxy = {**changes.proxy_of(TYPES, made), "guid": "far", "metadataCollectionId": OTHER}
        security.refused = "classify"
        with pytest.raises(UserNotAuthorizedError):
            await server.commands.classify_proxy(server.owned, server.call(), proxy, "Template", None)
        assert server.bean("far") is None
        assert security.asked[-1] == ("alice", "classify", "Template")

    play(tmp_path, scenario)
