"""A connector's configuration properties as a model of its own, with errors that name the key."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Self, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from omrs_schemas.errors import ConfigurationError


class ConnectorOptions(BaseModel):
    """Base of a connector's options: fields in Python's spelling, keys in the configuration in camelCase.

        class QueueOptions(ConnectorOptions):
            max_queues: int = Field(100, ge=1, description="queues catalogued at most")

    A key that is not a field is refused, so that a slip of the pen is not a default.
    """

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True, hide_input_in_errors=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _listed(cls, value: Any, info: ValidationInfo) -> Any:
        """A list may be text with commas: properties that are kept as metadata hold no lists."""
        field = cls.model_fields.get(info.field_name or "")
        if isinstance(value, str) and field is not None and get_origin(field.annotation) in (tuple, list, frozenset):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys that may stand in the configuration."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def parse(cls, properties: Mapping[str, Any], *, connector: str = "") -> Self:
        """The options that stand in `properties`. ConfigurationError names every key that is wrong, never its value."""
        try:
            return cls.model_validate(dict(properties))
        except ValidationError as error:
            problems = [cls._problem(item) for item in error.errors(include_input=False, include_url=False)]
            of = f" of connector {connector}" if connector else ""
            raise ConfigurationError(
                f"configurationProperties{of}: {'; '.join(problems)}",
                help=f"known: {', '.join(cls.keys()) or 'none'}",
                keys=sorted({".".join(map(str, item["loc"])) for item in error.errors(include_input=False)}),
            ) from None

    @classmethod
    def _problem(cls, item: Mapping[str, Any]) -> str:
        key = ".".join(map(str, item["loc"])) or "all together"
        if item["type"] == "extra_forbidden":
            near = get_close_matches(key, cls.keys(), 1)
            return f"{key}: not known" + (f", is {near[0]} meant?" if near else "")
        if item["type"] == "missing":
            return f"{key}: missing"
        message = str(item["msg"])
        return f"{key}: {message[:1].lower()}{message[1:]}"
