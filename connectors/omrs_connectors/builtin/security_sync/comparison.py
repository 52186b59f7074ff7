"""One pass over a database: what each object and its element say, what follows, and carrying it out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from omrs_connectors.builtin.postgres.access import Address
from omrs_connectors.builtin.postgres_catalog.conninfo import line_of, unavailable
from omrs_connectors.builtin.safety import Safety
from omrs_connectors.builtin.security_sync.decision import Action, decide
from omrs_connectors.builtin.security_sync.objects import SecuredObject
from omrs_connectors.builtin.security_sync.options import SecuritySyncOptions
from omrs_connectors.builtin.security_sync.statements import Change, statements
from omrs_connectors.builtin.security_sync.tags import (
    ACCESS_GROUPS,
    CLASSIFICATION,
    EVERYBODY,
    NOTHING,
    Tags,
    spelled_out,
)
from omrs_connectors.sdk import IntegrationContext, PermittedSynchronization
from omrs_schemas.errors import DeletionRefusedError
from omrs_schemas.model.values import from_properties
from omrs_streams.client import Entity

Elements = Mapping[str, Entity]


@dataclass(frozen=True, slots=True)
class Tagging:
    """What an element is to say; None where it is to have no security tags."""

    guid: str
    wanted: Tags | None
    tagged: bool


class Comparison:
    """`tagged`: elements that have security tags, by key; `elements`: all of them, read only when one is needed."""

    def __init__(
        self,
        context: IntegrationContext,
        options: SecuritySyncOptions,
        roles: frozenset[str],
        tagged: Elements,
        elements: Callable[[], Elements],
    ) -> None:
        self._context = context
        self._options = options
        self._roles = roles | {EVERYBODY}
        self._tagged = tagged
        self._read_elements = elements
        self._all: Elements | None = None
        self._access_groups = ACCESS_GROUPS in context.types.attributes(CLASSIFICATION)
        self._changes: dict[tuple[str, str], list[Change]] = defaultdict(list)
        self._taggings: list[Tagging] = []
        self._columns: dict[tuple[str, str], list[SecuredObject]] = defaultdict(list)
        self._grants = 0  # that there are on objects which are looked after

    # ---- comparing -------------------------------------------------------------------------------------------------

    def look_at(self, what: SecuredObject) -> None:
        """Notes what has to be done about one object."""
        if what.column is not None:
            self._columns[what.schema, what.table].append(what)
        entity = self._tagged.get(what.key)
        found = _classification(entity)
        said = None if found is None else Tags.from_metadata(from_properties(found.get("properties")))
        able = None if said is None else self._able(what, said)
        ours = found is not None and found.get("createdBy") == self._context.user_id
        direction = self._context.permitted_synchronization
        if said is not None or what.agreed is not None:
            self._grants += len(what.found.access)
        action = decide(direction, self._options.winner, able, what.found, what.agreed, ours=ours)
        if action is Action.NONE:
            return
        if entity is None:
            entity = self._elements.get(what.key)
        if entity is None:  # not catalogued, or not any more: then nothing is known of what it should be
            self._context.report.count("notCatalogued")
        elif action is Action.TO_METADATA:
            self._tag(what, entity, said, able)
        else:
            wanted = what.found if action is Action.AGREE else able or NOTHING
            self._changes[what.schema, what.table].append(Change(what, wanted))

    @property
    def _elements(self) -> Elements:
        if self._all is None:
            self._all = self._read_elements()
        return self._all

    def _able(self, what: SecuredObject, said: Tags) -> Tags:
        """What of the tags the database can be made to say: roles that are there and looked after, known privileges."""
        asked = spelled_out(said.access, what.privileges)
        possible = {
            (role, privilege)
            for role, privilege in asked
            if role in self._roles and self._options.wants_role(role) and privilege in what.privileges
        }
        for role, privilege in sorted(asked - possible):
            self._context.report.count("accessIgnored")
            self._context.report.message(f"{what}: {privilege} for {role} cannot be granted or is not looked after")
        return said.with_access(possible)

    def _tag(self, what: SecuredObject, entity: Entity, said: Tags | None, able: Tags | None) -> None:
        """The database's word, and what of metadata's the database cannot say."""
        beyond = spelled_out(said.access, what.privileges) - able.access if said and able else frozenset()
        wanted = what.found.with_access(what.found.access | beyond)
        self._taggings.append(Tagging(entity.guid, wanted or None, said is not None))
        if self._context.permitted_synchronization is PermittedSynchronization.BOTH_DIRECTIONS:
            self._changes[what.schema, what.table].append(Change(what, what.found))

    # ---- carrying out ----------------------------------------------------------------------------------------------

    def carry_out(self, address: Address) -> None:
        """What takes nothing away, then what does, if it is not too much: else DeletionRefusedError.

        RepositoryError: the database went away. A table that cannot be changed is reported; the others are.
        """
        safety = self._options.safety(str(address))
        refused = self._tag_elements(safety)
        try:
            taken = sum(len(change.taken) for changes in self._changes.values() for change in changes)
            safety.check(taken, self._grants, "grants")
        except DeletionRefusedError as error:
            refused = refused or error
            self._changes = {
                table: changes
                for table, changes in self._changes.items()
                if not any(change.taken for change in changes)
            }
        if self._changes:
            self._context.check_third_party_write(f"change {address}")
            self._change_tables(address)
        if refused is not None:
            raise refused

    def _tag_elements(self, safety: Safety) -> DeletionRefusedError | None:
        context, refused = self._context, None
        for tagging in (each for each in self._taggings if each.wanted is not None):
            properties = tagging.wanted.to_metadata(access_groups=self._access_groups) if tagging.wanted else {}
            if tagging.tagged:
                context.reclassify(tagging.guid, CLASSIFICATION, properties)
            else:
                context.classify(tagging.guid, CLASSIFICATION, properties)
            context.report.count("tagsWritten")
        removed = [each for each in self._taggings if each.wanted is None]
        try:
            safety.check(len(removed), len(self._tagged), "elements with security tags")
        except DeletionRefusedError as error:
            return error
        for tagging in removed:
            context.declassify(tagging.guid, CLASSIFICATION)
            context.report.count("tagsRemoved")
        return refused

    def _change_tables(self, address: Address) -> None:
        report = self._context.report
        try:
            with psycopg.connect(address.conninfo(), autocommit=True) as connection:
                for (schema, table), changes in self._changes.items():
                    if self._context.stopping.is_set():
                        return
                    try:
                        with connection.transaction():
                            for statement in statements(self._with_columns(schema, table, changes)):
                                connection.execute(statement)
                    except psycopg.Error as error:
                        if connection.closed:
                            raise
                        report.count("tablesFailed")
                        report.message(f"{schema}.{table} cannot be changed: {line_of(error)}")
                        continue
                    report.count("grantsGiven", sum(len(change.given) for change in changes))
                    report.count("grantsTaken", sum(len(change.taken) for change in changes))
                    report.count("marksWritten", sum(not change.noted for change in changes))
        except psycopg.Error as error:
            raise unavailable(error) from error

    def _with_columns(self, schema: str, table: str, changes: Sequence[Change]) -> Sequence[Change]:
        """And the columns that stay as they are: what is taken on the table is taken on them, and given back."""
        if not any(change.taken and change.what.column is None for change in changes):
            return changes
        changed = {change.what.key for change in changes}
        others = (column for column in self._columns[schema, table] if column.key not in changed)
        return [*changes, *(Change(column, column.found, marked=False) for column in others)]


def _classification(entity: Entity | None) -> dict[str, Any] | None:
    found = (entity.get("classifications") if entity is not None else None) or ()
    return next((each for each in found if each["name"] == CLASSIFICATION), None)
