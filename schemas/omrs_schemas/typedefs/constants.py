"""Names that the type model fixes: categories, classes, statuses, primitives.

Rule sources: OMRS types § 1-2; OMRS instances, Enums.
"""

from collections.abc import Mapping
from types import MappingProxyType

CURRENT_TYPE_HEADER_VERSION = 1
CURRENT_INSTANCE_HEADER_VERSION = 1
OPEN_TYPES_ARCHIVE_GUID = "bce3b0a0-662a-4f87-b8dc-844078a11a6e"
"""Origin of every type of the built-in archive; a known type with this origin is an "open" type."""

ENTITY_DEF = "ENTITY_DEF"
RELATIONSHIP_DEF = "RELATIONSHIP_DEF"
CLASSIFICATION_DEF = "CLASSIFICATION_DEF"
PRIMITIVE = "PRIMITIVE"
COLLECTION = "COLLECTION"
ENUM_DEF = "ENUM_DEF"

TYPEDEF_CLASSES: Mapping[str, str] = MappingProxyType(
    {"EntityDef": ENTITY_DEF, "RelationshipDef": RELATIONSHIP_DEF, "ClassificationDef": CLASSIFICATION_DEF}
)
"""`class` → TypeDefCategory."""

ATTRIBUTE_TYPEDEF_CLASSES: Mapping[str, str] = MappingProxyType(
    {"PrimitiveDef": PRIMITIVE, "CollectionDef": COLLECTION, "EnumDef": ENUM_DEF}
)
"""`class` → AttributeTypeDefCategory."""

TYPEDEF_CATEGORIES = ("UNKNOWN_DEF", CLASSIFICATION_DEF, ENTITY_DEF, RELATIONSHIP_DEF)
ATTRIBUTE_TYPEDEF_CATEGORIES = ("UNKNOWN_DEF", PRIMITIVE, COLLECTION, ENUM_DEF)

COLLECTION_ARGUMENTS: Mapping[str, int] = MappingProxyType(
    {"OM_COLLECTION_UNKNOWN": 0, "OM_COLLECTION_MAP": 2, "OM_COLLECTION_ARRAY": 1, "OM_COLLECTION_STRUCT": 0}
)
"""CollectionDefCategory → how many argument types it takes."""

UNKNOWN_PRIMITIVE = "OM_PRIMITIVE_TYPE_UNKNOWN"
PRIMITIVE_CATEGORIES = tuple(
    f"OM_PRIMITIVE_TYPE_{name}"
    for name in (
        *("UNKNOWN", "BOOLEAN", "BYTE", "CHAR", "SHORT", "INT", "LONG"),
        *("FLOAT", "DOUBLE", "BIGINTEGER", "BIGDECIMAL", "STRING", "DATE"),
    )
)
"""PrimitiveDefCategory by ordinal."""

DELETED = "DELETED"
DEFAULT_STATUSES = ("ACTIVE", DELETED)
"""What the archive builder gives a type that names no statuses (OMRS types § 6.5)."""

INSTANCE_STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "UNKNOWN": 0,
        "DRAFT": 1,
        "PREPARED": 2,
        "PROPOSED": 3,
        "APPROVED": 4,
        "REJECTED": 5,
        "APPROVED_CONCEPT": 6,
        "UNDER_DEVELOPMENT": 7,
        "DEVELOPMENT_COMPLETE": 8,
        "APPROVED_FOR_DEPLOYMENT": 9,
        "STANDBY": 10,
        "ACTIVE": 15,
        "FAILED": 20,
        "DISABLED": 21,
        "COMPLETE": 22,
        "DEPRECATED": 30,
        "OTHER": 50,
        DELETED: 99,
    }
)
"""InstanceStatus → ordinal."""
