"""Tables and columns of a database with their security marks and grants, read in one snapshot."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omrs_connectors.builtin.postgres.identity import column_key, database_key, identified, table_key
from omrs_connectors.builtin.postgres_catalog.catalogue import read_database, snapshot
from omrs_connectors.builtin.postgres_catalog.comments import split
from omrs_connectors.builtin.security_sync.options import SecuritySyncOptions
from omrs_connectors.builtin.security_sync.tags import COLUMN_PRIVILEGES, EVERYBODY, TABLE_PRIVILEGES, Grant, Tags

MARK = "omrs-security"
"""What the line at the end of a comment begins with: labels, properties, and the digest of what was agreed on."""

_OBJECTS = """
select c.oid::int8, 0, n.nspname::text, c.relname::text, null, c.relkind::text, obj_description(c.oid, 'pg_class')
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select c.oid::int8, a.attnum, n.nspname::text, c.relname::text, a.attname::text, c.relkind::text,
       col_description(c.oid, a.attnum)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and a.attnum > 0 and not a.attisdropped
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""

_GRANTS = """
select c.oid::int8, 0, r.rolname::text, g.privilege_type
  from pg_class c cross join aclexplode(c.relacl) g left join pg_roles r on r.oid = g.grantee
 where g.grantee <> c.relowner
union
select c.oid::int8, a.attnum, r.rolname::text, g.privilege_type
  from pg_class c join pg_attribute a on a.attrelid = c.oid cross join aclexplode(a.attacl) g
  left join pg_roles r on r.oid = g.grantee
 where g.grantee <> c.relowner and not a.attisdropped
"""

_ROLES = "select rolname::text from pg_roles"


@dataclass(frozen=True, slots=True)
class SecuredObject:
    """A table, view or column. `found`: what the database says of its protection, as far as roles are looked after."""

    key: str
    schema: str
    table: str
    column: str | None
    kind: str
    """pg_class.relkind of the table"""
    text: str | None
    """the comment without notes"""
    notes: Mapping[str, Mapping[str, Any]]
    found: Tags

    @property
    def agreed(self) -> str | None:
        return self.notes.get(MARK, {}).get("agreed")

    @property
    def privileges(self) -> frozenset[str]:
        """What can be granted on it."""
        return TABLE_PRIVILEGES if self.column is None else COLUMN_PRIVILEGES

    def __str__(self) -> str:
        return ".".join([self.schema, self.table, *([self.column] if self.column is not None else ())])


@dataclass(frozen=True, slots=True)
class Secured:
    """The database's key, its objects - each table before its columns - and the roles that there are."""

    root: str
    objects: tuple[SecuredObject, ...]
    roles: frozenset[str]


def read_objects(conninfo: str, instance: str, options: SecuritySyncOptions) -> Secured:
    """RepositoryError: the database cannot be read."""
    with snapshot(conninfo) as connection:
        root = database_key(identified(read_database(connection), instance))
        objects = connection.execute(_OBJECTS).fetchall()
        grants = connection.execute(_GRANTS).fetchall()
        roles = frozenset(name for (name,) in connection.execute(_ROLES).fetchall()) - {EVERYBODY}
    access: dict[tuple[int, int], set[Grant]] = defaultdict(set)
    for oid, number, role, privilege in grants:
        name = EVERYBODY if role is None else role
        if (role is None or role in roles) and options.wants_role(name):
            access[oid, number].add((name, privilege))
    found = []
    for oid, number, schema, table, column, kind, comment in sorted(objects, key=lambda row: row[:2]):
        if not options.wants_schema(schema):
            continue
        text, notes = split(comment)
        mark = notes.get(MARK, {})
        known = TABLE_PRIVILEGES if column is None else COLUMN_PRIVILEGES
        said = [grant for grant in access[oid, number] if grant[1] in known]
        tags = Tags.of(mark.get("labels") or (), mark.get("properties") or {}, said)
        key = column_key(root, oid, number) if number else table_key(root, oid)
        found.append(SecuredObject(key, schema, table, column, kind, text, notes, tags))
    return Secured(root, tuple(found), roles)
