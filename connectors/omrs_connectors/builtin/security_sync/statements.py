"""The SQL that makes a table and its columns say what they should; identifiers are always quoted. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from omrs_connectors.builtin.postgres_catalog.comments import join
from omrs_connectors.builtin.security_sync.objects import MARK, SecuredObject
from omrs_connectors.builtin.security_sync.tags import EVERYBODY, Grant, Tags

KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized view", "f": "foreign table"}


@dataclass(frozen=True, slots=True)
class Change:
    """What an object is to say; its grants change only where they differ."""

    what: SecuredObject
    wanted: Tags
    marked: bool = True
    """whether the comment tells what was agreed on; not of columns that nobody looks after"""

    @property
    def taken(self) -> frozenset[Grant]:
        return self.what.found.access - self.wanted.access

    @property
    def given(self) -> frozenset[Grant]:
        return self.wanted.access - self.what.found.access

    @property
    def comment(self) -> str | None:
        """The whole comment afterwards: what people wrote, and the mark."""
        notes = {mark: note for mark, note in self.what.notes.items() if mark != MARK}
        if self.wanted:
            note: dict[str, object] = {"agreed": self.wanted.digest}
            if self.wanted.labels:
                note["labels"] = sorted(self.wanted.labels)
            if self.wanted.properties:
                note["properties"] = dict(self.wanted.properties)
            notes[MARK] = note
        return join(self.what.text, notes)

    @property
    def noted(self) -> bool:
        """Whether the comment need not be written."""
        return not self.marked or self.comment == join(self.what.text, self.what.notes)


def statements(changes: Sequence[Change]) -> Iterator[sql.Composed]:
    """For one table and its columns, in one transaction.

    A privilege that is taken from a role on a table is taken on each of its columns too, so tables come first and what
    columns are to keep is given again.
    """
    revoked: set[Grant] = set()
    for change in sorted(changes, key=lambda change: change.what.column is not None):
        for grant in sorted(change.taken):
            yield _statement("revoke {privilege} on table {table} from {role}", change.what, grant)
        if change.what.column is None:
            revoked |= change.taken
        again = change.wanted.access & revoked if change.what.column is not None else frozenset()
        for grant in sorted(change.given | again):
            yield _statement("grant {privilege} on table {table} to {role}", change.what, grant)
        if not change.noted:
            yield _comment(change)


def _statement(text: str, what: SecuredObject, grant: Grant) -> sql.Composed:
    """The privilege is one of a fixed list, whoever asked for it."""
    role, privilege = grant
    if privilege not in what.privileges:
        raise AssertionError(f"{privilege} cannot be granted on {what}")
    given: sql.Composable = sql.SQL(privilege)
    if what.column is not None:
        given = sql.SQL("{} ({})").format(given, sql.Identifier(what.column))
    return sql.SQL(text).format(
        privilege=given,
        table=sql.Identifier(what.schema, what.table),
        role=sql.SQL("public") if role == EVERYBODY else sql.Identifier(role),
    )


def _comment(change: Change) -> sql.Composed:
    what = change.what
    if what.column is not None:
        on = sql.SQL("column {}").format(sql.Identifier(what.schema, what.table, what.column))
    else:
        on = sql.SQL("{} {}").format(sql.SQL(KINDS[what.kind]), sql.Identifier(what.schema, what.table))
    return sql.SQL("comment on {} is {}").format(on, sql.Literal(change.comment))
