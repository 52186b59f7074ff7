"""Definitions of a data engine for tests, and what a metadata server holds of it."""

import json
from pathlib import Path
from typing import Any

from omrs_connectors.builtin.data_engine.connector import DataEngineProxyConnector
from omrs_connectors.kit import ConnectorKit, Trial
from omrs_streams.client import Entity, MetadataClient

Json = dict[str, Any]


def nightly() -> Json:
    """An engine with a job of two steps, between a table that others catalogue and a data store of its own."""
    fields = [{"id": "f1", "name": "id", "dataType": "int"}, {"id": "f2", "name": "amount", "dataType": "decimal"}]
    return {
        "engine": {"id": "etl", "name": "Nightly ETL", "type": "Acme Flow", "version": "7"},
        "processes": [
            {
                "id": "orders",
                "name": "Load orders",
                "ports": [
                    {"id": "in", "type": "INPUT_PORT", "delegatesTo": {"process": "read", "port": "in"}},
                ],
                "processes": [
                    {
                        "id": "read",
                        "name": "Read",
                        "ports": [
                            {"id": "in", "type": "INPUT_PORT", "attributes": fields},
                            {"id": "out", "type": "OUTPUT_PORT", "attributes": fields},
                        ],
                        "lineage": [
                            {"from": {"qualifiedName": "shop.orders"}, "to": {"port": "in"}},
                            {
                                "id": "rounded",
                                "from": {"port": "in", "attribute": "f2"},
                                "to": {"port": "out", "attribute": "f2"},
                                "formula": "round(amount)",
                            },
                        ],
                    },
                    {"id": "write", "name": "Write", "formula": "INSERT", "formulaType": "SQL"},
                ],
            },
        ],
        "dataStores": [{"id": "stage", "name": "Staging", "attributes": fields}],
        "lineage": [
            {"from": {"process": "read", "port": "out"}, "to": {"process": "write"}},
            {"from": {"process": "write"}, "to": {"dataStore": "stage"}},
            {"from": {"process": "read"}, "to": {"process": "write"}, "type": "ControlFlow", "guard": "read.ok"},
        ],
    }


class Folder:
    """An engine's definitions in files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)

    def put(self, content: Json, name: str = "engine.json") -> None:
        part = self.path / f"{name}.part"
        part.write_text(json.dumps(content))
        part.replace(self.path / name)


def trial_of(kit: ConnectorKit, folder: Folder, **more: Any) -> Trial:
    options = {"watch": False, **more.pop("options", {})}
    return kit.trial(DataEngineProxyConnector, endpoint={"networkAddress": str(folder.path)}, options=options, **more)


def named(client: MetadataClient, name: str) -> Entity:
    found = client.find_by_unique_name("Referenceable", "qualifiedName", name)
    assert found is not None, name
    return found


def ties(client: MetadataClient, type_name: str) -> set[tuple[str, str]]:
    """By the qualified names of their ends, without the engine's."""

    def name(proxy: Json) -> str:
        whole = str(client.get_entity(proxy["guid"]).plain_properties["qualifiedName"])
        return whole.removeprefix("DataEngine::etl::")

    return {
        (name(each["entityOneProxy"]), name(each["entityTwoProxy"])) for each in client.iter_relationships(type_name)
    }


READ, WRITE, ORDERS = "process::read", "process::write", "process::orders"
