"""API Integrator: connectors and context for APIs (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.below import API_HEADER, API_OPERATIONS, API_REQUEST, API_RESPONSE
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import ReferenceableProperties
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import (
    ATTRIBUTE_LINKS,
    AssetProperties,
    CapabilityProperties,
    NoProperties,
    SchemaAttributeProperties,
    SchemaTypeProperties,
    below_asset,
    embedded,
)
from omrs_connectors.services.uses import asset_uses


@dataclass(frozen=True, kw_only=True)
class OperationProperties(SchemaTypeProperties):
    """APIOperation. Path and command (GET, POST …) are 6.x only."""

    path: str | None = None
    command: str | None = None


@dataclass(frozen=True, kw_only=True)
class ParameterListProperties(SchemaTypeProperties):
    """APIParameterList."""

    required: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ParameterProperties(SchemaAttributeProperties):
    """APIParameter. `parameter_type`: path, query, header …"""

    parameter_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class EndpointProperties(ReferenceableProperties):
    """Endpoint."""

    network_address: str | None = None
    protocol: str | None = None
    encryption_method: str | None = None


def parameter_lists(about: str, link: Link) -> Kind[ParameterListProperties]:
    """Lists of parameters of one use in an operation."""
    return Kind(about, ParameterListProperties, ("APIParameterList",), below=(link,), anchored=True)


class APIIntegratorContext(IntegrationContext):
    """APIs, their operations, and what they are given and answer.

    Operations hang below an API; headers, requests and responses (lists of parameters) below an operation; parameters
    below such a list, or below another parameter.
    """

    api_managers = Kind("API gateways", CapabilityProperties, ("APIManager",))
    apis = Kind("APIs", AssetProperties, ("DeployedAPI",))
    operations = Kind(
        "operations of an API",
        OperationProperties,
        ("APIOperation",),
        below=(API_OPERATIONS,),
        through=below_asset("APISchemaType"),
        anchored=True,
    )
    headers = parameter_lists("headers of an operation", API_HEADER)
    requests = parameter_lists("what an operation is given", API_REQUEST)
    responses = parameter_lists("what an operation answers", API_RESPONSE)
    parameters = Kind(
        "parameters",
        ParameterProperties,
        ("APIParameter",),
        below=ATTRIBUTE_LINKS,
        marks=(embedded("PrimitiveSchemaType"),),
        anchored=True,
    )
    endpoints = Kind("where APIs are reached", EndpointProperties, ("Endpoint",))
    api_endpoints = LinkKind("endpoints of an API", NoProperties, Link(("APIEndpoint",), "DeployedAPI", "Endpoint"))
    uses = asset_uses("what a gateway has")


class APIIntegratorConnector(IntegrationConnector):
    """Runs under `api-integrator`."""

    service: ClassVar[str] = "api-integrator"
    context: APIIntegratorContext


API = IntegrationService(
    id=4001,
    full_name="API Integrator OMIS",
    url_marker="api-integrator",
    description="Catalogues APIs of gateways and services: operations, parameters and what they answer.",
    wiki=wiki_of("api-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=APIIntegratorConnector,
    context_class=APIIntegratorContext,
)
