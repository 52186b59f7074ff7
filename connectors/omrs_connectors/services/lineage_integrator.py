"""Lineage Integrator: connectors and context for processes and lineage (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.below import PROCESS_PORT
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, ReferenceableProperties
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import AssetProperties, CapabilityProperties, DataSetProperties, NoProperties
from omrs_connectors.services.uses import (
    SchemaContext,
    asset_uses,
    control_flows,
    data_flows,
    data_mappings,
    lineage_mappings,
    process_calls,
)


@dataclass(frozen=True, kw_only=True)
class ProcessProperties(AssetProperties):
    """Process, and what its subtypes add."""

    formula: str | None = None
    formula_type: str | None = None
    expected_behaviour: str | None = None
    start_time: int | None = None
    completion_time: int | None = None
    activity_status: str | None = None


@dataclass(frozen=True, kw_only=True)
class ComponentProperties(ProcessProperties):
    """DeployedSoftwareComponent."""

    implementation_language: str | None = None


@dataclass(frozen=True, kw_only=True)
class PortProperties(ReferenceableProperties):
    """Port. `port_type`: INPUT_PORT, OUTPUT_PORT, INOUT_PORT, OUTIN_PORT or OTHER."""

    port_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class HierarchyProperties(Properties):
    """ProcessHierarchy. `containment_type`: OWNED, USED or OTHER."""

    containment_type: str | None = None


class LineageIntegratorContext(SchemaContext):
    """Processes, their ports, and the lineage between them and data.

    `processes` are of any subtype of Process: give `type_name`. Ports hang below a process, schemas below ports.
    OpenLineage events that the daemon is sent come to those who `register_lineage_listener`.
    """

    engines = Kind("software that runs processes", CapabilityProperties, ("Engine",))
    processes = Kind("processes of any type", ProcessProperties, ("Process",))
    datasets = Kind("data sets that processes read and write", DataSetProperties, ("DataSet",))
    components = Kind("deployed programs, such as jobs", ComponentProperties, ("DeployedSoftwareComponent",))
    runs = Kind("processes that run once, inside others", ProcessProperties, ("TransientEmbeddedProcess",))
    ports = Kind("ports of a process", PortProperties, ("PortImplementation",), below=(PROCESS_PORT,), anchored=True)
    port_aliases = Kind(
        "ports that pass on to other ports", PortProperties, ("PortAlias",), below=(PROCESS_PORT,), anchored=True
    )
    process_hierarchy = LinkKind(
        "processes in others", HierarchyProperties, Link(("ProcessHierarchy",), "Process", "Process")
    )
    port_delegations = LinkKind("from alias to port", NoProperties, Link(("PortDelegation",), "Port", "Port"))
    data_flows = data_flows()
    control_flows = control_flows()
    process_calls = process_calls()
    lineage_mappings = lineage_mappings()
    data_mappings = data_mappings()
    uses = asset_uses("what an engine has")


class LineageIntegratorConnector(IntegrationConnector):
    """Runs under `lineage-integrator`."""

    service: ClassVar[str] = "lineage-integrator"
    context: LineageIntegratorContext


LINEAGE = IntegrationService(
    id=4006,
    full_name="Lineage Integrator OMIS",
    url_marker="lineage-integrator",
    description="Records processes, their ports and the lineage between data; receives open lineage events.",
    wiki=wiki_of("lineage-integrator"),
    partner="Asset Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=LineageIntegratorConnector,
    context_class=LineageIntegratorContext,
)
