"""Calls on single relationships: create, read, change, delete, history."""

from collections.abc import Mapping
from typing import Any

from omrs_schemas.errors import RelationshipNotKnownError
from omrs_streams.client.calls import Calls, ExternalSource, Moment, changing, history_body, identify, reading, request
from omrs_streams.client.exchange import Answer, Request, segment
from omrs_streams.client.instances import Relationship, relationship_of, relationships_of
from omrs_streams.client.plans import Plan, operation
from omrs_streams.client.wire import Bean


class RelationshipCalls(Calls):
    """Every change returns the relationship as it is afterwards; `event_id` and `expected_revision` as for entities."""

    @operation
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
    ) -> Plan[Relationship]:
        """Links two entities, in the order of the type's ends."""
        body = request(
            "RelationshipCreateRequest",
            relationshipTypeGUID=(yield from self.type_guid(type_name)),
            initialProperties=(yield from self._properties(type_name, properties)),
            entityOneGUID=end1,
            entityTwoGUID=end2,
            initialStatus=status,
        )
        path = "/instances/relationship"
        if external_source is not None:
            path, body = f"{path}/external", external_source.stamp(body)
        return relationship_of((yield Request.write(path, body, event_id=event_id)))

    @operation
    def get_relationship(self, guid: str, *, as_of: Moment | None = None) -> Plan[Relationship]:
        """The relationship now, or at `as_of`. RelationshipNotKnownError."""
        return relationship_of((yield reading(_at(guid), as_of)))

    @operation
    def find_relationship(self, guid: str) -> Plan[Relationship | None]:
        """The relationship if it is known here, a soft-deleted one included; None where it is not."""
        answer: Answer = yield Request("GET", f"{_at(guid)}/existence")
        return relationship_of(answer) if answer.bean.get("relationship") else None

    @operation
    def relationship_history(
        self,
        guid: str,
        *,
        from_time: Moment | None = None,
        to_time: Moment | None = None,
        offset: int = 0,
        page_size: int = 0,
        oldest_first: bool = False,
    ) -> Plan[list[Relationship]]:
        """The relationship's versions, newest first unless asked otherwise."""
        body = history_body(from_time, to_time, offset, page_size, oldest_first)
        return relationships_of((yield Request("POST", f"{_at(guid)}/history/all", body)))

    @operation
    def update_relationship_properties(
        self,
        guid: str,
        properties: Mapping[str, Any],
        *,
        type_name: str | None = None,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Relationship]:
        """Replaces the whole property set. `type_name` saves the read of the relationship."""
        named = type_name or (yield from self.get_relationship(guid)).type_name
        body = yield from self._replacing(named, properties)
        return relationship_of((yield changing(f"{_at(guid)}/properties", body, event_id, expected_revision)))

    @operation
    def update_relationship_status(
        self, guid: str, status: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Relationship]:
        return relationship_of((yield changing(f"{_at(guid)}/status", status, event_id, expected_revision)))

    @operation
    def undo_relationship(
        self, guid: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Relationship | None]:
        """As `undo_entity`."""
        answer: Answer = yield changing(f"{_at(guid)}/previous", None, event_id, expected_revision, method="GET")
        return relationship_of(answer) if answer.bean.get("relationship") else None

    @operation
    def delete_relationship(
        self,
        guid: str,
        *,
        type_name: str | None = None,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Relationship]:
        """Soft delete. `type_name` saves a read."""
        body = yield from self._relationship_type(guid, type_name)
        return relationship_of((yield changing(f"{_at(guid)}/delete", body, event_id, expected_revision)))

    @operation
    def restore_relationship(
        self, guid: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Relationship]:
        """Brings a soft-deleted relationship back. RelationshipNotDeletedError."""
        write = changing(f"{_at(guid)}/restore", None, event_id, expected_revision, method="GET")
        return relationship_of((yield write))

    @operation
    def purge_relationship(
        self,
        guid: str,
        *,
        type_name: str | None = None,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[None]:
        """Removes a soft-deleted relationship with its history. RelationshipNotDeletedError while it is alive."""
        body = yield from self._relationship_type(guid, type_name)
        yield changing(f"{_at(guid)}/purge", body, event_id, expected_revision)

    def _relationship_type(self, guid: str, type_name: str | None) -> Plan[Bean]:
        if type_name is not None:
            return (yield from self._validation(type_name))
        return identify((yield from self._known_relationship(guid)))

    def _known_relationship(self, guid: str) -> Plan[Relationship]:
        known = yield from self.find_relationship(guid)
        if known is None:
            raise RelationshipNotKnownError(f"relationship {guid} is not known to server {self.server}", guid=guid)
        return known


def _at(guid: str) -> str:
    return f"/instances/relationship/{segment(guid)}"
