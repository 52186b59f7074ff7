"""What the metadata server holds of the tree already: read once, kept up to date by what the connector does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omrs_connectors.builtin.files.schema import Column
from omrs_connectors.sdk import TypeNames
from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient, starts_with

Bean = dict[str, Any]

MEMENTO = "Memento"
"""The classification of an element whose resource is gone, kept for those who still refer to it."""

INODE = "inode"
"""The additional property that lets a moved file or folder be known again after a restart."""


@dataclass(slots=True)
class KnownColumn:
    """A column entity; `link` is its AttributeForSchema relationship; `named`: its qualified name fits its file."""

    guid: str
    type_name: str
    data_type: str
    position: int
    link: str | None = None
    named: bool = True

    def shows(self, column: Column) -> bool:
        linked = self.link is not None
        return linked and self.named and (self.data_type, self.position) == (column.data_type, column.position)


@dataclass(slots=True)
class KnownFile:
    """A file entity with what hangs on it. `declared` is how many columns it was catalogued with.

    `parents`: the relationship to each folder of the tree that it hangs on, by the folder's guid; `inode` 0: not known;
    `named`: its qualified name fits its path; `archived`: it has vanished and was kept as a memento.
    """

    guid: str
    type_name: str
    size: int
    modified: int
    declared: int = 0
    inode: int = 0
    named: bool = True
    archived: bool = False
    schema: str | None = None
    schema_type: str = ""
    schema_linked: bool = False
    schema_named: bool = True
    parents: dict[str, str] = field(default_factory=dict)
    columns: dict[str, KnownColumn] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing that a crash, a move or a return left to do."""
        if not self.named or self.archived or len(self.columns) != self.declared:
            return False
        if not self.declared:
            return True
        columns = all(column.link and column.named for column in self.columns.values())
        return self.schema_linked and self.schema_named and columns

    def misname(self) -> None:
        """The file has moved: every qualified name below it has to follow."""
        self.named = self.schema_named = False
        for column in self.columns.values():
            column.named = False


@dataclass(slots=True)
class KnownFolder:
    """As `KnownFile`. `given`: the folder is another's (a catalog target): never changed and never deleted."""

    guid: str
    inode: int = 0
    named: bool = True
    archived: bool = False
    given: bool = False
    parents: dict[str, str] = field(default_factory=dict)


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


def load_known(
    client: MetadataClient, names: TypeNames, naming: Naming, root: str, page_size: int, target: str | None = None
) -> Known:
    """Finds the catalogued tree below `root`: one paged find per kind of element, and per kind of link if there is any.

    `root` is absolute without a trailing slash; `target` is the guid of its folder where that is given.
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

    for path, entity, properties in below("FileFolder", "FileFolder"):
        known.folders[path] = KnownFolder(entity["guid"], _inode(properties), archived=_is_memento(entity))
    if target is not None:
        known.folders[root] = KnownFolder(target, given=True)
    by_guid.update((folder.guid, folder) for folder in known.folders.values())
    for path, entity, properties in below("DataFile", "DataFile"):
        known.files[path] = by_guid[entity["guid"]] = _file(entity, properties)
    if not by_guid:
        return known
    for type_name in ("FolderHierarchy", "NestedFile"):
        for link in client.iter_relationships(type_name, page_size=page_size):
            child = by_guid.get(link["entityTwoProxy"]["guid"])
            parent = link["entityOneProxy"]["guid"]
            if child is not None and parent in by_guid:
                child.parents[parent] = link["guid"]
    if any(file.declared for file in known.files.values()):
        _Schemas(known, names).load(client, list(below("DataFile", "SchemaElement")), page_size)
    return known


def _file(entity: Bean, properties: Bean) -> KnownFile:
    facts = properties.get("additionalProperties") or {}
    return KnownFile(
        entity["guid"],
        entity["type"]["typeDefName"],
        _number(facts.get("sizeInBytes")),
        _number(properties.get("storeUpdateTime")),
        max(_number(facts.get("columns")), 0),
        _inode(properties),
        archived=_is_memento(entity),
    )


class _Schemas:
    """Hangs schema types and columns on their files: by name, or by link where a move was cut short."""

    def __init__(self, known: Known, names: TypeNames) -> None:
        self._known = known
        self._names = names
        self._by_guid = {file.guid: file for file in known.files.values()}
        self._by_schema: dict[str, KnownFile] = {}
        self._columns: dict[str, KnownColumn] = {}
        self._strays: dict[str, tuple[str, Bean, Bean]] = {}

    def load(self, client: MetadataClient, elements: list[tuple[str, Bean, Bean]], page_size: int) -> None:
        for rest, entity, properties in elements:
            path, _, column = rest.partition("::column::")
            file = self._known.files.get(path if column else rest.removesuffix("::schema"))
            if file is None:
                self._strays[entity["guid"]] = column, entity, properties
            elif column:
                self._take_column(file, column, entity, properties)
            else:
                self._take_schema(file, entity)
        for link in client.iter_relationships(self._names.asset_schema, page_size=page_size):
            asset, schema = link["entityOneProxy"]["guid"], link["entityTwoProxy"]["guid"]
            file = self._by_guid.get(asset)
            if schema in self._strays and file is not None and file.schema is None:
                self._take_schema(file, self._strays[schema][1], named=False)
            if schema in self._by_schema:
                self._by_schema[schema].schema_linked = True
        for link in client.iter_relationships("AttributeForSchema", page_size=page_size):
            self._take_column_link(link)

    def _take_schema(self, file: KnownFile, entity: Bean, *, named: bool = True) -> None:
        file.schema, file.schema_type, file.schema_named = entity["guid"], entity["type"]["typeDefName"], named
        self._by_schema[entity["guid"]] = file

    def _take_column(
        self, file: KnownFile, name: str, entity: Bean, properties: Bean, *, named: bool = True
    ) -> KnownColumn:
        position = _number(properties.get("position")) if self._names.attribute_position == "entity" else -1
        guid, type_name = entity["guid"], entity["type"]["typeDefName"]
        column = KnownColumn(guid, type_name, _data_type(entity), position, named=named)
        self._columns[guid] = file.columns[name] = column
        return column

    def _take_column_link(self, link: Bean) -> None:
        schema, guid = link["entityOneProxy"]["guid"], link["entityTwoProxy"]["guid"]
        column, file = self._columns.get(guid), self._by_schema.get(schema)
        if column is None and file is not None and guid in self._strays:
            name, entity, properties = self._strays[guid]
            if name and name not in file.columns:
                column = self._take_column(file, name, entity, properties, named=False)
        if column is not None:
            column.link = link["guid"]
            if self._names.attribute_position == "relationship":
                column.position = _number(from_properties(link.get("properties")).get("position"))


def _is_memento(entity: Bean) -> bool:
    return any(each["name"] == MEMENTO for each in entity.get("classifications") or ())


def _inode(properties: Bean) -> int:
    return max(_number((properties.get("additionalProperties") or {}).get(INODE)), 0)


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
