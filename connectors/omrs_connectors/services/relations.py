"""`LinkKind`: an attribute of a context, which is the `Relations` of one kind as a connector works with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar, overload

from omrs_connectors.services.below import known_of
from omrs_connectors.services.element import Relation, ends_of
from omrs_connectors.services.kinds import RelationKind
from omrs_connectors.services.properties import Properties, attribute_values, field_attributes, from_attributes
from omrs_streams.client import Relationship

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext

PropertiesT = TypeVar("PropertiesT", bound=Properties)


class Relations(Generic[PropertiesT]):
    """Typed calls on the relationships of one kind. `first` and `second` are the ends as the kind names them, whichever
    of them the server's release calls end 1. Changes are reported under the anchor of `first`.
    """

    def __init__(self, context: IntegrationContext, kind: RelationKind[PropertiesT]) -> None:
        self._context = context
        self._kind = kind
        self._known = known_of(context)

    @property
    def type_name(self) -> str:
        """The name of the type in the server's release. TypeDefNotSupportedError."""
        return self._kind.link.type_name(self._context.types)

    def get(self, guid: str) -> Relation[PropertiesT]:
        """The relationship. RelationshipNotKnownError."""
        return self._read(self._context.client.get_relationship(guid))

    def of(self, guid: str) -> list[Relation[PropertiesT]]:
        """Those that end at an element, on either side, in guid order."""
        links = self._context.client.relationships_of(guid, self.type_name, order="GUID")
        return [self._read(link) for link in links]

    def between(self, first: str, second: str) -> Relation[PropertiesT] | None:
        """The one that links the two in this order; the first by guid, should there be several."""
        for relation in self.of(first):
            if (relation.first, relation.second) == (first, second):
                return relation
        return None

    def link(self, first: str, second: str, properties: PropertiesT | None = None) -> Relation[PropertiesT]:
        """Links two elements."""
        end1, end2 = self._kind.link.ends(self._context.types, first, second)
        values = attribute_values(self._context.types, self.type_name, properties)
        made = self._context.link(self.type_name, end1, end2, values, anchor=self._known.anchor_of(first))
        return self._read(made)

    def ensure(self, first: str, second: str, properties: PropertiesT | None = None) -> Relation[PropertiesT]:
        """The link between the two with these properties, made or brought up to date; nothing is written where nothing
        differs. Fields that are not set are taken away."""
        known = self.between(first, second)
        if known is None:
            return self.link(first, second, properties)
        return known if properties is None else self.update(known.guid, properties, replace=True)

    def update(self, guid: str, properties: PropertiesT, *, replace: bool = False) -> Relation[PropertiesT]:
        """Writes what differs. Fields that are not set stay as they are, or with `replace` are taken away."""
        there = self._context.client.get_relationship(guid)
        plain = there.plain_properties
        types = self._context.types
        taken = field_attributes(types, self._kind.properties, there.type_name) if replace else set()
        kept = {name: value for name, value in plain.items() if name not in taken}
        wanted = kept | attribute_values(types, there.type_name, properties)
        if wanted != plain:
            anchor = self._known.anchor_of(self._read(there).first)
            there = self._context.update_link(guid, wanted, type_name=there.type_name, anchor=anchor)
        return self._read(there)

    def unlink(self, first: str, second: str) -> None:
        """Deletes the link between the two; nothing where there is none."""
        known = self.between(first, second)
        if known is not None:
            anchor = self._known.anchor_of(first)
            self._context.unlink(known.guid, type_name=known.type_name, anchor=anchor)

    def _read(self, relationship: Relationship) -> Relation[PropertiesT]:
        first, second = self._kind.link.ends(self._context.types, *ends_of(relationship))
        types, plain = self._context.types, relationship.plain_properties
        return Relation(
            guid=relationship.guid,
            type_name=relationship.type_name,
            first=first,
            second=second,
            properties=from_attributes(types, self._kind.properties, relationship.type_name, plain),
            status=str(relationship.get("status", "")),
        )


class LinkKind(RelationKind[PropertiesT]):
    """An attribute of a context class: on a context it is the `Relations` of the kind."""

    @overload
    def __get__(self, context: None, owner: type) -> Self: ...

    @overload
    def __get__(self, context: IntegrationContext, owner: type) -> Relations[PropertiesT]: ...

    def __get__(self, context: IntegrationContext | None, owner: type) -> Self | Relations[PropertiesT]:
        return self if context is None else Relations(context, self)
