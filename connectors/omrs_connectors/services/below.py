"""How elements hang below one another: placing, attaching, walking down, and what belongs to what."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from omrs_connectors.services.element import anchor_in, classifications_of, ends_of
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.naming import Link, known_as
from omrs_schemas.errors import EntityProxyOnlyError, InvalidParameterError
from omrs_streams.client import Entity, EntityHeader, Relationship

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext

REMEMBERED = 10_000  # parents whose type and anchor are kept: both stay as they are for an element's life; about 3 MB

ASSET_SCHEMA = Link(("Schema", "AssetSchemaType"), "Asset", "SchemaType")
SCHEMA_ATTRIBUTE = Link(("AttributeForSchema",), "ComplexSchemaType", "SchemaAttribute")
NESTED_ATTRIBUTE = Link(("NestedSchemaAttribute",), "SchemaAttribute", "SchemaAttribute")
PORT_SCHEMA = Link(("Schema", "PortSchema"), "Port", "SchemaType")
PROCESS_PORT = Link(("ProcessPort",), "Process", "Port")
API_OPERATIONS = Link(("APIOperations",), "APISchemaType", "APIOperation")
API_HEADER = Link(("APIHeader",), "APIOperation", "SchemaType")
API_REQUEST = Link(("APIRequest",), "APIOperation", "SchemaType")
API_RESPONSE = Link(("APIResponse",), "APIOperation", "SchemaType")
SCHEMA_OPTION = Link(("SchemaTypeOption",), "SchemaTypeChoice", "SchemaType")
CONTACT = Link(("ContactThrough",), "ActorProfile", "ContactDetails")
CATEGORY = Link(("CategoryAnchor",), "Glossary", "GlossaryCategory")
TERM = Link(("TermAnchor",), "Glossary", "GlossaryTerm")
SUBCATEGORY_4 = Link(("CategoryHierarchyLink",), "GlossaryCategory", "GlossaryCategory")
SUBCATEGORY_6 = Link(("CollectionMembership",), "CollectionFolder", "CollectionFolder")
MEMBER = Link(("CollectionMembership",), "Collection", "Referenceable")

STRUCTURE = (
    *(ASSET_SCHEMA, SCHEMA_ATTRIBUTE, NESTED_ATTRIBUTE, PORT_SCHEMA, PROCESS_PORT, SCHEMA_OPTION),
    *(API_OPERATIONS, API_HEADER, API_REQUEST, API_RESPONSE, CATEGORY, TERM),
)
"""Along these, from first to second, is what an element is made of: it goes with the element, unless something else is
its anchor."""
NESTED = (SUBCATEGORY_4, SUBCATEGORY_6)
"""What is below goes too where it has the same anchor."""
MEMBERS = (MEMBER, CONTACT)
"""What is below goes too where the element is its anchor: a category's terms are its glossary's."""


@dataclass(frozen=True, slots=True)
class About:
    """What stays true of an element as long as it lives."""

    type_name: str
    qualified_name: str
    anchor: str | None


class Known:
    """Types and anchors of elements that a context has met as parents. Thread-safe."""

    def __init__(self, context: IntegrationContext) -> None:
        self._context = context
        self._about: OrderedDict[str, About] = OrderedDict()
        self._lock = Lock()

    def about(self, guid: str) -> About:
        """EntityNotKnownError."""
        with self._lock:
            known = self._about.get(guid)
        if known is not None:
            return known
        try:
            return self.learn(self._context.client.get_entity(guid))
        except EntityProxyOnlyError:
            return self.learn(self._context.client.get_entity_summary(guid))

    def learn(self, entity: Entity | EntityHeader) -> About:
        qualified_name = str(entity.plain_properties.get("qualifiedName") or entity.guid)
        about = About(entity.type_name, qualified_name, anchor_in(classifications_of(entity)))
        with self._lock:
            self._about[entity.guid] = about
            if len(self._about) > REMEMBERED:
                self._about.popitem(last=False)
        return about

    def forget(self, guid: str) -> None:
        with self._lock:
            self._about.pop(guid, None)

    def anchor_of(self, guid: str) -> str:
        """The element that an element belongs to: itself, where it stands on its own."""
        return self.about(guid).anchor or guid

    def anchors(self, anchor: str | None) -> dict[str, dict[str, Any]]:
        """The Anchors classification, with as much as the release's has room for; {} for no anchor."""
        if anchor is None:
            return {}
        types = self._context.types
        attributes = types.attributes("Anchors")
        properties: dict[str, Any] = {"anchorGUID": anchor}
        if "anchorTypeName" in attributes:
            type_name = self.about(anchor).type_name
            properties |= {"anchorTypeName": type_name, "anchorDomainName": _domain(types.supertypes(type_name))}
        return {"Anchors": properties}


