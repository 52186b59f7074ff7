"""A release of types cut down to some of them, as an archive that a server of ours and a real Egeria start with."""

from collections.abc import Iterable
from typing import Any

from omrs_schemas.typedefs import links
from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]

PROPERTIES = {  # those of the open metadata types: TypeDefs name their archive as their origin
    "class": "OpenMetadataArchiveProperties",
    "archiveGUID": "bce3b0a0-662a-4f87-b8dc-844078a11a6e",
    "archiveName": "Open Metadata Types",
    "archiveType": "CONTENT_PACK",
    "originatorName": "Egeria",
    "creationDate": 1588261366992,
}


def cut(types: TypeSystem, names: Iterable[str]) -> Bean:
    """An archive with the named types, what they are built on, and every attribute type."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += links.names(types.require(name=name))
    store = {
        "class": "OpenMetadataArchiveTypeStore",
        "attributeTypeDefs": types.attribute_typedefs(),
        "newTypeDefs": links.by_dependence([each for each in types.typedefs() if each["name"] in wanted]),
    }
    return {"class": "OpenMetadataArchive", "archiveProperties": PROPERTIES, "archiveTypeStore": store}
