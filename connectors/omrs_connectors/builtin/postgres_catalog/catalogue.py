"""Reading the system catalogues of PostgreSQL (10 or later) into rows, all in one snapshot of the database."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from omrs_connectors.builtin.postgres_catalog.conninfo import unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatabaseRow:
    oid: int
    name: str
    comment: str | None
    owner: str
    server_version: str
    encoding: str
    system: str
    """the cluster's system identifier: it stays through restarts and fail-over; empty where it may not be read"""


@dataclass(frozen=True, slots=True)
class SchemaRow:
    oid: int
    name: str
    comment: str | None
    owner: str


@dataclass(frozen=True, slots=True)
class TableRow:
    oid: int
    schema_oid: int
    name: str
    kind: str
    """pg_class.relkind"""
    comment: str | None
    owner: str
    query: str | None


@dataclass(frozen=True, slots=True)
class ColumnRow:
    table_oid: int
    number: int
    """pg_attribute.attnum: it is never used again in its table"""
    name: str
    data_type: str
    required: bool
    default: str | None
    comment: str | None
    length: int | None
    precision: int | None
    generated: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    oid: int
    name: str
    kind: str
    """p: primary key, f: foreign key"""
    table_oid: int
    columns: Sequence[int]
    other_table_oid: int
    other_columns: Sequence[int]
    other_schema: str | None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a changed catalogue from an unchanged one, read in a fraction of the time."""

    database: DatabaseRow
    schemas: tuple[SchemaRow, ...]
    tables: Mapping[int, str]
    """by oid; another text = something of the table, its columns, comments, keys or query was written"""
    queries: frozenset[int]
    """the views: what is said of them may change when another table does"""


@dataclass(slots=True)
class Catalogue:
    """What was read: the database and its schemas always whole, tables with what belongs to them."""

    database: DatabaseRow
    schemas: list[SchemaRow]
    tables: list[TableRow] = field(default_factory=list)
    columns: list[ColumnRow] = field(default_factory=list)
    keys: list[KeyRow] = field(default_factory=list)
    asked: frozenset[int] | None = None
    """the tables that were asked for, partitions and children included; None = all"""


_DATABASE = """
select d.oid::int8 as oid, d.datname::text as name, shobj_description(d.oid, 'pg_database') as comment,
       pg_get_userbyid(d.datdba)::text as owner, current_setting('server_version') as server_version,
       pg_encoding_to_char(d.encoding)::text as encoding, '' as system
  from pg_database d where d.datname = current_database()
"""
_SYSTEM = "select system_identifier::text from pg_control_system()"
_MAY_SYSTEM = "select has_function_privilege('pg_control_system()', 'execute')"

_SCHEMAS = """
select n.oid::int8 as oid, n.nspname::text as name, obj_description(n.oid, 'pg_namespace') as comment,
       pg_get_userbyid(n.nspowner)::text as owner
  from pg_namespace n
 where n.nspname not like 'pg\\_%%' and n.nspname <> 'information_schema'
"""

# Columns that are added to a partitioned or inherited table are reported for the parent alone.
_CHILDREN = """
with recursive found(oid) as (
  select unnest(%(tables)s::int8[])::oid
  union
  select i.inhrelid from pg_inherits i join found f on i.inhparent = f.oid)
select oid::int8 from found
"""

_CHOSEN = "n.oid = any(%(schemas)s::oid[]) and (%(tables)s::int8[] is null or c.oid = any(%(tables)s::oid[]))"

_TABLES = f"""
select c.oid::int8 as oid, c.relnamespace::int8 as schema_oid, c.relname::text as name, c.relkind::text as kind,
       obj_description(c.oid, 'pg_class') as comment, pg_get_userbyid(c.relowner)::text as owner,
       case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as query
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and {_CHOSEN}
"""  # noqa: S608 - constants of this module

_COLUMNS = f"""
select a.attrelid::int8 as table_oid, a.attnum::int as number, a.attname::text as name,
       format_type(a.atttypid, a.atttypmod) as data_type, a.attnotnull as required,
       pg_get_expr(d.adbin, d.adrelid) as default, col_description(a.attrelid, a.attnum) as comment,
       case when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end as length,
       case when t.typname = 'numeric' and a.atttypmod > 4 then ((a.atttypmod - 4) >> 16) & 65535 end as precision,
       case when a.attidentity <> '' then 'identity' else '' end as generated
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attnum > 0 and not a.attisdropped
   and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and {_CHOSEN}
"""  # noqa: S608

_KEYS = f"""
select k.oid::int8 as oid, k.conname::text as name, k.contype::text as kind, k.conrelid::int8 as table_oid,
       k.conkey::int[] as columns, k.confrelid::int8 as other_table_oid,
       coalesce(k.confkey::int[], '{{}}') as other_columns, o.nspname::text as other_schema
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_class oc on oc.oid = k.confrelid
  left join pg_namespace o on o.oid = oc.relnamespace
 where (k.contype = 'p' or (k.contype = 'f' and k.conparentid = 0)) and {_CHOSEN}
