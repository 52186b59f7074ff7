"""`MarkKind`: an attribute of a context, which is the typed calls on one classification, whatever carries it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, Self, TypeVar, overload

from omrs_connectors.services.element import Element, Plain, anchor_in, classifications_of, plain_element
from omrs_connectors.services.kinds import ClassificationKind
from omrs_connectors.services.naming import required
from omrs_connectors.services.properties import Properties, attribute_values, field_attributes, from_attributes
from omrs_streams.client import EntityHeader

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext

PropertiesT = TypeVar("PropertiesT", bound=Properties)


class Classifying(Generic[PropertiesT]):
    """Typed calls on one classification. Changes are reported under the anchor of the element that carries it."""

    def __init__(self, context: IntegrationContext, kind: ClassificationKind[PropertiesT]) -> None:
        self._context = context
        self._kind = kind

    @property
    def type_name(self) -> str:
        """The name of the classification in the server's release. TypeDefNotSupportedError."""
        return required(self._context.types, "ClassificationDef", self._kind.types)

    def get(self, guid: str) -> PropertiesT | None:
        """What an element's classification says; None where it has none. EntityNotKnownError."""
        _, plain = self._plain(guid)
        if plain is None:
            return None
        return from_attributes(self._context.types, self._kind.properties, self.type_name, plain)

    def elements(self, type_name: str | None = None) -> Iterator[Element[Plain]]:
        """Every element (of a type) that carries the classification, read page by page in guid order."""
        size = self._context.max_page_size
        for entity in self._context.client.iter_entities(type_name, classifications=[self.type_name], page_size=size):
            yield plain_element(entity)

    def set(self, guid: str, properties: PropertiesT | None = None, *, replace: bool = True) -> bool:
        """Makes an element carry the classification with these properties; False where nothing differs. Fields that
        are not set are taken away, or stay without `replace`."""
        header, plain = self._plain(guid)
        name, anchor = self.type_name, anchor_in(classifications_of(header))
        values = attribute_values(self._context.types, name, properties)
        if plain is None:
            self._context.classify(guid, name, values, anchor=anchor)
            return True
        taken = field_attributes(self._context.types, self._kind.properties, name) if replace else set()
        wanted = {attribute: value for attribute, value in plain.items() if attribute not in taken} | values
        if properties is None or wanted == plain:
            return False
        self._context.reclassify(guid, name, wanted, anchor=anchor)
        return True

    def remove(self, guid: str) -> bool:
        """Takes the classification away; False where there is none."""
        header, plain = self._plain(guid)
        if plain is None:
            return False
        self._context.declassify(guid, self.type_name, anchor=anchor_in(classifications_of(header)))
        return True

    def _plain(self, guid: str) -> tuple[EntityHeader, Plain | None]:
        header = self._context.client.get_entity_summary(guid)
        return header, classifications_of(header).get(self.type_name)


class MarkKind(ClassificationKind[PropertiesT]):
    """An attribute of a context class: on a context it is the `Classifying` of the classification."""

    @overload
    def __get__(self, context: None, owner: type) -> Self: ...

    @overload
    def __get__(self, context: IntegrationContext, owner: type) -> Classifying[PropertiesT]: ...

    def __get__(self, context: IntegrationContext | None, owner: type) -> Self | Classifying[PropertiesT]:
        return self if context is None else Classifying(context, self)
