"""The services of the local repository, run here or at the worker of this server that owns the guid."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from omrs_schemas.codec.egeria_json import to_json
from omrs_schemas.codes import Code
from omrs_schemas.errors import NotReadyError, RepositoryError
from omrs_streams.api.access import READS, visible
from omrs_streams.api.route import Request, Route, key_guid
from omrs_streams.client.wire import parse_answer
from omrs_streams.proxy.refusal import refuse
from omrs_streams.repository.commands import Call
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer, Caller
from omrs_streams.repository.stamping import stamped
from omrs_streams.worker.partition import OwnedPartition
from omrs_streams.worker.peers import EVENT_ID
from omrs_streams.worker.router import MOVING_S

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker

BASE = "/servers/{server}/open-metadata/repository-services/users/{userId}"
WITHOUT_REPOSITORY = ("/metadata-highway", "/audit-log")
FORWARDED_S = 2.0  # how long a forwarded request waits for its partition; who forwarded it looks again


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The reply of the worker that owns the guid, as it came."""

    content: bytes
    status: int
    headers: Mapping[str, str]


class LocalServices:
    """The local repository of the server, all its workers together."""

    def __init__(self, worker: "Worker", routes: Iterable[Route]) -> None:
        self.worker = worker
        self.routes = {route.operation: route for route in routes}

    async def call(
        self,
        operation: str,
        caller: Caller,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """See `Services`."""
        route, worker = self.routes[operation], self.worker
        path = {"server": worker.settings.server, "userId": caller.user, **(path or {})}
        call = Call(caller.user, caller.event_id, caller.revision)
        request = Request(worker, call, path, dict(query or {}), body)
        done = await self.perform(route, request)
        if isinstance(done, Answer):
            return done
        bean = parse_answer(done.content, done.status, what=operation)
        if route.payload is None:
            result: Any = {name: value for name, value in bean.items() if name not in ("class", "relatedHTTPCode")}
        else:
            result = bean.get(route.payload)
        tag = done.headers.get("etag")
        return Answer(result, int(tag.strip('"')) if tag else None)

    async def perform(
        self, route: Route, request: Request, raw: bytes | None = None, *, forwarded: bool = False
    ) -> Answer | Forwarded:
        """Run `request` here, or at the worker that owns its guid, with the body as it came (`raw`) if there was one.

        `forwarded`: another worker sent it here, so that it goes no further.
        """
        worker = self.worker
        self.check(route)
        if route.key is None:
            return self._answer(route, request, await route.handler(request))
        guid = key_guid(route, request)
        loop = asyncio.get_running_loop()
        number = worker.router.partition(guid)
        deadline = loop.time() + (FORWARDED_S if forwarded else MOVING_S)
        while True:
            found = await worker.router.locate(number, deadline)
            if isinstance(found, OwnedPartition):
                request.owned = found
                try:
                    return self._answer(route, request, await route.handler(request))
                except NotReadyError:
                    if loop.time() > deadline:
                        raise
                    continue
            if forwarded:
                raise worker.router.directory.not_ready(number, f"worker {worker.settings.worker} gave it up")
            # Repeating is safe: the event id travels along.
            headers = {EVENT_ID: request.call.event_id, "content-type": "application/json"}
            if request.call.expected_revision is not None:
                headers["if-match"] = f'"{request.call.expected_revision}"'
            if raw is None:
                raw = b"" if request.body is None else to_json(request.body)
            where = _path(route, request.path)
            try:
                reply = await worker.peers.forward(found, route.method, where, urlencode(request.query), raw, headers)
            except NotReadyError:
                if loop.time() > deadline:
                    raise
            else:
                if reply.status_code != 503 or loop.time() > deadline:
                    kept = {name: reply.headers[name] for name in ("etag", "retry-after") if name in reply.headers}
                    return Forwarded(reply.content, reply.status_code, kept)
            await worker.router.directory.changed(0.25)

    def check(self, route: Route) -> None:
        """Raises FunctionNotSupportedError or RepositoryError where this server has no such operation."""
        worker = self.worker
        if worker.proxy is not None:
            refuse(route.operation, worker.settings.server)
        if not worker.has_repository and not route.path.startswith(WITHOUT_REPOSITORY):
            raise RepositoryError(
                f"server {worker.settings.server} has no local repository for {route.operation}",
                code=Code.NO_LOCAL_REPOSITORY,
                help="ask another member of its cohort, or set `repository` to `native`",
                server=worker.settings.server,
            )

    def _answer(self, route: Route, request: Request, result: Any) -> Answer:
        """What the caller may see of the result, with the marks that are computed on reading."""
        worker = request.worker
        if request.revision is None and isinstance(result, dict) and not route.operation.startswith(READS):
            request.revision = _revision_after(request, result)
        return Answer(presented(worker, request.call.user, route, result), request.revision)


def presented(worker: "Worker", user: str, route: Route, result: Any) -> Any:
    """A result as `user` may see it, with the marks that are computed on reading; raises UserNotAuthorizedError."""
    result = visible(worker.security, user, route, result)
    if route.payload is not None and route.path.startswith("/instances"):
        members, local = worker.members(), worker.local
        if isinstance(result, list):
            result = [stamped(bean, local, members) for bean in result]
        elif isinstance(result, dict):
            result = stamped(result, local, members)
    return result


def _revision_after(request: Request, bean: Bean) -> int | None:
    """The revision of what a write answers; None where others have changed it since."""
    if request.owned is None or "guid" not in bean:
        return None
    store, guid = request.owned.store, bean["guid"]
    meta = store.get_meta(guid)
    if meta is not None and meta.offset == store.offset_of_event(request.call.event_id):
        return meta.revision if not meta.tombstone else None
    stored = store.get(guid)
    return stored.meta.revision if stored is not None and store.to_bean(stored) == bean else None


def _path(route: Route, given: Mapping[str, str]) -> str:
    filled = BASE + route.path
    for name, value in given.items():
        filled = filled.replace(f"{{{name}}}", quote(value, safe=""))
    return filled
