"""Notes that connectors keep at the end of comments in PostgreSQL: one line, behind what people wrote."""

import json
import re
from collections.abc import Mapping
from typing import Any

_LINE = re.compile(r"(?:^|\n)(?P<mark>omrs-[a-z]+): (?P<note>\{[^\n]*\})\s*$")


def split(comment: str | None) -> tuple[str | None, dict[str, Mapping[str, Any]]]:
    """What people wrote (None for nothing), and the notes by their marks."""
    text, notes = comment or "", {}
    while (found := _LINE.search(text)) is not None:
        try:
            note = json.loads(found["note"])
        except ValueError:
            break
        notes[found["mark"]] = note
        text = text[: found.start()]
    return text or None, notes


def text_of(comment: str | None) -> str | None:
    """What people wrote."""
    return split(comment)[0]


def join(text: str | None, notes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The comment that `split` takes apart; None where there is nothing to say."""
    lines = [f"{mark}: {json.dumps(note, sort_keys=True, ensure_ascii=False)}" for mark, note in sorted(notes.items())]
    return "\n".join([*([text] if text else []), *lines]) or None