"""  # noqa: S608


# Every write of a row gives it another xmin; statistics, vacuum and the like write in place and leave it.
_FINGERPRINTS = f"""
with chosen as (
  select c.oid, c.relkind, concat_ws(',', c.xmin, n.xmin, pg_get_userbyid(c.relowner)) as self
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and {_CHOSEN}),
columns as (
  select a.attrelid as oid,
         md5(string_agg(concat_ws(',', a.attnum, a.xmin, t.xmin, d.xmin), ';' order by a.attnum)) as f
    from pg_attribute a
    join chosen c on c.oid = a.attrelid
    left join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attnum > 0 group by 1),
keys as (
  select k.conrelid as oid, md5(string_agg(concat_ws(',', k.oid, k.xmin), ';' order by k.oid)) as f
    from pg_constraint k join chosen c on c.oid = k.conrelid where k.contype in ('p', 'f') group by 1),
comments as (
  select d.objoid as oid, md5(string_agg(concat_ws(',', d.objsubid, d.xmin), ';' order by d.objsubid)) as f
    from pg_description d join chosen c on c.oid = d.objoid where d.classoid = 'pg_class'::regclass group by 1),
queries as (
  select r.ev_class as oid, string_agg(r.xmin::text, ';' order by r.oid) as f
    from pg_rewrite r join chosen c on c.oid = r.ev_class group by 1)
select c.oid::int8, c.relkind in ('v', 'm'), concat_ws('|', c.self, a.f, k.f, d.f, q.f)
  from chosen c left join columns a using (oid) left join keys k using (oid)
  left join comments d using (oid) left join queries q using (oid)
"""  # noqa: S608

_DATABASES = """
select d.datname::text from pg_database d
 where d.datallowconn and not d.datistemplate and has_database_privilege(d.oid, 'connect') order by 1
"""


def read_catalogue(conninfo: str, wants: Callable[[str], bool], tables: Collection[int] | None = None) -> Catalogue:
    """The catalogue, or of it only what concerns `tables` (oids). `wants(schema name)` chooses the schemas.

    Raises RepositoryError when it cannot be read to its end.
    """
    with snapshot(conninfo) as connection:
        return _read(connection, wants, tables)


def read_fingerprint(conninfo: str, wants: Callable[[str], bool]) -> Fingerprint:
    """What `read_catalogue` would find, without finding it. RepositoryError."""
    with snapshot(conninfo) as connection:
        database, schemas = read_database(connection), _schemas(connection, wants)
        chosen = {"schemas": [schema.oid for schema in schemas], "tables": None}
        rows = connection.execute(_FINGERPRINTS.encode(), chosen).fetchall()
    tables = {oid: text for oid, _, text in rows}
    return Fingerprint(database, tuple(schemas), tables, frozenset(oid for oid, query, _ in rows if query))


def read_database(connection: "psycopg.Connection[Any]") -> DatabaseRow:
    """The database of the connection."""
    [database] = _rows(connection, DatabaseRow, _DATABASE)
    if connection.execute(_MAY_SYSTEM).fetchall() == [(True,)]:
        [(system,)] = connection.execute(_SYSTEM).fetchall()
        database = replace(database, system=system)
    return database


def database_oids(connection: "psycopg.Connection[Any]") -> frozenset[int]:
    """All databases of the server, whether its user may connect to them or not."""
    return frozenset(oid for (oid,) in connection.execute("select oid::int8 from pg_database").fetchall())


def database_names(conninfo: str) -> list[str]:
    """The databases of the server that its user may connect to. RepositoryError."""
    with snapshot(conninfo) as connection:
        return [name for (name,) in connection.execute(_DATABASES).fetchall()]


@contextmanager
def snapshot(conninfo: str) -> "Iterator[psycopg.Connection[Any]]":
    """A connection that sees one state of the database and changes nothing. RepositoryError: no database."""
    try:
        with psycopg.connect(conninfo) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection
    except psycopg.Error as error:
        raise unavailable(error) from error


def _read(
    connection: "psycopg.Connection[Any]", wants: Callable[[str], bool], tables: Collection[int] | None
) -> Catalogue:
    database, schemas = read_database(connection), _schemas(connection, wants)
    asked = None
    if tables is not None:
        asked = frozenset(oid for (oid,) in connection.execute(_CHILDREN, {"tables": list(tables)}).fetchall())
    chosen = {"schemas": [schema.oid for schema in schemas], "tables": None if asked is None else sorted(asked)}
    return Catalogue(
        database,
        schemas,
        _rows(connection, TableRow, _TABLES, chosen),
        _rows(connection, ColumnRow, _COLUMNS, chosen),
        _rows(connection, KeyRow, _KEYS, chosen),
        asked,
    )


def _schemas(connection: "psycopg.Connection[Any]", wants: Callable[[str], bool]) -> list[SchemaRow]:
    return sorted((row for row in _rows(connection, SchemaRow, _SCHEMAS) if wants(row.name)), key=lambda row: row.oid)


def _rows(
    connection: "psycopg.Connection[Any]", kind: type[T], query: str, parameters: dict[str, Any] | None = None
) -> list[T]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query.encode(), parameters or {}).fetchall()
