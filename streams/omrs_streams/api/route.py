"""One REST operation as data, and the request as its handler sees it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args

from pydantic import TypeAdapter, ValidationError

from omrs_schemas.codec.egeria_json import from_json
from omrs_schemas.codes import Code
from omrs_schemas.errors import CodecError, InvalidParameterError
from omrs_streams.api.replies import UnreadableBodyError
from omrs_streams.repository.changes import require_guid
from omrs_streams.repository.commands import Call
from omrs_streams.repository.events import guid_for
from omrs_streams.repository.local import Bean
from omrs_streams.worker.partition import OwnedPartition

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from omrs_streams.worker.worker import Worker

CREATED = "(created)"
"""Key of a route whose guid is made here, from the event id."""

IN_QUERY, IN_BODY = "?", "."
"""How the key of a route begins that is no path parameter but a query parameter, or the guid of the entity proxy in the
body (`.a.b`)."""

TEXT = "(text)"
"""Body of a route that takes a bare JSON string."""


@dataclass(slots=True)
class Request:
    """A parsed call. `owned` is set for routes with a key: the open partition of that guid at this worker."""

    worker: "Worker"
    call: Call
    path: dict[str, str]
    query: dict[str, str]
    body: Any = None
    owned: OwnedPartition | None = None
    revision: int | None = field(default=None)

    @property
    def guid(self) -> str:
        return next(value for name, value in self.path.items() if name.lower().endswith("guid"))

    @property
    def partition(self) -> OwnedPartition:
        if self.owned is None:
            raise AssertionError("a route without a key asked for its partition")
        return self.owned

    @property
    def bean(self) -> Bean:
        """The body as a bean; empty where none was sent."""
        return self.body if isinstance(self.body, dict) else {}


Handler = Callable[[Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """`response` and `payload` name the response bean and the field that holds the result.

    `key`: the parameter whose guid decides which worker runs it: a path parameter, `IN_QUERY` or `IN_BODY` and a
    name, `CREATED`, or None (any worker). `query`: the names of the query parameters.
    `body`: the request bean's model (or a union of models), `TEXT`, or None. `required`: whether it may be left out.
    """

    method: str
    path: str
    operation: str
    handler: Handler
    response: str
    payload: str | None
    key: str | None = None
    body: Any = None
    required: bool = True
    query: tuple[str, ...] = ()


def key_guid(route: Route, request: Request) -> str:
    """The guid by which `request` is routed; InvalidParameterError where none was given. The route has a key."""
    key = route.key or ""
    if key == CREATED:
        return guid_for(request.call.event_id)
    if key.startswith(IN_QUERY):
        return require_guid(request.query.get(key[1:]), key[1:])
    if key.startswith(IN_BODY):
        found: Any = request.bean
        for name in key[1:].split("."):
            if not isinstance(found, dict):
                raise InvalidParameterError(
                    "no entity proxy was given",
                    code=Code.NULL_ENTITY_PROXY,
                    help="name the entity by its guid and its type",
                    parameter=key[1:],
                )
            found = found.get(name)
        return require_guid(found, key[1:])
    return request.path[key]


def parse_body(route: Route, raw: bytes) -> Any:
    """The body of a request as a bean (dates in ms) or text; UnreadableBodyError names the field and what is wrong."""
    if route.body is None:
        return None
    if not raw.strip():
        if route.required:
            raise UnreadableBodyError(
                f"{route.operation} needs a request body", code="OMRS-STREAMS-400-005", help=f"send {_expected(route)}"
            )
        return None
    try:
        parsed = from_json(raw)
    except CodecError as error:
        raise UnreadableBodyError(
            f"the body of {route.operation} is {error.message}",
            code="OMRS-STREAMS-400-005",
            help=f"send {_expected(route)}",
        ) from None
    if isinstance(route.body, str):
        if not isinstance(parsed, str):
            raise UnreadableBodyError(
                f"the body of {route.operation} must be a JSON string, not {type(parsed).__name__}",
                code="OMRS-STREAMS-400-005",
                help='for example "ACTIVE"',
            )
        return parsed
    if parsed is None and not route.required:
        return None
    if not isinstance(parsed, dict):
        raise UnreadableBodyError(
            f"the body of {route.operation} must be a JSON object, not {type(parsed).__name__}",
            code="OMRS-STREAMS-400-005",
            help=f"send {_expected(route)}",
        )
    try:
        validated: Any = _adapter(route).validate_python(parsed)
    except ValidationError as error:
        problems = "; ".join(_problem(item) for item in error.errors(include_url=False)[:5])
        raise UnreadableBodyError(
            f"the body of {route.operation} is no {_expected(route)}: {problems}",
            code="OMRS-STREAMS-400-005",
            help="correct the named fields",
        ) from None
    return validated.to_bean()


def _problem(item: "ErrorDetails") -> str:
    given = item.get("input")
    shown = "" if isinstance(given, dict | list) else f" (got {given!r:.100})"
    return f"/{'/'.join(map(str, item['loc']))}: {item['msg']}{shown}"


@lru_cache(maxsize=256)  # as many as there are routes
def _adapter(route: Route) -> TypeAdapter[Any]:
    return TypeAdapter(route.body)


def _expected(route: Route) -> str:
    if isinstance(route.body, str) or route.body is None:
        return "a JSON string"
    return " or ".join(_bean_names(route.body))


def _bean_names(body: Any) -> list[str]:
    """The classes of a request bean's model, or of each in a union."""
    name = getattr(body, "bean_class", None)
    return [name] if name else [each for part in get_args(body) for each in _bean_names(part)]


def whole_number(request: Request, name: str) -> int:
    """A query parameter that must be there; InvalidParameterError where it is none or no whole number."""
    text = request.query.get(name)
    try:
        return int(text or "")
    except ValueError:
        fault = "is missing" if text is None else f"is {text!r}, which is not a whole number"
        raise InvalidParameterError(f"query parameter {name} {fault}", parameter=name) from None
