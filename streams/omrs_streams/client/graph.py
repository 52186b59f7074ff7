"""Calls on what is linked: the relationships of an entity, its neighbourhood, paths between two."""

from collections.abc import Sequence

from omrs_streams.client.calls import Calls, Moment
from omrs_streams.client.exchange import segment
from omrs_streams.client.find import PAGE, finding, in_guid_order
from omrs_streams.client.instances import Entity, Graph, Relationship, entities_of, graph_of, relationships_of
from omrs_streams.client.plans import Pages, Plan, operation, pages
from omrs_streams.client.search import SequencingOrder


class GraphCalls(Calls):
    """OMRS queries § 3, Graph. Types mean their subtypes too; `statuses`: only instances in one of these."""

    @operation
    def relationships_of(
        self,
        guid: str,
        type_name: str | None = None,
        page_size: int = 0,
        *,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Relationship]]:
        """The relationships that end at entity `guid`, of one type (with its subtypes) or all; page size 0 = all."""
        fields = yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)
        type_guid = None if type_name is None else (yield from self.type_guid(type_name))
        path = f"/instances/entity/{segment(guid)}/relationships"
        find = finding(path, "TypeLimitedFindRequest", as_of, None, typeGUID=type_guid, **fields)
        return relationships_of((yield find))

    @pages
    def iter_relationships_of(
        self,
        guid: str,
        type_name: str | None = None,
        *,
        statuses: Sequence[str] | None = None,
        as_of: Moment | None = None,
        page_size: int = PAGE,
    ) -> Pages[Relationship]:
        """All of `relationships_of`, page by page in guid order; as `iter_entities`."""

        def fetch(offset: int, size: int) -> Plan[list[Relationship]]:
            return self.relationships_of(
                guid, type_name, size, statuses=statuses, offset=offset, order="GUID", as_of=as_of
            )

        return in_guid_order(fetch, page_size)

    @operation
    def neighborhood(
        self,
        guid: str,
        level: int = 1,
        *,
        entity_types: Sequence[str] | None = None,
        relationship_types: Sequence[str] | None = None,
        statuses: Sequence[str] | None = None,
        classifications: Sequence[str] | None = None,
        as_of: Moment | None = None,
    ) -> Plan[Graph]:
        """The entity, what is reached from it in `level` steps (-1: all of it), and the relationships between them.

        Steps go along relationships of `relationship_types` to entities of `entity_types` that carry any one of
        `classifications`; None = all.
        """
        find = finding(
            f"{_from(guid)}/by-neighborhood",
            "EntityNeighborhoodFindRequest",
            as_of,
            {"level": str(level)},
            entityTypeGUIDs=(yield from self._type_guids(entity_types)),
            relationshipTypeGUIDs=(yield from self._type_guids(relationship_types)),
            limitResultsByStatus=list(statuses or ()) or None,
            limitResultsByClassification=list(classifications or ()) or None,
        )
        return graph_of((yield find))

    @operation
    def related_entities(
        self,
        guid: str,
        *,
        entity_types: Sequence[str] | None = None,
        statuses: Sequence[str] | None = None,
        classifications: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Entity]]:
        """Everything that can be reached from an entity, over any relationships, of these types."""
        find = finding(
            f"{_from(guid)}/by-relationship",
            "RelatedEntitiesFindRequest",
            as_of,
            None,
            entityTypeGUIDs=(yield from self._type_guids(entity_types)),
            limitResultsByClassification=list(classifications or ()) or None,
            **(yield from self._paging(entity_types or (None,), statuses, offset, page_size, order, sort_property)),
        )
        return entities_of((yield find))

    @operation
    def linking_entities(
        self, start: str, end: str, *, statuses: Sequence[str] | None = None, as_of: Moment | None = None
    ) -> Plan[Graph]:
        """What lies on the paths between two entities, and both of them."""
        find = finding(
            f"{_from(start)}/by-linkage",
            "OMRSAPIFindRequest",
            as_of,
            {"endEntityGUID": end},
            limitResultsByStatus=list(statuses or ()) or None,
        )
        return graph_of((yield find))


def _from(guid: str) -> str:
    return f"/instances/entities/from-entity/{segment(guid)}"
