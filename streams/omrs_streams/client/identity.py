"""Calls that change what an instance is: its guid, its type, its home."""

from omrs_streams.client.calls import changing, identify, request
from omrs_streams.client.entities import EntityCalls
from omrs_streams.client.exchange import segment
from omrs_streams.client.instances import Entity, Relationship, entity_of, relationship_of
from omrs_streams.client.plans import Plan, operation
from omrs_streams.client.relationships import RelationshipCalls
from omrs_streams.client.wire import Bean

_SUMMARY = ("guid", "name", "version", "versionName", "category")


class IdentityCalls(EntityCalls, RelationshipCalls):
    """Every method returns the instance as it is afterwards (OMRS instances § Reidentify / retype / rehome)."""

    @operation
    def re_identify_entity(
        self, guid: str, new_guid: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Entity]:
        """Gives an entity of this server another guid; the old one reads as deleted.

        InvalidParameterError where the new guid is taken, or the entity is maintained elsewhere.
        """
        body = identify((yield from self._known_entity(guid)))
        path = f"/instances/entity/{segment(guid)}/identity"
        return entity_of((yield changing(path, body, event_id, expected_revision, newEntityGUID=new_guid)))

    @operation
    def re_type_entity(
        self, guid: str, new_type_name: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Entity]:
        """Changes an entity's type; properties and classifications must fit it. PropertyError, ClassificationError."""
        body = yield from self._type_change((yield from self._known_entity(guid)), new_type_name)
        return entity_of((yield changing(f"/instances/entity/{segment(guid)}/type", body, event_id, expected_revision)))

    @operation
    def re_home_entity(
        self,
        guid: str,
        new_home: str,
        new_home_name: str = "",
        *,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Entity]:
        """Makes this server the home of a copy whose home is gone; `new_home` is this server's collection id."""
        known = yield from self._known_entity(guid)
        path, query = f"/instances/entity/{segment(guid)}/home/{_home(known)}", _new_home(new_home, new_home_name)
        return entity_of((yield changing(path, identify(known), event_id, expected_revision, **query)))

    @operation
    def re_identify_relationship(
        self, guid: str, new_guid: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Relationship]:
        """As `re_identify_entity`."""
        body = identify((yield from self._known_relationship(guid)))
        path = f"/instances/relationship/{segment(guid)}/identity"
        write = changing(path, body, event_id, expected_revision, newRelationshipGUID=new_guid)
        return relationship_of((yield write))

    @operation
    def re_type_relationship(
        self, guid: str, new_type_name: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Relationship]:
        """As `re_type_entity`; the ends must fit the new type too."""
        body = yield from self._type_change((yield from self._known_relationship(guid)), new_type_name)
        path = f"/instances/relationship/{segment(guid)}/type"
        return relationship_of((yield changing(path, body, event_id, expected_revision)))

    @operation
    def re_home_relationship(
        self,
        guid: str,
        new_home: str,
        new_home_name: str = "",
        *,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Relationship]:
        """As `re_home_entity`."""
        known = yield from self._known_relationship(guid)
        path, query = f"/instances/relationship/{segment(guid)}/home/{_home(known)}", _new_home(new_home, new_home_name)
        return relationship_of((yield changing(path, identify(known), event_id, expected_revision, **query)))

    def _type_change(self, instance: Entity | Relationship, new_type_name: str) -> Plan[Bean]:
        now = yield from self._typedef(instance.type_name)
        then = yield from self._typedef(new_type_name)
        return request("TypeDefChangeRequest", currentTypeDef=_summary(now), newTypeDef=_summary(then))


def _summary(typedef: Bean) -> Bean:
    return {name: typedef[name] for name in _SUMMARY if name in typedef}


def _home(known: Entity | Relationship) -> str:
    return segment(str(known.get("metadataCollectionId")))


def _new_home(collection_id: str, name: str) -> dict[str, str]:
    query = {"newHomeMetadataCollectionId": collection_id}
    return {**query, "newHomeMetadataCollectionName": name} if name else query
