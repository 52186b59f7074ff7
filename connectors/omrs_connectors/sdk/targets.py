"""Catalog targets: the elements that a connector is to catalogue, as they stand in metadata (integration § 6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omrs_connectors.sdk.config import PermittedSynchronization
from omrs_connectors.sdk.texts import from_text
from omrs_schemas.errors import EntityNotKnownError, EntityProxyOnlyError
from omrs_streams.client import Entity, MetadataClient, Relationship


@dataclass(frozen=True, slots=True)
class CatalogTarget:
    """One target: the CatalogTarget relationship (`guid`), and the element at its end.

    What a release of the types does not have is empty: 4.x knows names only.
    """

    guid: str
    name: str
    element_guid: str
    element_type: str
    element: Entity
    connection_name: str
    metadata_source_qualified_name: str
    configuration_properties: Mapping[str, Any]
    templates: Mapping[str, str]
    permitted_synchronization: PermittedSynchronization | None
    delete_method: str


def connector_of_registration(client: MetadataClient, connector_id: str) -> str | None:
    """The guid of the IntegrationConnector that a dynamic connector is: its id is that of the relationship
    RegisteredIntegrationConnector. None for a connector of the static configuration."""
    found = client.find_relationship(connector_id)
    if found is None or found["status"] == "DELETED" or found.type_name != "RegisteredIntegrationConnector":
        return None
    return str(found["entityTwoProxy"]["guid"])


def targets_of(client: MetadataClient, connector: str, page_size: int) -> Iterator[CatalogTarget]:
    """The targets of an IntegrationConnector, page by page in the order of guids; one that is taken away meanwhile is
    left out, what is there all the time is seen exactly once."""
    for link in client.iter_relationships_of(connector, "CatalogTarget", page_size=page_size):
        if link["entityOneProxy"]["guid"] == connector:
            try:
                yield _target(link, client.get_entity(link["entityTwoProxy"]["guid"]))
            except (EntityNotKnownError, EntityProxyOnlyError):
                continue  # deleted since, or not readable here


def _target(link: Relationship, element: Entity) -> CatalogTarget:
    properties = link.plain_properties
    permitted = properties.get("permittedSynchronization")
    return CatalogTarget(
        guid=link.guid,
        name=str(properties.get("catalogTargetName") or ""),
        element_guid=element.guid,
        element_type=element.type_name,
        element=element,
        connection_name=str(properties.get("connectionName") or ""),
        metadata_source_qualified_name=str(
            properties.get("metadataSourceQualifiedName") or properties.get("metadataCollectionQualifiedName") or ""
        ),
        configuration_properties={
            name: from_text(value) for name, value in (properties.get("configurationProperties") or {}).items()
        },
        templates=properties.get("templates") or properties.get("templateProperties") or {},
        permitted_synchronization=None if permitted is None else PermittedSynchronization(str(permitted)),
        delete_method=str(properties.get("deleteMethod") or ""),
    )
