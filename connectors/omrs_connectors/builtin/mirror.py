"""Keeping a part of open metadata equal to a picture of a source: what differs is written, nothing else."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from omrs_connectors.builtin.parallel import in_parallel
from omrs_connectors.builtin.picture import Key, Part, Picture
from omrs_connectors.builtin.safety import Safety, gone_is_fine
from omrs_connectors.sdk import IntegrationContext
from omrs_connectors.services.below import known_of
from omrs_connectors.services.element import anchor_in, classifications_of, ends_of
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.written import Layout
from omrs_schemas.errors import EntityNotKnownError, EntityProxyOnlyError
from omrs_streams.client import Entity, Relationship, starts_with

LinkKey = tuple[str, str, str]
"""Relationship type, guids of end 1 and end 2."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a mirror looks after: elements of these kinds whose qualified names begin with `prefix`, except those that
    are none of its business (`mine`), and the links of these kinds between them."""

    prefix: str
    kinds: Sequence[ElementKind[Any]]
    links: Sequence[Link]
    counted: Mapping[str, ElementKind[Any]]
    """What deletions are limited of, each for itself, by what it is called: "topics". The fields of an event go with
    it, however many they are."""
    mine: Callable[[Key], bool] = lambda key: True


class Mirror:
    """One comparison of what is held with what is wanted.

    Order of writes: elements, those that others are anchored to first; then links; then what is not wanted any more.
    Every element is found again by its name, so what a crash leaves out is seen the next time. What others added -
    further properties, classifications, relationships - stays.
    """

    def __init__(self, context: IntegrationContext, scope: Scope, threads: int = 4) -> None:
        self._context = context
        self._scope = scope
        self._threads = threads
        self._types = context.types
        self._layouts: dict[tuple[int, str, str | None], Layout[Any]] = {}
        self.held: dict[Key, Entity] = {}
        self._links: dict[LinkKey, Relationship] = {}
        self._load()

    def write(self, picture: Picture, safety: Safety, *, remove: bool = True) -> bool:
        """Whether it was done to its end: a connector that is to stop leaves the rest to its next life. `remove` False:
        the picture is known to be a part only, so nothing is deleted.

        Raises DeletionRefusedError when too much is gone; everything else is written by then.
        """
        known = self._counted(self.held.values())
        self._rename(picture)
        for anchored in (False, True):
            parts = [part for part in picture.parts.values() if (part.anchor is not None) is anchored]
            self._each(self._part, parts)
        wanted = self._wanted_links(picture)
        self._each(self._link, [(key, part) for key, part in wanted.items() if key not in self._links])
        return not self._stopping() and (not remove or self._remove(picture, wanted, known, safety))

    # ---- what is held ----------------------------------------------------------------------------------------------

    def _load(self) -> None:
        client, scope = self._context.client, self._scope
        pattern = starts_with(scope.prefix)
        for type_name in {kind.type_name(self._types) for kind in scope.kinds}:
            for entity in client.iter_entities(
                type_name, {"qualifiedName": pattern}, page_size=self._context.max_page_size
            ):
                key = str(entity.plain_properties.get("qualifiedName", ""))
                if scope.mine(key):
                    # Twice the same name: two daemons made it at once. The first stays, the other nobody wants.
                    self.held[key if key not in self.held else f"{key}#{entity.guid}"] = entity
        guids = {entity.guid for entity in self.held.values()}
        names = {link.type_name(self._types) for link in scope.links}
        leaves = ("SchemaAttribute", "Endpoint")  # each link has another end that is asked
        asked = [
            entity.guid
            for entity in self.held.values()
            if not any(self._types.is_type_of(entity.type_name, leaf) for leaf in leaves)
        ]
        for links in in_parallel(self._links_of, asked, self._threads):
            for link in links:
                end1, end2 = ends_of(link)
                if link.type_name in names and end1 in guids and end2 in guids:
                    self._links[link.type_name, end1, end2] = link

    def _links_of(self, guid: str) -> Sequence[Relationship]:
        with suppress(EntityNotKnownError, EntityProxyOnlyError):
            return self._context.client.relationships_of(guid)
        return []

    # ---- what is wanted --------------------------------------------------------------------------------------------

    def _rename(self, picture: Picture) -> None:
        """Elements whose names have changed go on under the new ones."""
        for key, part in picture.parts.items():
            if key not in self.held:
                old = next((each for each in part.formerly if each in self.held and each not in picture.parts), None)
                if old is not None:
                    self.held[key] = self.held.pop(old)

    def _part(self, part: Part) -> None:
        key, context = part.properties.qualified_name, self._context
        anchor = self.held[part.anchor].guid if part.anchor is not None else None
        layout, link = self._layout(part), self._link_up(part)
        anchors = known_of(context).anchors(anchor)
        entity = self.held.get(key)
        if entity is not None and entity.type_name != layout.type_name:
            self.held[f"{key}#{entity.guid}"] = entity
            entity = None
        if entity is None:
            written = layout.written(part.properties)
            self.held[key] = context.create_entity(
                layout.type_name, written.entity, classifications={**written.classifications, **anchors}, anchor=anchor
            )
            return
        there = layout.there(entity, link)
        written = layout.over(part.properties, there, replace=True)
        belongs = anchor or entity.guid
        if written.entity != there.entity:
            context.update_entity(entity.guid, written.entity, type_name=entity.type_name, anchor=belongs)
        held = classifications_of(entity)
        for name, values in {**written.classifications, **anchors}.items():
            if name not in held:
                context.classify(entity.guid, name, values, anchor=belongs)
            elif held[name] != values and name not in anchors:
                context.reclassify(entity.guid, name, values, anchor=belongs)
        if link is not None and written.link != there.link:
            context.update_link(link.guid, written.link, type_name=link.type_name, anchor=belongs)

    def _layout(self, part: Part) -> Layout[Any]:
        type_name = part.kind.type_name(self._types)
        link = self._below(part)
        name = link.type_name(self._types) if link is not None else None
        known = self._layouts.get((id(part.kind), type_name, name))
        if known is None:
            known = self._layouts[id(part.kind), type_name, name] = Layout(self._types, part.kind, type_name, name)
        return known

    def _below(self, part: Part) -> Link | None:
        if part.parent is None or part.parent not in self.held:
            return None
        return part.kind.link_below(self._types, self.held[part.parent].type_name)

    def _link_up(self, part: Part) -> Relationship | None:
        """The link to the parent as it is held."""
        link, entity = self._below(part), self.held.get(part.properties.qualified_name)
        if link is None or entity is None or part.parent is None:
            return None
        return self._links.get(self._key(link, self.held[part.parent].guid, entity.guid))

    def _key(self, link: Link, first: str, second: str) -> LinkKey:
        end1, end2 = link.ends(self._types, first, second)
        return link.type_name(self._types), end1, end2

    def _wanted_links(self, picture: Picture) -> dict[LinkKey, Part | None]:
        """Those to parents with the part whose properties stand on them, and those without."""
        wanted: dict[LinkKey, Part | None] = {}
        for key, part in picture.parts.items():
            link = self._below(part)
            if link is not None and part.parent is not None and key in self.held:
                wanted[self._key(link, self.held[part.parent].guid, self.held[key].guid)] = part
        for link, first, second in picture.links:
            if first in self.held and second in self.held:
                wanted[self._key(link, self.held[first].guid, self.held[second].guid)] = None
        return wanted

    def _link(self, wanted: tuple[LinkKey, Part | None]) -> None:
        (name, end1, end2), part = wanted
        properties = self._layout(part).written(part.properties).link if part is not None else {}
        anchor = self.held[part.anchor].guid if part is not None and part.anchor is not None else end1
        self._context.link(name, end1, end2, properties, anchor=anchor)

    # ---- what is not wanted any more -------------------------------------------------------------------------------

    def _remove(
        self, picture: Picture, wanted: dict[LinkKey, Part | None], known: Mapping[str, int], safety: Safety
    ) -> bool:
        gone = {key: entity for key, entity in self.held.items() if key not in picture.parts}
        present = self._counted(entity for key, entity in self.held.items() if key in picture.parts)
        less = self._counted(gone.values())
        for what in self._scope.counted:
            safety.check(less[what], known[what], what, present=present[what])
        lost = {entity.guid for entity in gone.values()}
        for key, link in self._links.items():
            if key not in wanted and key[1] not in lost and key[2] not in lost and not self._stopping():
                with gone_is_fine():
                    self._context.unlink(link.guid, type_name=link.type_name, anchor=key[1])
        self._each(self._delete, gone.values())
        return not self._stopping()

    def _delete(self, entity: Entity) -> None:
        anchor = anchor_in(classifications_of(entity))
        with gone_is_fine():
            self._context.delete_entity(entity.guid, type_name=entity.type_name, anchor=anchor)

    def _counted(self, entities: Iterable[Entity]) -> Counter[str]:
        types = {kind.type_name(self._types): what for what, kind in self._scope.counted.items()}
        return Counter(types[entity.type_name] for entity in entities if entity.type_name in types)

    def _stopping(self) -> bool:
        return self._context.stopping.is_set()

    def _each(self, job: Callable[[Any], None], items: Iterable[Any]) -> None:
        def unless_stopping(item: Any) -> None:
            if not self._stopping():
                job(item)

        for _ in in_parallel(unless_stopping, items, self._threads):
            pass
