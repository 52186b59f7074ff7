"""The built-in open metadata types (release 6.1) as an archive bean, read from the package data on first use."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

Bean = dict[str, Any]


@cache
def builtin_archive() -> Bean:
    """`OpenMetadataArchive` bean with 50 attribute types, 620 types and 32 patches, as a real archive holds them.

    One object for the whole process: never change it. What a new member broadcasts is its `archiveTypeStore`, in order.
    """
    data = files("omrs_schemas.typedefs").joinpath("data", "open_metadata_types.json").read_bytes()
    archive: Bean = orjson.loads(data)
    expand(archive)
    return archive


def expand(archive: Bean) -> None:
    """Replace the attribute types that are written as names by their AttributeTypeDef beans (shared, in place)."""
    store = archive["archiveTypeStore"]
    by_name = {bean["name"]: bean for bean in store["attributeTypeDefs"]}
    for attributes in (
        *(bean.get("propertiesDefinition", ()) for bean in store["newTypeDefs"]),
        *(bean.get("propertyDefinitions", ()) for bean in store["typeDefPatches"]),
    ):
        for attribute in attributes:
            attribute["attributeType"] = by_name[attribute["attributeType"]]
