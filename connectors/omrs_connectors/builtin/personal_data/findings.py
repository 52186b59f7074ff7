"""What was found of one file, as the properties of its Confidentiality classification; pure."""

from collections.abc import Mapping
from typing import Any

SOURCE = "omrs personal-data connector"
"""Marks a classification as ours: only those are ever changed."""

INTRO = "Looks personal: "
MAX_ITEMS = 50
"""Columns named in the notes; a property value is meant to be read by a person."""

CONFIDENCE = 60
"""Per cent: a name promises its content but does not prove it."""

# GovernanceClassification levels of confidentiality: 2 confidential, 3 sensitive, 4 restricted.
SENSITIVE, RESTRICTED = 3, 4
_RESTRICTED_KINDS = frozenset({"national identifier", "bank or card number", "personal characteristic"})


def level_of(kinds: frozenset[str]) -> int:
    return RESTRICTED if kinds & _RESTRICTED_KINDS else SENSITIVE


def item(name: str, kind: str) -> str:
    """One finding in the notes: the separator cannot be part of it."""
    return f"{kind}: " + " ".join(name.replace(";", ",").split())


def items_of(notes: str | None) -> frozenset[str]:
    """The findings that notes of ours name."""
    if not notes or not notes.startswith(INTRO):
        return frozenset()
    return frozenset(part for part in notes[len(INTRO) :].split("; ") if part)


def classification_of(entity: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The classification bean of that name, or None."""
    for classification in entity.get("classifications") or []:
        if classification["name"] == name:
            found: Mapping[str, Any] = classification
            return found
    return None


def merged(existing: Mapping[str, Any], found: Mapping[str, str], level_attribute: str) -> dict[str, Any] | None:
    """The classification's properties once `found` (name -> kind) is joined to `existing`; None when nothing is new.

    The same findings always give the same properties, whatever order they come in.
    """
    known = items_of(existing.get("notes"))
    new = frozenset(item(name, kind) for name, kind in found.items())
    items = sorted(known | new)[:MAX_ITEMS]
    kinds = frozenset(text.partition(": ")[0] for text in items)
    level = max(level_of(kinds), int(existing.get(level_attribute) or 0))
    if frozenset(items) == known and existing.get(level_attribute) == level:
        return None
    return {
        level_attribute: level,
        "confidence": CONFIDENCE,
        "source": SOURCE,
        "notes": INTRO + "; ".join(items),
    }
