"""One database: what changed since it was last looked at, found cheaply, and brought into metadata."""

import logging
import time
from dataclasses import replace

from omrs_connectors.builtin.postgres.held import Held, load
from omrs_connectors.builtin.postgres.identity import (
    database_entity,
    database_key,
    has_identifier,
    identified,
    with_key,
)
from omrs_connectors.builtin.postgres.mirror import Mirror
from omrs_connectors.builtin.postgres.options import PostgresOptions
from omrs_connectors.builtin.postgres.targets import Place
from omrs_connectors.builtin.postgres.wanted import wanted
from omrs_connectors.builtin.postgres_catalog.catalogue import (
    Catalogue,
    Fingerprint,
    read_catalogue,
    read_fingerprint,
    snapshot,
)
from omrs_connectors.builtin.postgres_catalog.names import RelationalNames, relational_names
from omrs_connectors.sdk import IntegrationContext
from omrs_schemas.errors import ClassificationError, EntityNotKnownError, OmrsError, RelationshipNotKnownError

log = logging.getLogger(__name__)

ELSEWHERE = (EntityNotKnownError, RelationshipNotKnownError, ClassificationError)
"""What the server says when somebody changed or deleted an element behind our back."""


class Database:
    """What is known of it is kept from one look to the next, and read again after a failure."""

    def __init__(self, context: IntegrationContext, place: Place, options: PostgresOptions) -> None:
        self.address = place.address
        self._element = place.element
        self._context = context
        self._options = options
        self._names: RelationalNames = relational_names(context.types)
        self._identifier = has_identifier(context.types)
        self._conninfo = place.address.conninfo()
        self._held: Held | None = None
        self._seen: Fingerprint | None = None
        self._compared = 0.0

    def check(self) -> None:
        """RepositoryError where the database does not answer."""
        with snapshot(self._conninfo):
            pass

    def synchronize(self) -> str:
        """Writes what differs, and nothing else; what was looked at: everything, changes or nothing.

        RepositoryError: the database cannot be read. DeletionRefusedError: too much of it is gone.
        """
        now = read_fingerprint(self._conninfo, self._options.wants_schema)
        changed = self._changed(now)
        if changed is not None and not changed:
            return "nothing"
        catalogue = self._read(changed)
        try:
            done = self._write(catalogue)
        except ELSEWHERE as error:
            log.info("%s is read again from the metadata server: %s", self.address, error)
            self._forget()
            catalogue = self._read(None)
            done, changed = self._write(catalogue), None
        except OmrsError:
            self._forget()
            raise
        if done:
            self._seen = now
            if changed is None:
                self._compared = time.monotonic()
        return "everything" if changed is None else "changes"

    def _read(self, tables: frozenset[int] | None) -> Catalogue:
        found = read_catalogue(self._conninfo, self._options.wants_schema, tables)
        return replace(found, database=identified(found.database, self.address.instance))

    def _forget(self) -> None:
        """Some change may be half done: next time both sides are read whole."""
        self._held = self._seen = None

    def _changed(self, now: Fingerprint) -> frozenset[int] | None:
        """The tables that are to be looked at; None = all."""
        seen, minutes = self._seen, self._options.compare_minutes
        if seen is None or self._held is None or (now.database, now.schemas) != (seen.database, seen.schemas):
            return None
        if minutes and time.monotonic() - self._compared >= minutes * 60:
            self._held = None
            return None
        changed = {oid for oid in now.tables.keys() | seen.tables.keys() if now.tables.get(oid) != seen.tables.get(oid)}
        return frozenset(changed | now.queries) if changed else frozenset()

    def _write(self, catalogue: Catalogue) -> bool:
        context, options = self._context, self._options
        if self._held is None:
            root = database_key(catalogue.database)
            if self._element is not None:
                self._adopt(self._element, root)
            self._held = load(
                context.client,
                self._names,
                root,
                self.address.instance,
                context.max_page_size,
                options.parallelism,
            )
        report = context.report
        report.count("tablesRead", len(catalogue.tables))
        found = wanted(self._names, self.address.instance, catalogue, options, identifier=self._identifier)
        safety = options.safety(str(self.address))
        return Mirror(context, self._names, self._held, safety, options.parallelism).write(found)

    def _adopt(self, element: str, root: str) -> None:
        """The element that somebody made for the database becomes the one that is kept, unless there is one already."""
        context = self._context
        if database_entity(context.client, self._names, root, context.max_page_size) is not None:
            return
        entity = context.client.get_entity(element)
        properties = with_key(entity.plain_properties, root, identifier=self._identifier)
        context.update_entity(element, properties, type_name=entity.type_name)
