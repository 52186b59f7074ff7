"""Contexts of the lineage, topic, API, display, analytics and infrastructure integrators, in both releases."""

from collections.abc import Iterator
from typing import TypeVar

import pytest
from service_contexts import changes, context_on

from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.analytics_integrator import AnalyticsIntegratorContext, ModelProperties
from omrs_connectors.services.api_integrator import (
    APIIntegratorContext,
    EndpointProperties,
    OperationProperties,
    ParameterListProperties,
    ParameterProperties,
)
from omrs_connectors.services.display_integrator import (
    DisplayFieldProperties,
    DisplayIntegratorContext,
    ReportProperties,
)
from omrs_connectors.services.infrastructure_integrator import (
    DeployedCapabilityProperties,
    DeploymentProperties,
    InfrastructureIntegratorContext,
    ServerProperties,
)
from omrs_connectors.services.lineage_integrator import (
    ComponentProperties,
    HierarchyProperties,
    LineageIntegratorContext,
    PortProperties,
    ProcessProperties,
)
from omrs_connectors.services.registry import SERVICES
from omrs_connectors.services.schemas import (
    AssetProperties,
    CapabilityProperties,
    DataSetProperties,
    SchemaAttributeProperties,
    SchemaTypeProperties,
)
from omrs_connectors.services.topic_integrator import TopicIntegratorContext, TopicProperties
from omrs_connectors.services.uses import ControlProperties, FlowProperties, QueryTargetProperties
from workers import Running, unique

pytestmark = pytest.mark.kafka

ContextT = TypeVar("ContextT", bound=IntegrationContext)


def own_way(server: Running, kind: type[ContextT]) -> Iterator[ContextT]:
    (marker,) = (marker for marker, service in SERVICES.items() if service.context_class is kind)
    with context_on(server, kind, marker) as context:
        yield context


@pytest.fixture
def lineage(release_server: Running) -> Iterator[LineageIntegratorContext]:
    yield from own_way(release_server, LineageIntegratorContext)


@pytest.fixture
def topics(release_server: Running) -> Iterator[TopicIntegratorContext]:
    yield from own_way(release_server, TopicIntegratorContext)


@pytest.fixture
def apis(release_server: Running) -> Iterator[APIIntegratorContext]:
    yield from own_way(release_server, APIIntegratorContext)


@pytest.fixture
def display(release_server: Running) -> Iterator[DisplayIntegratorContext]:
    yield from own_way(release_server, DisplayIntegratorContext)


@pytest.fixture
def analytics(release_server: Running) -> Iterator[AnalyticsIntegratorContext]:
    yield from own_way(release_server, AnalyticsIntegratorContext)


@pytest.fixture
def infrastructure(release_server: Running) -> Iterator[InfrastructureIntegratorContext]:
    yield from own_way(release_server, InfrastructureIntegratorContext)


def attribute(name: str, position: int) -> SchemaAttributeProperties:
    return SchemaAttributeProperties(qualified_name=name, display_name=name, data_type="string", position=position)


