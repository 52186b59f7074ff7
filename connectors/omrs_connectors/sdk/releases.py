"""Names that differ between releases of the open metadata types: one table, one column per release (DESIGN § Types)."""

from dataclasses import dataclass

from omrs_schemas.errors import TypeDefNotSupportedError
from omrs_schemas.typedefs.system import TypeSystem


@dataclass(frozen=True, slots=True)
class TypeNames:
    """What connectors need to know of a release. Attribute names are empty where the release has none."""

    release: str
    asset_name: str  # the attribute of an Asset that holds its short name
    resource_name: str  # the attribute that holds the name of the resource itself
    file_extension: str
    capability_name: str  # the attribute of a SoftwareCapability that holds its short name
    asset_schema: str  # relationship: an asset and its schema type
    attribute_position: str  # where a column's position stands: "relationship" or "entity"
    confidentiality_level: str  # attribute of Confidentiality that takes a level number
    key_store_file: str
    asset_connection: str  # relationship: an asset and a connection to it
    connect_endpoint: str  # relationship: a connection and its endpoint
    endpoint_name: str  # the attribute of an Endpoint that holds its short name
    registration_stop: str  # attribute of RegisteredIntegrationConnector: when refreshes end
    registration_reports: str  # attribute of RegisteredIntegrationConnector: whether to report what was changed
    activity_report: str  # entity: what a connector did in one pass
    report_subject: str  # relationship: an element (end 1) and a report about it (end 2)


RELEASE_6 = TypeNames(
    release="6.x",
    asset_name="displayName",
    resource_name="resourceName",
    file_extension="fileExtension",
    capability_name="displayName",
    asset_schema="Schema",
    attribute_position="relationship",
    confidentiality_level="confidentialityLevel",
    key_store_file="KeyStoreFile",
    asset_connection="AssetConnection",
    connect_endpoint="ConnectToEndpoint",
    endpoint_name="displayName",
    registration_stop="connectorShutdownDate",
    registration_reports="generateConnectorActivityReports",
    activity_report="ConnectorActivityReport",
    report_subject="ReportSubject",
)
RELEASE_4 = TypeNames(
    release="4.x",
    asset_name="name",
    resource_name="",
    file_extension="",
    capability_name="name",
    asset_schema="AssetSchemaType",
    attribute_position="entity",
    confidentiality_level="levelIdentifier",
    key_store_file="KeystoreFile",
    asset_connection="ConnectionToAsset",
    connect_endpoint="ConnectionEndpoint",
    endpoint_name="name",
    registration_stop="stopTime",
    registration_reports="generateIntegrationReport",
    activity_report="IntegrationReport",
    report_subject="RelatedIntegrationReport",
)


def type_names(types: TypeSystem) -> TypeNames:
    """The table's column for a server's types, by the relationship that each release calls differently.

    Raises TypeDefNotSupportedError for types of which neither release is true.
    """
    for names in (RELEASE_6, RELEASE_4):
        if types.typedef_by_name(names.asset_schema) is not None:
            return names
    raise TypeDefNotSupportedError(
        "the server's types are neither of release 4.x nor of 6.x: it has neither Schema nor AssetSchemaType",
        help="load the open metadata types: `types: builtin`, or an OpenMetadataTypes archive",
    )
