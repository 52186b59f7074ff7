"""Calls from one worker to another of the same server: forwarded requests and the internal lookups."""

from collections.abc import Mapping
from typing import Any

import httpx

from omrs_schemas.codec.egeria_json import from_json, to_json
from omrs_schemas.errors import NotReadyError, OmrsError, from_wire
from omrs_streams.worker.directory import Owner

# A worker answers a forwarded command within the fold's few milliseconds; a find over millions may take seconds.
TIMEOUT_S = 30.0
CONNECT_S = 1.0  # on the same network a worker that does not accept within a second is gone

FORWARDED = "x-omrs-forwarded"
EVENT_ID = "x-omrs-event-id"


class Peers:
    """An HTTP client for the other workers; connection failures become NotReadyError."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
            trust_env=False,
        )

    async def forward(
        self, owner: Owner, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Send a request on as it is to the worker that owns its guid."""
        url = f"{owner.url}{path}" + (f"?{query}" if query else "")
        kept = {name: headers[name] for name in ("content-type", "if-match", EVENT_ID) if name in headers}
        try:
            return await self._http.request(method, url, content=body, headers={**kept, FORWARDED: "1"})
        except httpx.TransportError as error:
            raise _gone(owner, error) from error

    async def call(self, owner: Owner, path: str, body: Mapping[str, Any]) -> Any:
        """POST JSON to an internal path of `owner`; its error, if it answers one, is raised here."""
        try:
            response = await self._http.post(
                f"{owner.url}{path}", content=to_json(body), headers={"content-type": "application/json"}
            )
        except httpx.TransportError as error:
            raise _gone(owner, error) from error
        answer = from_json(response.content)
        if response.status_code != 200:
            raise remote_error(answer)
        return answer

    async def close(self) -> None:
        await self._http.aclose()


def remote_error(answer: Mapping[str, Any]) -> OmrsError:
    """The error that another worker answered."""
    return from_wire(
        str(answer.get("exceptionClassName", "")),
        str(answer.get("exceptionErrorMessage", answer)),
        code=answer.get("exceptionErrorMessageId"),
        http=answer.get("relatedHTTPCode"),
        help=str(answer.get("exceptionUserAction", "")),
    )


def _gone(owner: Owner, error: httpx.TransportError) -> NotReadyError:
    return NotReadyError(
        f"worker {owner.worker} at {owner.url} does not answer: {type(error).__name__} {error}",
        help="its partitions move to another worker within about 10 s; ask again",
        worker=owner.worker,
    )
