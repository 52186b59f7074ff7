"""Settings of the audit log."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from omrs_schemas.errors import ConfigurationError
from omrs_streams.audit.severity import severities_named


class AuditSettings(BaseModel):
    """Which messages are recorded, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severities: tuple[str, ...] = Field(
        ("default",),
        description="severities that are recorded: names, `default` (all but Event, Trace and PerfMon) or `all`",
    )
    console: bool = Field(True, description="write the messages to the console (standard error) too")
    retention_days: int = Field(30, ge=1, description="days that the audit topic keeps messages, when it is created")

    @field_validator("severities")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            severities_named(value)
        except ConfigurationError as error:
            raise ValueError(f"{error.message}; {error.help}") from None
        return value
