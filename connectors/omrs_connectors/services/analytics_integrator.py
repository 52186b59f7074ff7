"""Analytics Integrator: connectors and context for analytics (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.lineage_integrator import ComponentProperties, HierarchyProperties, ProcessProperties
from omrs_connectors.services.naming import Link
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import CapabilityProperties, DataSetProperties
from omrs_connectors.services.uses import SchemaContext, asset_uses, data_flows


@dataclass(frozen=True, kw_only=True)
class ModelProperties(ComponentProperties):
    """DeployedAnalyticsModel (6.x) / DeployedSoftwareComponent (4.x)."""


class AnalyticsIntegratorContext(SchemaContext):
    """Analytics models, their runs and the data sets they work on.

    In 4.x, which has no types of their own for them, models are DeployedSoftwareComponents and runs
    TransientEmbeddedProcesses.
    """

    engines = Kind("analytics engines", CapabilityProperties, ("AnalyticsEngine",), "Engine")
    models = Kind("analytics models", ModelProperties, ("DeployedAnalyticsModel", "DeployedSoftwareComponent"))
    runs = Kind("runs of a model", ProcessProperties, ("AnalyticsModelRun", "TransientEmbeddedProcess"))
    data_sets = Kind("data sets", DataSetProperties, ("TabularDataSet", "TableDataSet"))
    model_runs = LinkKind("runs of a model", HierarchyProperties, Link(("ProcessHierarchy",), "Process", "Process"))
    data_flows = data_flows()
    uses = asset_uses("what an engine has")


class AnalyticsIntegratorConnector(IntegrationConnector):
    """Runs under `analytics-integrator`."""

    service: ClassVar[str] = "analytics-integrator"
    context: AnalyticsIntegratorContext


ANALYTICS = IntegrationService(
    id=4009,
    full_name="Analytics Integrator OMIS",
    url_marker="analytics-integrator",
    description="Exchanges analytics models, the data sets they work on and their runs with analytics tools.",
    wiki=wiki_of("analytics-integrator"),
    partner="Data Science OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=AnalyticsIntegratorConnector,
    context_class=AnalyticsIntegratorContext,
)
