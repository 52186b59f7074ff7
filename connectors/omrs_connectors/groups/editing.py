"""Defining groups as metadata: a group, its connectors, their connections and catalog targets (integration § 6).

For the command line, for programs and for connectors that change groups themselves. Everything here may be repeated: an
edit that was interrupted is completed by the next call of the same kind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omrs_connectors.groups.connection_edits import ConnectionEditor
from omrs_connectors.groups.connections import ends_of
from omrs_connectors.groups.elements import ensure, update, update_link
from omrs_connectors.groups.reading import CONNECTOR, GROUP, REGISTRATION, TARGET, GroupReader, Registration
from omrs_connectors.groups.registration import connector_properties, registration_properties
from omrs_connectors.sdk.config import IntegrationConnectorConfig
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.texts import as_text
from omrs_schemas.errors import InvalidParameterError, RelationshipNotKnownError
from omrs_streams.client import Entity, MetadataClient, Relationship


@dataclass(frozen=True, slots=True)
class Target:
    """An element that a connector is to catalogue. `guid` is that of the CatalogTarget relationship."""

    guid: str
    element: str
    name: str
    properties: Mapping[str, Any]


class GroupEditor:
    """Edits integration groups of one metadata server. Raises what the server answers."""

    def __init__(self, client: MetadataClient) -> None:
        self.client = client

    @property
    def names(self) -> TypeNames:
        return type_names(self.client.types)

    # ---- groups ----------------------------------------------------------------------------------------------------

    def groups(self) -> Iterator[Entity]:
        """All groups that the server knows."""
        return iter(self.client.iter_entities(GROUP))

    def create_group(self, qualified_name: str, *, description: str = "", display_name: str = "") -> str:
        """The guid of the group of that name, made if it is not there."""
        properties = {self.names.capability_name: display_name or qualified_name, "description": description or None}
        return ensure(self.client, GROUP, qualified_name, properties)

    def find_group(self, qualified_name: str) -> str:
        """The guid of a group; ConfigurationError where there is none of that name."""
        return GroupReader(self.client, qualified_name).group_element().guid

    def delete_group(self, qualified_name: str) -> None:
        """Deletes a group and the connectors that are in no other."""
        for guid in self.registrations(qualified_name):
            self.remove_connector(guid)
        self.client.delete_entity(self.find_group(qualified_name), type_name=GROUP)

    # ---- connectors ------------------------------------------------------------------------------------------------

    def registrations(self, group: str) -> dict[str, Registration]:
        """The connectors of a group as a daemon reads them, by id; those that cannot run, too."""
        reader = GroupReader(self.client, group)
        return reader.registrations(reader.group_element().guid)

    def registration(self, guid: str) -> Registration:
        """One connector as a daemon reads it. RelationshipNotKnownError where there is none."""
        link = self._link(guid)
        found = GroupReader(self.client, "").some(ends_of(link)[0], [guid])[guid]
        if isinstance(found, Registration):
            return found
        raise found or RelationshipNotKnownError(f"connector {guid} is not registered", guid=guid)

    def find_connector(self, group: str, name: str) -> str:
        """The id of the connector of that name (or id) in a group; InvalidParameterError lists those there are."""
        known = {}
        for link in self.client.iter_relationships_of(self.find_group(group), REGISTRATION):
            known[link.guid] = str(link.plain_properties.get("connectorName") or link.guid)
        for guid, said in known.items():
            if name in (guid, said):
                return guid
        raise InvalidParameterError(
            f"integration group {group} has no connector {name!r}",
            code="INTEGRATION-DAEMON-SERVICES-400-031",
            http=400,
            help=f"its connectors: {', '.join(sorted(known.values())) or 'none'}",
            parameterName="connectorName",
        )

    def add_connector(self, group: str, config: IntegrationConnectorConfig) -> str:
        """Registers a connector and returns its id, which is a new one. Its registration is made last, so that daemons
        meet it whole. A connector of that name that is there already is made equal to `config`."""
        group_guid = self.find_group(group)
        prefix = f"{group}::{config.connector_name}"
        connector = ensure(self.client, CONNECTOR, prefix, connector_properties(self.names, config))
        for link in self.client.relationships_of(connector, REGISTRATION):
            if ends_of(link)[0] == group_guid:
                self.set_connector(link.guid, config)
                return link.guid
        self._set_connector_element(connector, config)
        ConnectionEditor(self.client, prefix).set_connection(connector, config.connection)
        said = registration_properties(self.client.types, self.names, config)
        return self.client.add_relationship(REGISTRATION, group_guid, connector, said).guid

    def set_connector(self, guid: str, config: IntegrationConnectorConfig) -> None:
        """Makes a registered connector equal to `config` (but for its id), writing only what differs."""
        link = self._link(guid)
        connector = ends_of(link)[1]
        said = registration_properties(self.client.types, self.names, config)
        update_link(self.client, link, said)
        qualified_name = self._set_connector_element(connector, config)
        ConnectionEditor(self.client, qualified_name).set_connection(connector, config.connection)

    def change_connector(self, guid: str, **changes: Any) -> None:
        """Changes some fields of a registered connector's configuration, by their names in Python, such as
        `refresh_time_interval=5`; `network_address` and `configuration_properties` are those of its connection.

        InvalidParameterError for a connector whose metadata is incomplete: there is nothing to change some fields of.
        """
        read = self.registration(guid)
        if read.config is None:
            raise InvalidParameterError(
                f"connector {guid} cannot be changed: {read.problem}", help="define it anew", parameterName="guid"
            )
        names = ("network_address", "configuration_properties", "connection")
        config = read.config.with_overrides(**{name: changes.pop(name) for name in names if name in changes})
        fields = {name: getattr(config, name) for name in type(config).model_fields}
        self.set_connector(guid, type(config).model_validate({**fields, **changes}))

    def remove_connector(self, guid: str) -> None:
        """Takes a connector out of its group; one that is in no other group is deleted, with its connection."""
        connector = ends_of(self._link(guid))[1]
        self.client.delete_relationship(guid, type_name=REGISTRATION)
        if not self.client.relationships_of(connector, REGISTRATION, 1):
            ConnectionEditor(self.client, "").remove_connections(connector)
            self.client.delete_entity(connector)

    # ---- catalog targets -------------------------------------------------------------------------------------------

    def targets(self, guid: str) -> list[Target]:
        """What a registered connector is to catalogue."""
        found = []
        for link in self.client.iter_relationships_of(ends_of(self._link(guid))[1], TARGET):
            properties = link.plain_properties
            name = str(properties.pop("catalogTargetName", ""))
            found.append(Target(link.guid, ends_of(link)[1], name, properties))
        return found

    def add_target(self, guid: str, element: str, name: str = "", **properties: Any) -> str:
        """Gives a registered connector an element to catalogue; the guid of the CatalogTarget relationship.

        `properties` by the attribute names of the server's CatalogTarget type. PropertyError for others.
        """
        connector = ends_of(self._link(guid))[1]
        if settings := properties.get("configurationProperties"):
            properties["configurationProperties"] = {key: as_text(value) for key, value in settings.items()}
        said = {"catalogTargetName": name or None, **properties}
        for link in self.client.relationships_of(connector, TARGET):
            if ends_of(link)[1] == element and link.plain_properties.get("catalogTargetName") == (name or None):
                update_link(self.client, link, said)
                return link.guid
        return self.client.add_relationship(TARGET, connector, element, said).guid

    def remove_target(self, target_guid: str) -> None:
        """Takes an element away from a connector. `target_guid` is that of the CatalogTarget relationship."""
        self.client.delete_relationship(target_guid, type_name=TARGET)

    # ---- pieces ----------------------------------------------------------------------------------------------------

    def _link(self, guid: str) -> Relationship:
        link = self.client.find_relationship(guid)
        if link is None or link.get("status") == "DELETED" or link.type_name != REGISTRATION:
            raise RelationshipNotKnownError(f"no connector is registered as {guid}", guid=guid)
        return link

    def _set_connector_element(self, connector: str, config: IntegrationConnectorConfig) -> str:
        """Writes what differs; the connector's qualified name."""
        entity = self.client.get_entity(connector)
        update(self.client, entity, connector_properties(self.names, config))
        return str(entity.plain_properties["qualifiedName"])
