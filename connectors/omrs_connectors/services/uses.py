"""Relationships that several services have typed calls for."""

from dataclasses import dataclass

from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.below import ASSET_SCHEMA, PORT_SCHEMA
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import LinkProperties, SchemaTypeProperties, schema_attributes


@dataclass(frozen=True, kw_only=True)
class UseProperties(Properties):
    """CapabilityAssetUse / ServerAssetUse. `use_type`: OWNS, GOVERNS, MAINTAINS, USES or OTHER."""

    use_type: str | None = None
    description: str | None = None
    minimum_instances: int | None = None
    maximum_instances: int | None = None


def asset_uses(about: str) -> LinkKind[UseProperties]:
    """Which assets a software capability has."""
    link = Link(("CapabilityAssetUse", "ServerAssetUse"), "SoftwareCapability", "Asset")
    return LinkKind(about, UseProperties, link)


@dataclass(frozen=True, kw_only=True)
class QueryTargetProperties(Properties):
    """DerivedSchemaTypeQueryTarget."""

    query_id: str | None = None
    query: str | None = None
    query_type: str | None = None


def query_targets(about: str) -> LinkKind[QueryTargetProperties]:
    """From the schema element that is derived to those that it is made of."""
    return LinkKind(
        about, QueryTargetProperties, Link(("DerivedSchemaTypeQueryTarget",), "SchemaElement", "SchemaElement")
    )


@dataclass(frozen=True, kw_only=True)
class LineageProperties(LinkProperties):
    """LineageMapping, and what all relationships of lineage have. `isc_qualified_name`: the information supply chain
    (6.x). In 4.x they have a qualified name instead of a label."""

    label: str | None = called("label", "qualifiedName")
    isc_qualified_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class FlowProperties(LineageProperties):
    """DataFlow, ProcessCall."""

    formula: str | None = None
    formula_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class CallProperties(FlowProperties):
    """ProcessCall."""

    line_number: str | None = None


@dataclass(frozen=True, kw_only=True)
class ControlProperties(LineageProperties):
    """ControlFlow."""

    guard: str | None = None
    mandatory_guard: bool | None = None


def data_flows() -> LinkKind[FlowProperties]:
    """DataFlow."""
    return LinkKind("data passes from the one to the other", FlowProperties, _lineage("DataFlow"))


def lineage_mappings() -> LinkKind[LineageProperties]:
    """LineageMapping."""
    about = "the one is made from the other, or stands for it elsewhere"
    return LinkKind(about, LineageProperties, _lineage("LineageMapping"))


def control_flows() -> LinkKind[ControlProperties]:
    """ControlFlow."""
    return LinkKind("the one is done, then the other", ControlProperties, _lineage("ControlFlow"))


def process_calls() -> LinkKind[CallProperties]:
    """ProcessCall."""
    return LinkKind("the one calls the other", CallProperties, _lineage("ProcessCall"))


def data_mappings() -> LinkKind[FlowProperties]:
    """DataMapping."""
    return LinkKind("attributes are made from others (6.x)", FlowProperties, _lineage("DataMapping"))


def _lineage(name: str) -> Link:
    return Link((name,), "Referenceable", "Referenceable")


class SchemaContext(IntegrationContext):
    """Calls on schemas of any kind: a schema type below an asset or a port, attributes below it or below an asset."""

    schema_types = Kind(
        "schemas of assets and ports", SchemaTypeProperties, ("SchemaType",), below=(ASSET_SCHEMA, PORT_SCHEMA)
    )
    schema_attributes = schema_attributes(
        "attributes of any schema", "SchemaAttribute", schema_type="TabularSchemaType"
    )
