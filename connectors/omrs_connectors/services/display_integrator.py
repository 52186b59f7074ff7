"""Display Integrator: connectors and context for reports, forms and queries (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.properties import called
from omrs_connectors.services.schemas import (
    ATTRIBUTE_LINKS,
    CapabilityProperties,
    DataSetProperties,
    SchemaAttributeProperties,
    below_asset,
    embedded,
    schema_attributes,
)
from omrs_connectors.services.uses import asset_uses, data_flows, query_targets


@dataclass(frozen=True, kw_only=True)
class ReportProperties(DataSetProperties):
    """Report (6.x) / DeployedReport (4.x)."""

    identifier: str | None = called("identifier", "id")
    author: str | None = None
    url: str | None = None
    purpose: str | None = None
    created_time: int | None = None
    last_modified_time: int | None = None
    last_modifier: str | None = None


@dataclass(frozen=True, kw_only=True)
class DisplayFieldProperties(SchemaAttributeProperties):
    """DisplayDataField. `input_field`: people fill it in."""

    input_field: bool | None = None


class DisplayIntegratorContext(IntegrationContext):
    """Reports, forms and queries.

    Containers hang below a report, form or query, fields below one of these or below a container.
    """

    applications = Kind("applications that show or take data", CapabilityProperties, ("Application",))
    reporting_engines = Kind("reporting engines", CapabilityProperties, ("ReportingEngine",), "Engine")
    reports = Kind("reports", ReportProperties, ("Report", "DeployedReport"))
    forms = Kind("forms", DataSetProperties, ("Form",))
    queries = Kind("queries for reports and forms", DataSetProperties, ("InformationView",))
    display_containers = schema_attributes(
        "groups of fields of a report or form",
        "DisplayDataContainer",
        schema_type="DisplayDataSchemaType",
        attribute_type="StructSchemaType",
    )
    display_fields = Kind(
        "fields of a report or form",
        DisplayFieldProperties,
        ("DisplayDataField",),
        below=ATTRIBUTE_LINKS,
        through=below_asset("DisplayDataSchemaType"),
        marks=(embedded("PrimitiveSchemaType"),),
        anchored=True,
    )
    query_containers = schema_attributes(
        "groups of fields of a query",
        "QueryDataContainer",
        schema_type="QuerySchemaType",
        attribute_type="StructSchemaType",
    )
    query_fields = schema_attributes("fields of a query", "QueryDataField", schema_type="QuerySchemaType")
    query_targets = query_targets("what a query or its fields are made of")
    uses = asset_uses("what an application or engine has")
    data_flows = data_flows()


class DisplayIntegratorConnector(IntegrationConnector):
    """Runs under `display-integrator`."""

    service: ClassVar[str] = "display-integrator"
    context: DisplayIntegratorContext


DISPLAY = IntegrationService(
    id=4003,
    full_name="Display Integrator OMIS",
    url_marker="display-integrator",
    description="Catalogues what shows data to people and takes it from them: reports, forms and queries.",
    wiki=wiki_of("display-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=DisplayIntegratorConnector,
    context_class=DisplayIntegratorContext,
)
