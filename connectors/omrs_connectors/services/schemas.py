"""What all services have in common of assets and schemas: classes of properties, and kinds of schema attributes."""

from collections.abc import Sequence
from dataclasses import dataclass

from omrs_connectors.services.below import ASSET_SCHEMA, NESTED_ATTRIBUTE, SCHEMA_ATTRIBUTE
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.kinds import Mark, Through
from omrs_connectors.services.properties import Properties, ReferenceableProperties, called

SCHEMA_SUFFIX = "::schema"
ATTRIBUTE_LINKS = (SCHEMA_ATTRIBUTE, NESTED_ATTRIBUTE)


@dataclass(frozen=True, kw_only=True)
class AssetProperties(ReferenceableProperties):
    """Asset. 4.x holds the short name in `name`; it has no resource name."""

    display_name: str | None = called("name", "displayName")
    version_identifier: str | None = None
    resource_name: str | None = None
    deployed_implementation_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class DataSetProperties(AssetProperties):
    """DataSet: data that comes from somewhere else, by a formula perhaps."""

    formula: str | None = None
    formula_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class CapabilityProperties(ReferenceableProperties):
    """SoftwareCapability."""

    display_name: str | None = called("displayName", "name")
    deployed_implementation_type: str | None = called("deployedImplementationType", "capabilityType")
    version_identifier: str | None = called("versionIdentifier", "capabilityVersion")
    patch_level: str | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class SchemaTypeProperties(ReferenceableProperties):
    """SchemaType."""

    version_identifier: str | None = called("versionIdentifier", "versionNumber")
    author: str | None = None
    usage: str | None = None
    encoding_standard: str | None = None
    namespace: str | None = called("namespacePath", "namespace")


@dataclass(frozen=True, kw_only=True)
class SchemaAttributeProperties(ReferenceableProperties):
    """SchemaAttribute. Position and cardinality stand on the link to the parent in 6.x, on the element in 4.x; the data
    type stands on the TypeEmbeddedAttribute classification."""

    data_type: str | None = None
    default_value: str | None = None
    fixed_value: str | None = None
    position: int | None = None
    min_cardinality: int | None = None
    max_cardinality: int | None = None
    is_nullable: bool | None = None
    length: int | None = None
    minimum_length: int | None = None
    precision: int | None = called("precision", number=True)
    native_class: str | None = None
    aliases: Sequence[str] | None = None
    sort_order: str | None = None
    ordered_values: bool | None = None
    allows_duplicate_values: bool | None = None


@dataclass(frozen=True, kw_only=True)
class LinkProperties(Properties):
    """What most relationships may say."""

    label: str | None = called("label", "displayName", "name")
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class NoProperties(Properties):
    """A relationship that says nothing but that it is there."""


def embedded(schema_type: str) -> Mark:
    """The classification that says which schema type an attribute is of."""
    return Mark(("TypeEmbeddedAttribute",), {"schemaTypeName": schema_type})


def below_asset(schema_type: str) -> Through:
    """An asset's schema type, made with the first attribute."""
    return Through(ASSET_SCHEMA, schema_type, SCHEMA_SUFFIX)


def schema_attributes(
    about: str,
    type_name: str,
    *,
    schema_type: str | None = None,
    attribute_type: str = "PrimitiveSchemaType",
    marks: Sequence[Mark] = (),
    without: Sequence[str] = (),
) -> Kind[SchemaAttributeProperties]:
    """The kind of a plain schema attribute, below schema types and other attributes; with `schema_type` also below an
    asset."""
    return Kind(
        about,
        SchemaAttributeProperties,
        (type_name,),
        below=ATTRIBUTE_LINKS,
        through=below_asset(schema_type) if schema_type else None,
        marks=(embedded(attribute_type), *marks),
        without=tuple(without),
        anchored=True,
    )
