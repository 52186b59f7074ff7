"""`PostgresConnector`: keeps metadata equal to the databases of a PostgreSQL server."""

from omrs_connectors.builtin.postgres.access import address_of
from omrs_connectors.builtin.postgres.database import Database
from omrs_connectors.builtin.postgres.dropped import remove_dropped
from omrs_connectors.builtin.postgres.options import PostgresOptions
from omrs_connectors.builtin.postgres.targets import Place, places
from omrs_connectors.builtin.postgres.waking import wake_on_ddl
from omrs_connectors.services.database_integrator import DatabaseIntegratorConnector, DatabaseIntegratorContext
from omrs_schemas.errors import DeletionRefusedError, RepositoryError


class PostgresConnector(DatabaseIntegratorConnector):
    """Catalogues databases with their schemas, tables, views, columns and keys, and follows what changes.

    Two triggers of one mechanism. Passive: a refresh at each interval reads a fingerprint, then what it says has
    changed. Active (`usesBlockingCalls`): `engage` waits for PostgreSQL's own notifications and wakes such a refresh.
    """

    Options = PostgresOptions
    context: DatabaseIntegratorContext
    options: PostgresOptions

    def initialize(self) -> None:
        """RepositoryError while no database answers: the daemon tries again by itself."""
        self._databases: dict[Place, Database] = {}
        self._answering(self._current())

    def refresh(self) -> None:
        """Of several databases, one that is away is told in the report. RepositoryError: none answers.
        DeletionRefusedError: too much of one is gone; the others are brought up to date all the same."""
        context, refused = self.context, None
        for database in self._answering(self._current()):
            if context.stopping.is_set():
                return
            try:
                looked_at = database.synchronize()
            except DeletionRefusedError as error:
                refused = refused or error
                context.report.message(f"{database.address}: {error.message}")
            else:
                context.report.count(f"databases.{looked_at}")
        if refused is not None:
            raise refused
        if self.options.databases and context.network_address:
            remove_dropped(context, address_of(context, self.options), self.options)

    def engage(self) -> None:
        """Returns when the connector is to stop."""
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

    def _answering(self, databases: list[Database]) -> list[Database]:
        """Those that can be read now. RepositoryError where there are none."""
        found: list[Database] = []
        away: list[RepositoryError] = []
        for database in databases:
            try:
                database.check()
            except RepositoryError as error:
                away.append(error)
                self.context.report.count("databases.away")
                self.context.report.message(f"{database.address}: {error.message}")
            else:
                found.append(database)
        if away and not found:
            raise away[0]
        return found
