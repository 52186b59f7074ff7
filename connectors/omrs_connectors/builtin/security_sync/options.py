"""Options of the security sync."""

from typing import Literal

from pydantic import Field

from omrs_connectors.builtin.postgres.access import AccessOptions
from omrs_connectors.builtin.postgres_catalog.options import matches
from omrs_connectors.builtin.safety import SafetyOptions


class SecuritySyncOptions(SafetyOptions, AccessOptions):
    """Which schemas and roles are looked after, and who wins where both sides changed."""

    schemas: tuple[str, ...] = Field(("*",), description="schemas that are looked after: names or globs")
    exclude_schemas: tuple[str, ...] = Field((), description="schemas that are left alone: names or globs")
    roles: tuple[str, ...] = Field(("*",), description="roles whose grants are looked after: names or globs")
    exclude_roles: tuple[str, ...] = Field(("pg_*", "postgres"), description="roles whose grants are left alone")
    winner: Literal["metadata", "database"] = Field(
        "metadata", description="whose word holds where both sides changed since they last agreed"
    )
    install_trigger: bool = Field(
        True, description="create the event triggers that report DDL, where it is listened, permitted and missing"
    )
    audit_schema: str = Field("omrs_catalog", pattern="^[a-z_][a-z0-9_]{0,50}$", description="schema of the triggers")

    def wants_schema(self, name: str) -> bool:
        return name != self.audit_schema and matches(self.schemas, name) and not matches(self.exclude_schemas, name)

    def wants_role(self, name: str) -> bool:
        return matches(self.roles, name) and not matches(self.exclude_roles, name)
