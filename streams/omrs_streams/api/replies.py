"""What a REST call answers: always JSON, HTTP 200 with `relatedHTTPCode` inside (OMRS queries § 4).

Only a body that cannot be read is answered with a real HTTP 400, as a Java member does (observed.md).
"""

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from omrs_schemas.codec.egeria_json import to_json
from omrs_schemas.errors import InvalidParameterError, OmrsError, RepositoryError
from omrs_schemas.model.dates import iso_dates
from omrs_schemas.model.responses import OMRSAPIPagedResponse

log = logging.getLogger(__name__)
JSON = "application/json"
PAGED = frozenset(kind.bean_class for kind in OMRSAPIPagedResponse.__subclasses__())
"""Response beans that repeat which page was asked for."""


class UnreadableBodyError(InvalidParameterError):
    """The request's body is no JSON, or not the bean that the path takes."""


def reply(
    response_class: str, field: str | None, value: Any, *, revision: int | None = None, asked: Any = None
) -> Response:
    """`{"class": response_class, "relatedHTTPCode": 200, field: value}`; no value and no elements leave the field out.

    `asked`: the request bean, whose page a list repeats.
    """
    bean: dict[str, Any] = {"class": response_class, "relatedHTTPCode": 200, **_page(response_class, asked)}
    if isinstance(value, Mapping) and field is None:
        bean.update(iso_dates({name: held for name, held in value.items() if held != []}))
    elif field is not None and value is not None and value != []:
        bean[field] = iso_dates(value) if isinstance(value, dict | list) else value
    headers = {"etag": f'"{revision}"'} if revision is not None else None
    return Response(dump(bean), media_type=JSON, headers=headers)


def _page(response_class: str, asked: Any) -> dict[str, int]:
    if response_class not in PAGED:
        return {}
    bean = asked if isinstance(asked, dict) else {}
    return {"offset": bean.get("offset") or 0, "pageSize": bean.get("pageSize") or 0}


def error_bean(error: OmrsError, operation: str, response_class: str = "VoidResponse") -> dict[str, Any]:
    """The response bean of a failed operation; a page of nothing has the offset 0 and the size 0, as in Egeria."""
    bean: dict[str, Any] = {
        "class": response_class,
        "relatedHTTPCode": error.http,
        **_page(response_class, None),
        "exceptionClassName": error.java_class,
        "actionDescription": operation,
        "exceptionErrorMessage": f"{error.code} {error.message}",
        "exceptionErrorMessageId": error.code,
        "exceptionErrorMessageParameters": [str(value) for value in error.params.values()],
        "exceptionSystemAction": "The request was refused; nothing was changed.",
        "exceptionUserAction": error.help or "Correct the request and repeat it.",
    }
    if error.params:
        bean["exceptionProperties"] = {
            ("parameterName" if name == "parameter" else name): value for name, value in error.params.items()
        }
    return bean


def failure(error: OmrsError, operation: str, response_class: str = "VoidResponse") -> Response:
    status = 400 if isinstance(error, UnreadableBodyError) else 503 if error.retriable else 200
    headers = {"retry-after": "1"} if status == 503 else None
    return Response(
        dump(error_bean(error, operation, response_class)), status_code=status, media_type=JSON, headers=headers
    )


def unexpected(error: Exception, operation: str, response_class: str = "VoidResponse") -> Response:
    """The boundary: a defect of ours is logged with its stack and answered as a repository error."""
    log.exception("%s failed unexpectedly", operation)
    wrapped = RepositoryError(
        f"{operation} failed unexpectedly: {type(error).__name__}: {error}",
        code="OMRS-STREAMS-500-001",
        help="this is a defect; the worker's log has the stack",
    )
    return failure(wrapped, operation, response_class)


def dump(value: Any) -> bytes:
    """JSON bytes, big numbers exact."""
    return to_json(value)


def page(value: Any) -> bytes:
    """JSON bytes of an operator's page, whose keys may be partition numbers."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
