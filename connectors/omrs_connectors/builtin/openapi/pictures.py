"""What metadata should say of an API."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from omrs_connectors.builtin.openapi.model import Api, Field, Operation, Response
from omrs_connectors.builtin.openapi.naming import DOCUMENT, OPERATION_ID, Former, Naming
from omrs_connectors.builtin.picture import Key, Picture
from omrs_connectors.services.api_integrator import (
    APIIntegratorContext,
    EndpointProperties,
    OperationProperties,
    ParameterListProperties,
    ParameterProperties,
)
from omrs_connectors.services.below import (
    API_HEADER,
    API_OPERATIONS,
    API_REQUEST,
    API_RESPONSE,
    ASSET_SCHEMA,
    SCHEMA_ATTRIBUTE,
)
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.schemas import (
    SCHEMA_SUFFIX,
    AssetProperties,
    SchemaTypeProperties,
)

APIS, OPERATIONS = APIIntegratorContext.apis, APIIntegratorContext.operations
HEADERS, REQUESTS = APIIntegratorContext.headers, APIIntegratorContext.requests
RESPONSES, PARAMETERS = APIIntegratorContext.responses, APIIntegratorContext.parameters
ENDPOINTS = APIIntegratorContext.endpoints
SCHEMAS = ElementKind(
    "what an API consists of", SchemaTypeProperties, ("APISchemaType",), below=(ASSET_SCHEMA,), anchored=True
)
API_ENDPOINT = Link(("APIEndpoint",), "DeployedAPI", "Endpoint")

KINDS = (APIS, SCHEMAS, OPERATIONS, HEADERS, REQUESTS, RESPONSES, PARAMETERS, ENDPOINTS)
LINKS = (ASSET_SCHEMA, API_OPERATIONS, API_HEADER, API_REQUEST, API_RESPONSE, SCHEMA_ATTRIBUTE, API_ENDPOINT)


class Pictures:
    """Adds APIs to a picture; `cut` counts the fields that were too many."""

    def __init__(self, naming: Naming, former: Former, max_fields: int) -> None:
        self.picture = Picture()
        self.cut = 0
        self._naming = naming
        self._former = former
        self._max_fields = max_fields

    def add(self, api: Api) -> None:
        key = self._naming.api(api.address)
        self.picture.add(
            APIS,
            AssetProperties(
                qualified_name=key,
                display_name=api.title,
                description=api.description or None,
                version_identifier=api.version or None,
                resource_name=api.address,
                deployed_implementation_type="OpenAPI",
                additional_properties={DOCUMENT: api.address, "dialect": api.dialect},
            ),
            formerly=self._former.of(key, api=key),
        )
        schema = f"{key}{SCHEMA_SUFFIX}"
        properties = SchemaTypeProperties(qualified_name=schema, display_name=api.title)
        self.picture.add(SCHEMAS, properties, key, formerly=self._former.of(schema, api=key))
        for url in api.servers:
            self._endpoint(key, url)
        for operation in api.operations:
            self._operation(key, schema, operation)

    def _endpoint(self, api: Key, url: str) -> None:
        endpoint = EndpointProperties(
            qualified_name=f"{api}::endpoint::{url}",
            display_name=url,
            network_address=url,
            protocol=urlsplit(url).scheme or None,
        )
        key = self.picture.add(ENDPOINTS, endpoint, formerly=self._former.of(endpoint.qualified_name, api=api))
        self.picture.link(API_ENDPOINT, api, key)

    def _operation(self, api: Key, schema: Key, operation: Operation) -> None:
        key = self._naming.operation(api, operation.name)
        facts = {
            OPERATION_ID: operation.operation_id,
            "tags": ", ".join(operation.tags),
            "deprecated": "true" if operation.deprecated else "",
            "summary": operation.summary,
        }
        self.picture.add(
            OPERATIONS,
            OperationProperties(
                qualified_name=key,
                display_name=operation.name,
                description=operation.description or operation.summary or None,
                path=operation.path,
                command=operation.method,
                additional_properties=_told(facts),
            ),
            schema,
            formerly=self._former.of(key, operation=key),
        )
        if operation.headers:
            self._list(HEADERS, key, f"{key}::header", "Headers", operation.headers)
        if operation.request:
            facts = {"mediaTypes": ", ".join(operation.media_types)}
            self._list(REQUESTS, key, f"{key}::request", "Request", operation.request, facts=_told(facts))
        for response in operation.responses:
            self._response(key, response)

    def _response(self, operation: Key, response: Response) -> None:
        facts = {"status": response.status, "mediaTypes": ", ".join(response.media_types)}
        self._list(
            RESPONSES,
            operation,
            f"{operation}::response::{response.status}",
            f"Response {response.status}",
            response.fields,
            description=response.description,
            facts=_told(facts),
        )

    def _list(
        self,
        kind: ElementKind[ParameterListProperties],
        operation: Key,
        key: Key,
        name: str,
        fields: tuple[Field, ...],
        *,
        description: str = "",
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self.picture.add(
            kind,
            ParameterListProperties(
                qualified_name=key,
                display_name=name,
                description=description or None,
                required=any(field.required for field in fields),
                additional_properties=facts,
            ),
            operation,
            formerly=self._former.of(key, operation=operation),
        )
        self.cut += max(0, len(fields) - self._max_fields)
        for position, field in enumerate(fields[: self._max_fields]):
            parameter = ParameterProperties(
                qualified_name=f"{key}::{field.place}::{field.name}",
                display_name=field.name,
                description=field.description or None,
                parameter_type=field.place,
                data_type=field.type,
                native_class=field.format or None,
                default_value=field.default,
                is_nullable=field.nullable,
                position=position,
                min_cardinality=1 if field.required else 0,
                max_cardinality=-1 if "[]" in field.name else 1,
            )
            former = self._former.of(parameter.qualified_name, operation=operation)
            self.picture.add(PARAMETERS, parameter, key, formerly=former)


def _told(facts: Mapping[str, str]) -> dict[str, str] | None:
    return {name: value for name, value in facts.items() if value} or None
