"""Settings of the search view."""

from pydantic import BaseModel, ConfigDict, Field


class SearchSettings(BaseModel):
    """The columnar file that finds are answered from, beside the stores of a worker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(True, description="keep a search view; without, every find reads the stores: right, and slow")
    memory_mb: int = Field(256, ge=64, description="memory of the search view in MB; what is beyond it lies on disk")
    threads: int = Field(2, ge=1, description="threads of one find in the search view")
    from_instances: int = Field(
        1_000, ge=0, description="instances at a worker from which the search view is worth its 60 MB of memory"
    )
