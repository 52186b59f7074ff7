"""Writing a connector's connection as metadata: what differs is changed in place, so that everything else stays."""

from typing import Any

from omrs_connectors.groups.connections import CONNECTOR_TYPE, EMBEDDED, ends_of, oldest_first, other_end
from omrs_connectors.groups.elements import Bean, ensure, link, update
from omrs_connectors.sdk.connections import Connection, Endpoint, VirtualConnection
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.texts import as_text
from omrs_streams.client import Entity, MetadataClient, Relationship


class ConnectionEditor:
    """Names what it makes after `prefix`, the qualified name of the connector."""

    def __init__(self, client: MetadataClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    @property
    def _names(self) -> TypeNames:
        return type_names(self._client.types)

    def set_connection(self, connector: str, connection: Connection) -> None:
        """Makes the connector's connection equal to `connection`. Where it becomes a virtual one or ceases to be, it is
        made anew, and the old one goes afterwards: nobody sees the connector without."""
        old = [other_end(found, connector) for found in self._linked(self._names.asset_connection, connector)]
        first = self._client.get_entity(old[0]) if old else None
        if first is not None and first.type_name == _type_of(connection):
            self._update(first, connection, _named(self._prefix, connection))
            return
        guid = self._make(connection, _named(self._prefix, connection))
        link(self._client, self._names.asset_connection, connector, guid, first_type="Asset")
        for each in old:
            self._remove(each)

    def remove_connections(self, connector: str) -> None:
        """Deletes the connections of a connector, with what belongs to nobody else."""
        for found in self._linked(self._names.asset_connection, connector):
            self._remove(other_end(found, connector))

    def _make(self, connection: Connection, qualified_name: str) -> str:
        guid = ensure(self._client, _type_of(connection), qualified_name, _properties(connection))
        self._update(self._client.get_entity(guid), connection, qualified_name)
        return guid

    def _update(self, entity: Entity, connection: Connection, qualified_name: str) -> None:
        update(self._client, entity, _properties(connection))
        self._set_connector_type(entity.guid, connection)
        self._set_endpoint(entity.guid, connection.endpoint, qualified_name)
        if isinstance(connection, VirtualConnection):
            self._set_embedded(entity.guid, connection, qualified_name)

    def _set_connector_type(self, guid: str, connection: Connection) -> None:
        """Connector types are shared: another class is another type, none is changed or deleted."""
        links = self._linked(CONNECTOR_TYPE, guid)
        for found in links:
            known = self._client.get_entity(other_end(found, guid)).plain_properties
            if known.get("connectorProviderClassName") == connection.provider:
                return
        if connection.provider:
            said = {"displayName": connection.provider, "connectorProviderClassName": connection.provider}
            connector_type = ensure(self._client, "ConnectorType", f"ConnectorType:{connection.provider}", said)
            link(self._client, CONNECTOR_TYPE, guid, connector_type, first_type="Connection")
        for found in links:
            self._client.delete_relationship(found.guid, type_name=found.type_name)

    def _set_endpoint(self, guid: str, endpoint: Endpoint, qualified_name: str) -> None:
        said: Bean = {
            "networkAddress": endpoint.network_address or None,
            "protocol": endpoint.protocol,
            "encryptionMethod": endpoint.encryption_method,
        }
        wanted = any(said.values())
        for found in self._linked(self._names.connect_endpoint, guid):
            if wanted:
                update(self._client, self._client.get_entity(other_end(found, guid)), said)
                return
            self._remove_endpoint(other_end(found, guid), found)
        if wanted:
            made = ensure(self._client, "Endpoint", f"{qualified_name}::endpoint", said)
            update(self._client, self._client.get_entity(made), said)
            link(self._client, self._names.connect_endpoint, guid, made, first_type="Connection")

    def _set_embedded(self, guid: str, connection: VirtualConnection, qualified_name: str) -> None:
        """Embedded connections are told apart by their place among them."""
        known = [found for found in self._linked(EMBEDDED, guid) if ends_of(found)[0] == guid]
        for number, inner in enumerate(connection.embedded):
            name = _named(f"{qualified_name}::{number}", inner.connection)
            said: Bean = {
                "displayName": inner.display_name,
                "position": inner.position,
                "arguments": {key: as_text(value) for key, value in inner.arguments.items()} or None,
            }
            said = {key: value for key, value in said.items() if value is not None}
            if number < len(known):
                entity = self._client.get_entity(ends_of(known[number])[1])
                if entity.type_name == _type_of(inner.connection):
                    self._update(entity, inner.connection, name)
                    if known[number].plain_properties != said:
                        self._client.update_relationship_properties(known[number].guid, said, type_name=EMBEDDED)
                    continue
                self._remove(entity.guid, known[number])
            made = self._make(inner.connection, name)
            self._client.add_relationship(EMBEDDED, guid, made, said)
        for found in known[len(connection.embedded) :]:
            self._remove(ends_of(found)[1], found)

    def _remove(self, guid: str, used_by: Relationship | None = None) -> None:
        """Deletes a connection, what is embedded in it, and its endpoints; only the link where others use it too."""
        users = len(self._linked(self._names.asset_connection, guid))
        embedded = self._linked(EMBEDDED, guid)
        users += sum(1 for found in embedded if ends_of(found)[1] == guid)
        if users > 1:
            if used_by is not None:
                self._client.delete_relationship(used_by.guid, type_name=used_by.type_name)
            return
        for found in embedded:
            if ends_of(found)[0] == guid:
                self._remove(ends_of(found)[1], found)
        for found in self._linked(self._names.connect_endpoint, guid):
            self._remove_endpoint(other_end(found, guid), found)
        self._client.delete_entity(guid)

    def _remove_endpoint(self, endpoint: str, used_by: Relationship) -> None:
        if len(self._linked(self._names.connect_endpoint, endpoint)) > 1:
            self._client.delete_relationship(used_by.guid, type_name=used_by.type_name)
        else:
            self._client.delete_entity(endpoint)

    def _linked(self, type_name: str, guid: str) -> list[Relationship]:
        return oldest_first(self._client.relationships_of(guid, type_name))


def _type_of(connection: Connection) -> str:
    return "VirtualConnection" if isinstance(connection, VirtualConnection) else "Connection"


def _named(prefix: str, connection: Connection) -> str:
    """The two kinds have names of their own: for a moment there may be one of each."""
    return f"{prefix}::{'virtual-' * isinstance(connection, VirtualConnection)}connection"


def _properties(connection: Connection) -> Bean:
    """Of a Connection entity; None for what is not set."""
    bean: dict[str, Any] = connection.to_bean()
    return {
        "displayName": bean.get("displayName"),
        "description": bean.get("description"),
        "userId": bean.get("userId"),
        "clearPassword": bean.get("clearPassword"),
        "encryptedPassword": bean.get("encryptedPassword"),
        **{name: _texts(bean.get(name)) for name in ("configurationProperties", "securedProperties")},
    }


def _texts(values: dict[str, Any] | None) -> Bean | None:
    found = {key: as_text(value) for key, value in (values or {}).items() if value is not None}
    return found or None
