"""What is said about the parts of an archive, and where they are: JSON pointers (RFC 6901)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the report. error: left out; warning: loaded, but look at it; info: nothing to do.

    `guid` is that of the instance or type, None where there is none; `pointer` leads to the place in the file.
    """

    severity: Severity
    guid: str | None
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.pointer or '/'}{f' ({self.guid})' if self.guid else ''}: {self.message}"


def pointer(*parts: str | int) -> str:
    """A JSON pointer from its unescaped parts."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def locate(base: str, node: Any, path: Sequence[str | int]) -> str:
    """`base` continued along `path` as far as it exists in `node`; the last part may be a missing member.

    A validator's path also holds names of alternatives that are not in the file; those are passed over, and so is the
    name of the node's own class, which is what a validator calls the alternative that it tried.
    """
    found = base
    for index, part in enumerate(path):
        if isinstance(node, dict):
            if part not in node and (index + 1 < len(path) or part == node.get("class")):
                continue
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int):
            node = node[part]
        else:
            continue
        found += pointer(part)
    return found
