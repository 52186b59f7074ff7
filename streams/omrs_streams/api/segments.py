"""Paths with an encoded slash (`%2F`) are refused: it is decoded before routes are looked for, and would end a guid."""

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_streams.api import v1
from omrs_streams.api.replies import failure


class WholeSegments:
    """Middleware. `/entities/a%2Fundo` means an entity `a/undo`; unrefused it would undo the entity `a`.

    Servlet containers, and so the servers of Egeria, refuse it as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and b"%2f" in (scope.get("raw_path") or b"").lower():
            app = _refusal(scope["path"])
        await app(scope, receive, send)


def _refusal(path: str) -> Response:
    error = InvalidParameterError(
        f"{path}: a slash within a part of a path (%2F) cannot be told from one between two parts",
        code=Code.MALFORMED_REQUEST,
        help="an instance with such a guid is read by a search; it cannot be named in a path",
        parameter="path",
    )
    return v1.refusal(error, path) if path.startswith(f"{v1.PATH}/") else failure(error, "routing")
