"""What all models of the API share: camelCase on the wire, and no field that is not known."""

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from omrs_schemas.model.dates import to_epoch_ms
from omrs_streams.log.record import TEXT_LIMIT

PATH = "/api/v1"
FIRST_YEAR, LAST_YEAR = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


class Model(BaseModel):
    """Base of requests and responses."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _names_known_fields(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Whoever misspells a field reads which there are."""
        try:
            return handler(data)
        except ValidationError as error:
            found = error.errors(include_url=False)
            if all(each["type"] != "extra_forbidden" for each in found):
                raise
            raise ValidationError.from_exception_data(cls.__name__, [_told(cls, each) for each in found]) from None


def _told(model: type[Model], found: ErrorDetails) -> InitErrorDetails:
    """The error as it is, or of an unknown field of this very model with those that are known."""
    said = found["msg"]
    if found["type"] == "extra_forbidden" and len(found["loc"]) == 1:
        known = [field.alias or name for name, field in model.model_fields.items()]
        close = get_close_matches(str(found["loc"][0]), known, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        said = f"there is no such field; {meant}known: {', '.join(known)}"
    kind = PydanticCustomError(found["type"], "{said}", {"said": said})
    return InitErrorDetails(type=kind, loc=found["loc"], input=found["input"])


def _moment(value: Any) -> Any:
    """ISO-8601 text as epoch milliseconds; UTC where it names no offset. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("a time is text such as 2026-11-21T08:24:37.954Z")
    if value.lstrip("+-").isdigit():
        raise ValueError(f"{value!r} is no time; write it as 2026-11-21T08:24:37.954Z")
    try:
        datetime.fromisoformat(value).replace(tzinfo=UTC)
        return to_epoch_ms(value)
    except OverflowError:
        raise ValueError(f"{value!r} lies outside {FIRST_YEAR} … {LAST_YEAR}") from None


Moment = Annotated[
    int,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T08:24:37.954Z"]}),
]
"""A time of a request: ISO-8601 text outside, epoch milliseconds inside."""

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-21T08:24:37.954Z"])]
"""A time of an answer."""

Guid = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LIMIT)]
"""Any text; OMRS does not ask for the form of a UUID."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Of a type or a property."""

MAX_NAMES = 10  # in a query parameter: what is longer does not fit into a URL, and `/search` takes it

Json = Any
"""Any JSON value, its numbers exact: a Decimal where a float would change it."""

Properties = dict[str, Json]
"""Plain values by name; the type says what they are. Times are ISO-8601 text, enum values their symbolic names."""

GUID_EXAMPLE = "0b5e1c2e-6c7b-4d0e-9a34-3b1f0c6a7d11"


class FieldError(Model):
    """One fault of a request."""

    pointer: str = Field(
        description='JSON pointer (RFC 6901) into the body, "" is all of it; or the name of the parameter'
    )
    detail: str


class Problem(Model):
    """What a refused request answers, as application/problem+json (RFC 9457)."""

    type: str = Field(description="a URN per kind of problem", examples=["urn:omrs-streams:problem:entity-not-known"])
    title: str = Field(examples=["Entity not known"])
    status: int = Field(examples=[404])
    detail: str = Field(description="what happened, to which instance, type or parameter")
    instance: str = Field(description="the path that was asked")
    code: str = Field(description="the stable OMRS message id", examples=["OMRS-REPOSITORY-404-002"])
    help: str | None = Field(None, description="what to do about it")
    errors: list[FieldError] | None = Field(None, description="the fields that are wrong")