def test_processes_ports_and_flows(lineage: LineageIntegratorContext) -> None:
    root = unique("job")
    job = lineage.components.ensure(ComponentProperties(qualified_name=root, implementation_language="SQL"))
    assert job.properties.implementation_language == "SQL"
    step = lineage.processes.ensure(ProcessProperties(qualified_name=f"{root}:s"), type_name="EmbeddedProcess")
    lineage.process_hierarchy.ensure(job.guid, step.guid, HierarchyProperties(containment_type="OWNED"))
    (held,) = lineage.process_hierarchy.of(step.guid)
    assert (held.first, held.properties.containment_type) == (job.guid, "OWNED")

    read, write = (
        lineage.ports.ensure(PortProperties(qualified_name=f"{root}:{kind}", port_type=kind), parent=job.guid)
        for kind in ("INPUT_PORT", "OUTPUT_PORT")
    )
    alias = lineage.port_aliases.ensure(PortProperties(qualified_name=f"{root}:x"), parent=step.guid)
    lineage.port_delegations.ensure(alias.guid, read.guid)
    assert [found.guid for found in lineage.ports.of(job.guid)] == [read.guid, write.guid]
    assert read.properties.port_type == "INPUT_PORT" and read.anchor_guid == job.guid
    schema = lineage.schema_types.ensure(
        SchemaTypeProperties(qualified_name=f"{root}:st"), parent=read.guid, type_name="TabularSchemaType"
    )
    lineage.schema_attributes.ensure(attribute(f"{root}:a", 0), parent=schema.guid)
    assert [found.properties for found in lineage.schema_attributes.of(schema.guid)] == [attribute(f"{root}:a", 0)]

    flow = lineage.data_flows.ensure(read.guid, write.guid, FlowProperties(description="copies", formula="a -> b"))
    assert (flow.first, flow.second, flow.properties.formula) == (read.guid, write.guid, "a -> b")
    then = lineage.control_flows.ensure(job.guid, step.guid, ControlProperties(guard="done"))
    assert then.properties.guard == "done"
    lineage.lineage_mappings.ensure(read.guid, write.guid)
    lineage.process_calls.ensure(job.guid, step.guid)

    changes(lineage)
    lineage.components.delete(job.guid)
    assert changes(lineage)[2] == 5  # the job, two ports, a schema type and its attribute
    assert lineage.processes.get(step.guid).guid == step.guid


def test_topics_events_and_their_fields(topics: TopicIntegratorContext) -> None:
    root = unique("topic")
    broker = topics.event_brokers.ensure(CapabilityProperties(qualified_name=root, display_name="kafka"))
    topic = topics.topics.ensure(TopicProperties(qualified_name=f"{root}.orders", topic_type="COMPACTED"))
    topics.uses.ensure(broker.guid, topic.guid)
    assert topic.properties.topic_type == "COMPACTED"
    placed, paid = (
        topics.event_types.ensure(
            SchemaTypeProperties(qualified_name=f"{root}.{name}", encoding_standard="AVRO"), parent=topic.guid
        )
        for name in ("a-placed", "b-paid")
    )
    assert [found.guid for found in topics.event_types.of(topic.guid)] == [placed.guid, paid.guid]
    assert placed.anchor_guid == topic.guid and placed.properties.encoding_standard == "AVRO"
    who = topics.event_attributes.ensure(attribute(f"{root}.who", 1), parent=placed.guid)
    name = topics.event_attributes.ensure(attribute(f"{root}.who.name", 0), parent=who.guid)
    assert [found.guid for found in topics.event_attributes.of(placed.guid)] == [who.guid]
    assert [found.properties for found in topics.event_attributes.of(who.guid)] == [name.properties]
    changes(topics)
    topics.event_types.delete(placed.guid)
    assert changes(topics)[2] == 3
    topics.topics.delete(topic.guid)
    assert changes(topics)[2] == 3  # the topic, its list of event types, the other event type


def test_apis_operations_and_parameters(apis: APIIntegratorContext) -> None:
    root = unique("api")
    api = apis.apis.ensure(AssetProperties(qualified_name=root, display_name="orders", version_identifier="1.2"))
    operation = apis.operations.ensure(
        OperationProperties(qualified_name=f"{root}:get", display_name="get", path="/orders", command="GET"),
        parent=api.guid,
    )
    assert [found.guid for found in apis.operations.of(api.guid)] == [operation.guid]
    lists = {
        name: elements.ensure(
            ParameterListProperties(qualified_name=f"{root}:{name}", required=True), parent=operation.guid
        )
        for name, elements in (("headers", apis.headers), ("requests", apis.requests), ("responses", apis.responses))
    }
    assert [found.guid for found in apis.requests.of(operation.guid)] == [lists["requests"].guid]
    assert [found.guid for found in apis.responses.of(operation.guid)] == [lists["responses"].guid]
    given = ParameterProperties(qualified_name=f"{root}:id", data_type="int", position=0, parameter_type="query")
    parameter = apis.parameters.ensure(given, parent=lists["requests"].guid)
    assert [found.properties for found in apis.parameters.of(lists["requests"].guid)] == [given]
    assert parameter.anchor_guid == api.guid
    endpoint = apis.endpoints.ensure(EndpointProperties(qualified_name=f"{root}:e", network_address="http://x"))
    apis.api_endpoints.ensure(api.guid, endpoint.guid)
    assert endpoint.properties.network_address == "http://x"
    changes(apis)
    apis.apis.delete(api.guid)
    assert changes(apis)[2] == 7  # the API, its schema, an operation, three lists, a parameter


