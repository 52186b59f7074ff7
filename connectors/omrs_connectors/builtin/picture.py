"""What metadata should say of a source: elements by qualified name, each below its parent, and links between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import ReferenceableProperties

Key = str
"""An element's qualified name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One element. `formerly`: names that it may have had before; `anchor`: the element that it comes and goes with."""

    kind: ElementKind[Any]
    properties: ReferenceableProperties
    parent: Key | None
    anchor: Key | None
    formerly: tuple[Key, ...]


@dataclass(slots=True)
class Picture:
    """Parents are added before what hangs below them."""

    parts: dict[Key, Part] = field(default_factory=dict)
    links: dict[tuple[Link, Key, Key], None] = field(default_factory=dict)

    def add(
        self,
        kind: ElementKind[Any],
        properties: ReferenceableProperties,
        parent: Key | None = None,
        *,
        formerly: tuple[Key, ...] = (),
    ) -> Key:
        """Adds an element, below `parent` where one is given; its key."""
        key = properties.qualified_name
        if key in self.parts:
            raise AssertionError(f"{key} is added twice")
        anchor = None
        if parent is not None and kind.anchored:
            anchor = self.parts[parent].anchor or parent
        self.parts[key] = Part(kind, properties, parent, anchor, formerly)
        return key

    def link(self, link: Link, first: Key, second: Key) -> None:
        """Adds a relationship without properties between two elements."""
        self.links[link, first, second] = None

    def kinds(self) -> Iterator[ElementKind[Any]]:
        """Those that are used."""
        yield from {id(part.kind): part.kind for part in self.parts.values()}.values()
