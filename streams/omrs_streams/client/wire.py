"""What crosses the wire: REST answers to beans, refusals to errors.

REST answers carry dates as ISO-8601 text with an offset (OMRS observed § JSON); beans carry epoch milliseconds. Every
answer is HTTP 200 with `relatedHTTPCode` inside; the exception fields rebuild the error that the server raised.
"""

from datetime import datetime
from typing import Any, cast

from omrs_schemas.codec.egeria_json import from_json
from omrs_schemas.errors import CodecError, NotReadyError, OmrsError, RepositoryError, from_wire
from omrs_schemas.model.dates import datetime_ms

Bean = dict[str, Any]

_DATES = frozenset({"createTime", "updateTime", "effectiveFromTime", "effectiveToTime"})
# Maps whose keys belong to users: a text named like a date in them is not a date.
_OPAQUE = frozenset({"mappingProperties", "additionalProperties", "options"})


def epoch_ms(text: str) -> int:
    """Milliseconds since 1970 of ISO-8601 text; text without an offset is UTC. ValueError where it is no date."""
    return datetime_ms(datetime.fromisoformat(text))


def to_bean(value: Any) -> Any:
    """The parsed JSON `value` with every header date as epoch milliseconds; changes it in place and returns it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, (dict, list)):
                if key not in _OPAQUE:
                    to_bean(inner)
            elif key in _DATES and isinstance(inner, str):
                value[key] = epoch_ms(inner)
    elif isinstance(value, list):
        for inner in value:
            to_bean(inner)
    return value


def parse_answer(content: bytes, status: int, *, what: str) -> Bean:
    """The response bean of a good answer; the server's own error otherwise. `what` names the call in messages.

    Raises: whatever the answer describes (any class of the error tree); NotReadyError for HTTP 502-504 without a bean
    (a proxy or a starting worker); RepositoryError for anything that is no OMRS answer.
    """
    try:
        answer = from_json(content)
    except CodecError:
        answer = None
    if not isinstance(answer, dict) or "relatedHTTPCode" not in answer:
        if status in (502, 503, 504):
            raise NotReadyError(
                f"{what}: HTTP {status} without an answer", help="the server is starting or moving; ask again"
            )
        excerpt = content[:200].decode("utf-8", "replace")
        raise RepositoryError(
            f"{what}: HTTP {status} is not an OMRS answer: {excerpt!r}", help="check the URL and the server's name"
        )
    if answer["relatedHTTPCode"] != 200:
        raise error_of(cast(Bean, answer))
    return cast(Bean, to_bean(answer))


def error_of(answer: Bean) -> OmrsError:
    """The error that a refusal's exception fields describe."""
    code = answer.get("exceptionErrorMessageId")
    message = str(answer.get("exceptionErrorMessage") or f"refused with {answer['relatedHTTPCode']}")
    if code and message.startswith(f"{code} "):
        message = message[len(code) + 1 :]
    params: dict[str, object] = {
        name: value
        for name, value in (answer.get("exceptionProperties") or {}).items()
        if name not in {"message", "code", "http", "help", "java_class"}
    }
    parameters = answer.get("exceptionErrorMessageParameters")
    if parameters:
        params["message_parameters"] = parameters
    return from_wire(
        str(answer.get("exceptionClassName") or ""),
        message,
        code=code,
        http=int(answer["relatedHTTPCode"]),
        help=str(answer.get("exceptionUserAction") or ""),
        **params,
    )
