"""Types and requests that several tests use."""

from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import httpx

from omrs_schemas.typedefs.system import TypeSystem
from workers import Running, eventually

Bean = dict[str, Any]

REFERENCEABLE = "a32316b8-dc8c-48c5-b12b-71c1b2a080bf"
STRING = "b34a64b9-554a-42b1-8f8a-7d5c2339f9c4"


def entity_def(name: str, *, attribute: str, statuses: tuple[str, ...] = ("ACTIVE", "DELETED"), **more: Any) -> Bean:
    """A small EntityDef below Referenceable with one string attribute."""
    return {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": str(uuid5(NAMESPACE_DNS, f"{name}.types.example")),
        "name": name,
        "category": "ENTITY_DEF",
        "status": "ACTIVE_TYPEDEF",
        "version": 1,
        "versionName": "1.0",
        "description": f"{name} of a test",
        "origin": "e2e",
        "createdBy": "e2e",
        "createTime": 1_700_000_000_000,
        "superType": {"guid": REFERENCEABLE, "name": "Referenceable", "status": "ACTIVE_TYPEDEF"},
        "validInstanceStatusList": list(statuses),
        "initialStatus": statuses[0],
        "propertiesDefinition": [
            {
                "attributeName": attribute,
                "attributeType": {
                    "class": "PrimitiveDef",
                    "headerVersion": 1,
                    "guid": STRING,
                    "name": "string",
                    "category": "PRIMITIVE",
                    "version": 1,
                    "versionName": "1.0",
                    "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
                },
                "attributeStatus": "ACTIVE_ATTRIBUTE",
                "attributeDescription": "words",
                "attributeCardinality": "AT_MOST_ONE",
                "valuesMinCount": 0,
                "valuesMaxCount": 1,
                "indexable": True,
                "unique": False,
            }
        ],
        **more,
    }


DRAFT = entity_def("E2eProposal", attribute="wording", statuses=("DRAFT", "PROPOSED", "ACTIVE", "DELETED"))
"""A type whose instances have more than one status."""


def known_types(*more: Bean) -> TypeSystem:
    """The built-in release with `DRAFT` and `more`."""
    types = TypeSystem.builtin()
    for typedef in (DRAFT, *more):
        types.add_typedef(typedef)
    return types


def refused(answer: httpx.Response, code: str, exception: str, *names: str) -> Bean:
    """The refusal in `answer`: OMRS form, HTTP 200, and a message that holds each of `names`."""
    body: Bean = answer.json()
    assert answer.status_code == 200, body
    assert body.get("exceptionErrorMessageId") == code and body["relatedHTTPCode"] != 200, str(body)[:2000]
    assert body["exceptionClassName"] == f"org.odpi.openmetadata.repositoryservices.ffdc.exception.{exception}", body
    assert body["exceptionErrorMessage"].startswith(code)
    assert body["exceptionSystemAction"] and body["exceptionUserAction"] and body["actionDescription"]
    for name in names:
        assert name in body["exceptionErrorMessage"], body["exceptionErrorMessage"]
    return body


def members(running: Running, cohort: str) -> set[str]:
    """The collection ids that are registered in the cohort, as the server knows."""
    return {each["metadataCollectionId"] for each in running.ask("/status")["cohorts"][cohort]}


def typedef(running: Running, name: str) -> Bean | None:
    """The type that the server itself knows by this name."""
    body = running.rest().get(f"/types/typedef/name/{name}").json()
    found: Bean | None = body.get("typeDef")
    return found


def has_type(running: Running, name: str, version: int = 1) -> Bean:
    """The type, once the server knows it in this version: what is added at one member is told to the others."""

    def there() -> Bean:
        found = typedef(running, name)
        return found if found is not None and found["version"] >= version else {}

    return eventually(there, f"{running.server} has {name} {version}")
