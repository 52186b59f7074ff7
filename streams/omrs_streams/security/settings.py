"""The YAML file of the rule-based security connector."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from omrs_streams.security.interface import Operation

Name = Annotated[str, StringConstraints(min_length=1)]
Effect = Literal["allow", "deny"]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    types: tuple[Name, ...] = Field((), description="names of types, their subtypes included; none = every type")
    zones: tuple[Name, ...] = Field((), description="the instance is in one of these governance zones; none = any")
    homes: tuple[Name, ...] = Field((), description="home metadata collection ids of the instance; none = any")
    effect: Effect = Field(description="allow or deny")
    hide: tuple[Name, ...] = Field((), description="with allow: properties that are left out")

    @model_validator(mode="after")
    def _hides_only_what_is_allowed(self) -> "_Rule":
        if self.hide and self.effect == "deny":
            raise ValueError("`hide` goes with `effect: allow`: what is denied has no properties to hide")
        return self


class UserRule(_Rule):
    """Who may do what: the first rule that fits decides."""

    users: tuple[Name, ...] = Field((), description="user ids; users and roles both empty = everyone")
    roles: tuple[Name, ...] = Field((), description="roles of the user")
    operations: tuple[Operation, ...] = Field((), description="operations; none = every operation")

    @model_validator(mode="after")
    def _hides_on_read(self) -> "UserRule":
        if self.hide and self.operations != ("read",):
            raise ValueError("`hide` needs `operations: [read]`: only what is read can be shown in part")
        return self


class EventRule(_Rule):
    """What is exchanged with a cohort: the first rule that fits decides."""

    cohorts: tuple[Name, ...] = Field((), description="cohorts; none = every cohort")


class CopyRule(_Rule):
    """Which reference copies are kept: the first rule that fits decides."""

    @model_validator(mode="after")
    def _whole(self) -> "CopyRule":
        if self.hide:
            raise ValueError("a reference copy is kept whole or not at all: `hide` belongs to `receive`")
        return self


class SecuritySettings(BaseModel):
    """The whole file. What no rule fits is decided by `default`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connector: Name | None = Field(
        None, description="entry point in group omrs.security of a connector of your own; none = these rules"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="configuration of a connector of your own")
    users: dict[str, tuple[Name, ...]] = Field(default_factory=dict, description="user id → roles")
    requests: tuple[UserRule, ...] = Field((), description="rules for what users ask of this server")
    send: tuple[EventRule, ...] = Field((), description="rules for events that leave for a cohort")
    receive: tuple[EventRule, ...] = Field((), description="rules for events that come from a cohort")
    save: tuple[CopyRule, ...] = Field((), description="rules for the reference copies that are kept")
    default: Effect = Field("allow", description="what happens to a request that no rule fits")
    out_topic_user: Name | None = Field(
        None, description="user whose rules for reading decide what the out topic shows; none = it shows everything"
    )
