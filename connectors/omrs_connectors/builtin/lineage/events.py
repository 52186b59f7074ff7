"""What of an OpenLineage event is read (OpenLineage specification 2-0-2: RunEvent, JobEvent, DatasetEvent)."""

from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from omrs_schemas.errors import InvalidParameterError

Facets = dict[str, Any]
State = Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]


class _Part(BaseModel):
    """Whatever a producer adds is let through: facets are open by their specification."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Dataset(_Part):
    """An input or output. Facets of the role (`inputFacets`, `outputFacets`) say nothing about the data set."""

    namespace: str
    name: str = Field(min_length=1)
    facets: Facets = Field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.name


class Job(_Part):
    namespace: str
    name: str = Field(min_length=1)
    facets: Facets = Field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.name


class Run(_Part):
    run_id: str = Field(min_length=1)
    facets: Facets = Field(default_factory=dict)


class LineageEvent(_Part):
    """Any of the three kinds of event: a run of a job, a job as it is designed, a data set."""

    event_time: datetime
    event_type: State = "OTHER"
    producer: str = ""
    run: Run | None = None
    job: Job | None = None
    dataset: Dataset | None = None
    inputs: list[Dataset] = Field(default_factory=list)
    outputs: list[Dataset] = Field(default_factory=list)

    @field_validator("inputs", "outputs", mode="before")
    @classmethod
    def _none(cls, given: Any) -> Any:
        """Producers write null for none."""
        return [] if given is None else given

    @field_validator("event_type", mode="before")
    @classmethod
    def _any_case(cls, given: Any) -> Any:
        return "OTHER" if given is None else given.upper() if isinstance(given, str) else given

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if self.job is None and self.dataset is None:
            raise ValueError("it names neither a job nor a dataset")
        return self

    @property
    def time_ms(self) -> int:
        """Epoch milliseconds; a time without an offset is UTC."""
        at = self.event_time
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)

    @property
    def datasets(self) -> list[Dataset]:
        own = [] if self.dataset is None else [self.dataset]
        return [*own, *self.inputs, *self.outputs]


def lineage_event(event: Any) -> LineageEvent:
    """InvalidParameterError says what is wrong with it."""
    try:
        return LineageEvent.model_validate(event)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'event'}: {one['msg']}" for one in error.errors()[:5])
        raise InvalidParameterError(
            f"no OpenLineage event: {said}", help="see the OpenLineage specification, RunEvent, JobEvent, DatasetEvent"
        ) from error


def facet(facets: Facets, name: str) -> Facets:
    """A facet; empty where there is none, it was deleted (`_deleted`), or it is no object."""
    found = facets.get(name)
    return found if isinstance(found, dict) and not found.get("_deleted") else {}
