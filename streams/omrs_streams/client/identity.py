"""Calls that change what an instance is: its guid, its type, its home."""

from typing import cast

from omrs_schemas.errors import EntityNotKnownError, RelationshipNotKnownError
from omrs_streams.client.calls import Calls, request
from omrs_streams.client.transport import segment
from omrs_streams.client.wire import Bean

_SUMMARY = ("guid", "name", "version", "versionName", "category")


class IdentityCalls(Calls):
    """Every method returns the instance as it is afterwards (OMRS instances § Reidentify / retype / rehome)."""

    def re_identify_entity(self, guid: str, new_guid: str, *, event_id: str | None = None) -> Bean:
        """Gives an entity of this server another guid; the old one reads as deleted.

        InvalidParameterError where the new guid is taken, or the entity is maintained elsewhere.
        """
        path, body = f"/instances/entity/{segment(guid)}/identity", self._identify(self._known_entity(guid))
        return cast(Bean, self._transport.write(path, body, event_id=event_id, newEntityGUID=new_guid)["entity"])

    def re_type_entity(self, guid: str, new_type_name: str, *, event_id: str | None = None) -> Bean:
        """Changes an entity's type; properties and classifications must fit it. PropertyError, ClassificationError."""
        body = self._type_change(self._known_entity(guid), new_type_name)
        path = f"/instances/entity/{segment(guid)}/type"
        return cast(Bean, self._transport.write(path, body, event_id=event_id)["entity"])

    def re_home_entity(self, guid: str, new_home: str, new_home_name: str = "", *, event_id: str | None = None) -> Bean:
        """Makes this server the home of a copy whose home is gone; `new_home` is this server's collection id."""
        known = self._known_entity(guid)
        path = f"/instances/entity/{segment(guid)}/home/{segment(str(known.get('metadataCollectionId')))}"
        query = _new_home(new_home, new_home_name)
        return cast(Bean, self._transport.write(path, self._identify(known), event_id=event_id, **query)["entity"])

    def re_identify_relationship(self, guid: str, new_guid: str, *, event_id: str | None = None) -> Bean:
        """As `re_identify_entity`."""
        body = self._identify(self._known_relationship(guid))
        path = f"/instances/relationship/{segment(guid)}/identity"
        answer = self._transport.write(path, body, event_id=event_id, newRelationshipGUID=new_guid)
        return cast(Bean, answer["relationship"])

    def re_type_relationship(self, guid: str, new_type_name: str, *, event_id: str | None = None) -> Bean:
        """As `re_type_entity`; the ends must fit the new type too."""
        body = self._type_change(self._known_relationship(guid), new_type_name)
        path = f"/instances/relationship/{segment(guid)}/type"
        return cast(Bean, self._transport.write(path, body, event_id=event_id)["relationship"])

    def re_home_relationship(
        self, guid: str, new_home: str, new_home_name: str = "", *, event_id: str | None = None
    ) -> Bean:
        """As `re_home_entity`."""
        known = self._known_relationship(guid)
        path = f"/instances/relationship/{segment(guid)}/home/{segment(str(known.get('metadataCollectionId')))}"
        query = _new_home(new_home, new_home_name)
        answer = self._transport.write(path, self._identify(known), event_id=event_id, **query)
        return cast(Bean, answer["relationship"])

    def _known_entity(self, guid: str) -> Bean:
        known = self._transport.get(f"/instances/entity/{segment(guid)}/existence").get("entity")
        if known is None:
            raise EntityNotKnownError(f"entity {guid} is not known to server {self._transport.server}", guid=guid)
        return cast(Bean, known)

    def _known_relationship(self, guid: str) -> Bean:
        known = self._transport.get(f"/instances/relationship/{segment(guid)}/existence").get("relationship")
        if known is None:
            server = self._transport.server
            raise RelationshipNotKnownError(f"relationship {guid} is not known to server {server}", guid=guid)
        return cast(Bean, known)

    def _type_change(self, bean: Bean, new_type_name: str) -> Bean:
        summaries = [self._summary(name) for name in (str(bean["type"]["typeDefName"]), new_type_name)]
        return request("TypeDefChangeRequest", currentTypeDef=summaries[0], newTypeDef=summaries[1])

    def _summary(self, type_name: str) -> Bean:
        typedef = self.types.require(name=type_name)
        return {name: typedef[name] for name in _SUMMARY if name in typedef}


def _new_home(collection_id: str, name: str) -> dict[str, str]:
    query = {"newHomeMetadataCollectionId": collection_id}
    return {**query, "newHomeMetadataCollectionName": name} if name else query
