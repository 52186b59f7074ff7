"""Calls on reference copies: for tools that bring instances of other collections to a server without a cohort."""

from collections.abc import Sequence

from omrs_streams.client.calls import Calls, request
from omrs_streams.client.exchange import Request, segment
from omrs_streams.client.plans import Plan, operation
from omrs_streams.client.wire import Bean

_ENTITIES = "/instances/entities/reference-copy"
_RELATIONSHIPS = "/instances/relationships/reference-copy"
_CLASSIFICATIONS = "/instances/entities/classifications/reference-copy"


class CopyCalls(Calls):
    """OMRS instances § Reference copies. What is older than what the server holds changes nothing, as with events.

    Where another object has the guid: EntityConflictError, RelationshipConflictError.
    """

    @operation
    def save_entity_copy(self, entity: Bean, *, event_id: str | None = None) -> Plan[None]:
        """Keeps `entity` (an EntityDetail as its home has it)."""
        yield Request.write(_ENTITIES, entity, event_id=event_id)

    @operation
    def delete_entity_copy(self, entity: Bean, *, event_id: str | None = None) -> Plan[None]:
        """Keeps `entity` as deleted; its version must be above the one that is held."""
        yield Request.write(f"{_ENTITIES}/delete", entity, event_id=event_id)

    @operation
    def purge_entity_copy(self, entity: Bean, *, event_id: str | None = None) -> Plan[None]:
        """Forgets the copy."""
        yield Request.write(f"{_ENTITIES}/purge", entity, event_id=event_id)

    @operation
    def purge_entity_copy_of(self, guid: str, type_name: str, home: str, *, event_id: str | None = None) -> Plan[None]:
        """Forgets the copy of the entity of collection `home`, whatever its version."""
        path, body = f"{_ENTITIES}/{segment(guid)}/purge", (yield from self._validation(type_name))
        yield Request.write(path, body, event_id=event_id, query={"homeMetadataCollectionId": home})

    @operation
    def refresh_entity_copy(self, guid: str, type_name: str, home: str) -> Plan[None]:
        """Asks the home, over the cohorts, to send the entity again. HomeEntityError where it is at home here."""
        path, body = f"{_ENTITIES}/{segment(guid)}/refresh", (yield from self._validation(type_name))
        yield Request.write(path, body, query={"homeMetadataCollectionId": home})

    @operation
    def save_relationship_copy(self, relationship: Bean, *, event_id: str | None = None) -> Plan[None]:
        """Keeps `relationship`, and proxies of the ends that are not known."""
        yield Request.write(_RELATIONSHIPS, relationship, event_id=event_id)

    @operation
    def delete_relationship_copy(self, relationship: Bean, *, event_id: str | None = None) -> Plan[None]:
        yield Request.write(f"{_RELATIONSHIPS}/delete", relationship, event_id=event_id)

    @operation
    def purge_relationship_copy(self, relationship: Bean, *, event_id: str | None = None) -> Plan[None]:
        yield Request.write(f"{_RELATIONSHIPS}/purge", relationship, event_id=event_id)

    @operation
    def purge_relationship_copy_of(
        self, guid: str, type_name: str, home: str, *, event_id: str | None = None
    ) -> Plan[None]:
        path, body = f"{_RELATIONSHIPS}/{segment(guid)}/purge", (yield from self._validation(type_name))
        yield Request.write(path, body, event_id=event_id, query={"homeMetadataCollectionId": home})

    @operation
    def refresh_relationship_copy(self, guid: str, type_name: str, home: str) -> Plan[None]:
        path, body = f"{_RELATIONSHIPS}/{segment(guid)}/refresh", (yield from self._validation(type_name))
        yield Request.write(path, body, query={"homeMetadataCollectionId": home})

    @operation
    def save_classification_copy(
        self, entity: Bean, classification: Bean, *, event_id: str | None = None
    ) -> Plan[None]:
        """Keeps a classification of `entity` (an EntityDetail or an EntityProxy)."""
        yield Request.write(_CLASSIFICATIONS, _with_entity(entity, classification), event_id=event_id)

    @operation
    def purge_classification_copy(
        self, entity: Bean, classification: Bean, *, event_id: str | None = None
    ) -> Plan[None]:
        yield Request.write(f"{_CLASSIFICATIONS}/purge", _with_entity(entity, classification), event_id=event_id)

    @operation
    def save_copies(
        self, entities: Sequence[Bean] = (), relationships: Sequence[Bean] = (), *, event_id: str | None = None
    ) -> Plan[None]:
        """Keeps all of them, one after the other; what cannot be kept ends the call."""
        body = request(
            "InstanceGraphRequest",
            entityElementList=list(entities) or None,
            relationshipElementList=list(relationships) or None,
        )
        yield Request.write("/instances", body, event_id=event_id)

    @operation
    def add_entity_proxy(self, proxy: Bean, *, event_id: str | None = None) -> Plan[None]:
        """Keeps the proxy of an entity of another collection."""
        yield Request.write("/instances/entity-proxy", proxy, event_id=event_id)


def _with_entity(entity: Bean, classification: Bean) -> Bean:
    field = "entityProxy" if entity["class"] == "EntityProxy" else "entity"
    return request("ClassificationWithEntityRequest", classification=classification, **{field: entity})
