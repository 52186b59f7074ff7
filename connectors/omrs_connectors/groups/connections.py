"""The connection of a connector as metadata has it: elements and links to Egeria's Connection bean (integration § 6).

Connector —asset connection→ Connection —→ ConnectorType, Endpoint; a VirtualConnection has embedded connections, each
with a type and an endpoint of its own.
"""

from collections.abc import Iterable
from typing import Any

from omrs_connectors.sdk.releases import TypeNames
from omrs_connectors.sdk.texts import from_text
from omrs_streams.client import Entity, Graph, MetadataClient, Relationship

Bean = dict[str, Any]

CONNECTOR_TYPE = "ConnectionConnectorType"
EMBEDDED = "EmbeddedConnection"

_HEADER = ("qualifiedName", "displayName", "description")
_CONNECTION = (
    *_HEADER,
    "userId",
    "clearPassword",
    "encryptedPassword",
    "securedProperties",
    "configurationProperties",
    "additionalProperties",
)
_CONNECTOR_TYPE = (
    *_HEADER,
    "connectorProviderClassName",
    "recognizedConfigurationProperties",
    "recognizedSecuredProperties",
    "recognizedAdditionalProperties",
)
_ENDPOINT = ("qualifiedName", "description", "networkAddress", "protocol", "encryptionMethod")

_MOST = 200  # connections that one is made of; those that embed each other again and again would be millions
_NEAR = 2  # steps from a connector to what its connection is linked to; more would reach others by a shared type


def link_types(names: TypeNames) -> tuple[str, ...]:
    """The relationships that a connector's connection is put together by."""
    return (names.asset_connection, CONNECTOR_TYPE, names.connect_endpoint, EMBEDDED)


class ConnectorGraph:
    """What is linked to one connector. `used`: the guids of every element and link that its connection was made of."""

    def __init__(self, client: MetadataClient, names: TypeNames, connector: str) -> None:
        self._client = client
        self._names = names
        self._entities: dict[str, Entity] = {}
        self._links: dict[str, list[Relationship]] = {}
        self._reached: set[str] = set()
        self._connector = connector
        self._made = 0
        self.used: set[str] = set()
        self._reach(connector, _NEAR)

    @property
    def connector(self) -> Entity | None:
        """The connector itself; None when it is not there any more."""
        return self._entities.get(self._connector)

    def connections(self) -> list[Bean]:
        """Its connections as beans, oldest first; the first one counts."""
        guids = self._linked(self._names.asset_connection, self._connector)
        return [bean for bean in (self._connection(guid, ()) for guid in guids) if bean is not None]

    def _connection(self, guid: str, outer: tuple[str, ...]) -> Bean | None:
        self._made += 1
        if self._made > _MOST:
            raise ValueError(f"more than {_MOST} connections are embedded in one another")
        if outer:
            self._reach(guid, 1)
        entity = self._entities.get(guid)
        if entity is None or guid in outer:
            return None
        bean = _bean(entity, "Connection", _CONNECTION)
        for name in ("configurationProperties", "securedProperties"):
            if name in bean:
                bean[name] = {key: from_text(value) for key, value in bean[name].items()}
        if connector_type := self._one(CONNECTOR_TYPE, guid):
            bean["connectorType"] = _bean(connector_type, "ConnectorType", _CONNECTOR_TYPE)
        if endpoint := self._one(self._names.connect_endpoint, guid):
            found = _bean(endpoint, "Endpoint", (*_ENDPOINT, self._names.endpoint_name))
            if name := found.pop("name", None):
                found["displayName"] = name
            bean["endpoint"] = found
        if self._client.types.is_type_of(entity.type_name, "VirtualConnection"):
            bean["class"] = "VirtualConnection"
            bean["embeddedConnections"] = self._embedded(guid, (*outer, guid))
        return bean

    def _embedded(self, guid: str, outer: tuple[str, ...]) -> list[Bean]:
        """The embedded connections in their order; one that contains itself is left out."""
        found = []
        for link in self._links_of(EMBEDDED, guid):
            if link["entityOneProxy"]["guid"] != guid:
                continue  # it is the other way round: `guid` is embedded there
            self.used.add(link.guid)
            inner = self._connection(str(link["entityTwoProxy"]["guid"]), outer)
            if inner is not None:
                bean = {"class": "EmbeddedConnection", "position": 0, "embeddedConnection": inner}
                found.append(bean | link.plain_properties)
        return sorted(found, key=lambda bean: int(bean["position"]))

    def _one(self, link_type: str, guid: str) -> Entity | None:
        others = self._linked(link_type, guid)
        return self._entities.get(others[0]) if others else None

    def _linked(self, link_type: str, guid: str) -> list[str]:
        """What is linked to `guid`; noted as used."""
        others = []
        for link in self._links_of(link_type, guid):
            other = other_end(link, guid)
            self.used |= {link.guid, other}
            others.append(other)
        return others

    def _links_of(self, link_type: str, guid: str) -> list[Relationship]:
        return oldest_first(link for link in self._links.get(guid, ()) if link.type_name == link_type)

    def _reach(self, guid: str, steps: int) -> None:
        if guid in self._reached:
            return
        self._reached.add(guid)
        self.used.add(guid)
        found = self._client.neighborhood(
            guid,
            steps,
            entity_types=["Asset", "Connection", "ConnectorType", "Endpoint"],
            relationship_types=link_types(self._names),
        )
        self._add(found)

    def _add(self, graph: Graph) -> None:
        for entity in graph.entities:
            self._entities.setdefault(entity.guid, entity)
        known = {link.guid for links in self._links.values() for link in links}
        for link in graph.relationships:
            if link.guid not in known:
                for end in ends_of(link):
                    self._links.setdefault(end, []).append(link)


def ends_of(link: Bean) -> tuple[str, str]:
    """The guids of both ends of a relationship."""
    return str(link["entityOneProxy"]["guid"]), str(link["entityTwoProxy"]["guid"])


def other_end(link: Bean, guid: str) -> str:
    """What a relationship links `guid` to."""
    one, two = ends_of(link)
    return two if one == guid else one


def oldest_first(links: Iterable[Relationship]) -> list[Relationship]:
    """Where a release allows one link and there are more, the first of these counts, whoever reads them."""
    return sorted(links, key=lambda link: (link.get("createTime", 0), link.guid))


def _bean(entity: Entity, bean_class: str, names: Iterable[str]) -> Bean:
    """The properties of an element that a bean has."""
    values = entity.plain_properties
    return {"class": bean_class, "guid": entity.guid} | {name: values[name] for name in names if name in values}
