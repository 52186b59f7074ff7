"""Writing what differs, so that metadata says what the database says."""

from collections.abc import Iterable, Mapping
from typing import Any

from omrs_connectors.builtin.parallel import in_parallel
from omrs_connectors.builtin.postgres.held import Held, HeldEntity, HeldLink
from omrs_connectors.builtin.postgres.identity import ATTRIBUTE, FACT
from omrs_connectors.builtin.postgres.wanted import LinkKey, Part, Wanted
from omrs_connectors.builtin.postgres_catalog.names import RelationalNames
from omrs_connectors.builtin.safety import Safety, gone_is_fine
from omrs_connectors.sdk import IntegrationContext
from omrs_streams.proxy.interfaces import MappedEntity, MappedRelationship

ANCHORS = "Anchors"
FACTS = frozenset({"owner", "encoding", "serverVersion", "generated", FACT})
"""Additional properties that are ours; others stay."""

TABLES = ("RelationalTable", "DeployedDatabaseSchema")
"""What deletions are counted by: a table goes with its columns, however many they are."""


class Mirror:
    """Brings the elements of one database up to date.

    Order of writes: the database and its schemas, then each table with its columns, then foreign keys, then what is not
    there any more, from the columns up. Each element carries its key from its creation on, so what a crash leaves out
    is seen at the next start. What others added to an element - properties, classifications, relationships - stays.
    """

    def __init__(
        self, context: IntegrationContext, names: RelationalNames, held: Held, safety: Safety, parallelism: int
    ) -> None:
        self._context = context
        self._held = held
        self._safety = safety
        self._parallelism = parallelism
        self._withdrawn = {"RelationalTable": names.view, "RelationalColumn": "PrimaryKey"}
        """The classification that an element of the type loses when the database says so; others are others'."""
        self._properties = frozenset(
            {
                "qualifiedName", "displayName", "description", "nativeClass", "isNullable", "length", "precision",
                "position", "deployedImplementationType", ATTRIBUTE, names.asset_name, names.resource_name,
                names.instance, names.version,
            }
        )  # fmt: skip
        self._typed_anchors = "anchorTypeName" in context.types.attributes(ANCHORS)

    def write(self, wanted: Wanted) -> bool:
        """Whether it was done to its end: a connector that is to stop leaves the rest to its next life.

        Raises DeletionRefusedError when too much is gone; everything else is written by then.
        """
        known = _tables(self._held.entities.values())
        self._part(wanted.frame)
        for _ in in_parallel(self._part, wanted.tables.values(), self._parallelism):
            if self._stopping():
                return False
        for _ in in_parallel(self._foreign_keys, wanted.tables.values(), self._parallelism):
            pass
        return not self._stopping() and self._remove(wanted, known)

    def remove(self) -> None:
        """Everything that is held of a database that is gone; whoever calls this has made sure that it may go."""
        self._delete_all(dict(self._held.entities))

    def _stopping(self) -> bool:
        return self._context.stopping.is_set()

    # ---- what is there ---------------------------------------------------------------------------------------------

    def _part(self, part: Part) -> None:
        if self._stopping():
            return
        for key, entity in part.entities.items():
            self._entity(key, entity, part.anchors.get(key))
        self._links(part, foreign=False)

    def _foreign_keys(self, part: Part) -> None:
        self._links(part, foreign=True)

    def _entity(self, key: str, entity: MappedEntity, anchor_key: str | None) -> None:
        anchor = self._held.entities[anchor_key].guid if anchor_key is not None else None
        classifications = {name: dict(values) for name, values in entity.classifications.items()}
        if anchor is not None:
            classifications[ANCHORS] = self._anchors(anchor)
        held = self._held.entities.get(key)
        if held is None:
            properties = dict(entity.properties)
            made = self._context.create_entity(
                entity.type_name, properties, classifications=classifications, anchor=anchor
            )
            self._held.entities[key] = HeldEntity(made.guid, entity.type_name, properties, classifications)
            return
        properties = self._merged(held.properties, entity.properties)
        if properties != held.properties:
            self._context.update_entity(held.guid, properties, type_name=held.type_name, anchor=anchor)
            held.properties = properties
        self._classify(held, classifications, anchor)

    def _anchors(self, anchor: str) -> dict[str, Any]:
        typed = {"anchorTypeName": "DeployedDatabaseSchema", "anchorDomainName": "Asset"} if self._typed_anchors else {}
        return {"anchorGUID": anchor, **typed}

    def _merged(self, held: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        others = {name: value for name, value in held.items() if name not in self._properties}
        facts = {name: fact for name, fact in (held.get("additionalProperties") or {}).items() if name not in FACTS}
        facts |= found.get("additionalProperties") or {}
        merged = {**others, **found, "additionalProperties": facts}
        return {name: value for name, value in merged.items() if value not in (None, {})}

    def _classify(self, held: HeldEntity, found: Mapping[str, dict[str, Any]], anchor: str | None) -> None:
        for name, properties in found.items():
            if name not in held.classifications:
                self._context.classify(held.guid, name, properties, anchor=anchor)
            elif held.classifications[name] != properties:
                self._context.reclassify(held.guid, name, properties, anchor=anchor)
            held.classifications[name] = properties
        name = self._withdrawn.get(held.type_name, "")
        if name in held.classifications and name not in found:
            self._context.declassify(held.guid, name, anchor=anchor)
            del held.classifications[name]

    def _links(self, part: Part, *, foreign: bool) -> None:
        for key, link in part.links.items():
            if (key[0] == "ForeignKey") is foreign and not self._stopping():
                self._link(key, link)

    def _link(self, key: LinkKey, link: MappedRelationship) -> None:
        type_name, end1, end2 = key
        first, second = self._held.entities.get(end1), self._held.entities.get(end2)
        if first is None or second is None:
            return  # a foreign key to a table that is not catalogued
        held, properties, anchor = self._held.links.get(key), dict(link.properties), _anchor_of(first, second)
        if held is None:
            made = self._context.link(type_name, first.guid, second.guid, properties, anchor=anchor)
            self._held.links[key] = HeldLink(made.guid, properties)
            return
        merged = {**held.properties, **properties}
        if merged != held.properties:
            self._context.update_link(held.guid, merged, type_name=type_name, anchor=anchor)
            held.properties = merged

    # ---- what is not there any more --------------------------------------------------------------------------------

    def _remove(self, wanted: Wanted, known: int) -> bool:
        """`known`: tables, views and schemas that were held before."""
        parts = [wanted.frame, *wanted.tables.values()]
        there = {key for part in parts for key in part.entities}
        gone = [key for key in self._in_scope(self._held.entities, wanted) if key not in there]
        lost = {key: self._held.entities[key] for key in gone}
        self._safety.check(_tables(lost.values()), known, "tables, views and schemas")
        linked = {key for part in parts for key in part.links}
        for key in [key for key in self._held.links if key not in linked and self._link_in_scope(key, wanted)]:
            held = self._held.links.pop(key)
            if key[1] not in lost and key[2] not in lost:  # else it goes with what it was a link of
                ends = self._held.entities[key[1]], self._held.entities[key[2]]
                with gone_is_fine():
                    self._context.unlink(held.guid, type_name=key[0], anchor=_anchor_of(*ends))
        self._delete_all(lost)
        return not self._stopping()

    def _delete_all(self, lost: Mapping[str, HeldEntity]) -> None:
        """From the columns up; what is none of these kinds is the database itself."""
        for type_name in (
            "RelationalColumn",
            "RelationalTable",
            "RelationalDBSchemaType",
            "DeployedDatabaseSchema",
            "",
        ):
            keys = [key for key, entity in lost.items() if entity.type_name == type_name or not type_name]
            remaining = [key for key in keys if key in self._held.entities]
            for _ in in_parallel(self._delete, remaining, self._parallelism):
                pass

    def _delete(self, key: str) -> None:
        if self._stopping():
            return
        held = self._held.entities[key]
        with gone_is_fine():
            self._context.delete_entity(held.guid, type_name=held.type_name, anchor=_anchor_of(held))
        del self._held.entities[key]

    def _in_scope(self, keys: Iterable[str], wanted: Wanted) -> Iterable[str]:
        if wanted.scope is None:
            return [key for key in keys if key != wanted.root]
        frame = tuple(f"{wanted.root}/{kind}/" for kind in ("schema", "schema-type"))
        return [key for key in keys if key.startswith(frame) or table_of(wanted.root, key) in wanted.scope]

    def _link_in_scope(self, key: LinkKey, wanted: Wanted) -> bool:
        """A link belongs to the table at its second end, where the column or the referencing column is."""
        table = table_of(wanted.root, key[2])
        return wanted.scope is None or not table or table in wanted.scope


def _anchor_of(*entities: HeldEntity) -> str:
    """What the elements, or the link between them, belong to: the schema they are in, else the first of them."""
    anchors = (entity.classifications.get(ANCHORS, {}).get("anchorGUID") for entity in entities)
    return str(next((anchor for anchor in anchors if anchor), entities[0].guid))


def _tables(entities: Iterable[HeldEntity]) -> int:
    return sum(entity.type_name in TABLES for entity in entities)


def table_of(root: str, key: str) -> str:
    """The key of the table that an element belongs to, or is; empty for what belongs to none."""
    kind, _, rest = key.removeprefix(f"{root}/").partition("/")
    if kind == "table":
        return key.partition("#")[0]
    return f"{root}/table/{rest.split('/')[0]}" if kind == "column" else ""
