"""OpenLineage events over HTTP: what comes is handed on byte for byte (integration § 9, "Open lineage").

Egeria's paths answer as its other paths do; `/api/v1/lineage` is what OpenLineage's own clients post to.
"""

import gzip
import zlib
from io import BytesIO

from fastapi import APIRouter, Request, Response

from omrs_connectors.api import bodies
from omrs_connectors.api.endpoint import DELEGATING, VOID, Asked, Operation
from omrs_connectors.api.facade import Bean, Daemon
from omrs_connectors.api.paths import BASE
from omrs_streams.api.endpoint import MAX_BODY, body_of
from omrs_streams.api.v1.asking import ANONYMOUS, USER

CLIENTS_PATH = "/lineage"
_SERVER = "/servers/{server}/open-metadata"


async def publish(asked: Asked) -> Bean:
    await asked.daemon.publish_lineage(event_text(asked.body), asked.user or asked.query.get(DELEGATING, ""))
    return {}


OPERATIONS = tuple(
    Operation(
        "publishOpenLineageEvent", ("POST",), path, VOID, publish, "hands a run event to the lineage connectors", dict
    )
    for path in (
        f"{_SERVER}/integration-services/lineage-integrator/users/{{userId}}/publish-open-lineage-event",
        f"{BASE}/api/v1/lineage",
        f"{_SERVER}/integration-daemon/publish-open-lineage-event",
    )
)


def event_text(raw: bytes) -> str:
    """The event as it came: a JSON object, or a JSON string that holds one. UnreadableBodyError for anything else."""
    found = bodies.json_of(raw)
    text = found if isinstance(found, str) else raw.decode()
    bodies.object_of(text.encode())
    return text


def add_path(router: APIRouter, daemon: Daemon) -> None:
    """The path of OpenLineage's clients: an empty 200, or a problem with the status that HTTP has for it."""

    @router.post(
        CLIENTS_PATH,
        tags=["lineage"],
        operation_id="publishLineageEvent",
        response_class=Response,
        responses={200: {"description": "Kafka has the event"}},
        summary="hands an OpenLineage event to the lineage connectors",
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
        },
    )
    async def lineage(request: Request) -> Response:
        raw = unpacked(await body_of(request), request.headers.get("content-encoding", ""))
        await daemon.publish_lineage(event_text(raw), request.headers.get(USER, ANONYMOUS))
        return Response(status_code=200)


def unpacked(raw: bytes, encoding: str) -> bytes:
    """The body without its gzip, which OpenLineage's clients can be told to use; never more than `MAX_BODY`."""
    if encoding.lower() != "gzip":
        return raw
    try:
        with gzip.GzipFile(fileobj=BytesIO(raw)) as packed:
            found = packed.read(MAX_BODY + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise bodies.unreadable(f"the body is no gzip: {error}") from None
    if len(found) > MAX_BODY:
        raise bodies.unreadable(f"the unpacked body has more than {MAX_BODY} bytes")
    return found
