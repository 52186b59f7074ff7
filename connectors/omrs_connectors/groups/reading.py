"""Reading a group from its metadata server: its registered connectors as configurations (integration § 6)."""

import shlex
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from omrs_connectors.groups.connections import ConnectorGraph, ends_of
from omrs_connectors.sdk.config import IntegrationConnectorConfig, PermittedSynchronization
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.texts import from_text
from omrs_schemas.errors import ConfigurationError, EntityNotKnownError, EntityProxyOnlyError, OmrsError
from omrs_schemas.model.base import JsonBean
from omrs_streams.client import Entity, MetadataClient, Relationship

GROUP = "IntegrationGroup"
CONNECTOR = "IntegrationConnector"
REGISTRATION = "RegisteredIntegrationConnector"
TARGET = "CatalogTarget"

PAGE = 200  # registrations a page: a few hundred KB
READERS = 4  # connectors read at once: a group of 200 takes a second or two, and the server stays free for others

OWN_SETTINGS = ("isolation", "memoryLimit", "deadlines")
"""Settings that the open metadata types have no place for: they stand in the connector's additionalProperties, what is
no text as JSON."""

_PERMITTED = {
    0: PermittedSynchronization.BOTH_DIRECTIONS,
    1: PermittedSynchronization.TO_THIRD_PARTY,
    2: PermittedSynchronization.FROM_THIRD_PARTY,
}
"""By ordinal: releases spell the names differently."""

ORDINALS = {kind: ordinal for ordinal, kind in _PERMITTED.items()}


@dataclass(frozen=True, slots=True)
class GroupElement:
    """The group itself. `guid` is empty while the server has no group of that name."""

    guid: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """One connector of a group. `guid` is the connector's id: that of the RegisteredIntegrationConnector relationship.

    `config` is None where the metadata is incomplete or contradicts itself: `problem` says how. `elements`: the guids
    of everything that it was read from, so of everything whose change concerns it.
    """

    guid: str
    connector: str
    config: IntegrationConnectorConfig | None
    problem: str
    elements: frozenset[str]


class GroupReader:
    """Reads one group; called on threads. Raises what the metadata server answers."""

    def __init__(self, client: MetadataClient, group: str) -> None:
        self._client = client
        self.group = group

    @property
    def names(self) -> TypeNames:
        return type_names(self._client.types)

    def group_element(self) -> GroupElement:
        """ConfigurationError 400-032 when there is no such group."""
        found = self._client.find_by_unique_name(GROUP, "qualifiedName", self.group)
        if found is None:
            raise ConfigurationError(
                f"metadata server {self._client.server} has no integration group {self.group}",
                code="INTEGRATION-DAEMON-SERVICES-400-032",
                http=400,
                help=f"make it: `omrs daemon groups create {shlex.quote(self.group)}`; or correct the qualified name",
                group=self.group,
            )
        return GroupElement(found.guid, str(found.plain_properties.get("description") or ""))

    def registrations(self, group_guid: str) -> dict[str, Registration]:
        """Every registration of the group by its guid, read page by page."""
        links = list(self._client.iter_relationships_of(group_guid, REGISTRATION, page_size=PAGE))
        with ThreadPoolExecutor(READERS, thread_name_prefix="group-reader") as readers:
            return {read.guid: read for read in readers.map(self._read, links)}

    def some(self, group_guid: str, guids: Iterable[str]) -> dict[str, "Registration | OmrsError | None"]:
        """Each of the registrations as it is now; None for one that is no longer of this group, or why it is not
        known."""
        ordered = sorted(guids)
        with ThreadPoolExecutor(READERS, thread_name_prefix="group-reader") as readers:
            return dict(zip(ordered, readers.map(lambda guid: self._one(group_guid, guid), ordered), strict=True))

    def _one(self, group_guid: str, guid: str) -> "Registration | OmrsError | None":
        try:
            link = self._client.find_relationship(guid)
            gone = link is None or link.get("status") == "DELETED" or ends_of(link)[0] != group_guid
            return None if link is None or gone else self._read(link)
        except OmrsError as error:
            return error

    def _read(self, link: Relationship) -> Registration:
        connector_guid = ends_of(link)[1]
        used = {link.guid, connector_guid}
        try:
            graph = ConnectorGraph(self._client, self.names, connector_guid)
            connector = graph.connector
            connections = graph.connections()
        except (EntityNotKnownError, EntityProxyOnlyError):  # deleted a moment ago, or never seen whole here
            return Registration(link.guid, connector_guid, None, "the connector is not there", frozenset(used))
        except (ValueError, TypeError) as error:  # of one connector; the others of the group go on
            return Registration(link.guid, connector_guid, None, f"its connection: {error}", frozenset(used))
        config, problem = None, ""
        if connector is None:
            problem = "the connector is not there"
        elif not connections:
            problem = "the connector has no connection"
        else:
            config, problem = configuration(self.names, link, connector, connections[0])
        return Registration(link.guid, connector_guid, config, problem, frozenset(used | graph.used))


def configuration(
    names: TypeNames, link: Relationship, connector: Entity, connection: JsonBean
) -> tuple[IntegrationConnectorConfig | None, str]:
    """The configuration that a registration, its connector and the connector's connection say; else what is wrong."""
    if not (connection.get("connectorType") or {}).get("connectorProviderClassName"):
        return None, "the connection has no connector type with a connectorProviderClassName"
    said, of_connector = link.plain_properties, connector.plain_properties
    try:
        dates = {"startDate": _date(said.get("startDate")), "stopDate": _date(said.get(names.registration_stop))}
    except (ValueError, OverflowError) as error:
        return None, f"startDate or stopDate is beyond the year 9999: {error}"
    name = said.get("connectorName") or of_connector.get(names.asset_name) or of_connector.get("qualifiedName")
    given: dict[str, Any] = {
        "connectorId": link.guid,
        "connectorName": name,
        "connectorUserId": said.get("connectorUserId"),
        "metadataSourceQualifiedName": said.get("metadataSourceQualifiedName"),
        "refreshTimeInterval": said.get("refreshTimeInterval") or 0,
        "usesBlockingCalls": bool(of_connector.get("usesBlockingCalls")),
        "permittedSynchronization": _permitted(link),
        "generateIntegrationReports": said.get(names.registration_reports, True),
        "connection": connection,
        **dates,
        **_own_settings(of_connector.get("additionalProperties") or {}),
    }
    try:
        return IntegrationConnectorConfig.model_validate(given), ""
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, item['loc'])) or 'connector'}: {item['msg']}" for item in error.errors())
        return None, "; ".join(problems)


def _permitted(link: Relationship) -> PermittedSynchronization | None:
    value = ((link.get("properties") or {}).get("instanceProperties") or {}).get("permittedSynchronization") or {}
    return _PERMITTED.get(value.get("ordinal", -1))


def _own_settings(additional: Mapping[str, str]) -> dict[str, Any]:
    return {name: from_text(additional[name]) for name in OWN_SETTINGS if additional.get(name)}


def _date(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