def test_reports_forms_and_queries(display: DisplayIntegratorContext) -> None:
    root = unique("report")
    report = display.reports.ensure(ReportProperties(qualified_name=root, display_name="sales", url="http://r"))
    box = display.display_containers.ensure(attribute(f"{root}.box", 0), parent=report.guid)
    given = DisplayFieldProperties(qualified_name=f"{root}.box.sum", data_type="int", position=0, input_field=False)
    field = display.display_fields.ensure(given, parent=box.guid)
    assert [found.properties for found in display.display_fields.of(box.guid)] == [given]
    assert (report.properties.url, field.anchor_guid) == ("http://r", report.guid)
    query = display.queries.ensure(DataSetProperties(qualified_name=f"{root}:q", formula="select"))
    source = display.query_fields.ensure(attribute(f"{root}:q.sum", 0), parent=query.guid)
    target = display.query_targets.ensure(field.guid, source.guid, QueryTargetProperties(query="sum(x)"))
    assert (target.first, target.properties.query) == (field.guid, "sum(x)")
    form = display.forms.ensure(DataSetProperties(qualified_name=f"{root}:f"))
    display.data_flows.ensure(form.guid, report.guid)


def test_models_and_their_runs(analytics: AnalyticsIntegratorContext) -> None:
    root = unique("model")
    model = analytics.models.ensure(ModelProperties(qualified_name=root, display_name="m", formula_type="python"))
    run = analytics.runs.ensure(ProcessProperties(qualified_name=f"{root}:1"))
    analytics.model_runs.ensure(model.guid, run.guid, HierarchyProperties(containment_type="OWNED"))
    data = analytics.data_sets.ensure(DataSetProperties(qualified_name=f"{root}:d"))
    analytics.schema_attributes.ensure(attribute(f"{root}:d.x", 0), parent=data.guid)
    analytics.data_flows.ensure(data.guid, run.guid)
    assert [found.properties for found in analytics.schema_attributes.of(data.guid)] == [attribute(f"{root}:d.x", 0)]
    assert [found.first for found in analytics.model_runs.of(run.guid)] == [model.guid]


def test_hosts_platforms_servers_and_capabilities(infrastructure: InfrastructureIntegratorContext) -> None:
    root = unique("host")
    host = infrastructure.hosts.ensure(AssetProperties(qualified_name=root), type_name="VirtualMachine")
    platform = infrastructure.platforms.ensure(ServerProperties(qualified_name=f"{root}:p", version_identifier="4.2"))
    server = infrastructure.servers.ensure(ServerProperties(qualified_name=f"{root}:s", version_identifier="1"))
    infrastructure.deployments.ensure(platform.guid, host.guid, DeploymentProperties(deployer="me"))
    infrastructure.deployments.ensure(server.guid, platform.guid)
    (deployed,) = infrastructure.deployments.of(host.guid)
    assert (deployed.first, deployed.properties.deployer) == (platform.guid, "me")
    assert (platform.properties.version_identifier, server.properties.version_identifier) == ("4.2", "1")
    given = DeployedCapabilityProperties(qualified_name=f"{root}:c", display_name="c", deployer="me")
    able = infrastructure.capabilities.ensure(given, parent=server.guid, type_name="Application")
    assert able.properties == given
    assert [found.properties for found in infrastructure.capabilities.of(server.guid)] == [given]
    endpoint = infrastructure.endpoints.ensure(
        EndpointProperties(qualified_name=f"{root}:e", network_address="x:1"), parent=server.guid
    )
    assert [found.guid for found in infrastructure.endpoints.of(server.guid)] == [endpoint.guid]
