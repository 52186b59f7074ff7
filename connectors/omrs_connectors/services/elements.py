"""`Kind`: an attribute of a context, which is the `Elements` of one kind as a connector works with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from omrs_connectors.services.below import Below, known_of, owned_below
from omrs_connectors.services.element import Element, anchor_in, classifications_of
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.properties import Properties
from omrs_connectors.services.written import Layout
from omrs_schemas.errors import EntityNotKnownError, InvalidParameterError
from omrs_streams.client import Entity, Relationship, contains

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext

PropertiesT = TypeVar("PropertiesT", bound=Properties)


class Elements(Generic[PropertiesT]):
    """Typed calls on the elements of one kind. Writes are checked against the permitted synchronization, stamped with
    the metadata source and reported under their anchor, as every write of the context is.

    A `type_name` that is given is a subtype of the kind's type. `parent` is the guid of an element that the kind can
    hang below. Raises TypeDefNotSupportedError where the server's release has no such type.
    """

    def __init__(self, context: IntegrationContext, kind: ElementKind[PropertiesT]) -> None:
        self._context = context
        self._kind = kind
        self._known = known_of(context)
        self._below = Below(context, kind, self._known)

    @property
    def type_name(self) -> str:
        """The name of the type in the server's release."""
        return self._kind.type_name(self._context.types)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def get(self, guid: str) -> Element[PropertiesT]:
        """The element. EntityNotKnownError; InvalidParameterError for an element of another type."""
        return self._read(self._entity(guid))

    def named(self, qualified_name: str) -> Element[PropertiesT] | None:
        """The element with that qualified name; the oldest, should there be several."""
        found = self._context.client.find_by_unique_name(self.type_name, "qualifiedName", qualified_name)
        return None if found is None else self._read(found)

    def find(self, text: str, *, start: int = 0, page_size: int = 0) -> list[Element[PropertiesT]]:
        """Elements with `text` in any of their texts, in guid order; page size 0 = the context's largest page."""
        found = self._context.client.find_entities_by_value(
            contains(text),
            self.type_name,
            classifications=self._identified_by(),
            offset=start,
            page_size=page_size or self._context.max_page_size,
            order="GUID",
        )
        return [self._read(entity) for entity in found if self._is_one(entity)]

    def all(self) -> Iterator[Element[PropertiesT]]:
        """Every element of the kind, read page by page in guid order."""
        size = self._context.max_page_size
        for entity in self._context.client.iter_entities(
            self.type_name, classifications=self._identified_by(), page_size=size
        ):
            if self._is_one(entity):
                yield self._read(entity)

    def of(self, parent: str) -> list[Element[PropertiesT]]:
        """The elements below a parent, in the order of their positions, then of their qualified names."""
        found = [self._read(entity, link) for entity, link in self._below.children(parent) if self._is_one(entity)]
        return sorted(found, key=_order)

    # ---- changing --------------------------------------------------------------------------------------------------

    def create(
        self,
        properties: PropertiesT,
        *,
        parent: str | None = None,
        anchor: str | None = None,
        type_name: str | None = None,
        status: str | None = None,
        classifications: Mapping[str, Mapping[str, Any] | None] | None = None,
    ) -> Element[PropertiesT]:
        """Creates an element, below `parent` where one is given. `anchor`: the element that it comes and goes with, if
        it is not the parent's."""
        name = self._subtype(type_name)
        place = None if parent is None else self._below.place(parent)
        if anchor is None and place is not None and self._kind.anchored:
            anchor = place.anchor
        layout = Layout(self._context.types, self._kind, name, place.link_name if place else None)
        written = layout.written(properties)
        entity = self._context.create_entity(
            name,
            written.entity,
            classifications={**written.classifications, **self._known.anchors(anchor), **(classifications or {})},
            status=status,
            anchor=anchor,
        )
        if place is None:
            return layout.element(entity)
        return layout.element(entity, self._below.attach(place, entity.guid, written.link, anchor))

    def ensure(
        self,
        properties: PropertiesT,
        *,
        parent: str | None = None,
        anchor: str | None = None,
        type_name: str | None = None,
        replace: bool = True,
    ) -> Element[PropertiesT]:
        """The element of that qualified name, made or brought up to date with as few writes as it takes: none where
        nothing differs. What an earlier attempt left half done is completed. `replace` as for `update`."""
        qualified_name = getattr(properties, "qualified_name", "")
        if not qualified_name:
            raise InvalidParameterError(
                f"a {self.type_name} without a qualified name cannot be found again", help="set qualified_name"
            )
        known = self._context.client.find_by_unique_name(self.type_name, "qualifiedName", qualified_name)
        if known is None:
            return self.create(properties, parent=parent, anchor=anchor, type_name=type_name)
        link = None
        if parent is not None:
            place = self._below.place(parent)
            link = self._below.link_to(place, known.guid)
            if link is None:
                layout = Layout(self._context.types, self._kind, known.type_name, place.link_name)
                anchored_to = anchor or anchor_in(classifications_of(known))
                link = self._below.attach(place, known.guid, layout.written(properties).link, anchored_to)
        return self._bring(known, link, properties, replace)

    def update(
        self, guid: str, properties: PropertiesT, *, parent: str | None = None, replace: bool = False
    ) -> Element[PropertiesT]:
        """Writes what differs. Fields that are not set stay as they are, or with `replace` are taken away; attributes
        that the class of properties has no field for stay either way.

        `parent`: the one whose link holds fields such as a column's position, where there are several.
        """
        entity = self._entity(guid)
        links = self._below.links_up(entity, parent)
        return self._bring(entity, links[0] if links else None, properties, replace)

    def set_status(self, guid: str, status: str) -> Element[PropertiesT]:
        """The instance status, such as "ACTIVE" or "DRAFT". StatusNotSupportedError."""
        return self._read(self._context.update_status(guid, status, anchor=self._known.anchor_of(guid)))

    def attach(self, guid: str, parent: str) -> None:
        """Hangs an element below one more parent; nothing where it hangs there already."""
        place = self._below.place(parent)
        if self._below.link_to(place, guid) is None:
            self._below.attach(place, guid, {}, self._known.anchor_of(guid))

    def detach(self, guid: str, parent: str) -> None:
        """Takes an element from below a parent; nothing where it does not hang there."""
        for link in self._below.links_between(parent, guid):
            self._context.unlink(link.guid, type_name=link.type_name, anchor=self._known.anchor_of(guid))

    def delete(self, guid: str) -> None:
        """Deletes an element with what belongs to it: its schema, columns, ports … the innermost first, so that what is
        interrupted is completed by the next call. Nothing where it is deleted already."""
        try:
            entity = self._entity(guid)
        except EntityNotKnownError:
            return
        anchor = anchor_in(classifications_of(entity)) or guid
        for child in owned_below(self._context, entity, anchor):
            self._context.delete_entity(child.guid, type_name=child.type_name, anchor=anchor)
        self._context.delete_entity(guid, type_name=entity.type_name, anchor=anchor)
        self._known.forget(guid)

    # ---- pieces ----------------------------------------------------------------------------------------------------

    def _bring(
        self, entity: Entity, link: Relationship | None, properties: PropertiesT, replace: bool
    ) -> Element[PropertiesT]:
        """Makes an entity and its link hold the properties, and the entity one of the kind."""
        guid = entity.guid
        layout = Layout(self._context.types, self._kind, entity.type_name, link.type_name if link else None)
        there = layout.there(entity, link)
        wanted = layout.over(properties, there, replace=replace)
        anchor = anchor_in(classifications_of(entity))
        if wanted.entity != there.entity:
            effective = entity.get("properties") or {}
            entity = self._context.update_entity(
                guid,
                wanted.entity,
                type_name=entity.type_name,
                effective_from=effective.get("effectiveFromTime"),
                effective_to=effective.get("effectiveToTime"),
                anchor=anchor,
            )
        for name, values in sorted(wanted.classifications.items()):
            if name not in there.classifications:
                entity = self._context.classify(guid, name, values, anchor=anchor)
            elif values != there.classifications[name]:
                entity = self._context.reclassify(guid, name, values, anchor=anchor)
        carried = classifications_of(entity).keys()
        for name in sorted(carried & {*self._kind.without, *there.classifications.keys() - wanted.classifications}):
            entity = self._context.declassify(guid, name, anchor=anchor)
        if link is not None and wanted.link != there.link:
            link = self._context.update_link(link.guid, wanted.link, type_name=link.type_name, anchor=anchor)
        return layout.element(entity, link)

    def _entity(self, guid: str) -> Entity:
        entity = self._context.client.get_entity(guid)
        if not self._context.is_type_of(entity.type_name, self.type_name):
            raise InvalidParameterError(
                f"element {guid} is a {entity.type_name}, not a {self.type_name}", guid=guid, type_name=self.type_name
            )
        return entity

    def _read(self, entity: Entity, link: Relationship | None = None) -> Element[PropertiesT]:
        layout = Layout(self._context.types, self._kind, entity.type_name, link.type_name if link else None)
        return layout.element(entity, link)

    def _subtype(self, type_name: str | None) -> str:
        if type_name is None:
            return self.type_name
        self._context.types.require(name=type_name)
        if not self._context.is_type_of(type_name, self.type_name):
            raise InvalidParameterError(f"a {type_name} is not a {self.type_name}", type_name=type_name)
        return type_name

    def _identified_by(self) -> list[str] | None:
        return [name for name, mark in self._kind.marks_here(self._context.types).items() if mark.identifies] or None

    def _is_one(self, entity: Entity) -> bool:
        """Whether an entity of the type is of the kind, by its classifications."""
        carried = {one["name"] for one in entity.get("classifications") or ()}
        return carried.issuperset(self._identified_by() or ()) and carried.isdisjoint(self._kind.without)


def _order(element: Element[Any]) -> tuple[int, str]:
    position = getattr(element.properties, "position", None)
    return (position if isinstance(position, int) else 1 << 31, getattr(element.properties, "qualified_name", ""))


class Kind(ElementKind[PropertiesT]):
    """An attribute of a context class: on a context it is the `Elements` of the kind."""

    @overload
    def __get__(self, context: None, owner: type) -> Self: ...

    @overload
    def __get__(self, context: IntegrationContext, owner: type) -> Elements[PropertiesT]: ...

    def __get__(self, context: IntegrationContext | None, owner: type) -> Self | Elements[PropertiesT]:
        return self if context is None else Elements(context, self)
