"""Calls on reference copies: for tools that bring instances of other collections to a server without a cohort."""

from collections.abc import Sequence

from omrs_streams.client.calls import Calls, request
from omrs_streams.client.transport import segment
from omrs_streams.client.wire import Bean

_ENTITIES = "/instances/entities/reference-copy"
_RELATIONSHIPS = "/instances/relationships/reference-copy"
_CLASSIFICATIONS = "/instances/entities/classifications/reference-copy"


class CopyCalls(Calls):
    """OMRS instances § Reference copies. What is older than what the server holds changes nothing, as with events.

    Where another object has the guid: EntityConflictError, RelationshipConflictError.
    """

    def save_entity_copy(self, entity: Bean, *, event_id: str | None = None) -> None:
        """Keeps `entity` (an EntityDetail as its home has it)."""
        self._transport.write(_ENTITIES, entity, event_id=event_id)

    def delete_entity_copy(self, entity: Bean, *, event_id: str | None = None) -> None:
        """Keeps `entity` as deleted; its version must be above the one that is held."""
        self._transport.write(f"{_ENTITIES}/delete", entity, event_id=event_id)

    def purge_entity_copy(self, entity: Bean, *, event_id: str | None = None) -> None:
        """Forgets the copy."""
        self._transport.write(f"{_ENTITIES}/purge", entity, event_id=event_id)

    def purge_entity_copy_of(self, guid: str, type_name: str, home: str, *, event_id: str | None = None) -> None:
        """Forgets the copy of the entity of collection `home`, whatever its version."""
        path, body = f"{_ENTITIES}/{segment(guid)}/purge", self._type_named(type_name)
        self._transport.write(path, body, event_id=event_id, homeMetadataCollectionId=home)

    def refresh_entity_copy(self, guid: str, type_name: str, home: str) -> None:
        """Asks the home, over the cohorts, to send the entity again. HomeEntityError where it is at home here."""
        path, body = f"{_ENTITIES}/{segment(guid)}/refresh", self._type_named(type_name)
        self._transport.write(path, body, homeMetadataCollectionId=home)

    def save_relationship_copy(self, relationship: Bean, *, event_id: str | None = None) -> None:
        """Keeps `relationship`, and proxies of the ends that are not known."""
        self._transport.write(_RELATIONSHIPS, relationship, event_id=event_id)

    def delete_relationship_copy(self, relationship: Bean, *, event_id: str | None = None) -> None:
        self._transport.write(f"{_RELATIONSHIPS}/delete", relationship, event_id=event_id)

    def purge_relationship_copy(self, relationship: Bean, *, event_id: str | None = None) -> None:
        self._transport.write(f"{_RELATIONSHIPS}/purge", relationship, event_id=event_id)

    def purge_relationship_copy_of(self, guid: str, type_name: str, home: str, *, event_id: str | None = None) -> None:
        path, body = f"{_RELATIONSHIPS}/{segment(guid)}/purge", self._type_named(type_name)
        self._transport.write(path, body, event_id=event_id, homeMetadataCollectionId=home)

    def refresh_relationship_copy(self, guid: str, type_name: str, home: str) -> None:
        path, body = f"{_RELATIONSHIPS}/{segment(guid)}/refresh", self._type_named(type_name)
        self._transport.write(path, body, homeMetadataCollectionId=home)

    def save_classification_copy(self, entity: Bean, classification: Bean, *, event_id: str | None = None) -> None:
        """Keeps a classification of `entity` (an EntityDetail or an EntityProxy)."""
        self._transport.write(_CLASSIFICATIONS, _with_entity(entity, classification), event_id=event_id)

    def purge_classification_copy(self, entity: Bean, classification: Bean, *, event_id: str | None = None) -> None:
        self._transport.write(f"{_CLASSIFICATIONS}/purge", _with_entity(entity, classification), event_id=event_id)

    def save_copies(
        self, entities: Sequence[Bean] = (), relationships: Sequence[Bean] = (), *, event_id: str | None = None
    ) -> None:
        """Keeps all of them, one after the other; what cannot be kept ends the call."""
        body = request(
            "InstanceGraphRequest",
            entityElementList=list(entities) or None,
            relationshipElementList=list(relationships) or None,
        )
        self._transport.write("/instances", body, event_id=event_id)

    def add_entity_proxy(self, proxy: Bean, *, event_id: str | None = None) -> None:
        """Keeps the proxy of an entity of another collection."""
        self._transport.write("/instances/entity-proxy", proxy, event_id=event_id)

    def _type_named(self, type_name: str) -> Bean:
        return request("TypeDefValidationForRequest", typeDefGUID=self.type_guid(type_name), typeDefName=type_name)


def _with_entity(entity: Bean, classification: Bean) -> Bean:
    field = "entityProxy" if entity["class"] == "EntityProxy" else "entity"
    return request("ClassificationWithEntityRequest", classification=classification, **{field: entity})
