"""What a repository proxy does not do for users: its instances are changed in the technology, its types are fixed
(OMRS cohort § 10, types § 4). Reference copies of other members come and go as everywhere."""

from typing import Final

from omrs_schemas.errors import FunctionNotSupportedError, TypeDefNotSupportedError

_INSTANCES: Final = (
    "add{}",
    "addExternal{}",
    "update{}Status",
    "update{}Properties",
    "undo{}Update",
    "delete{}",
    "purge{}",
    "restore{}",
    "reIdentify{}",
    "reType{}",
    "reHome{}",
)
_CLASSIFICATIONS: Final = (
    "classify{}",
    "classify{}Detailed",
    "declassify{}",
    "update{}Classification",
)
_TYPES: Final = (
    "addTypeDefGallery",
    "addTypeDef",
    "addAttributeTypeDef",
    "updateTypeDef",
    "deleteTypeDef",
    "deleteAttributeTypeDef",
    "reIdentifyTypeDef",
    "reIdentifyAttributeTypeDef",
)

REFUSED: Final = frozenset(
    {pattern.format(noun) for pattern in _INSTANCES for noun in ("Entity", "Relationship")}
    | {pattern.format(noun) for pattern in _CLASSIFICATIONS for noun in ("Entity", "EntityProxy")}
    | set(_TYPES)
)
"""Operations of the metadata collection API, by the names that the routes have."""


def refuse(operation: str, server: str) -> None:
    """FunctionNotSupportedError for an operation that would change home instances or types."""
    if operation in REFUSED:
        raise FunctionNotSupportedError(
            f"{operation} is not supported: {server} is a repository proxy",
            help="change it in the technology that the server stands for; the change arrives here by itself",
            operation=operation,
            server=server,
        )


def verify(type_name: str, mapped: frozenset[str]) -> bool:
    """verifyTypeDef of a proxy: true for a type that it maps, else TypeDefNotSupportedError."""
    if type_name not in mapped:
        raise TypeDefNotSupportedError(
            f"this repository proxy has no instances of type {type_name}",
            help=f"it has {', '.join(sorted(mapped))}",
            type_name=type_name,
        )
    return True
