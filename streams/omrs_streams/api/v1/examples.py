"""Whole request bodies as the OpenAPI document shows them, and as "Try it out" sends them."""

from typing import Any

from fastapi import Body

from omrs_streams.api.v1.base import GUID_EXAMPLE

OTHER_GUID = "4f0d9a36-5b0c-4d6e-8f0a-2d9c1f3b7e20"


def _bodies(values: dict[str, dict[str, Any]]) -> Any:
    """The parameter that describes a body, by examples."""
    return Body(openapi_examples={title: {"value": value} for title, value in values.items()})


ENTITY = _bodies(
    {
        "A classified glossary term": {
            "type": "GlossaryTerm",
            "properties": {"qualifiedName": "GlossaryTerm::customer", "displayName": "Customer"},
            "classifications": [{"name": "Confidentiality"}],
        },
        "A glossary term that holds for a year": {
            "type": "GlossaryTerm",
            "properties": {"qualifiedName": "GlossaryTerm::offer", "displayName": "Offer"},
            "effectiveFrom": "2026-01-01T00:00:00Z",
            "effectiveTo": "2027-01-01T00:00:00Z",
        },
    }
)
RELATIONSHIP = _bodies(
    {
        "Two related glossary terms (put in their guids)": {
            "type": "RelatedTerm",
            "end1": GUID_EXAMPLE,
            "end2": OTHER_GUID,
            "properties": {"description": "buys"},
        }
    }
)
CLASSIFICATION = _bodies({"Confidentiality": {"properties": {"notes": "not for partners"}}})
CLASSIFICATION_PATCH = _bodies({"Confidentiality": {"properties": {"notes": "for partners too", "steward": None}}})
SEARCH_ENTITIES = _bodies(
    {
        "Conditions and a classification": {
            "type": "GlossaryTerm",
            "where": {
                "any": [
                    {"property": "displayName", "operator": "startsWith", "value": "Cust"},
                    {"property": "createTime", "operator": "gt", "value": "2026-01-01T00:00:00Z"},
                ]
            },
            "classifications": [{"name": "Confidentiality"}],
            "sort": "displayName",
        },
        "One condition": {"where": {"property": "createdBy", "value": "erinoverview"}, "sort": "-updateTime"},
    }
)
SEARCH_RELATIONSHIPS = _bodies(
    {
        "One condition": {
            "type": "RelatedTerm",
            "where": {"property": "description", "operator": "contains", "value": "buy"},
            "sort": "-createTime",
        }
    }
)
TYPE = _bodies(
    {
        "Of entities": {
            "category": "entity",
            "name": "Mascot",
            "description": "What a team takes along",
            "superType": "Referenceable",
            "attributes": [{"name": "mood", "type": "string"}],
        },
        "Of relationships": {
            "category": "relationship",
            "name": "TermMascot",
            "ends": [
                {"type": "GlossaryTerm", "name": "namedTerms"},
                {"type": "Referenceable", "name": "mascots", "cardinality": "AT_MOST_ONE"},
            ],
        },
        "Of classifications": {
            "category": "classification",
            "name": "Cheerful",
            "entityTypes": ["Referenceable"],
            "attributes": [{"name": "level", "type": "int"}],
        },
    }
)
TYPE_PATCH = _bodies(
    {"One more attribute": {"description": "What a team takes along", "attributes": [{"name": "size", "type": "int"}]}}
)
ATTRIBUTE_TYPE = _bodies(
    {
        "An enum": {
            "category": "enum",
            "name": "Mood",
            "elements": [{"name": "CALM", "ordinal": 0}, {"name": "LOUD", "ordinal": 1}],
            "default": "CALM",
        },
        "A collection": {
            "category": "collection",
            "name": "map<date,string>",
            "collection": "map",
            "argumentTypes": ["date", "string"],
        },
    }
)
