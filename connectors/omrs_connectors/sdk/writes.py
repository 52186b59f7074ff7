"""The changes a connector may make to open metadata: checked, stamped with the metadata source, and reported."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from omrs_connectors.sdk.report import ActivityReport
from omrs_schemas.errors import StatusNotSupportedError
from omrs_streams.client import Entity, ExternalSource, MetadataClient, Relationship
from omrs_streams.client.calls import Classifications, Moment


class Writes(ABC):
    """Each change asks first whether the permitted synchronization allows it, and is named in the report of the pass in
    progress, under the `anchor` given, else that of `parent`, else the one that the instance itself says."""

    client: MetadataClient
    report: ActivityReport

    @abstractmethod
    def _may_write(self, action: str) -> None:
        """UserNotAuthorizedError where the permitted synchronization does not allow it, or the context is given up."""

    @property
    @abstractmethod
    def _source(self) -> ExternalSource | None:
        """What new instances are stamped with; None = they are at home in the metadata server."""

    def create_entity(
        self,
        type_name: str,
        properties: Mapping[str, Any],
        *,
        classifications: Classifications | None = None,
        status: str | None = None,
        anchor: str | None = None,
        parent: str | None = None,
        event_id: str | None = None,
    ) -> Entity:
        """Creates an entity; at home in the metadata source where there is one. Under the same `event_id` it is made
        once, whoever repeats the call."""
        self._may_write(f"create a {type_name}")
        bean = self.client.add_entity(
            type_name,
            properties,
            classifications=classifications,
            status=status,
            external_source=self._source,
            event_id=event_id,
        )
        self.report.created(bean.guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def update_entity(
        self,
        guid: str,
        properties: Mapping[str, Any],
        *,
        type_name: str | None = None,
        effective_from: Moment | None = None,
        effective_to: Moment | None = None,
        anchor: str | None = None,
        parent: str | None = None,
    ) -> Entity:
        """Replaces the whole property set, with the dates between which it is effective."""
        self._may_write(f"update entity {guid}")
        bean = self.client.update_entity_properties(
            guid, properties, type_name=type_name, effective_from=effective_from, effective_to=effective_to
        )
        self.report.updated(guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def update_status(self, guid: str, status: str, *, anchor: str | None = None, parent: str | None = None) -> Entity:
        if status == "DELETED":
            raise StatusNotSupportedError(
                f"entity {guid} cannot be set to DELETED", help="use delete_entity", guid=guid
            )
        self._may_write(f"update entity {guid}")
        bean = self.client.update_entity_status(guid, status)
        self.report.updated(guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def delete_entity(
        self, guid: str, *, type_name: str | None = None, anchor: str | None = None, parent: str | None = None
    ) -> None:
        """Soft delete; relationships of the entity go with it."""
        self._may_write(f"delete entity {guid}")
        bean = self.client.delete_entity(guid, type_name=type_name)
        self.report.deleted(guid, anchor=anchor, parent=parent, instance=bean)

    def restore_entity(self, guid: str, *, anchor: str | None = None, parent: str | None = None) -> Entity:
        """Brings a soft-deleted entity back, without its relationships."""
        self._may_write(f"restore entity {guid}")
        bean = self.client.restore_entity(guid)
        self.report.created(guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def classify(
        self,
        guid: str,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        anchor: str | None = None,
        parent: str | None = None,
    ) -> Entity:
        self._may_write(f"classify entity {guid}")
        bean = self.client.classify(guid, name, properties, external_source=self._source)
        self.report.updated(guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def reclassify(
        self,
        guid: str,
        name: str,
        properties: Mapping[str, Any],
        *,
        anchor: str | None = None,
        parent: str | None = None,
    ) -> Entity:
        self._may_write(f"reclassify entity {guid}")
        bean = self.client.reclassify(guid, name, properties)
        self.report.updated(guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def declassify(self, guid: str, name: str, *, anchor: str | None = None, parent: str | None = None) -> Entity:
        self._may_write(f"declassify entity {guid}")
        bean = self.client.declassify(guid, name)
        self.report.updated(guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def link(
        self,
        type_name: str,
        end1: str,
        end2: str,
        properties: Mapping[str, Any] | None = None,
        *,
        anchor: str | None = None,
        parent: str | None = None,
        event_id: str | None = None,
    ) -> Relationship:
        """Creates a relationship. `event_id` as for `create_entity`."""
        self._may_write(f"create a {type_name} relationship")
        bean = self.client.add_relationship(
            type_name, end1, end2, properties, external_source=self._source, event_id=event_id
        )
        self.report.created(bean.guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def update_link(
        self,
        guid: str,
        properties: Mapping[str, Any],
        *,
        type_name: str | None = None,
        anchor: str | None = None,
        parent: str | None = None,
    ) -> Relationship:
        """Replaces the whole property set of a relationship."""
        self._may_write(f"update relationship {guid}")
        bean = self.client.update_relationship_properties(guid, properties, type_name=type_name)
        self.report.updated(guid, anchor=anchor, parent=parent, instance=bean)
        return bean

    def unlink(
        self, guid: str, *, type_name: str | None = None, anchor: str | None = None, parent: str | None = None
    ) -> None:
        """Soft delete of a relationship."""
        self._may_write(f"delete relationship {guid}")
        bean = self.client.delete_relationship(guid, type_name=type_name)
        self.report.deleted(guid, anchor=anchor, parent=parent, instance=bean)
