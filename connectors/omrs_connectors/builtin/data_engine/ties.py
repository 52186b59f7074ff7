"""Relationships between elements that do not hang below one another: hierarchy, delegation, lineage."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omrs_connectors.builtin.parallel import in_parallel
from omrs_connectors.builtin.picture import Key
from omrs_connectors.builtin.safety import gone_is_fine
from omrs_connectors.sdk import IntegrationContext
from omrs_connectors.services.below import known_of
from omrs_connectors.services.element import ends_of
from omrs_connectors.services.kinds import RelationKind
from omrs_connectors.services.lineage_integrator import LineageIntegratorContext
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, attribute_values
from omrs_connectors.services.uses import FlowProperties
from omrs_schemas.model.values import from_properties
from omrs_streams.client import Condition, Relationship, SearchProperties, starts_with

AnyLink = RelationKind[Any]

USES: AnyLink = LineageIntegratorContext.uses
HIERARCHY: AnyLink = LineageIntegratorContext.process_hierarchy
DELEGATIONS: AnyLink = LineageIntegratorContext.port_delegations
MAPPINGS = "DataMapping"
LINEAGE: Mapping[str, AnyLink] = {
    "DataFlow": LineageIntegratorContext.data_flows,
    "LineageMapping": LineageIntegratorContext.lineage_mappings,
    "ControlFlow": LineageIntegratorContext.control_flows,
    "ProcessCall": LineageIntegratorContext.process_calls,
    MAPPINGS: RelationKind(
        "attributes are made from others",
        FlowProperties,
        Link(("DataMapping", "LineageMapping"), "Referenceable", "Referenceable"),
    ),
}


@dataclass(frozen=True, slots=True)
class Tie:
    """A relationship that is wanted. `owner`: the process (or the engine) whose definition says so; `label` tells
    lineage of ours from what others have drawn between the same elements."""

    kind: AnyLink
    first: Key
    second: Key
    properties: Properties
    owner: Key
    label: str = ""


Drawn = tuple[str, str, str, str]
"""Relationship type, guids of end 1 and end 2, label."""


class Ties:
    """Keeps the ties of some owners equal to those that are wanted.

    `engine`: the engine's qualified name. `guid_of` finds an element by its qualified name; what it does not find is
    told in the report, and is tied when a later pass finds it.
    """

    def __init__(
        self, context: IntegrationContext, engine: Key, guid_of: Callable[[Key], str | None], threads: int
    ) -> None:
        self._context = context
        self._types = context.types
        self._engine = engine
        self._guid_of = guid_of
        self._threads = threads

    def write(
        self,
        wanted: Iterable[Tie],
        owners: Callable[[Key], bool],
        elements: Sequence[str],
        labelled: Key,
        *,
        remove: bool = True,
    ) -> None:
        """`owners`: whose lineage is looked at; `labelled`: what the labels of it begin with; `elements`: guids of
        their processes and ports."""
        drawn: dict[Drawn, list[Relationship]] = {}
        for relationship in self._drawn(owners, elements, labelled):
            drawn.setdefault(self._key(relationship), []).append(relationship)
        told: set[Key] = set()
        for tie in wanted:
            if self._context.stopping.is_set():
                return
            ends = [self._guid_of(key) for key in (tie.first, tie.second)]
            if ends[0] is None or ends[1] is None:
                told |= {key for key, guid in zip((tie.first, tie.second), ends, strict=True) if guid is None}
                continue
            self._write(tie, ends[0], ends[1], drawn)
        for key in sorted(told):
            self._context.report.count("unresolved")
            self._context.report.message(f"{key} is not catalogued: nothing is tied to it yet")
        if remove:
            for relationship in (each for left in drawn.values() for each in left):
                if not self._context.stopping.is_set():
                    self._remove(relationship)

    def _write(self, tie: Tie, first: str, second: str, drawn: dict[Drawn, list[Relationship]]) -> None:
        """Draws the tie, or brings it up to date and takes it out of `drawn`; twins stay there."""
        context = self._context
        type_name = tie.kind.link.type_name(self._types)
        end1, end2 = tie.kind.link.ends(self._types, first, second)
        values = attribute_values(self._types, type_name, tie.properties)
        known = drawn.get((type_name, end1, end2, tie.label))
        anchor = known_of(context).anchor_of(first)
        if not known:
            context.link(type_name, end1, end2, values, anchor=anchor)
            return
        there = known.pop(0)
        if there.plain_properties != values:
            context.update_link(there.guid, values, type_name=type_name, anchor=anchor)

    def _remove(self, relationship: Relationship) -> None:
        with gone_is_fine():
            end1, _ = ends_of(relationship)
            anchor = known_of(self._context).anchor_of(end1)
            self._context.unlink(relationship.guid, type_name=relationship.type_name, anchor=anchor)

    # ---- what is drawn ---------------------------------------------------------------------------------------------

    def _drawn(self, owners: Callable[[Key], bool], elements: Sequence[str], labelled: Key) -> Iterator[Relationship]:
        structure = {kind.link.type_name(self._types): kind for kind in (USES, HIERARCHY, DELEGATIONS)}
        seen: set[str] = set()
        asked = frozenset(elements)
        for links in in_parallel(self._context.client.relationships_of, elements, self._threads):
            for each in links:
                kind = structure.get(each.type_name)
                if kind is not None and each.guid not in seen and self._is_ours(kind, each, asked):
                    seen.add(each.guid)
                    yield each
        for type_name in sorted({kind.link.type_name(self._types) for kind in LINEAGE.values()}):
            begins = SearchProperties([Condition(self._label_of(type_name), "LIKE", starts_with(labelled))])
            for each in self._context.client.iter_relationships(
                type_name, begins, page_size=self._context.max_page_size
            ):
                if owners(self._label(each).rpartition("#")[0]):
                    yield each

    def _is_ours(self, kind: AnyLink, relationship: Relationship, elements: frozenset[str]) -> bool:
        """Whether the end whose definition says so is one of the elements, and the other the engine's. (A proxy may
        still have the name that its entity had when they were linked; what it begins with never changes.)"""
        first, second = kind.link.ends(self._types, "entityOneProxy", "entityTwoProxy")
        saying, other = (first, second) if kind is DELEGATIONS else (second, first)
        name = str(from_properties(relationship[other].get("uniqueProperties")).get("qualifiedName", ""))
        return relationship[saying]["guid"] in elements and (
            name == self._engine or name.startswith(f"{self._engine}::")
        )

    def _key(self, relationship: Relationship) -> Drawn:
        return (relationship.type_name, *ends_of(relationship), self._label(relationship))

    def _label(self, relationship: Relationship) -> str:
        name = self._label_of(relationship.type_name)
        return str(relationship.plain_properties.get(name, "")) if name else ""

    def _label_of(self, type_name: str) -> str:
        """The property that the label is held in: another one in 4.x, and none for relationships of structure."""
        return next(iter(attribute_values(self._types, type_name, FlowProperties(label="x"))), "")
