"""`PersonalDataConnector`: reacts to columns and files that appear at a metadata server."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar

from omrs_connectors.builtin.personal_data.findings import SOURCE, classification_of, merged
from omrs_connectors.builtin.personal_data.words import personal_kind
from omrs_connectors.sdk import ENTITY_CHANGES, RELATIONSHIP_CHANGES, ConnectorOptions, IntegrationConnector
from omrs_schemas.errors import EntityNotKnownError, EntityProxyOnlyError
from omrs_schemas.model.values import from_properties

log = logging.getLogger(__name__)

Bean = dict[str, Any]

CLASSIFICATION = "Confidentiality"
DATA_FILES = ("CSVFile", "AvroFile", "ParquetFile", "JSONFile", "SpreadsheetFile")
"""Types whose own names are looked at: a source file called email.py holds no addresses."""

MAX_DEPTH = 10  # nested attributes climbed from a column to its schema
REMEMBERED = 100_000  # names of columns kept between their own event and that of their link; about 20 MB


class PersonalDataConnector(IntegrationConnector):
    """Gives a file the Confidentiality classification when the names of its columns, or its own, look personal.

    Listens to columns, files and the links between them; a refresh goes over everything that is catalogued, so nothing
    is missed. A classification that somebody else made is left alone; findings are only ever added, never withdrawn.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = ConnectorOptions

    def initialize(self) -> None:
        self._names_of: dict[str, str] = {}
        self._files_of: dict[str, str] = {}
        self._level = self.context.names.confidentiality_level

    def start(self) -> None:
        types = self.context.types
        self._data_files = [name for name in DATA_FILES if types.typedef_by_name(name) is not None]
        self._schema_link = self.context.names.asset_schema
        self.context.register_listener(self.on_column, types=["SchemaAttribute"], kinds=ENTITY_CHANGES)
        self.context.register_listener(self.on_file, types=self._data_files, kinds=ENTITY_CHANGES)
        self.context.register_listener(
            self.on_link,
            types=["AttributeForSchema", "NestedSchemaAttribute", self._schema_link],
            kinds=RELATIONSHIP_CHANGES,
        )

    def refresh(self) -> None:
        """Goes over every column and file, page by page, and classifies what is not classified yet."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        client, report = self.context.client, self.context.report
        for column in client.iter_entities("SchemaAttribute", page_size=self.context.max_page_size):
            if self.context.stopping.is_set():
                return
            report.count("columnsSeen")
            name = _name(column)
            kind = personal_kind(name)
            if kind is not None:
                report.count("columnsPersonal")
                file = self._files_of.get(column["guid"]) or self._file_of_column(column["guid"])
                if file is not None:
                    self._files_of[column["guid"]] = file
                    found[file][name] = kind
        for type_name in self._data_files:
            for entity in client.iter_entities(type_name, page_size=self.context.max_page_size):
                report.count("filesSeen")
                name, kind = _file_finding(entity)
                if kind is not None:
                    found[entity["guid"]][name] = kind
        for file, findings in found.items():
            if self.context.stopping.is_set():
                return
            self._mark(file, findings)

    def on_column(self, event: Bean) -> None:
        """A column is new or changed: classify its file, if it hangs on one already."""
        column = _instance(event, "entity")
        if column is None:
            return
        name = _name(column)
        self._remember(column["guid"], name)
        kind = personal_kind(name)
        if kind is not None:
            file = self._file_of_column(column["guid"])
            if file is not None:
                self._mark(file, {name: kind})

    def on_file(self, event: Bean) -> None:
        """A data file is new or changed: look at its own name."""
        entity = _instance(event, "entity")
        if entity is not None:
            name, kind = _file_finding(entity)
            if kind is not None:
                self._mark(entity["guid"], {name: kind})

    def on_link(self, event: Bean) -> None:
        """A column was hung on a schema, or a schema on a file: only now the way from column to file may be whole."""
        link = _instance(event, "relationship")
        if link is None:
            return
        end1, end2 = link["entityOneProxy"]["guid"], link["entityTwoProxy"]["guid"]
        if link["type"]["typeDefName"] == self._schema_link:
            self._on_schema(end1, end2)
            return
        name = self._column_name(end2)
        kind = personal_kind(name) if name else None
        if name and kind is not None:
            file = self._file_of_column(end2)
            if file is not None:
                self._mark(file, {name: kind})

    def _on_schema(self, file: str, schema: str) -> None:
        """A schema with its columns was hung on a file as a whole."""
        found: dict[str, str] = {}
        for link in self._links(schema, "AttributeForSchema"):
            if link["entityOneProxy"]["guid"] == schema:
                name = self._column_name(link["entityTwoProxy"]["guid"])
                kind = personal_kind(name) if name else None
                if name and kind is not None:
                    found[name] = kind
        if found:
            self._mark(file, found)

    def _column_name(self, guid: str) -> str | None:
        """A column's name, from its own event if that came by, else from the server; None when it is gone."""
        name = self._names_of.get(guid)
        if name is None:
            try:
                name = _name(self.context.client.get_entity(guid))
            except (EntityNotKnownError, EntityProxyOnlyError):
                return None
            self._remember(guid, name)
        return name

    def _remember(self, guid: str, name: str) -> None:
        if len(self._names_of) >= REMEMBERED:
            self._names_of.pop(next(iter(self._names_of)))
        self._names_of[guid] = name

    def _file_of_column(self, column: str) -> str | None:
        """Climbs from a column over its parent columns and its schema to the asset; None where a link is missing."""
        for _ in range(MAX_DEPTH):
            for link in self._links(column, "AttributeForSchema"):
                if link["entityTwoProxy"]["guid"] == column:
                    return self._asset_of_schema(link["entityOneProxy"]["guid"])
            parents = [
                link["entityOneProxy"]["guid"]
                for link in self._links(column, "NestedSchemaAttribute")
                if link["entityTwoProxy"]["guid"] == column
            ]
            if not parents:
                return None
            column = parents[0]
        return None

    def _asset_of_schema(self, schema: str) -> str | None:
        for link in self._links(schema, self._schema_link):
            if link["entityTwoProxy"]["guid"] == schema:
                return str(link["entityOneProxy"]["guid"])
        return None

    def _links(self, guid: str, type_name: str) -> Sequence[Bean]:
        try:
            return self.context.client.relationships_of(guid, type_name)
        except (EntityNotKnownError, EntityProxyOnlyError):
            return []  # deleted since: nothing hangs on it any more

    def _mark(self, file: str, found: dict[str, str]) -> None:
        """Classifies a file, or adds to our own classification; leaves other assets and other people's alone."""
        try:
            entity = self.context.client.get_entity(file)
        except (EntityNotKnownError, EntityProxyOnlyError):
            return
        if not self.context.types.is_type_of(entity["type"]["typeDefName"], "DataFile"):
            self.context.report.count("notAFile")
            return
        existing = classification_of(entity, CLASSIFICATION)
        properties = from_properties(existing.get("properties")) if existing else {}
        if existing and properties.get("source") != SOURCE:
            self.context.report.count("classifiedByOthers")
            return
        changed = merged(properties, found, self._level)
        if changed is None:
            return
        if existing:
            self.context.reclassify(file, CLASSIFICATION, changed)
        else:
            self.context.classify(file, CLASSIFICATION, changed)
            self.context.report.count("filesClassified")
            log.debug("%s: %s", _name(entity), changed["notes"])


def _instance(event: Bean, part: str) -> Bean | None:
    instance = (event.get("instanceEventSection") or {}).get(part)
    return instance if isinstance(instance, dict) and instance.get("status") != "DELETED" else None


def _name(entity: Bean) -> str:
    """The short name of an element, as the release of its type calls it; empty when it has none."""
    properties = from_properties(entity.get("properties"))
    for attribute in ("displayName", "name", "fileName"):
        if properties.get(attribute):
            return str(properties[attribute])
    return ""


def _file_finding(entity: Bean) -> tuple[str, str | None]:
    name = _name(entity)
    stem = name.rpartition(".")[0] or name
    return f"file name {name}", personal_kind(stem)
