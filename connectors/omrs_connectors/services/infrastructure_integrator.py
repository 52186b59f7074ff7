"""Infrastructure Integrator: connectors and context for IT infrastructure (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.api_integrator import EndpointProperties
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, ReferenceableProperties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import AssetProperties, CapabilityProperties, NoProperties
from omrs_connectors.services.uses import asset_uses


@dataclass(frozen=True, kw_only=True)
class ServerProperties(AssetProperties):
    """SoftwareServerPlatform, SoftwareServer."""

    version_identifier: str | None = called("serverVersion", "platformVersion", "versionIdentifier")
    source: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeployedCapabilityProperties(CapabilityProperties):
    """SoftwareCapability, and when and by whom it was deployed, on the link to its server."""

    deployment_time: int | None = None
    deployer: str | None = None


@dataclass(frozen=True, kw_only=True)
class OperatingPlatformProperties(ReferenceableProperties):
    """OperatingPlatform. `byte_ordering`: BIG_ENDIAN or LITTLE_ENDIAN."""

    operating_system: str | None = None
    operating_system_patch_level: str | None = None
    byte_ordering: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeploymentProperties(Properties):
    """DeployedOn."""

    deployment_time: int | None = None
    deployer: str | None = None
    deployer_type_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class MembershipProperties(Properties):
    """HostClusterMember. The role is 6.x only."""

    member_role: str | None = None


class InfrastructureIntegratorContext(IntegrationContext):
    """IT infrastructure: hosts, platforms, servers, capabilities and endpoints.

    Platforms and servers are `deployments` on what they run on. A capability hangs below the server that has it, an
    endpoint below the server (or platform, host) that is reached by it. `hosts` are of any subtype: give `type_name`.
    """

    hosts = Kind("hosts of any type", AssetProperties, ("Host",))
    host_clusters = Kind("clusters of hosts", AssetProperties, ("HostCluster",))
    networks = Kind("networks", AssetProperties, ("Network",))
    operating_platforms = Kind("operating systems", OperatingPlatformProperties, ("OperatingPlatform",))
    platforms = Kind("server platforms", ServerProperties, ("SoftwareServerPlatform",))
    servers = Kind("servers", ServerProperties, ("SoftwareServer",))
    capabilities = Kind(
        "what a server can do",
        DeployedCapabilityProperties,
        ("SoftwareCapability",),
        below=(Link(("SupportedSoftwareCapability",), "ITInfrastructure", "SoftwareCapability"),),
    )
    endpoints = Kind(
        "where a server is reached",
        EndpointProperties,
        ("Endpoint",),
        below=(Link(("ServerEndpoint",), "ITInfrastructure", "Endpoint"),),
    )
    deployments = LinkKind(
        "from what is deployed to what it is deployed on",
        DeploymentProperties,
        Link(("DeployedOn",), "ITInfrastructure", "Asset"),
    )
    cluster_members = LinkKind(
        "hosts of a cluster", MembershipProperties, Link(("HostClusterMember",), "HostCluster", "Host")
    )
    visible_endpoints = LinkKind(
        "networks that an endpoint is reached from", NoProperties, Link(("VisibleEndpoint",), "Endpoint", "Network")
    )
    uses = asset_uses("what a capability has")


class InfrastructureIntegratorConnector(IntegrationConnector):
    """Runs under `infrastructure-integrator`."""

    service: ClassVar[str] = "infrastructure-integrator"
    context: InfrastructureIntegratorContext


INFRASTRUCTURE = IntegrationService(
    id=4011,
    full_name="Infrastructure Integrator OMIS",
    url_marker="infrastructure-integrator",
    description="Exchanges hosts, platforms, servers, their capabilities and endpoints with IT management tools.",
    wiki=wiki_of("infrastructure-integrator"),
    partner="IT Infrastructure OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=InfrastructureIntegratorConnector,
    context_class=InfrastructureIntegratorContext,
)
