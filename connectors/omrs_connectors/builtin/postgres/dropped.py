"""Databases that are catalogued and that their server does not have any more."""

from omrs_connectors.builtin.postgres.access import Address
from omrs_connectors.builtin.postgres.held import load
from omrs_connectors.builtin.postgres.identity import identified, key_in, key_of
from omrs_connectors.builtin.postgres.mirror import Mirror
from omrs_connectors.builtin.postgres.options import PostgresOptions
from omrs_connectors.builtin.postgres_catalog.catalogue import database_oids, read_database, snapshot
from omrs_connectors.builtin.postgres_catalog.names import relational_names
from omrs_connectors.sdk import IntegrationContext


def remove_dropped(context: IntegrationContext, address: Address, options: PostgresOptions) -> None:
    """Those of the names that `databases` chooses: whatever else is catalogued of the server is somebody else's.

    RepositoryError: the server cannot be read. DeletionRefusedError: too many of them are gone.
    """
    with snapshot(address.conninfo()) as connection:
        system = identified(read_database(connection), address.instance).system
        there = database_oids(connection)
    names = relational_names(context.types)
    ours = []
    for entity in context.client.iter_entities(names.database, page_size=context.max_page_size):
        properties = entity.plain_properties
        kind, *path = key_in(properties).rsplit("/", 1)
        if kind == key_of("postgresql", system) and options.wants_database(str(properties.get(names.asset_name))):
            ours.append((int(path[0]), key_in(properties)))
    gone = [key for oid, key in ours if oid not in there]
    safety = options.safety(f"PostgreSQL server {address.instance}")
    safety.check(len(gone), len(ours), "databases")
    for key in gone:
        held = load(context.client, names, key, address.instance, context.max_page_size, options.parallelism)
        Mirror(context, names, held, safety, options.parallelism).remove()
