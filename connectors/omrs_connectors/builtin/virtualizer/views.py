"""The database's side: its tables, the views that are ours, and the SQL that changes them; identifiers are quoted."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from omrs_connectors.builtin.postgres.identity import column_key, database_key, identified, table_key
from omrs_connectors.builtin.postgres_catalog.catalogue import read_database, snapshot
from omrs_connectors.builtin.postgres_catalog.comments import join, split
from omrs_connectors.builtin.virtualizer.options import VirtualizerOptions
from omrs_connectors.builtin.virtualizer.plan import TEMPORARY, SourceColumn, SourceTable, View

MARK = "omrs-virtualizer"
"""What the line at the end of a view's comment begins with: whose view it is, over which table, of which columns."""

_RELATIONS = """
select c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class')
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and not c.relispartition
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""
_COLUMNS = """
select a.attrelid::int8, a.attnum::int, a.attname::text from pg_attribute a join pg_class c on c.oid = a.attrelid
 where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1, 2
"""
_GRANTS = """
select case when g.grantee = 0 then null else g.grantee::regrole::text end, g.privilege_type
  from pg_class c cross join aclexplode(c.relacl) g where c.oid = %s and g.grantee <> c.relowner
"""


@dataclass(frozen=True, slots=True)
class OwnView:
    """A view that this connector made. `of`: key of its source; `numbers`: the source's columns that it shows."""

    oid: int
    name: str
    of: str
    numbers: tuple[int, ...]
    columns: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True)
class Stock:
    """The database as it is: what views may be made of, ours, and the names in the schema that others have taken."""

    root: str
    tables: tuple[SourceTable, ...]
    own: tuple[OwnView, ...]
    taken: frozenset[str]


def read_stock(conninfo: str, instance: str, options: VirtualizerOptions, owner: str) -> Stock:
    """RepositoryError: the database cannot be read."""
    with snapshot(conninfo) as connection:
        root = database_key(identified(read_database(connection), instance))
        relations = connection.execute(_RELATIONS).fetchall()
        rows = connection.execute(_COLUMNS).fetchall()
    columns: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for oid, number, name in rows:
        columns[oid].append((number, name))
    tables, own, taken = [], [], set()
    for oid, schema, name, kind, comment in relations:
        mark = split(comment)[1].get(MARK, {})
        if schema == options.view_schema and kind == "v" and mark.get("by") == owner:
            shown = tuple(each for _, each in columns[oid])
            own.append(OwnView(oid, name, str(mark.get("of")), tuple(mark.get("columns") or ()), shown, comment))
        elif schema == options.view_schema:
            taken.add(name)
        elif options.wants_schema(schema) and MARK not in split(comment)[1]:
            found = tuple(SourceColumn(column_key(root, oid, number), number, each) for number, each in columns[oid])
            tables.append(SourceTable(table_key(root, oid), schema, name, found))
    return Stock(root, tuple(tables), tuple(own), frozenset(taken))


class Workshop:
    """Makes and changes views, each in a transaction of its own."""

    def __init__(self, connection: "psycopg.Connection[Any]", schema: str, owner: str) -> None:
        self._connection = connection
        self._schema = schema
        self._owner = owner

    def prepare(self) -> None:
        """The schema, if it is missing: whoever may not create one need not, where there is one."""
        found = self._connection.execute("select from pg_namespace where nspname = %s", [self._schema]).fetchone()
        if found is None:
            self._run(sql.SQL("create schema {}").format(sql.Identifier(self._schema)))

    def rename(self, renamed: Sequence[tuple[OwnView, str]]) -> None:
        """All at once, so that names can be swapped."""
        with self._connection.transaction():
            for view, _ in renamed:
                self._rename(view.name, f"{TEMPORARY}{view.oid}")
            for view, name in renamed:
                self._rename(f"{TEMPORARY}{view.oid}", name)

    def make(self, view: View) -> None:
        with self._connection.transaction():
            self._create(view, "create view")

    def change(self, own: OwnView, view: View) -> None:
        """The columns, then the comment. Columns are renamed, and added at the end, in place; for anything else the
        view is made anew, with the grants it had - which is refused while other views are built on it."""
        numbers = tuple(number for number, _ in view.columns)
        with self._connection.transaction():
            if numbers[: len(own.numbers)] == own.numbers and len(own.numbers) == len(own.columns):
                self._rename_columns(own, view)
                self._create(view, "create or replace view")
                return
            grants = self._connection.execute(_GRANTS, [own.oid]).fetchall()
            self.drop(view.name)
            self._create(view, "create view")
            for role, privilege in grants:
                # regrole quotes what has to be quoted; privileges are PostgreSQL's own words
                statement = "grant {} on table {} to {}"
                to = sql.SQL("public" if role is None else role)
                self._run(sql.SQL(statement).format(sql.SQL(privilege), self._named(view.name), to))

    def drop(self, name: str) -> None:
        """Refused by PostgreSQL while other views are built on it."""
        self._run(sql.SQL("drop view {}").format(self._named(name)))

    def comment(self, view: View) -> str | None:
        """What the view says of itself."""
        note = {"by": self._owner, "of": view.source.key, "columns": [number for number, _ in view.columns]}
        return join(view.description.strip() or None, {MARK: note})

    def _create(self, view: View, how: str) -> None:
        names = {column.number: column.name for column in view.source.columns}
        columns = sql.SQL(", ").join(
            sql.SQL("source.{} as {}").format(sql.Identifier(names[number]), sql.Identifier(alias))
            for number, alias in view.columns
        )
        source = sql.Identifier(view.source.schema, view.source.name)
        text = sql.SQL("{} {} as select {} from {} as source")
        self._run(text.format(sql.SQL(how), self._named(view.name), columns, source))
        said = sql.Literal(self.comment(view))
        self._run(sql.SQL("comment on view {} is {}").format(self._named(view.name), said))

    def _rename_columns(self, own: OwnView, view: View) -> None:
        changed = [
            (number, old, new) for (number, new), old in zip(view.columns, own.columns, strict=False) if old != new
        ]
        steps = [(old, f"{TEMPORARY}{number}") for number, old, _ in changed]
        steps += [(f"{TEMPORARY}{number}", new) for number, _, new in changed]
        for old, new in steps:
            text = sql.SQL("alter table {} rename column {} to {}")  # of views too, and before PostgreSQL 13
            self._run(text.format(self._named(view.name), sql.Identifier(old), sql.Identifier(new)))

    def _rename(self, old: str, new: str) -> None:
        self._run(sql.SQL("alter view {} rename to {}").format(self._named(old), sql.Identifier(new)))

    def _named(self, name: str) -> sql.Identifier:
        return sql.Identifier(self._schema, name)

    def _run(self, statement: sql.Composed) -> None:
        self._connection.execute(statement)


def same(own: OwnView, view: View, comment: str | None) -> bool:
    """Whether a view shows what it should under the names it should."""
    return (own.numbers, own.columns, own.comment) == (
        tuple(number for number, _ in view.columns),
        tuple(name for _, name in view.columns),
        comment,
    )


def duplicates(own: Sequence[OwnView]) -> Iterator[OwnView]:
    """All but the first view over one table."""
    seen: set[str] = set()
    for view in sorted(own, key=lambda view: view.oid):
        if view.of in seen:
            yield view
        seen.add(view.of)
