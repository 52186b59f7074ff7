"""The built-in open metadata types, the in-memory type system and the checks on types and instances."""

from omrs_schemas.typedefs.attributes import AttributeSpec
from omrs_schemas.typedefs.system import TypeSystem

__all__ = ["AttributeSpec", "TypeSystem"]
