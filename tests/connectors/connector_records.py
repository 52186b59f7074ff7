"""Records of an out topic, as a feed hands them over."""

from connector_lives import OUT, TYPES

from omrs_connectors.runtime.inbox import Record
from omrs_schemas.codec import EventCodec
from omrs_schemas.model.values import to_properties

CODEC = EventCodec(TYPES)
TYPE_NAME = "CSVFile"


def value_of(number: int, type_name: str = TYPE_NAME) -> bytes:
    typedef = TYPES.require(name=type_name)
    guid = f"guid-{number}"
    event = {
        "class": "OMRSEventV1",
        "protocolVersionId": "OMRS V1.0",
        "timestamp": 1_700_000_000_000 + number,
        "originator": {"metadataCollectionId": "m", "serverName": "s"},
        "eventCategory": "INSTANCE",
        "instanceEventSection": {
            "eventType": "NEW_ENTITY_EVENT",
            "typeDefGUID": typedef["guid"],
            "typeDefName": type_name,
            "instanceGUID": guid,
            "entity": {
                "class": "EntityDetail",
                "headerVersion": 1,
                "type": TYPES.instance_type(typedef),
                "instanceProvenanceType": "LOCAL_COHORT",
                "metadataCollectionId": "m",
                "createdBy": "u",
                "createTime": 1_700_000_000_000,
                "version": 1,
                "status": "ACTIVE",
                "guid": guid,
                "properties": to_properties(TYPES, type_name, {"qualifiedName": guid}),
            },
        },
    }
    return CODEC.encode(event)


def record(number: int, type_name: str = TYPE_NAME, *, value: bytes | None = None, headers: bool = True) -> Record:
    type_guid = str(TYPES.require(name=type_name)["guid"]).encode()
    told = {"kind": b"NEW_ENTITY_EVENT", "type-guid": type_guid} if headers else {}
    return Record(OUT, 0, number, f"guid-{number}".encode(), value_of(number) if value is None else value, told, 0)
