"""What a metadata server holds, in a form that is equal for two servers that hold the same."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient

Name = tuple[str, str]
"""Type name, and qualified name (or all properties of an instance without one)."""


@dataclass(frozen=True)
class Snapshot:
    """Living instances by name, not by guid: entities with their properties and classifications, and how often there
    are relationships of a type between two of them, with these properties."""

    entities: Mapping[Name, Any] = field(default_factory=dict)
    relationships: Mapping[tuple[str, Name, Name, str], int] = field(default_factory=dict)

    def difference(self, other: "Snapshot") -> list[str]:
        """What one holds and the other does not, a line each; empty for equal ones."""
        lines = [f"- {name}" for name in sorted(self.entities.keys() - other.entities.keys())]
        lines += [f"+ {name}" for name in sorted(other.entities.keys() - self.entities.keys())]
        for name in sorted(self.entities.keys() & other.entities.keys()):
            if self.entities[name] != other.entities[name]:
                lines.append(f"~ {name}: {self.entities[name]} != {other.entities[name]}")
        for link in sorted(self.relationships.keys() | other.relationships.keys()):
            held, there = self.relationships.get(link, 0), other.relationships.get(link, 0)
            if held != there:
                lines.append(f"~ {link}: {held} != {there}")
        return lines


def snapshot_of(client: MetadataClient) -> Snapshot:
    """Reads everything; two entities of the same type and name are told apart by a number."""
    names: dict[str, Name] = {}
    seen: Counter[Name] = Counter()
    entities: dict[Name, Any] = {}
    for entity in client.iter_entities():
        properties = entity.plain_properties
        type_name = entity.type_name
        called = str(properties.get("qualifiedName") or _text(properties))
        seen[(type_name, called)] += 1
        number = seen[(type_name, called)]
        name = (type_name, called if number == 1 else f"{called} ({number})")
        names[entity.guid] = name
        classifications = {
            each["name"]: from_properties(each.get("properties")) for each in entity.get("classifications") or ()
        }
        entities[name] = {"properties": properties, "classifications": classifications, "status": entity["status"]}
    for held in entities.values():
        for classification in held["classifications"].values():
            for attribute, value in classification.items():  # the anchor, by its name
                if isinstance(value, str) and value in names:
                    classification[attribute] = names[value]
    relationships: Counter[tuple[str, Name, Name, str]] = Counter()
    for link in client.iter_relationships():
        ends = [names.get(link[end]["guid"], ("?", link[end]["guid"])) for end in ("entityOneProxy", "entityTwoProxy")]
        relationships[(link.type_name, ends[0], ends[1], _text(link.plain_properties))] += 1
    return Snapshot(entities, dict(relationships))


def _text(properties: Mapping[str, Any]) -> str:
    return orjson.dumps(properties, option=orjson.OPT_SORT_KEYS, default=str).decode()
