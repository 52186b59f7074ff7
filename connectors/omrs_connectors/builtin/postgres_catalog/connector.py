"""The repository connector of the PostgreSQL catalogue."""

from collections.abc import Collection, Iterable

from omrs_connectors.builtin.postgres_catalog.catalogue import Catalogue, read_catalogue
from omrs_connectors.builtin.postgres_catalog.mapper import PostgresEventMapper
from omrs_connectors.builtin.postgres_catalog.mapping import CatalogueMapping, Scope, type_names
from omrs_connectors.builtin.postgres_catalog.names import RelationalNames, relational_names
from omrs_connectors.builtin.postgres_catalog.options import PostgresOptions, postgres_options
from omrs_streams.proxy.interfaces import EventMapper, Mapped, ProxyContext, RepositoryConnector


class PostgresCatalog(RepositoryConnector):
    """One database of a PostgreSQL server (10 or later); its user needs no rights but to connect."""

    context: ProxyContext
    options: PostgresOptions

    def configure(self, context: ProxyContext) -> None:
        self.context = context
        self.options = postgres_options(context.options)
        self._names: RelationalNames = relational_names(context.types)
        self._members: dict[Scope, frozenset[str]] = {}

    @property
    def type_names(self) -> Collection[str]:
        return type_names(self._names)

    def event_mapper(self) -> EventMapper:
        return PostgresEventMapper(self)

    def snapshot(self) -> Iterable[Mapped]:
        present, _ = self._read(None)
        return present

    def part(self, tables: Collection[int]) -> tuple[list[Mapped], set[str]]:
        """What concerns these tables and all schemas now, and the guids of what did when it was last read."""
        return self._read(tables)

    def _read(self, tables: Collection[int] | None) -> tuple[list[Mapped], set[str]]:
        catalogue = read_catalogue(self.options.conninfo(), self.options.wants, tables)
        present: list[Mapped] = []
        members: dict[Scope, frozenset[str]] = {}
        for scope, instances in self._mapping(catalogue).scopes(catalogue):
            present += instances
            members[scope] = frozenset(each.guid for each in instances)
        if tables is None:
            self._members = members
            return present, set()
        looked_at = members.keys() | {scope for scope in self._members if scope[0] == "schema"}
        before = {guid for scope in looked_at for guid in self._members.pop(scope, ())}
        self._members.update(members)
        return present, before

    def _mapping(self, catalogue: Catalogue) -> CatalogueMapping:
        return CatalogueMapping(
            self._names,
            self.context.guid,
            self.options.instance_name(),
            catalogue.database,
            self.options.wants,
        )
