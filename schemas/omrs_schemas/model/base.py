"""The base of every bean: unknown fields ignored, nulls and empty collections omitted, `class` where Egeria has one.

A *bean* is a plain dict in Egeria's JSON form; a model guards the edge where such a dict comes from a stranger:
`Model.model_validate(json)` checks it and `model.to_bean()` gives the dict back in canonical form.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from omrs_schemas.model.dates import to_epoch_ms

JsonBean = dict[str, Any]
"""A plain dict in Egeria's JSON form."""

Long = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""A Java long."""

EpochMs = Annotated[int, Field(ge=-(2**63), lt=2**63), BeforeValidator(to_epoch_ms)]
"""A date: epoch milliseconds or ISO-8601 text with offset or Z on input, held as milliseconds."""


class WireEnum(StrEnum):
    """An enum whose wire form is its name; `ordinal` is Egeria's number for it."""

    ordinal: int

    def __new__(cls, value: str, ordinal: int = 0) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.ordinal = ordinal
        return member


class Bean(BaseModel):
    """Base of all beans.

    `bean_class` is the value of the JSON property `class`, or None where Egeria writes none. A `class` that came and is
    neither ours nor that of a bean that extends ours is an error; a missing one is taken as ours, because the place
    says what the bean is.
    """

    model_config = ConfigDict(extra="ignore", use_enum_values=True, validate_default=False)

    bean_class: ClassVar[str | None] = None

    @model_validator(mode="wrap")
    @classmethod
    def _check_class(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if cls.bean_class is not None and isinstance(data, dict):
            given = data.get("class")
            ours = isinstance(given, str) and (given == cls.bean_class or given in _classes_below(cls))
            if given is not None and not ours:
                raise ValueError(f"class is {given!r} where a {cls.bean_class} is expected")
        return handler(data)

    def to_bean(self) -> JsonBean:
        """This bean as a plain dict: `class` first where there is one, nulls and empty collections left out."""
        bean: JsonBean = {} if self.bean_class is None else {"class": self.bean_class}
        for name, value in self.__dict__.items():
            if value is None:
                continue
            if isinstance(value, Bean):
                bean[name] = value.to_bean()
            elif isinstance(value, list):
                if value:
                    bean[name] = [item.to_bean() if isinstance(item, Bean) else item for item in value]
            elif isinstance(value, dict):
                if value:
                    bean[name] = {
                        key: item.to_bean() if isinstance(item, Bean) else item for key, item in value.items()
                    }
            else:
                bean[name] = value.value if isinstance(value, StrEnum) else value
        return bean

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        if cls.bean_class is not None:
            target = handler.resolve_ref_schema(schema)
            discriminator = {"class": {"const": cls.bean_class, "type": "string"}}
            target["properties"] = discriminator | target.get("properties", {})
        return schema


def _classes_below(kind: type[Bean]) -> set[str | None]:
    below = {sub.bean_class for sub in kind.__subclasses__()}
    return below.union(*(_classes_below(sub) for sub in kind.__subclasses__()))


class VersionedBean(Bean):
    """A bean with OMRS's header version (1 in every release so far)."""

    headerVersion: Long = 1
