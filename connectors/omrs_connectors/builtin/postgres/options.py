"""Options of the PostgreSQL connector."""

from pydantic import Field

from omrs_connectors.builtin.postgres.access import AccessOptions
from omrs_connectors.builtin.postgres_catalog.options import matches
from omrs_connectors.builtin.safety import SafetyOptions


class PostgresOptions(SafetyOptions, AccessOptions):
    """Which databases, what of them, and how changes are noticed."""

    databases: tuple[str, ...] = Field(
        (), description="databases of the server that are catalogued: names or globs; default: that of the address"
    )
    schemas: tuple[str, ...] = Field(("*",), description="schemas that are catalogued: names or globs")
    exclude_schemas: tuple[str, ...] = Field((), description="schemas that are left out: names or globs")
    tables: tuple[str, ...] = Field(("*",), description="tables and views that are catalogued: `schema.table`, globs")
    exclude_tables: tuple[str, ...] = Field((), description="tables and views that are left out")
    install_trigger: bool = Field(
        True, description="create the event triggers that report DDL, where it is listened, permitted and missing"
    )
    audit_schema: str = Field("omrs_catalog", pattern="^[a-z_][a-z0-9_]{0,50}$", description="schema of the triggers")
    compare_minutes: float = Field(
        60.0, ge=0, description="how often everything is read and compared, changed or not; 0 = only at start"
    )
    parallelism: int = Field(4, ge=1, le=32, description="tables that are written at the same time")

    def wants_schema(self, name: str) -> bool:
        return name != self.audit_schema and matches(self.schemas, name) and not matches(self.exclude_schemas, name)

    def wants_table(self, schema: str, table: str) -> bool:
        name = f"{schema}.{table}"
        return matches(self.tables, name) and not matches(self.exclude_tables, name)

    def wants_database(self, name: str) -> bool:
        return matches(self.databases, name)
