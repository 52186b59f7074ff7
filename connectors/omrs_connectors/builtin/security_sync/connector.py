"""`SecuritySyncConnector`: keeps grants and security marks of a PostgreSQL database in step with security tags."""

from omrs_connectors.builtin.postgres.access import Address, address_of
from omrs_connectors.builtin.postgres.identity import database_entity, instances_of, keyed
from omrs_connectors.builtin.postgres.waking import wake_on_ddl
from omrs_connectors.builtin.postgres_catalog.catalogue import snapshot
from omrs_connectors.builtin.postgres_catalog.names import relational_names
from omrs_connectors.builtin.security_sync.comparison import Comparison
from omrs_connectors.builtin.security_sync.objects import read_objects
from omrs_connectors.builtin.security_sync.options import SecuritySyncOptions
from omrs_connectors.builtin.security_sync.tags import CLASSIFICATION
from omrs_connectors.services.security_integrator import SecurityIntegratorConnector, SecurityIntegratorContext
from omrs_streams.client import Entity

ELEMENTS = ("RelationalTable", "RelationalColumn")
CLASSIFICATIONS_CHANGE = ("CLASSIFIED", "RECLASSIFIED", "DECLASSIFIED")


class SecuritySyncConnector(SecurityIntegratorConnector):
    """Compares, object by object, SecurityTags in metadata with grants and marks in the database, and lets one side
    follow the other as the permitted synchronization says.

    Two triggers of one mechanism: classifications that change in metadata wake a refresh at once, and so does DDL in
    the database where that is reported (`usesBlockingCalls`); the timer looks for what was missed.
    """

    Options = SecuritySyncOptions
    context: SecurityIntegratorContext
    options: SecuritySyncOptions

    def initialize(self) -> None:
        """RepositoryError while the database is away: the daemon tries again by itself."""
        self._address: Address = address_of(self.context, self.options)
        self._names = relational_names(self.context.types)
        with snapshot(self._address.conninfo()):
            pass

    def start(self) -> None:
        self.context.refresh_on(types=ELEMENTS, kinds=CLASSIFICATIONS_CHANGE)

    def engage(self) -> None:
        wake_on_ddl(
            self.context, lambda: [self._address], self.options.audit_schema, install=self.options.install_trigger
        )

    def refresh(self) -> None:
        """DeletionRefusedError: more grants or tags would be taken away than is allowed. Everything that takes nothing
        away is done by then."""
        secured = read_objects(self._address.conninfo(), self._address.instance, self.options)
        tagged = self._elements(secured.root, CLASSIFICATION)
        comparison = Comparison(self.context, self.options, secured.roles, tagged, lambda: self._elements(secured.root))
        for what in secured.objects:
            comparison.look_at(what)
        comparison.carry_out(self._address)

    def _elements(self, root: str, *classifications: str) -> dict[str, Entity]:
        """What metadata has of the database's tables and columns, by key."""
        client, page_size = self.context.client, self.context.max_page_size
        database = database_entity(client, self._names, root, page_size)
        instances = instances_of(database, self._names, self._address.instance)
        return {
            key: entity
            for type_name in ELEMENTS
            for key, entity in keyed(client, type_name, root, instances, page_size, classifications or None)
        }
