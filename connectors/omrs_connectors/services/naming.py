"""Types by their names in either release: the newest name that a server's types have (DESIGN § Types by release)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from omrs_schemas.errors import TypeDefNotSupportedError
from omrs_schemas.typedefs.system import TypeSystem

Category = Literal["EntityDef", "RelationshipDef", "ClassificationDef"]


def known_as(types: TypeSystem, category: Category, names: Sequence[str]) -> str | None:
    """The first of `names` that is a type of this category here. (FileSystem is an entity in 6.x, a classification in
    4.x.)"""
    for name in names:
        typedef = types.typedef_by_name(name)
        if typedef is not None and typedef["class"] == category:
            return name
    return None


def required(types: TypeSystem, category: Category, names: Sequence[str]) -> str:
    """As `known_as`. TypeDefNotSupportedError where the server's types have none of them."""
    name = known_as(types, category, names)
    if name is None:
        raise TypeDefNotSupportedError(
            f"the server's types have no {category} {' or '.join(names)}",
            help="load a release of the open metadata types that has it",
            type_name=names[0],
        )
    return name


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship by its names, newest first, and the entity types at its ends: `first` is the parent, the owner or
    the source. Releases differ in which of them is end 1.
    """

    names: tuple[str, ...]
    first: str
    second: str

    def type_name(self, types: TypeSystem) -> str:
        """Its name here; TypeDefNotSupportedError."""
        return required(types, "RelationshipDef", self.names)

    def first_is_end1(self, types: TypeSystem) -> bool:
        typedef = types.require(name=self.type_name(types))
        end1, end2 = typedef["endDef1"]["entityType"]["name"], typedef["endDef2"]["entityType"]["name"]
        return end1 == self.first or end2 == self.second or not (end1 == self.second or end2 == self.first)

    def ends(self, types: TypeSystem, first: str, second: str) -> tuple[str, str]:
        """`first` and `second` in the order of end 1 and end 2; its own inverse."""
        return (first, second) if self.first_is_end1(types) else (second, first)
