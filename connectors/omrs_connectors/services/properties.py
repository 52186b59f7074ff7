"""Classes of properties: fields in Python's names, each with the attribute that holds it in either release."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from pydantic.alias_generators import to_camel

from omrs_schemas.errors import PropertyError
from omrs_schemas.model.values import from_value, to_value
from omrs_schemas.typedefs.attributes import AttributeSpec
from omrs_schemas.typedefs.system import TypeSystem

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def called(*names: str, number: bool = False, also: Mapping[str, str] | None = None) -> Any:
    """A field that attributes of these names hold, the newest first. `number`: text in some releases. `also`: what an
    element of an enum is called in the release that does not know it by our name."""
    return field(default=None, metadata={"names": names, "number": number, "also": also or {}})


@dataclass(frozen=True, kw_only=True)
class Properties:
    """Base: a field's attribute has the field's name in camel case, unless it is `called` something else. What a
    release has no attribute for is left out there. None = not set. Times are epoch milliseconds."""

    extended: Mapping[str, Any] = field(default_factory=dict)
    """Further attributes, of a subtype perhaps, by their own names."""

    not_attributes: ClassVar[frozenset[str]] = frozenset({"extended"})


@dataclass(frozen=True, kw_only=True)
class ReferenceableProperties(Properties):
    """Referenceable, and what nearly every element has."""

    qualified_name: str = ""
    display_name: str | None = called("displayName", "name", "title")
    description: str | None = None
    additional_properties: Mapping[str, str] | None = None


PropertiesT = TypeVar("PropertiesT", bound=Properties)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field's value stands: on the entity (`on` is ""), on a classification (its name) or on the link."""

    name: str
    on: str
    attribute: AttributeSpec
    number: bool = False
    also: Mapping[str, str] = field(default_factory=dict)

    def value(self, given: Any) -> Any:
        """What a Python value is once it is stored. PropertyError."""
        return from_value(to_value(self.attribute, _fitting(self.attribute, given, self.also)))

    def given(self, stored: Any) -> Any:
        """What a stored value is in Python: enum names are one spelling for both releases."""
        if self.attribute.category == "ENUM_DEF" and isinstance(stored, str):
            name = _WORD.sub("_", stored).upper()
            return next((ours for ours, theirs in self.also.items() if theirs == name), name)
        if self.number and isinstance(stored, str):
            return int(stored) if stored.isdecimal() else None
        return stored


ON_ENTITY, ON_LINK = "", "->"


def places(
    types: TypeSystem,
    properties: type[Properties],
    type_name: str,
    classifications: Sequence[str] = (),
    link: str | None = None,
) -> Iterator[Place]:
    """Where each field of the class stands. The entity's own attribute comes first; else every classification that has
    one; else the link."""
    for one in fields(properties):
        if one.name in properties.not_attributes:
            continue
        names = one.metadata.get("names") or (to_camel(one.name),)
        about = (bool(one.metadata.get("number")), one.metadata.get("also", {}))
        found = _attribute(types, type_name, names)
        if found is not None:
            yield Place(one.name, ON_ENTITY, found, *about)
            continue
        held = [(name, _attribute(types, name, names)) for name in classifications]
        on_classifications = [Place(one.name, name, spec, *about) for name, spec in held if spec is not None]
        yield from on_classifications
        if link is not None and not on_classifications and (spec := _attribute(types, link, names)) is not None:
            yield Place(one.name, ON_LINK, spec, *about)


def attribute_values(types: TypeSystem, type_name: str, properties: Properties | None) -> dict[str, Any]:
    """Properties of a relationship or classification by attribute name, as they are stored."""
    if properties is None:
        return {}
    values = extended_values(types, type_name, properties)
    for place in places(types, type(properties), type_name):
        given = getattr(properties, place.name)
        if given is not None:
            values[place.attribute.name] = place.value(given)
    return values


def field_attributes(types: TypeSystem, properties: type[Properties], type_name: str) -> set[str]:
    """The attributes of a type that fields of the class stand for."""
    return {place.attribute.name for place in places(types, properties, type_name)}


def from_attributes(
    types: TypeSystem, properties: type[PropertiesT], type_name: str, stored: Mapping[str, Any]
) -> PropertiesT:
    """The inverse of `attribute_values`."""
    standing = tuple(places(types, properties, type_name))
    named = {place.attribute.name for place in standing}
    values = {
        place.name: place.given(stored[place.attribute.name]) for place in standing if place.attribute.name in stored
    }
    return properties(**values, extended={name: value for name, value in stored.items() if name not in named})


def extended_values(types: TypeSystem, type_name: str, properties: Properties) -> dict[str, Any]:
    """The `extended` attributes as they are stored. PropertyError for a name that the type does not have."""
    attributes = types.attributes(type_name)
    values = {}
    for name, given in properties.extended.items():
        spec = attributes.get(name)
        if spec is None:
            raise PropertyError(
                f"type {type_name} has no property {name!r}",
                help=f"Its properties are {', '.join(sorted(attributes))}.",
                property=name,
                type_name=type_name,
            )
        if given is not None:
            values[name] = from_value(to_value(spec, _fitting(spec, given)))
    return values


def _attribute(types: TypeSystem, type_name: str, names: Sequence[str]) -> AttributeSpec | None:
    attributes = types.attributes(type_name)
    return next((attributes[name] for name in names if name in attributes), None)


def _fitting(attribute: AttributeSpec, given: Any, also: Mapping[str, str] | None = None) -> Any:
    """A value in the release's form: the enum element of that name in any spelling, a number as text."""
    if attribute.category == "ENUM_DEF" and isinstance(given, str) and attribute.element(given) is None:
        named = {_plain(str(element.get("value"))): str(element.get("value")) for element in attribute.elements}
        other = (also or {}).get(given, given)
        return named.get(_plain(given)) or named.get(_plain(other), given)
    if attribute.primitive == "OM_PRIMITIVE_TYPE_STRING" and isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return given


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
