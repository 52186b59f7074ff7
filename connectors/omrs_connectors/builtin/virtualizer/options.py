"""Options of the virtualizer."""

from typing import Literal

from pydantic import Field

from omrs_connectors.builtin.postgres.access import AccessOptions
from omrs_connectors.builtin.postgres_catalog.options import matches
from omrs_connectors.builtin.safety import SafetyOptions


class VirtualizerOptions(SafetyOptions, AccessOptions):
    """Which tables get views, where, and how these are named."""

    view_schema: str = Field(
        "business", min_length=1, max_length=63, description="schema of the views; made if missing"
    )
    schemas: tuple[str, ...] = Field(("*",), description="schemas whose tables get views: names or globs")
    exclude_schemas: tuple[str, ...] = Field((), description="schemas whose tables get none: names or globs")
    unassigned_columns: Literal["omit", "keep"] = Field(
        "omit", description="what becomes of columns without a term, where others of the table have one"
    )
    names: Literal["as_is", "snake_case"] = Field(
        "as_is", description="whether a term is a name as it is written, or in small letters with underscores"
    )

    def wants_schema(self, name: str) -> bool:
        return name != self.view_schema and matches(self.schemas, name) and not matches(self.exclude_schemas, name)
