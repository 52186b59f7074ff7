"""Calls on single entities: create, read, change, classify, delete, history."""

from collections.abc import Mapping
from typing import Any, cast

from omrs_schemas.errors import EntityNotKnownError
from omrs_streams.client.calls import Calls, Classifications, ExternalSource, Moment, moment_ms, request
from omrs_streams.client.transport import segment
from omrs_streams.client.wire import Bean


class EntityCalls(Calls):
    """Every method returns the entity bean as it is afterwards and raises what the server raised."""

    def add_entity(
        self,
        type_name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        classifications: Classifications | None = None,
        status: str | None = None,
        external_source: ExternalSource | None = None,
        event_id: str | None = None,
    ) -> Bean:
        """Creates an entity; at home here, or of `external_source`. Retried safely under one event id."""
        body = request(
            "EntityCreateRequest",
            entityTypeGUID=self.type_guid(type_name),
            initialProperties=self._properties(type_name, properties),
            initialClassifications=self._classifications(classifications),
            initialStatus=status,
        )
        path = "/instances/entity"
        if external_source is not None:
            path, body = f"{path}/external", external_source.stamp(body)
        return _entity(self._transport.write(path, body, event_id=event_id))

    def get_entity(self, guid: str, *, as_of: Moment | None = None) -> Bean:
        """The entity now, or at `as_of`. EntityNotKnownError, EntityProxyOnlyError."""
        path = f"/instances/entity/{segment(guid)}"
        if as_of is None:
            return _entity(self._transport.get(path))
        return _entity(self._transport.post(f"{path}/history", request("HistoryRequest", asOfTime=moment_ms(as_of))))

    def find_entity(self, guid: str) -> Bean | None:
        """The entity if it is known here, a soft-deleted one included; None where it is not (or only a proxy)."""
        return cast(Bean | None, self._transport.get(f"/instances/entity/{segment(guid)}/existence").get("entity"))

    def get_entity_summary(self, guid: str) -> Bean:
        """Header and classifications; works for proxies too."""
        return _entity(self._transport.get(f"/instances/entity/{segment(guid)}/summary"))

    def entity_history(
        self,
        guid: str,
        *,
        from_time: Moment | None = None,
        to_time: Moment | None = None,
        offset: int = 0,
        page_size: int = 0,
        oldest_first: bool = False,
    ) -> list[Bean]:
        """The entity's versions, newest first unless asked otherwise."""
        body = request(
            "HistoryRangeRequest",
            fromTime=None if from_time is None else moment_ms(from_time),
            toTime=None if to_time is None else moment_ms(to_time),
            offset=offset,
            pageSize=page_size,
            sequencingOrder="FORWARDS" if oldest_first else "BACKWARDS",
        )
        return self._transport.post(f"/instances/entity/{segment(guid)}/history/all", body).get("entities") or []

    def update_entity_properties(
        self, guid: str, properties: Mapping[str, Any], *, type_name: str | None = None, event_id: str | None = None
    ) -> Bean:
        """Replaces the whole property set (OMRS instances § Versioning). `type_name` saves the read of the entity."""
        type_name = type_name or str(self.get_entity(guid)["type"]["typeDefName"])
        values = self._properties(type_name, properties)
        body = request("InstancePropertiesRequest", instanceProperties=values or {"class": "InstanceProperties"})
        return _entity(self._transport.write(f"/instances/entity/{segment(guid)}/properties", body, event_id=event_id))

    def update_entity_status(self, guid: str, status: str, *, event_id: str | None = None) -> Bean:
        return _entity(self._transport.write(f"/instances/entity/{segment(guid)}/status", status, event_id=event_id))

    def classify(
        self,
        guid: str,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        external_source: ExternalSource | None = None,
        event_id: str | None = None,
    ) -> Bean:
        """Adds a classification; the entity's own version does not move. ClassificationError where not allowed."""
        path = f"/instances/entity/{segment(guid)}/classification/{segment(name)}"
        values = self._properties(name, properties)
        if external_source is None:
            body = request("InstancePropertiesRequest", instanceProperties=values)
        else:
            body = external_source.stamp(
                request("ClassificationRequest", classificationOrigin="ASSIGNED", classificationProperties=values)
            )
            path += "/detailed"
        return _entity(self._transport.write(path, body, event_id=event_id))

    def reclassify(self, guid: str, name: str, properties: Mapping[str, Any], *, event_id: str | None = None) -> Bean:
        """Replaces the properties of a classification that is there."""
        body = request("InstancePropertiesRequest", instanceProperties=self._properties(name, properties))
        path = f"/instances/entity/{segment(guid)}/classification/{segment(name)}/properties"
        return _entity(self._transport.write(path, body, event_id=event_id))

    def declassify(self, guid: str, name: str, *, event_id: str | None = None) -> Bean:
        path = f"/instances/entity/{segment(guid)}/classification/{segment(name)}/delete"
        return _entity(self._transport.write(path, request("OMRSAPIRequest"), event_id=event_id))

    def delete_entity(self, guid: str, *, type_name: str | None = None, event_id: str | None = None) -> Bean:
        """Soft delete; the server deletes the entity's relationships too. `type_name` saves a read."""
        body = self._identification(guid, type_name)
        return _entity(self._transport.write(f"/instances/entity/{segment(guid)}/delete", body, event_id=event_id))

    def restore_entity(self, guid: str, *, event_id: str | None = None) -> Bean:
        path = f"/instances/entity/{segment(guid)}/restore"
        return _entity(self._transport.write(path, method="GET", event_id=event_id))

    def undo_entity(self, guid: str, *, event_id: str | None = None) -> Bean | None:
        """The previous version's content under the next version number; None when there is no version before."""
        path = f"/instances/entity/{segment(guid)}/previous"
        return self._transport.write(path, method="GET", event_id=event_id).get("entity")

    def purge_entity(self, guid: str, *, type_name: str | None = None, event_id: str | None = None) -> None:
        """Removes a soft-deleted entity with its history and relationships. EntityNotDeletedError while it is alive."""
        body = self._identification(guid, type_name)
        self._transport.write(f"/instances/entity/{segment(guid)}/purge", body, event_id=event_id)

    def _identification(self, guid: str, type_name: str | None) -> Bean:
        if type_name is not None:
            return request("TypeDefValidationForRequest", typeDefGUID=self.type_guid(type_name), typeDefName=type_name)
        known = self.find_entity(guid)
        if known is None:
            raise EntityNotKnownError(f"entity {guid} is not known to server {self._transport.server}", guid=guid)
        return self._identify(known)


def _entity(answer: Bean) -> Bean:
    return cast(Bean, answer["entity"])
