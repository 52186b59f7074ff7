"""Which instance event types mean what to the fold (OMRS events § 5)."""

from typing import Final

PURGE_KINDS: Final = frozenset(
    {
        "PURGED_ENTITY_EVENT",
        "PURGED_RELATIONSHIP_EVENT",
        "DELETE_PURGED_ENTITY_EVENT",
        "DELETE_PURGED_RELATIONSHIP_EVENT",
    }
)
"""The instance goes, with all its history; a tombstone stays."""

DECLASSIFIED: Final = "DECLASSIFIED_ENTITY_EVENT"

CLASSIFICATION_KINDS: Final = frozenset({"CLASSIFIED_ENTITY_EVENT", "RECLASSIFIED_ENTITY_EVENT", DECLASSIFIED})
"""With a whole entity in them they replace the state; with only a proxy they change its overlay."""

DELETED_STATUS: Final = "DELETED"