ROOTS = ("OpenMetadataRoot", "Referenceable", "AuthoredReferenceable")


def _domain(supertypes: tuple[str, ...]) -> str:
    """The broadest type that says something of an element: Asset for a CSVFile."""
    named = [name for name in supertypes if name not in ROOTS]
    return named[-1] if named else supertypes[0]


def known_of(context: IntegrationContext) -> Known:
    """The context's own, made at first use."""
    known = vars(context).setdefault("_known_parents", Known(context))
    assert isinstance(known, Known)
    return known


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a new element goes: the element that it hangs on, by which link, under which anchor."""

    parent: str
    link: Link
    link_name: str
    anchor: str


class Below:
    """The elements of a kind and their parents."""

    def __init__(self, context: IntegrationContext, kind: ElementKind[Any], known: Known) -> None:
        self._context = context
        self._kind = kind
        self._known = known

    def place(self, parent: str) -> Spot:
        """Where an element of the kind hangs below `parent`; what is between them is made. InvalidParameterError for a
        parent of a type that has no such elements."""
        about = self._known.about(parent)
        anchor = about.anchor or parent
        types = self._context.types
        through = self._kind.through
        if through is not None and types.is_type_of(about.type_name, through.link.first):
            parent = self._between(parent)
            about = self._known.about(parent)
        link = self._kind.link_below(types, about.type_name)
        if link is None:
            raise InvalidParameterError(
                f"a {about.type_name} has no {self._kind.type_name(types)} below it",
                guid=parent,
                parent_type=about.type_name,
            )
        return Spot(parent, link, link.type_name(types), anchor)

    def attach(self, spot: Spot, guid: str, properties: Mapping[str, Any], anchor: str | None) -> Relationship:
        end1, end2 = spot.link.ends(self._context.types, spot.parent, guid)
        return self._context.link(spot.link_name, end1, end2, properties, anchor=anchor or guid)

    def link_to(self, spot: Spot, guid: str) -> Relationship | None:
        """The link between an element and a parent, if there is one."""
        ends = spot.link.ends(self._context.types, spot.parent, guid)
        links = self._context.client.relationships_of(guid, spot.link_name)
        return next((link for link in links if ends_of(link) == ends), None)

    def links_between(self, parent: str, guid: str) -> list[Relationship]:
        """The links from an element to a parent, or to what stands between them."""
        found = [relationship for entity, relationship in self.children(parent) if entity.guid == guid]
        return sorted(found, key=lambda link: link.guid)

    def links_up(self, entity: Entity, parent: str | None) -> list[Relationship]:
        """The links from an entity to its parents, or to one, if any property of the kind may stand on them."""
        types = self._context.types
        parents = None if parent is None else self._holding(parent)
        found: list[Relationship] = []
        for link in self._kind.below:
            name = known_as(types, "RelationshipDef", link.names)
            if name is None or not types.attributes(name):
                continue
            for relationship in self._context.client.relationships_of(entity.guid, name):
                first, second = link.ends(types, *ends_of(relationship))
                if second == entity.guid and (parents is None or first in parents):
                    found.append(relationship)
        return sorted(found, key=lambda link: link.guid)

    def children(self, parent: str) -> list[tuple[Entity, Relationship]]:
        """Elements of the kind's type below a parent, each with its link."""
        types = self._context.types
        child_type = self._kind.type_name(types)
        found: list[tuple[Entity, Relationship]] = []
        for each in self._holding(parent):
            link = self._kind.link_below(types, self._known.about(each).type_name)
            if link is not None:
                found += self._step(each, link, child_type)
        return found

    def _holding(self, parent: str) -> list[str]:
        """Which elements hold those below `parent`: itself, or what stands between."""
        through = self._kind.through
        if through is None or not self._context.is_type_of(self._known.about(parent).type_name, through.link.first):
            return [parent]
        between = [entity for entity, _ in self._step(parent, through.link, through.type_name)]
        for entity in between:
            self._known.learn(entity)
        return [entity.guid for entity in between]

    def _step(self, parent: str, link: Link, child_type: str) -> list[tuple[Entity, Relationship]]:
        types = self._context.types
        graph = self._context.client.neighborhood(
            parent, 1, entity_types=[child_type], relationship_types=[link.type_name(types)]
        )
        entities = {entity.guid: entity for entity in graph.entities}
        found = []
        for relationship in graph.relationships:
            first, second = link.ends(types, *ends_of(relationship))
            if first == parent and second in entities and second != parent:
                found.append((entities[second], relationship))
        return found

    def _between(self, parent: str) -> str:
        """The element between `parent` and elements of the kind, found or made."""
        through = self._kind.through
        assert through is not None
        there = self._holding(parent)
        if there:
            return min(there)
        about = self._known.about(parent)
        anchor = about.anchor or parent
        qualified_name = f"{about.qualified_name}{through.suffix}"
        client, types = self._context.client, self._context.types
        made = client.find_by_unique_name(through.type_name, "qualifiedName", qualified_name)
        if made is None:
            made = self._context.create_entity(
                through.type_name,
                {"qualifiedName": qualified_name},
                classifications=self._known.anchors(anchor),
                anchor=anchor,
            )
        end1, end2 = through.link.ends(types, parent, made.guid)
        self._context.link(through.link.type_name(types), end1, end2, anchor=anchor)
        self._known.learn(made)
        return made.guid


