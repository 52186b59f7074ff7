"""`IntegrationContext`: what the daemon hands to a connector (integration § 7)."""

import threading
from collections.abc import Collection, Mapping
from typing import Any

from omrs_connectors.sdk.config import IntegrationConnectorConfig, PermittedSynchronization
from omrs_connectors.sdk.listener import Handle, Listener, listener_for
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.report import ActivityReport
from omrs_schemas.errors import StatusNotSupportedError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import ExternalSource, MetadataClient
from omrs_streams.client.calls import Classifications

Bean = dict[str, Any]


class IntegrationContext:
    """Reads by `client`; changes by the methods here, which check the permitted direction, stamp the metadata source
    and record each change in the report of the pass in progress. Thread-safe.

    `stopping` is set when the daemon wants the connector to come to an end.
    """

    def __init__(
        self,
        config: IntegrationConnectorConfig,
        client: MetadataClient,
        report: ActivityReport,
        *,
        max_page_size: int = 500,
        stopping: threading.Event | None = None,
    ) -> None:
        self.config = config
        self.client = client.as_user(config.connector_user_id) if config.connector_user_id else client
        self.report = report
        self.max_page_size = max_page_size
        self.stopping = stopping or threading.Event()
        self.listeners: tuple[Listener, ...] = ()
        self.external_source: ExternalSource | None = None

    @property
    def connector_name(self) -> str:
        return self.config.connector_name

    @property
    def network_address(self) -> str:
        """Where the third party technology is: the configured endpoint."""
        return self.config.endpoint.network_address

    @property
    def configuration_properties(self) -> Mapping[str, Any]:
        return self.config.configuration_properties

    @property
    def permitted_synchronization(self) -> PermittedSynchronization:
        return self.config.permitted_synchronization

    @property
    def metadata_source_qualified_name(self) -> str | None:
        return self.config.metadata_source_qualified_name

    @property
    def types(self) -> TypeSystem:
        return self.client.types

    @property
    def names(self) -> TypeNames:
        """The type and attribute names of the server's release of the open metadata types."""
        return type_names(self.client.types)

    def connect(self) -> None:
        """Reaches the metadata server: loads its types, finds or creates the metadata source. The daemon calls this."""
        names = self.names
        qualified_name = self.metadata_source_qualified_name
        if not qualified_name:
            return
        found = self.client.find_by_unique_name("SoftwareCapability", "qualifiedName", qualified_name)
        if found is None:
            self._check(f"create metadata source {qualified_name}")
            properties = {"qualifiedName": qualified_name, names.capability_name: self.connector_name}
            found = self.client.add_entity("SoftwareCapability", properties)
            self.report.created(found["guid"])
        self.external_source = ExternalSource(found["guid"], qualified_name)

    def register_listener(
        self, handle: Handle, types: Collection[str] | None = None, kinds: Collection[str] | None = None
    ) -> None:
        """From now on `handle(event)` is called with each event of the server's out topic about an instance of one of
        `types` (names; subtypes included) and of one of `kinds` ("NEW_ENTITY_EVENT" …); None = all.

        Calls come one at a time between refreshes, in the order of the topic's partitions; at least once each. An error
        that says it is retriable is tried again, any other sends the event to the daemon's dead letters.
        """
        self.listeners = (*self.listeners, listener_for(self.types, handle, types, kinds))

    def create_entity(
        self,
        type_name: str,
        properties: Mapping[str, Any],
        *,
        classifications: Classifications | None = None,
        status: str | None = None,
    ) -> Bean:
        self._check(f"create a {type_name}")
        bean = self.client.add_entity(
            type_name,
            properties,
            classifications=classifications,
            status=status,
            external_source=self.external_source,
        )
        self.report.created(bean["guid"])
        return bean

    def update_entity(self, guid: str, properties: Mapping[str, Any], *, type_name: str | None = None) -> Bean:
        """Replaces the whole property set."""
        self._check(f"update entity {guid}")
        bean = self.client.update_entity_properties(guid, properties, type_name=type_name)
        self.report.updated(guid)
        return bean

    def update_status(self, guid: str, status: str) -> Bean:
        if status == "DELETED":
            raise StatusNotSupportedError(
                f"entity {guid} cannot be set to DELETED", help="use delete_entity", guid=guid
            )
        self._check(f"update entity {guid}")
        bean = self.client.update_entity_status(guid, status)
        self.report.updated(guid)
        return bean

    def delete_entity(self, guid: str, *, type_name: str | None = None) -> None:
        """Soft delete; relationships of the entity go with it."""
        self._check(f"delete entity {guid}")
        self.client.delete_entity(guid, type_name=type_name)
        self.report.deleted(guid)

    def classify(self, guid: str, name: str, properties: Mapping[str, Any] | None = None) -> Bean:
        self._check(f"classify entity {guid}")
        bean = self.client.classify(guid, name, properties, external_source=self.external_source)
        self.report.updated(guid)
        return bean

    def reclassify(self, guid: str, name: str, properties: Mapping[str, Any]) -> Bean:
        self._check(f"reclassify entity {guid}")
        bean = self.client.reclassify(guid, name, properties)
        self.report.updated(guid)
        return bean

    def declassify(self, guid: str, name: str) -> Bean:
        self._check(f"declassify entity {guid}")
        bean = self.client.declassify(guid, name)
        self.report.updated(guid)
        return bean

    def link(self, type_name: str, end1: str, end2: str, properties: Mapping[str, Any] | None = None) -> Bean:
        """Creates a relationship."""
        self._check(f"create a {type_name} relationship")
        bean = self.client.add_relationship(type_name, end1, end2, properties, external_source=self.external_source)
        self.report.created(bean["guid"])
        return bean

    def update_link(self, guid: str, properties: Mapping[str, Any], *, type_name: str | None = None) -> Bean:
        self._check(f"update relationship {guid}")
        bean = self.client.update_relationship_properties(guid, properties, type_name=type_name)
        self.report.updated(guid)
        return bean

    def unlink(self, guid: str, *, type_name: str | None = None) -> None:
        self._check(f"delete relationship {guid}")
        self.client.delete_relationship(guid, type_name=type_name)
        self.report.deleted(guid)

    def check_third_party_write(self, action: str) -> None:
        """Call before changing the third party technology; UserNotAuthorizedError when that is not permitted."""
        self.permitted_synchronization.check_third_party_write(self.connector_name, action)

    def _check(self, action: str) -> None:
        self.permitted_synchronization.check_write(self.connector_name, action)
