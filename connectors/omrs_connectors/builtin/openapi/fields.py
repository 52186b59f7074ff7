"""The leaves of a schema: nested content as paths, what it is composed of joined."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from omrs_connectors.builtin.openapi.documents import Document
from omrs_connectors.builtin.openapi.model import Field

MAX_DEPTH = 8  # levels of nesting that are told apart; deeper content is one field of type object


def leaves(document: Document, schema: Any, base: str, place: str) -> tuple[Field, ...]:
    """The fields of a body, each name once, in the order of the document."""
    found: dict[str, Field] = {}
    for field in _walk(document, schema, base, Field("", place, "object"), 0, ()):
        name = field.name or "$"
        if name not in found:
            found[name] = replace(field, name=name)
    return tuple(found.values())


def typed(schema: Mapping[str, Any], field: Field) -> Field:
    """The field with what a schema says of its type."""
    kinds = schema.get("type")
    listed = [str(kind) for kind in kinds] if isinstance(kinds, list) else [str(kinds)] if kinds else []
    named = [kind for kind in listed if kind != "null"]
    nullable = True if "null" in listed or schema.get("nullable") is True else field.nullable
    if not named:
        named = ["object"] if "properties" in schema else ["array"] if "items" in schema else []
    if not named and "enum" in schema:
        named = ["string"]
    default = schema.get("default")
    return replace(
        field,
        type="|".join(named) or "any",
        format=str(schema.get("format") or ""),
        nullable=nullable,
        default=None if default is None else str(default),
        description=str(schema.get("description") or field.description),
    )


def _walk(
    document: Document, node: Any, base: str, field: Field, depth: int, inside: tuple[int, ...]
) -> Iterator[Field]:
    schema, base = document.follow(node, base)
    if not isinstance(schema, Mapping) or not schema:
        yield replace(field, type="any")
        return
    if depth >= MAX_DEPTH or id(schema) in inside:
        yield replace(typed(schema, field), type="object")  # too deep, or within itself
        return
    inside = (*inside, id(schema))
    deeper = (depth + 1, inside)
    composed = [part for name in ("allOf", "oneOf", "anyOf") for part in _list(schema.get(name))]
    properties = schema.get("properties")
    told = False
    if isinstance(properties, Mapping):
        required = {str(name) for name in _list(schema.get("required"))}
        for name, below in properties.items():
            told = True
            path = f"{field.name}.{name}" if field.name else str(name)
            yield from _walk(document, below, base, Field(path, field.place, "any", required=name in required), *deeper)
    if "items" in schema:
        told = True
        yield from _walk(document, schema["items"], base, replace(field, name=f"{field.name}[]"), *deeper)
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping) and values:
        told = True
        yield from _walk(document, values, base, replace(field, name=f"{field.name}{{}}"), *deeper)
    for part in composed:
        if isinstance(part, Mapping) and part.get("type") != "null":
            told = True
            yield from _walk(document, part, base, field, *deeper)
    if not told:
        yield typed(schema, field)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
