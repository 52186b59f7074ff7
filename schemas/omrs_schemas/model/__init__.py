"""Pydantic models of the OMRS instance, type and event beans; their JSON is Egeria's.

`Model.model_validate(json).to_bean()` turns a stranger's JSON into a bean: the plain dict that everything works on.
"""

from omrs_schemas.model.archive import OpenMetadataArchive
from omrs_schemas.model.base import Bean, JsonBean
from omrs_schemas.model.dates import iso_dates, ms_dates
from omrs_schemas.model.events import OMRSEventV1
from omrs_schemas.model.instances import (
    Classification,
    EntityDetail,
    EntityProxy,
    EntitySummary,
    InstanceGraph,
    InstanceProperties,
    Relationship,
)
from omrs_schemas.model.types import AttributeTypeDef, TypeDef, TypeDefGallery, TypeDefPatch
from omrs_schemas.model.values import from_properties, to_properties, to_value

__all__ = [
    "AttributeTypeDef",
    "Bean",
    "Classification",
    "EntityDetail",
    "EntityProxy",
    "EntitySummary",
    "InstanceGraph",
    "InstanceProperties",
    "JsonBean",
    "OMRSEventV1",
    "OpenMetadataArchive",
    "Relationship",
    "TypeDef",
    "TypeDefGallery",
    "TypeDefPatch",
    "from_properties",
    "iso_dates",
    "ms_dates",
    "to_properties",
    "to_value",
]
