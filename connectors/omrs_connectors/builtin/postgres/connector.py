"""`PostgresConnector`: keeps metadata equal to the databases of a PostgreSQL server."""

import logging
from collections.abc import Collection

from omrs_connectors.builtin.postgres.database import Database
from omrs_connectors.builtin.postgres.options import PostgresOptions
from omrs_connectors.builtin.postgres.targets import Place, places
from omrs_connectors.builtin.postgres_catalog.listening import DdlListener, listen
from omrs_connectors.services.database_integrator import DatabaseIntegratorConnector, DatabaseIntegratorContext
from omrs_schemas.errors import OmrsError

log = logging.getLogger(__name__)

WAIT_S = 0.5  # how long one wait for a notification takes, and so how long a stop may


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

    def engage(self) -> None:
        """Returns when the connector is to stop. RepositoryError when a database goes away."""
        listeners: dict[Place, DdlListener | None] = {}
        try:
            while not self.context.stopping.is_set():
                if self._follow(listeners, tuple(self._databases)) or self._heard(listeners):
                    self.context.request_refresh()
        finally:
            for listener in listeners.values():
                if listener is not None:
                    listener.close()

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _current(self) -> list[Database]:
        """The databases that there are now; what is known of those that stay is kept."""
        known = self._databases
        found = places(self.context, self.options)
        self._databases = {place: known.get(place) or Database(self.context, place, self.options) for place in found}
        return list(self._databases.values())

    def _follow(self, listeners: dict[Place, DdlListener | None], wanted: Collection[Place]) -> bool:
        """Begins and ends to listen. True when it began somewhere: what happened before was not heard."""
        for place in listeners.keys() - set(wanted):
            if (listener := listeners.pop(place)) is not None:
                listener.close()
        new = [place for place in wanted if place not in listeners]
        for place in new:
            found = listen(place.address.conninfo(), self.options.audit_schema, install=self.options.install_trigger)
            if isinstance(found, str):
                log.warning("%s does not report DDL: %s. Only refreshes look at it", place.address, found)
            listeners[place] = found if isinstance(found, DdlListener) else None
        return bool(new)

    def _heard(self, listeners: dict[Place, DdlListener | None]) -> bool:
        """Whether a database reported a change within `WAIT_S`."""
        listening = [listener for listener in listeners.values() if listener is not None]
        if not listening:
            self.context.stopping.wait(WAIT_S)
        return any(listener.changes(WAIT_S / len(listening)) for listener in listening)
