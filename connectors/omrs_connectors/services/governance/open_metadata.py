"""Open metadata of any type: get, find, related elements, create, update, classify, link (integration § 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omrs_connectors.services.below import known_of, owned_below
from omrs_connectors.services.element import (
    Element,
    Plain,
    RelatedElement,
    Relation,
    plain_element,
    plain_relation,
    proxy_element,
)
from omrs_schemas.errors import EntityProxyOnlyError
from omrs_streams.client import SearchProperties, contains, exact
from omrs_streams.client.calls import Classifications, Moment
from omrs_streams.client.search import MatchCriteria, SequencingOrder

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext
    from omrs_streams.client import Entity

EFFECTIVE = ("effectiveFromTime", "effectiveToTime")


class OpenMetadataAccess:
    """Elements and relationships with their properties by attribute name. Type and attribute names are those of the
    server's release. Page size 0 = the context's largest page.
    """

    def __init__(self, context: IntegrationContext) -> None:
        self._context = context
        self._known = known_of(context)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def get(self, guid: str, *, as_of: Moment | None = None) -> Element[Plain]:
        """An element now, or as it was. EntityNotKnownError."""
        return plain_element(self._context.client.get_entity(guid, as_of=as_of))

    def find_by_unique_name(
        self, name: str, type_name: str = "Referenceable", attribute: str = "qualifiedName"
    ) -> Element[Plain] | None:
        """The element whose `attribute` is exactly `name`; the oldest, should there be several."""
        found = self._context.client.find_by_unique_name(type_name, attribute, name)
        return None if found is None else plain_element(found)

    def find(
        self,
        text: str,
        type_name: str | None = None,
        *,
        start: int = 0,
        page_size: int = 0,
        order: SequencingOrder = "GUID",
    ) -> list[Element[Plain]]:
        """Elements with `text` in any of their texts."""
        found = self._context.client.find_entities_by_value(
            contains(text), type_name, offset=start, page_size=self._page(page_size), order=order
        )
        return [plain_element(entity) for entity in found]

    def find_by_properties(
        self,
        type_name: str | None,
        conditions: Mapping[str, Any] | SearchProperties,
        *,
        match: MatchCriteria = "ALL",
        classifications: Sequence[str] | None = None,
        start: int = 0,
        page_size: int = 0,
        order: SequencingOrder = "GUID",
    ) -> list[Element[Plain]]:
        """Elements whose properties equal the values given, or meet the conditions; that carry all of the
        classifications."""
        if isinstance(conditions, SearchProperties):
            found = self._context.client.find_entities(
                type_name,
                properties=conditions,
                classifications=classifications,
                offset=start,
                page_size=self._page(page_size),
                order=order,
            )
        else:
            patterns = {name: exact(value) if isinstance(value, str) else value for name, value in conditions.items()}
            found = self._context.client.find_entities_by_property(
                type_name,
                patterns,
                match,
                classifications=classifications,
                offset=start,
                page_size=self._page(page_size),
                order=order,
            )
        return [plain_element(entity) for entity in found]

    def related(
        self,
        guid: str,
        relationship: str | None = None,
        *,
        starting_at_end: int = 0,
        start: int = 0,
        page_size: int = 0,
    ) -> list[RelatedElement[Plain]]:
        """What an element is linked with, by relationships of one type (with its subtypes) or all. `starting_at_end`: 1
        or 2 where the element shall stand at that end; a page may have fewer then. Of an element of which only a proxy
        is here there are the unique properties."""
        links = self._context.client.relationships_of(
            guid, relationship, self._page(page_size), offset=start, order="GUID"
        )
        found = []
        for link in links:
            relation = plain_relation(link)
            here = 1 if relation.first == guid else 2
            if starting_at_end in (0, here):
                other = link["entityTwoProxy" if here == 1 else "entityOneProxy"]
                found.append(RelatedElement(self._other(other, relation.guid), relation))
        return found

    def get_relation(self, guid: str) -> Relation[Plain]:
        """A relationship. RelationshipNotKnownError."""
        return plain_relation(self._context.client.get_relationship(guid))

    def relations_between(self, end1: str, end2: str, relationship: str | None = None) -> list[Relation[Plain]]:
        """The relationships from the one to the other."""
        links = self._context.client.relationships_of(end1, relationship, order="GUID")
        return [found for found in map(plain_relation, links) if (found.first, found.second) == (end1, end2)]

    # ---- changing elements -----------------------------------------------------------------------------------------

    def create(
        self,
        type_name: str,
        properties: Mapping[str, Any],
        *,
        classifications: Classifications | None = None,
        status: str | None = None,
        anchor: str | None = None,
    ) -> Element[Plain]:
        """Creates an element. `anchor`: the one that it comes and goes with."""
        given = classifications or {}
        named = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given)
        made = self._context.create_entity(
            type_name,
            properties,
            classifications={**named, **self._known.anchors(anchor)},
            status=status,
            anchor=anchor,
        )
        return plain_element(made)

    def update(self, guid: str, properties: Mapping[str, Any], *, replace: bool = False) -> Element[Plain]:
        """Sets properties; the others stay, or with `replace` go. A value of None takes a property away. Nothing is
        written where nothing differs."""
        entity = self._context.client.get_entity(guid)
        there = entity.plain_properties
        wanted = {**({} if replace else there), **properties}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if wanted == there:
            return plain_element(entity)
        times = entity.get("properties") or {}
        return self._write(entity, wanted, times.get(EFFECTIVE[0]), times.get(EFFECTIVE[1]))

    def update_effectivity(
        self, guid: str, effective_from: Moment | None, effective_to: Moment | None
    ) -> Element[Plain]:
        """Sets the dates between which an element is effective; None = no such limit."""
        entity = self._context.client.get_entity(guid)
        return self._write(entity, entity.plain_properties, effective_from, effective_to)

    def update_status(self, guid: str, status: str) -> Element[Plain]:
        """Sets the instance status. StatusNotSupportedError for one that the type does not have."""
        return plain_element(self._context.update_status(guid, status, anchor=self._anchor(guid)))

    def delete(self, guid: str, *, cascade: bool = True) -> None:
        """Deletes an element, and before it what belongs to it."""
        entity = self._context.client.get_entity(guid)
        anchor = self._anchor(guid)
        for child in owned_below(self._context, entity, anchor) if cascade else ():
            self._context.delete_entity(child.guid, type_name=child.type_name, anchor=anchor)
        self._context.delete_entity(guid, type_name=entity.type_name, anchor=anchor)
        self._known.forget(guid)

    def classify(self, guid: str, name: str, properties: Mapping[str, Any] | None = None) -> Element[Plain]:
        """Adds a classification. ClassificationError for one that is not allowed or there already."""
        return plain_element(self._context.classify(guid, name, properties, anchor=self._anchor(guid)))

    def reclassify(self, guid: str, name: str, properties: Mapping[str, Any]) -> Element[Plain]:
        """Replaces the properties of a classification."""
        return plain_element(self._context.reclassify(guid, name, properties, anchor=self._anchor(guid)))

    def declassify(self, guid: str, name: str) -> Element[Plain]:
        """Takes a classification away."""
        return plain_element(self._context.declassify(guid, name, anchor=self._anchor(guid)))

    # ---- changing relationships ------------------------------------------------------------------------------------

    def relate(
        self, relationship: str, end1: str, end2: str, properties: Mapping[str, Any] | None = None
    ) -> Relation[Plain]:
        """Links two elements, in the order of the type's ends."""
        made = self._context.link(relationship, end1, end2, properties, anchor=self._anchor(end1))
        return plain_relation(made)

    def update_relation(self, guid: str, properties: Mapping[str, Any], *, replace: bool = False) -> Relation[Plain]:
        """Sets properties of a relationship, as `update` does those of an element."""
        link = self._context.client.get_relationship(guid)
        relation = plain_relation(link)
        wanted = {**({} if replace else relation.properties), **properties}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if wanted == relation.properties:
            return relation
        anchor = self._anchor(relation.first)
        return plain_relation(self._context.update_link(guid, wanted, type_name=link.type_name, anchor=anchor))

    def unrelate(self, guid: str) -> None:
        """Deletes a relationship."""
        relation = self.get_relation(guid)
        self._context.unlink(guid, type_name=relation.type_name, anchor=self._anchor(relation.first))

    # ---- pieces ----------------------------------------------------------------------------------------------------

    def _write(
        self, entity: Entity, properties: Plain, effective_from: Moment | None, effective_to: Moment | None
    ) -> Element[Plain]:
        return plain_element(
            self._context.update_entity(
                entity.guid,
                properties,
                type_name=entity.type_name,
                effective_from=effective_from,
                effective_to=effective_to,
                anchor=self._anchor(entity.guid),
            )
        )

    def _other(self, proxy: Mapping[str, Any], relation_guid: str) -> Element[Plain]:
        try:
            return plain_element(self._context.client.get_entity(str(proxy["guid"])), relation_guid=relation_guid)
        except EntityProxyOnlyError:
            return proxy_element(proxy, relation_guid=relation_guid)

    def _anchor(self, guid: str) -> str:
        return self._known.anchor_of(guid)

    def _page(self, page_size: int) -> int:
        return page_size or self._context.max_page_size
