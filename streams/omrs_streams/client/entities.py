"""Calls on single entities: create, read, change, classify, delete, history."""

from collections.abc import Mapping
from typing import Any

from omrs_schemas.errors import EntityNotKnownError
from omrs_streams.client.calls import (
    Calls,
    Classifications,
    ExternalSource,
    Moment,
    changing,
    history_body,
    identify,
    reading,
    request,
)
from omrs_streams.client.exchange import Answer, Request, segment
from omrs_streams.client.instances import Entity, EntityHeader, entities_of, entity_of
from omrs_streams.client.plans import Plan, operation
from omrs_streams.client.wire import Bean

_PROXIES = "/instances/entity/classification"


class EntityCalls(Calls):
    """Every change returns the entity as it is afterwards; every method raises what the server raised.

    `expected_revision` (see `Instance.revision`) makes a change fail with RevisionConflictError where the entity has
    changed since it was read; `event_id` makes it safe to repeat in another process.
    """

    @operation
    def add_entity(
        self,
        type_name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        classifications: Classifications | None = None,
        status: str | None = None,
        external_source: ExternalSource | None = None,
        event_id: str | None = None,
    ) -> Plan[Entity]:
        """Creates an entity; at home here, or of `external_source`. Retried safely under one event id."""
        body = request(
            "EntityCreateRequest",
            entityTypeGUID=(yield from self.type_guid(type_name)),
            initialProperties=(yield from self._properties(type_name, properties)),
            initialClassifications=(yield from self._classifications(classifications)),
            initialStatus=status,
        )
        path = "/instances/entity"
        if external_source is not None:
            path, body = f"{path}/external", external_source.stamp(body)
        return entity_of((yield Request.write(path, body, event_id=event_id)))

    # ---- reading ---------------------------------------------------------------------------------------------------

    @operation
    def get_entity(self, guid: str, *, as_of: Moment | None = None) -> Plan[Entity]:
        """The entity now, or at `as_of`. EntityNotKnownError, EntityProxyOnlyError."""
        return entity_of((yield reading(_at(guid), as_of)))

    @operation
    def find_entity(self, guid: str) -> Plan[Entity | None]:
        """The entity if it is known here, a soft-deleted one included; None where it is not (or only a proxy)."""
        answer: Answer = yield Request("GET", f"{_at(guid)}/existence")
        return entity_of(answer) if answer.bean.get("entity") else None

    @operation
    def get_entity_summary(self, guid: str) -> Plan[EntityHeader]:
        """Header and classifications; works for proxies too."""
        answer: Answer = yield Request("GET", f"{_at(guid)}/summary")
        return EntityHeader(answer.bean["entity"], answer.revision)

    @operation
    def home_classifications(self, guid: str, *, as_of: Moment | None = None) -> Plan[list[Bean]]:
        """The classifications of an entity that this server is the home of, whoever's the entity is."""
        answer: Answer = yield reading(f"{_at(guid)}/home-classifications", as_of)
        return answer.bean.get("classifications") or []

    @operation
    def entity_history(
        self,
        guid: str,
        *,
        from_time: Moment | None = None,
        to_time: Moment | None = None,
        offset: int = 0,
        page_size: int = 0,
        oldest_first: bool = False,
    ) -> Plan[list[Entity]]:
        """The entity's versions, newest first unless asked otherwise."""
        body = history_body(from_time, to_time, offset, page_size, oldest_first)
        return entities_of((yield Request("POST", f"{_at(guid)}/history/all", body)))

    # ---- changing --------------------------------------------------------------------------------------------------

    @operation
    def update_entity_properties(
        self,
        guid: str,
        properties: Mapping[str, Any],
        *,
        type_name: str | None = None,
        effective_from: Moment | None = None,
        effective_to: Moment | None = None,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Entity]:
        """Replaces the whole property set (OMRS instances § Versioning), with the dates between which it is effective.
        `type_name` saves the read of the entity."""
        named = type_name or (yield from self.get_entity(guid)).type_name
        body = yield from self._replacing(named, properties, effective_from, effective_to)
        return entity_of((yield changing(f"{_at(guid)}/properties", body, event_id, expected_revision)))

    @operation
    def update_entity_status(
        self, guid: str, status: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Entity]:
        return entity_of((yield changing(f"{_at(guid)}/status", status, event_id, expected_revision)))

    @operation
    def undo_entity(
        self, guid: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Entity | None]:
        """The previous version's content under the next version number; None when there is no version before."""
        answer: Answer = yield changing(f"{_at(guid)}/previous", None, event_id, expected_revision, method="GET")
        return entity_of(answer) if answer.bean.get("entity") else None

    @operation
    def delete_entity(
        self,
        guid: str,
        *,
        type_name: str | None = None,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Entity]:
        """Soft delete; the server deletes the entity's relationships too. `type_name` saves a read."""
        body = yield from self._entity_type(guid, type_name)
        return entity_of((yield changing(f"{_at(guid)}/delete", body, event_id, expected_revision)))

    @operation
    def restore_entity(
        self, guid: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Entity]:
        """Brings a soft-deleted entity back. EntityNotDeletedError."""
        write = changing(f"{_at(guid)}/restore", None, event_id, expected_revision, method="GET")
        return entity_of((yield write))

    @operation
    def purge_entity(
        self,
        guid: str,
        *,
        type_name: str | None = None,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[None]:
        """Removes a soft-deleted entity with its history and relationships. EntityNotDeletedError while it is alive."""
        body = yield from self._entity_type(guid, type_name)
        yield changing(f"{_at(guid)}/purge", body, event_id, expected_revision)

    # ---- classifying -----------------------------------------------------------------------------------------------

    @operation
    def classify(
        self,
        guid: str,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        external_source: ExternalSource | None = None,
        propagated_from: str | None = None,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Entity]:
        """Adds a classification; the entity's own version does not move. ClassificationError where not allowed.

        `propagated_from`: the guid of the entity that it spread from; without, it was assigned.
        """
        path = f"{_at(guid)}/classification/{segment(name)}"
        values = yield from self._properties(name, properties)
        body = _classifying(values, external_source, propagated_from)
        if body["class"] == "ClassificationRequest":
            path += "/detailed"
        return entity_of((yield changing(path, body, event_id, expected_revision)))

    @operation
    def reclassify(
        self,
        guid: str,
        name: str,
        properties: Mapping[str, Any],
        *,
        event_id: str | None = None,
        expected_revision: int | None = None,
    ) -> Plan[Entity]:
        """Replaces the properties of a classification that is there."""
        values = yield from self._properties(name, properties)
        body = request("InstancePropertiesRequest", instanceProperties=values)
        path = f"{_at(guid)}/classification/{segment(name)}/properties"
        return entity_of((yield changing(path, body, event_id, expected_revision)))

    @operation
    def declassify(
        self, guid: str, name: str, *, event_id: str | None = None, expected_revision: int | None = None
    ) -> Plan[Entity]:
        path = f"{_at(guid)}/classification/{segment(name)}/delete"
        return entity_of((yield changing(path, request("OMRSAPIRequest"), event_id, expected_revision)))

    @operation
    def classify_proxy(
        self,
        proxy: Bean,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        external_source: ExternalSource | None = None,
        propagated_from: str | None = None,
        event_id: str | None = None,
    ) -> Plan[Bean]:
        """Adds a classification of this server to an entity of another one, of which `proxy` tells; it is returned."""
        values = yield from self._properties(name, properties)
        body = _classifying(values, external_source, propagated_from)
        detailed = body["class"] == "ClassificationRequest"
        body |= {"class": "ClassificationProxyRequest" if detailed else "ProxyClassificationRequest"}
        path = f"{_PROXIES}/{segment(name)}" + ("/detailed" if detailed else "")
        answer: Answer = yield Request.write(path, {**body, "entityProxy": proxy}, event_id=event_id)
        return answer.bean.get("classification") or {}

    @operation
    def reclassify_proxy(
        self, proxy: Bean, name: str, properties: Mapping[str, Any], *, event_id: str | None = None
    ) -> Plan[Bean]:
        """Replaces the properties of a classification that `classify_proxy` added."""
        values = yield from self._properties(name, properties)
        body = request("ProxyClassificationRequest", instanceProperties=values, entityProxy=proxy)
        answer: Answer = yield Request.write(f"{_PROXIES}/{segment(name)}/properties", body, event_id=event_id)
        return answer.bean.get("classification") or {}

    @operation
    def declassify_proxy(self, proxy: Bean, name: str, *, event_id: str | None = None) -> Plan[Bean]:
        """Removes a classification that `classify_proxy` added; what it was is returned."""
        answer: Answer = yield Request.write(f"{_PROXIES}/{segment(name)}/delete", proxy, event_id=event_id)
        return answer.bean.get("classification") or {}

    def _entity_type(self, guid: str, type_name: str | None) -> Plan[Bean]:
        if type_name is not None:
            return (yield from self._validation(type_name))
        return identify((yield from self._known_entity(guid)))

    def _known_entity(self, guid: str) -> Plan[Entity]:
        known = yield from self.find_entity(guid)
        if known is None:
            raise EntityNotKnownError(f"entity {guid} is not known to server {self.server}", guid=guid)
        return known


def _at(guid: str) -> str:
    return f"/instances/entity/{segment(guid)}"


def _classifying(values: Bean | None, source: ExternalSource | None, propagated_from: str | None) -> Bean:
    if source is None and propagated_from is None:
        return request("InstancePropertiesRequest", instanceProperties=values)
    body = request(
        "ClassificationRequest",
        classificationOrigin="ASSIGNED" if propagated_from is None else "PROPAGATED",
        classificationOriginGUID=propagated_from,
        classificationProperties=values,
    )
    return body if source is None else source.stamp(body)
