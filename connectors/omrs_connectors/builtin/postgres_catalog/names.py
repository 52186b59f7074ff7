"""What the mapping needs of a type release: one table, one column per release (DESIGN § Types by release)."""

from dataclasses import dataclass

from omrs_schemas.errors import TypeDefNotSupportedError
from omrs_schemas.typedefs.system import TypeSystem


@dataclass(frozen=True, slots=True)
class RelationalNames:
    """Attribute names are empty where the release has none."""

    release: str
    database: str  # type of the database
    data_set_content: str  # relationship: a schema and the database that has it
    database_first: bool  # whether the database is end 1 of that
    asset_schema: str  # relationship: an asset and its schema type
    asset_name: str  # attribute of an asset that holds its short name
    resource_name: str  # attribute of an asset that holds the name in the technology
    instance: str  # attribute of the database: the database server
    version: str  # attribute of the database: version of the database server
    key_name: str  # attribute of PrimaryKey and ForeignKey: name of the constraint
    position: str  # where a column's position stands: "relationship" or "entity"
    view: str  # classification of a view's table
    view_query: str  # its attribute with the query


RELEASE_6 = RelationalNames(
    release="6.x",
    database="RelationalDatabase",
    data_set_content="DataSetContent",
    database_first=False,
    asset_schema="Schema",
    asset_name="displayName",
    resource_name="resourceName",
    instance="databaseInstance",
    version="",
    key_name="displayName",
    position="relationship",
    view="CalculatedValue",
    view_query="formula",
)
RELEASE_4 = RelationalNames(
    release="4.x",
    database="Database",
    data_set_content="DataContentForDataSet",
    database_first=True,
    asset_schema="AssetSchemaType",
    asset_name="name",
    resource_name="",
    instance="instance",
    version="databaseVersion",
    key_name="name",
    position="entity",
    view="RelationalView",
    view_query="expression",
)


def relational_names(types: TypeSystem) -> RelationalNames:
    """The table's column for a server's types, by the relationship that each release calls differently.

    Raises TypeDefNotSupportedError for types of which neither release is true.
    """
    for names in (RELEASE_6, RELEASE_4):
        if types.typedef_by_name(names.data_set_content) is not None:
            return names
    raise TypeDefNotSupportedError(
        "the server's types are neither of release 4.x nor of 6.x: neither DataSetContent nor DataContentForDataSet",
        help="load the open metadata types: `types: builtin`, or an OpenMetadataTypes archive",
    )
