"""`ElementKind` and `RelationKind`: what a context says of the elements and relationships it has typed calls for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from omrs_connectors.services.naming import Link, known_as, required
from omrs_connectors.services.properties import Properties
from omrs_schemas.typedefs.system import TypeSystem

PropertiesT = TypeVar("PropertiesT", bound=Properties)


@dataclass(frozen=True, slots=True)
class Mark:
    """A classification, by its names, that elements of a kind may carry.

    With `constants`, or when it `identifies` the kind, every element carries it; else those with values for it do.
    A mark that identifies tells elements of the kind from others of the same type.
    """

    names: tuple[str, ...]
    constants: Mapping[str, Any] = field(default_factory=dict)
    identifies: bool = False

    @property
    def always(self) -> bool:
        """Whether every element of the kind carries it."""
        return self.identifies or bool(self.constants)


@dataclass(frozen=True, slots=True)
class Through:
    """An element that is made on the way where the parent is a `link.first`: an asset's columns hang on its schema
    type."""

    link: Link
    type_name: str
    suffix: str
    """What its qualified name has after the parent's."""


@dataclass(frozen=True)
class ElementKind(Generic[PropertiesT]):
    """One kind of element.

    `types`: names of the type, newest first; `fallback`: the type where a release has the first of `types` as a
    classification only. `below`: relationships to a parent, of which the one fits whose `first` the parent is.
    `anchored`: an element made below a parent comes and goes with the parent's anchor. `without`: classifications that
    elements of the kind do not carry.
    """

    about: str
    properties: type[PropertiesT]
    types: tuple[str, ...]
    fallback: str = ""
    below: tuple[Link, ...] = ()
    through: Through | None = None
    marks: tuple[Mark, ...] = ()
    without: tuple[str, ...] = ()
    anchored: bool = False

    def type_name(self, types: TypeSystem) -> str:
        """The type's name here. TypeDefNotSupportedError where the release has none of its names."""
        found = known_as(types, "EntityDef", self.types)
        if found is None and self.fallback:
            return required(types, "EntityDef", (self.fallback,))
        return found or required(types, "EntityDef", self.types)

    def marks_here(self, types: TypeSystem) -> dict[str, Mark]:
        """The marks that the release has, by their names in it."""
        marks = self.marks
        if self.fallback and known_as(types, "EntityDef", self.types) is None:
            marks = (Mark(self.types, identifies=True), *marks)
        named = ((known_as(types, "ClassificationDef", mark.names), mark) for mark in marks)
        return {name: mark for name, mark in named if name is not None}

    def link_below(self, types: TypeSystem, parent_type: str) -> Link | None:
        """The relationship to a parent of that type; None where it cannot be one."""
        for link in self.below:
            if known_as(types, "RelationshipDef", link.names) and types.is_type_of(parent_type, link.first):
                return link
        return None


@dataclass(frozen=True)
class RelationKind(Generic[PropertiesT]):
    """One kind of relationship."""

    about: str
    properties: type[PropertiesT]
    link: Link


@dataclass(frozen=True)
class ClassificationKind(Generic[PropertiesT]):
    """One classification; `types` are its names, newest first."""

    about: str
    properties: type[PropertiesT]
    types: tuple[str, ...]


AnyKind = ElementKind[Any] | RelationKind[Any] | ClassificationKind[Any]
KINDS = (ElementKind, RelationKind, ClassificationKind)


def kinds_of(context_class: type) -> Sequence[tuple[str, AnyKind]]:
    """The kinds that a context class has, by the names of its attributes, in the order they are written in."""
    attributes = {name: value for base in reversed(context_class.__mro__) for name, value in vars(base).items()}
    return [(name, value) for name, value in attributes.items() if isinstance(value, KINDS)]
