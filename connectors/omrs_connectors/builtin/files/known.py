"""What the metadata server holds of the tree already: read once, kept up to date by what the connector does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omrs_connectors.builtin.files.schema import Column
from omrs_connectors.sdk import TypeNames
from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient, starts_with

Bean = dict[str, Any]


@dataclass(slots=True)
class KnownColumn:
    """A column entity; `link` is its AttributeForSchema relationship."""

    guid: str
    type_name: str
    data_type: str
    position: int
    link: str | None = None

    def shows(self, column: Column) -> bool:
        return self.link is not None and (self.data_type, self.position) == (column.data_type, column.position)


@dataclass(slots=True)
class KnownFile:
    """A file entity with what hangs on it. `declared` is how many columns it was catalogued with."""

    guid: str
    type_name: str
    size: int
    modified: int
    declared: int = 0
    linked: bool = False
    schema: str | None = None
    schema_type: str = ""
    schema_linked: bool = False
    columns: dict[str, KnownColumn] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing that a crash could have left out."""
        if not self.linked or len(self.columns) != self.declared:
            return False
        if not self.declared:
            return True
        return self.schema_linked and all(column.link for column in self.columns.values())


@dataclass(slots=True)
class KnownFolder:
    guid: str
    linked: bool = False


@dataclass(slots=True)
class Known:
    """Everything by absolute path. Entries of one path are only touched by the job of that path."""

    folders: dict[str, KnownFolder] = field(default_factory=dict)
    files: dict[str, KnownFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Naming:
    """Qualified names of everything below one prefix, and the way back to the path."""

    prefix: str

    def folder(self, path: str) -> str:
        return f"{self.prefix}FileFolder::{path}"

    def file(self, path: str) -> str:
        return f"{self.prefix}DataFile::{path}"

    def schema(self, path: str) -> str:
        return f"{self.file(path)}::schema"

    def column(self, path: str, column: str) -> str:
        return f"{self.file(path)}::column::{column}"


def load_known(client: MetadataClient, names: TypeNames, naming: Naming, root: str, page_size: int) -> Known:
    """Finds the catalogued tree below `root`: one paged find per kind of element, and per kind of link if there is any.

    `root` is absolute without a trailing slash.
    """
    known = Known()
    by_guid: dict[str, KnownFolder | KnownFile] = {}

    def below(kind: str, type_name: str) -> Iterator[tuple[str, Bean, Bean]]:
        """path (or what follows the kind's prefix), entity, its properties"""
        prefix = f"{naming.prefix}{kind}::"
        pattern = starts_with(prefix + root)
        for entity in client.iter_entities(type_name, {"qualifiedName": pattern}, page_size=page_size):
            properties = from_properties(entity.get("properties"))
            rest = str(properties["qualifiedName"])[len(prefix) :]
            if rest == root or rest.startswith((f"{root.rstrip('/')}/", f"{root}::")):
                yield rest, entity, properties

    for path, entity, _ in below("FileFolder", "FileFolder"):
        known.folders[path] = KnownFolder(entity["guid"])
        by_guid[entity["guid"]] = known.folders[path]
    for path, entity, properties in below("DataFile", "DataFile"):
        known.files[path] = by_guid[entity["guid"]] = _file(entity, properties)
    if not by_guid:
        return known
    for type_name in ("FolderHierarchy", "NestedFile"):
        for link in client.iter_relationships(type_name, page_size=page_size):
            child = by_guid.get(link["entityTwoProxy"]["guid"])
            if child is not None:
                child.linked = True
    if any(file.declared for file in known.files.values()):
        _load_schemas(client, names, known, list(below("DataFile", "SchemaElement")), page_size)
    return known


def _file(entity: Bean, properties: Bean) -> KnownFile:
    facts = properties.get("additionalProperties") or {}
    return KnownFile(
        entity["guid"],
        entity["type"]["typeDefName"],
        _number(facts.get("sizeInBytes")),
        _number(properties.get("storeUpdateTime")),
        max(_number(facts.get("columns")), 0),
    )


def _load_schemas(
    client: MetadataClient, names: TypeNames, known: Known, elements: list[tuple[str, Bean, Bean]], page_size: int
) -> None:
    """Hangs schema types and columns on their files, then the links between them."""
    files_by_schema: dict[str, KnownFile] = {}
    columns: dict[str, KnownColumn] = {}
    for rest, entity, properties in elements:
        path, _, column = rest.partition("::column::")
        if not column:
            path = rest.removesuffix("::schema")
        file = known.files.get(path)
        if file is None:
            continue
        guid, type_name = entity["guid"], entity["type"]["typeDefName"]
        if column:
            position = _number(properties.get("position")) if names.attribute_position == "entity" else -1
            columns[guid] = file.columns[column] = KnownColumn(guid, type_name, _data_type(entity), position)
        else:
            file.schema, file.schema_type = guid, type_name
            files_by_schema[guid] = file
    for link in client.iter_relationships(names.asset_schema, page_size=page_size):
        linked = files_by_schema.get(link["entityTwoProxy"]["guid"])
        if linked is not None:
            linked.schema_linked = True
    for link in client.iter_relationships("AttributeForSchema", page_size=page_size):
        known_column = columns.get(link["entityTwoProxy"]["guid"])
        if known_column is not None:
            known_column.link = link["guid"]
            if names.attribute_position == "relationship":
                known_column.position = _number(from_properties(link.get("properties")).get("position"))


def _data_type(entity: Bean) -> str:
    for classification in entity.get("classifications") or []:
        if classification["name"] == "TypeEmbeddedAttribute":
            return str(from_properties(classification.get("properties")).get("dataType", ""))
    return ""


def _number(value: Any) -> int:
    """A stored number, or -1, which never equals a real one: then the element is brought up to date."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return -1