def owned_below(context: IntegrationContext, root: Entity, anchor: str) -> list[Entity]:
    """Everything that belongs to an element and goes when it goes, the innermost first."""
    types = context.types
    found: dict[str, Entity] = {}
    level = [root]
    while level:
        following: list[Entity] = []
        for entity in level:
            links = [
                (name, link)
                for link in (*STRUCTURE, *NESTED, *MEMBERS)
                if types.is_type_of(entity.type_name, link.first)
                and (name := known_as(types, "RelationshipDef", link.names))
            ]
            if links:
                following += _children(context, entity, links, (anchor, root.guid))
        level = [entity for entity in following if entity.guid not in found and entity.guid != root.guid]
        found |= {entity.guid: entity for entity in level}
    return list(reversed(found.values()))


def _children(
    context: IntegrationContext, entity: Entity, links: list[tuple[str, Link]], anchors: tuple[str, str]
) -> list[Entity]:
    """What is below one element and goes with it; `anchors`: the root's anchor, and the root."""
    types = context.types
    anchor, root = anchors
    graph = context.client.neighborhood(entity.guid, 1, relationship_types=sorted({name for name, _ in links}))
    entities = {each.guid: each for each in graph.entities}
    found = []
    for relationship in graph.relationships:
        for name, link in links:
            if name != relationship.type_name:
                continue
            first, second = link.ends(types, *ends_of(relationship))
            child = entities.get(second)
            if first != entity.guid or child is None or not types.is_type_of(child.type_name, link.second):
                continue
            owner = anchor_in(classifications_of(child))
            owners = (root, entity.guid) if link in MEMBERS else (anchor, entity.guid)
            if owner in owners or (owner is None and link in STRUCTURE):
                found.append(child)
    return found
