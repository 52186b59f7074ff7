"""Request bodies of Egeria's paths. Newer clients send a bean, older ones a name as it is, or as a JSON string."""

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from omrs_schemas.codes import Code
from omrs_streams.api.replies import UnreadableBodyError


class RequestBody(BaseModel):
    """Base: other fields of Egeria's beans are not looked at."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class NameRequestBody(RequestBody):
    """Names one connector; without a name the call is for all."""

    name: str | None = None


class StringRequestBody(RequestBody):
    """One text."""

    string: str


class ConnectorConfigPropertiesRequestBody(RequestBody):
    """Configuration properties of one connector, or of all that there are."""

    connector_name: str | None = None
    merge_update: bool = False
    configuration_properties: dict[str, Any] | None = Field(default=None)


B = TypeVar("B", bound=RequestBody)


def name_of(raw: bytes) -> str | None:
    """The connector of a NameRequestBody, a JSON string or plain text; None for no body, null or an empty name."""
    found = _json_or_text(raw)
    name = found if isinstance(found, str) or found is None else _bean(NameRequestBody, found).name
    return name.strip() or None if name else None


def string_of(raw: bytes) -> str:
    """The text of a StringRequestBody, a JSON string or plain text. UnreadableBodyError where there is none."""
    found = _json_or_text(raw)
    if found is None:
        raise unreadable("the body is empty, a text is expected")
    return found if isinstance(found, str) else _bean(StringRequestBody, found).string


def properties_of(raw: bytes) -> ConnectorConfigPropertiesRequestBody:
    return _bean(ConnectorConfigPropertiesRequestBody, json_of(raw))


def object_of(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body; UnreadableBodyError for anything else."""
    found = json_of(raw)
    if not isinstance(found, dict):
        raise unreadable(f"the body is {type(found).__name__}, a JSON object is expected")
    return found


def json_of(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise unreadable(f"the body is no JSON: {error}") from None


def _json_or_text(raw: bytes) -> Any:
    """JSON, or the text as it is: a connector may be called `1` or `null`, but hardly `{"name": …}`."""
    text = raw.strip()
    if not text:
        return None
    if text[:1] in b'{["' or text == b"null":
        return json_of(text)
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise unreadable("the body is no UTF-8") from None


def _bean(kind: type[B], found: Any) -> B:
    if not isinstance(found, Mapping):
        raise unreadable(f"the body is no {kind.__name__}")
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise unreadable(f"the body is no {kind.__name__}: {faults}") from None


def unreadable(message: str) -> UnreadableBodyError:
    return UnreadableBodyError(message, code=Code.MALFORMED_REQUEST, help="see /docs for what the path takes")
