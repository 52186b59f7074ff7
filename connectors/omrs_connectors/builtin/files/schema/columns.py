"""What every reader returns: columns by path, position and type; and why a file has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from omrs_schemas.errors import CodecError

MAX_DEPTH = 8
"""Levels of nesting that are told apart; deeper content is one column of type `object`."""


def unreadable(message: str, *, reason: str, help: str = "") -> CodecError:
    """The error of a file whose columns cannot be read; it is catalogued without them and `reason` is counted."""
    return CodecError(message, help=help, reason=reason)


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is the path of a leaf: `customer.email`, `items[].sku`. `nullable` None = the format does not say."""

    name: str
    position: int
    data_type: str
    nullable: bool | None = None


@dataclass(frozen=True, slots=True)
class FileSchema:
    """`nested` tells documents from tables; `properties` are facts of the format for the file itself."""

    columns: tuple[Column, ...]
    nested: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)


def number(leaves: list[tuple[str, str, bool | None]]) -> tuple[Column, ...]:
    """Columns from (name, type, nullable) in order, names on one line; one that comes again gets its position."""
    seen: set[str] = set()
    columns = []
    for position, (name, data_type, nullable) in enumerate(leaves):
        label = name = " ".join(name.split()) or f"column{position + 1}"
        while label in seen:
            label = f"{label} #{position}"
        seen.add(label)
        columns.append(Column(label, position, data_type, nullable))
    return tuple(columns)
