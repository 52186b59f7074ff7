"""`PostgresConnector`: keeps metadata equal to the databases of a PostgreSQL server."""

from omrs_connectors.builtin.postgres.access import address_of
from omrs_connectors.builtin.postgres.database import Database
from omrs_connectors.builtin.postgres.dropped import remove_dropped
from omrs_connectors.builtin.postgres.options import PostgresOptions
from omrs_connectors.builtin.postgres.targets import Place, places
from omrs_connectors.builtin.postgres.waking import wake_on_ddl
from omrs_connectors.services.database_integrator import DatabaseIntegratorConnector, DatabaseIntegratorContext
from omrs_schemas.errors import OmrsError


class PostgresConnector(DatabaseIntegratorConnector):
    """Catalogues databases with their schemas, tables, views, columns and keys, and follows what changes.

    Two triggers of one mechanism. Passive: a refresh at each interval reads a fingerprint, then what it says has
    changed. Active (`usesBlockingCalls`): `engage` waits for PostgreSQL's own notifications and wakes such a refresh.
    """

    Options = PostgresOptions
    context: DatabaseIntegratorContext
    options: PostgresOptions

    def initialize(self) -> None:
        """RepositoryError while a database is away: the daemon tries again by itself."""
        self._databases: dict[Place, Database] = {}
        for database in self._current():
            database.check()

    def refresh(self) -> None:
        """A database that cannot be read fails the refresh; the others are brought up to date all the same."""
        failures: list[OmrsError] = []
        for database in self._current():
            if self.context.stopping.is_set():
                return
            try:
                looked_at = database.synchronize()
            except OmrsError as error:
                if error.retriable:
                    raise
                failures.append(error)
                self.context.report.message(f"{database.address}: {error.message}")
            else:
                self.context.report.count(f"databases.{looked_at}")
        if failures:
            raise failures[0]
        if self.options.databases and self.context.network_address:
            remove_dropped(self.context, address_of(self.context, self.options), self.options)

    def engage(self) -> None:
        """Returns when the connector is to stop. RepositoryError when a database goes away."""
        wake_on_ddl(
            self.context,
            lambda: [place.address for place in tuple(self._databases)],
            self.options.audit_schema,
            install=self.options.install_trigger,
        )

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _current(self) -> list[Database]:
        """The databases that there are now; what is known of those that stay is kept."""
        known = self._databases
        found = places(self.context, self.options)
        self._databases = {place: known.get(place) or Database(self.context, place, self.options) for place in found}
        return list(self._databases.values())
