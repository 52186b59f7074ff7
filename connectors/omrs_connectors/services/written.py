"""Properties of Python as what the metadata server keeps, and back: on the entity, its classifications, its link."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from omrs_connectors.services.element import Element, classifications_of, element_of
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.properties import ON_ENTITY, ON_LINK, Place, Properties, extended_values, places
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import Entity, Relationship

PropertiesT = TypeVar("PropertiesT", bound=Properties)
Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """Attributes by name, as they are stored: the entity's, each classification's, the link's to its parent."""

    entity: Plain = field(default_factory=dict)
    classifications: dict[str, Plain] = field(default_factory=dict)
    link: Plain = field(default_factory=dict)


class Layout(Generic[PropertiesT]):
    """Where the fields of a kind's properties stand on an entity of one type below one kind of link."""

    def __init__(self, types: TypeSystem, kind: ElementKind[PropertiesT], type_name: str, link: str | None) -> None:
        self._types = types
        self._kind = kind
        self.type_name = type_name
        self.marks = kind.marks_here(types)
        self.places = tuple(places(types, kind.properties, type_name, tuple(self.marks), link))

    def written(self, properties: PropertiesT) -> Written:
        """What is kept of new properties; classifications as far as an element of the kind has them."""
        written = Written(entity=extended_values(self._types, self.type_name, properties))
        for name, mark in self.marks.items():
            if mark.always:
                written.classifications[name] = dict(mark.constants)
        for place in self.places:
            given = getattr(properties, place.name)
            if given is None or (place.name == "qualified_name" and given == ""):
                continue
            self._kept(written, place)[place.attribute.name] = place.value(given)
        return written

    def over(self, properties: PropertiesT, there: Written, *, replace: bool) -> Written:
        """New properties over what is there. With `replace`, fields that are not set are taken away, and with them
        classifications of which nothing is left; attributes that no field stands for stay, and so does a qualified
        name."""
        wanted = self.written(properties)
        fields: dict[str, set[str]] = {}
        for place in self.places:
            if replace and place.name != "qualified_name":
                fields.setdefault(place.on, set()).add(place.attribute.name)
        kept = {
            name: {attribute: value for attribute, value in plain.items() if attribute not in fields.get(name, ())}
            for name, plain in there.classifications.items()
        }
        return Written(
            entity={**_without(there.entity, fields.get(ON_ENTITY, ())), **wanted.entity},
            classifications={
                name: values
                for name in {*kept, *wanted.classifications}
                if (values := {**kept.get(name, {}), **wanted.classifications.get(name, {})})
                or self.marks[name].always
                or not there.classifications.get(name)
            },
            link={**_without(there.link, fields.get(ON_LINK, ())), **wanted.link},
        )

    def there(self, entity: Entity, link: Relationship | None) -> Written:
        """What an entity, and its link, hold; of the classifications only the kind's own."""
        classifications = classifications_of(entity)
        return Written(
            entity=entity.plain_properties,
            classifications={name: classifications[name] for name in self.marks if name in classifications},
            link=link.plain_properties if link is not None else {},
        )

    def element(self, entity: Entity, link: Relationship | None = None) -> Element[PropertiesT]:
        there = self.there(entity, link)
        values: Plain = {}
        for place in self.places:
            stored = self._kept(there, place).get(place.attribute.name)
            if stored is not None and place.name not in values:
                values[place.name] = place.given(stored)
        named = {place.attribute.name for place in self.places if place.on == ON_ENTITY}
        extended = {name: value for name, value in there.entity.items() if name not in named}
        properties = self._kind.properties(**values, extended=extended)
        return element_of(entity, properties, relation_guid=link.guid if link is not None else None)

    def _kept(self, written: Written, place: Place) -> Plain:
        if place.on == ON_ENTITY:
            return written.entity
        if place.on == ON_LINK:
            return written.link
        return written.classifications.setdefault(place.on, {})


def _without(plain: Mapping[str, Any], names: Collection[str]) -> Plain:
    return {name: value for name, value in plain.items() if name not in names}
