"""Which databases a connector looks after: that of its address, others of the server, its catalog targets."""

from collections.abc import Iterator
from dataclasses import dataclass

from omrs_connectors.builtin.postgres.access import Address, address_of
from omrs_connectors.builtin.postgres.options import PostgresOptions
from omrs_connectors.builtin.postgres_catalog.catalogue import database_names
from omrs_connectors.builtin.postgres_catalog.names import relational_names
from omrs_connectors.sdk import IntegrationContext, TypeNames
from omrs_connectors.sdk.targets import CatalogTarget
from omrs_schemas.errors import ConfigurationError
from omrs_streams.client import MetadataClient, Relationship

ADDRESS, DATABASE = "networkAddress", "database"


@dataclass(frozen=True, slots=True)
class Place:
    """A database, and the element that stands for it before it is catalogued: a catalog target, or none."""

    address: Address
    element: str | None = None


def places(context: IntegrationContext, options: PostgresOptions) -> list[Place]:
    """All of them as they are now, each once. ConfigurationError where an address is missing or wrong."""
    targets = list(context.iter_catalog_targets())
    if not targets and not context.network_address:
        raise ConfigurationError(
            f"connector {context.connector_name} has neither an address nor catalog targets",
            help="set endpoint.networkAddress, or link it to databases by CatalogTarget",
        )
    found: dict[tuple[str, str], Place] = {}
    for place in [*_of_targets(context, options, targets), *_of_address(context, options)]:
        found.setdefault((place.address.instance, place.address.database), place)
    return list(found.values())


def _of_address(context: IntegrationContext, options: PostgresOptions) -> Iterator[Place]:
    if not context.network_address:
        return
    address = address_of(context, options)
    if not options.databases:
        yield Place(address)
        return
    for name in database_names(address.conninfo()):
        if options.wants_database(name):
            yield Place(address.of(name))


def _of_targets(context: IntegrationContext, options: PostgresOptions, targets: list[CatalogTarget]) -> Iterator[Place]:
    databases = relational_names(context.types).database
    for target in targets:
        given = target.configuration_properties
        where = str(given.get(ADDRESS) or "") or endpoint_of(context.client, context.names, target.element_guid)
        is_database = context.is_type_of(target.element_type, databases)
        name = str(given.get(DATABASE) or "")
        if not name and is_database and not where:
            properties = target.element.plain_properties
            name = str(properties.get("resourceName") or properties.get("displayName") or properties.get("name") or "")
        address = address_of(context, options, where)
        yield Place(address.of(name) if name else address, target.element_guid if is_database else None)


def endpoint_of(client: MetadataClient, names: TypeNames, asset: str) -> str:
    """The network address of the endpoint of an asset's connection; empty where it has none."""
    for link in client.relationships_of(asset, names.asset_connection):
        connection = _other(link, asset)
        for endpoint_link in client.relationships_of(connection, names.connect_endpoint):
            properties = client.get_entity(_other(endpoint_link, connection)).plain_properties
            if properties.get("networkAddress"):
                return str(properties["networkAddress"])
    return ""


def _other(link: Relationship, guid: str) -> str:
    ends = [str(link[end]["guid"]) for end in ("entityOneProxy", "entityTwoProxy")]
    return ends[1] if ends[0] == guid else ends[0]
