"""What PostgreSQL reports DDL with: event triggers that write to an audit table and notify whoever listens.

A superuser (on managed services: their admin role) has to create event triggers; `install_sql` is what to run where the
connector may not. The functions belong to whoever installs them and run with that role's rights, so that any user's DDL
is reported. They never make a DDL command fail: what goes wrong is a WARNING.
"""

import json
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

VERSION = 1
"""Of the functions below: another version in the database is replaced."""

_SQL = """
create schema if not exists {schema};
create table if not exists {schema}.ddl_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  role text not null,
  tag text not null,
  object_type text,
  object_identity text,
  oid oid,
  dropped boolean not null);
comment on schema {schema} is {comment};
grant usage on schema {schema} to public;
create or replace function {schema}.report(tag text, object_type text, object_identity text, oid oid, dropped boolean)
returns void language plpgsql security definer set search_path = pg_catalog as $report$
begin
  insert into {schema}.ddl_events (role, tag, object_type, object_identity, oid, dropped)
  values (session_user, tag, object_type, object_identity, oid, dropped);
  perform pg_notify({channel}, json_build_object(
    'tag', tag, 'type', object_type, 'oid', oid::bigint, 'dropped', dropped, 'role', session_user)::text);
exception when others then
  raise warning 'omrs: % on % is not reported: %', tag, object_identity, sqlerrm;
end $report$;
create or replace function {schema}.changed() returns event_trigger
language plpgsql security definer set search_path = pg_catalog as $changed$
declare
  r record;
  reported boolean := false;
begin
  for r in select distinct c.command_tag, c.object_type, c.object_identity, c.schema_name,
                  coalesce((select nullif(k.conrelid, 0) from pg_constraint k
                             where c.object_type = 'table constraint' and k.oid = c.objid), c.objid) as objid
             from pg_event_trigger_ddl_commands() c
  loop
    if r.schema_name is distinct from 'pg_temp' then
      perform {schema}.report(r.command_tag, r.object_type, r.object_identity, r.objid, false);
    end if;
    reported := true;
  end loop;
  if not reported and tg_tag not like 'DROP %' then
    perform {schema}.report(tg_tag, null, null, null, false);
  end if;
exception when others then
  raise warning 'omrs: % is not reported: %', tg_tag, sqlerrm;
end $changed$;
create or replace function {schema}.dropped() returns event_trigger
language plpgsql security definer set search_path = pg_catalog as $dropped$
declare
  r record;
  table_oid oid;
begin
  for r in select * from pg_event_trigger_dropped_objects()
            where not is_temporary
              and object_type in ('table', 'view', 'materialized view', 'foreign table', 'table column', 'schema',
                                  'table constraint', 'default value')
  loop
    table_oid := r.objid;
    if r.object_type in ('table constraint', 'default value') then
      table_oid := to_regclass(format('%I.%I', r.address_names[1], r.address_names[2]));
    end if;
    if table_oid is not null then
      perform {schema}.report(tg_tag, r.object_type, r.object_identity, table_oid, true);
    end if;
  end loop;
exception when others then
  raise warning 'omrs: % is not reported: %', tg_tag, sqlerrm;
end $dropped$;
comment on function {schema}.report(text, text, text, oid, boolean) is {version};
revoke execute on function {schema}.report(text, text, text, oid, boolean) from public;
drop event trigger if exists {changed};
create event trigger {changed} on ddl_command_end execute procedure {schema}.changed();
drop event trigger if exists {dropped};
create event trigger {dropped} on sql_drop execute procedure {schema}.dropped();
"""

_INSTALLED = """
select count(*)
  from pg_event_trigger t join pg_proc p on p.oid = t.evtfoid join pg_namespace n on n.oid = p.pronamespace
 where n.nspname = %(schema)s and p.proname in ('changed', 'dropped') and t.evtenabled <> 'D'
   and exists (select from pg_proc r where r.pronamespace = n.oid and r.proname = 'report'
                and obj_description(r.oid, 'pg_proc') = %(version)s)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What one notification says; `oid` is None for commands that do not tell what they changed."""

    tag: str
    object_type: str
    oid: int | None
    dropped: bool
    role: str

    @classmethod
    def of(cls, payload: str) -> "Change | None":
        """None for a payload that is none of ours."""
        try:
            found = json.loads(payload)
            oid = found["oid"]
            return cls(
                found["tag"], found["type"] or "", None if oid is None else int(oid), found["dropped"], found["role"]
            )
        except (ValueError, KeyError, TypeError):
            return None


def channel(schema: str) -> str:
    """The channel that the triggers of `schema` notify."""
    return schema


def install_sql(schema: str) -> sql.Composed:
    """Creates the audit table, the functions and the event triggers, or brings them up to date."""
    return sql.SQL(_SQL).format(
        schema=sql.Identifier(schema),
        comment=sql.Literal("omrs-streams: reports DDL to the repository proxy that listens"),
        channel=sql.Literal(channel(schema)),
        version=sql.Literal(_version()),
        changed=sql.Identifier(f"{schema}_changed"),
        dropped=sql.Identifier(f"{schema}_dropped"),
    )


def installed(connection: "psycopg.Connection[Any]", schema: str) -> bool:
    """Whether both triggers are there, enabled and of our version."""
    row = connection.execute(_INSTALLED, {"schema": schema, "version": _version()}).fetchone()
    return row is not None and row[0] == 2


def _version() -> str:
    return f"omrs-streams {VERSION}"
