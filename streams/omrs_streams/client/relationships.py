"""Calls on single relationships, and the relationships of an entity."""

from collections.abc import Mapping
from typing import Any, cast

from omrs_schemas.errors import RelationshipNotKnownError
from omrs_streams.client.calls import Calls, ExternalSource, Moment, moment_ms, request
from omrs_streams.client.transport import segment
from omrs_streams.client.wire import Bean


class RelationshipCalls(Calls):
    """Every method returns the relationship bean as it is afterwards and raises what the server raised."""

    def add_relationship(
        self,
        type_name: str,
        end1: str,
        end2: str,
        properties: Mapping[str, Any] | None = None,
        *,
        status: str | None = None,
        external_source: ExternalSource | None = None,
        event_id: str | None = None,
    ) -> Bean:
        """Links two entities, in the order of the type's ends."""
        body = request(
            "RelationshipCreateRequest",
            relationshipTypeGUID=self.type_guid(type_name),
            initialProperties=self._properties(type_name, properties),
            entityOneGUID=end1,
            entityTwoGUID=end2,
            initialStatus=status,
        )
        path = "/instances/relationship"
        if external_source is not None:
            path, body = f"{path}/external", external_source.stamp(body)
        return _relationship(self._transport.write(path, body, event_id=event_id))

    def get_relationship(self, guid: str, *, as_of: Moment | None = None) -> Bean:
        path = f"/instances/relationship/{segment(guid)}"
        if as_of is None:
            return _relationship(self._transport.get(path))
        answer = self._transport.post(f"{path}/history", request("HistoryRequest", asOfTime=moment_ms(as_of)))
        return _relationship(answer)

    def find_relationship(self, guid: str) -> Bean | None:
        """The relationship if it is known here, a soft-deleted one included; None where it is not."""
        answer = self._transport.get(f"/instances/relationship/{segment(guid)}/existence")
        return cast(Bean | None, answer.get("relationship"))

    def relationships_of(
        self,
        guid: str,
        type_name: str | None = None,
        page_size: int = 0,
        *,
        offset: int = 0,
        as_of: Moment | None = None,
    ) -> list[Bean]:
        """The relationships that end at entity `guid`, of one type (with its subtypes) or all; page size 0 = all."""
        body = request(
            "TypeLimitedFindRequest" if as_of is None else "TypeLimitedHistoricalFindRequest",
            typeGUID=None if type_name is None else self.type_guid(type_name),
            offset=offset,
            pageSize=page_size,
            asOfTime=None if as_of is None else moment_ms(as_of),
        )
        path = f"/instances/entity/{segment(guid)}/relationships" + ("" if as_of is None else "/history")
        return self._transport.post(path, body).get("relationships") or []

    def update_relationship_properties(
        self, guid: str, properties: Mapping[str, Any], *, type_name: str | None = None, event_id: str | None = None
    ) -> Bean:
        """Replaces the whole property set."""
        type_name = type_name or str(self.get_relationship(guid)["type"]["typeDefName"])
        values = self._properties(type_name, properties)
        body = request("InstancePropertiesRequest", instanceProperties=values or {"class": "InstanceProperties"})
        path = f"/instances/relationship/{segment(guid)}/properties"
        return _relationship(self._transport.write(path, body, event_id=event_id))

    def update_relationship_status(self, guid: str, status: str, *, event_id: str | None = None) -> Bean:
        path = f"/instances/relationship/{segment(guid)}/status"
        return _relationship(self._transport.write(path, status, event_id=event_id))

    def delete_relationship(self, guid: str, *, type_name: str | None = None, event_id: str | None = None) -> Bean:
        body = self._relationship_identification(guid, type_name)
        path = f"/instances/relationship/{segment(guid)}/delete"
        return _relationship(self._transport.write(path, body, event_id=event_id))

    def restore_relationship(self, guid: str, *, event_id: str | None = None) -> Bean:
        path = f"/instances/relationship/{segment(guid)}/restore"
        return _relationship(self._transport.write(path, method="GET", event_id=event_id))

    def undo_relationship(self, guid: str, *, event_id: str | None = None) -> Bean | None:
        """As `undo_entity`."""
        path = f"/instances/relationship/{segment(guid)}/previous"
        return self._transport.write(path, method="GET", event_id=event_id).get("relationship")

    def purge_relationship(self, guid: str, *, type_name: str | None = None, event_id: str | None = None) -> None:
        body = self._relationship_identification(guid, type_name)
        self._transport.write(f"/instances/relationship/{segment(guid)}/purge", body, event_id=event_id)

    def _relationship_identification(self, guid: str, type_name: str | None) -> Bean:
        if type_name is not None:
            return request("TypeDefValidationForRequest", typeDefGUID=self.type_guid(type_name), typeDefName=type_name)
        known = self.find_relationship(guid)
        if known is None:
            raise RelationshipNotKnownError(
                f"relationship {guid} is not known to server {self._transport.server}", guid=guid
            )
        return self._identify(known)


def _relationship(answer: Bean) -> Bean:
    return cast(Bean, answer["relationship"])
