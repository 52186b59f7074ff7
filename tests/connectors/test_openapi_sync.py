"""The OpenAPI connector against a real metadata server, with documents from files and over HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from connector_passes import Passes, by_name, changes, plain

from omrs_connectors.builtin.openapi.connector import OpenAPIConnector
from omrs_schemas.errors import ConfigurationError, DeletionRefusedError, RepositoryError
from omrs_streams.client import Entity, MetadataClient
from omrs_streams.log.embedded import Endpoint
from shared_data import require_shared
from workers import Running, fleet, unique

pytestmark = pytest.mark.kafka

Content = dict[str, Any]


def document(*operations: str, title: str = "Pets", **more: Any) -> Content:
    """`GET /pets#listPets`: method, path, operationId."""
    paths: Content = {}
    for each in operations:
        method, _, rest = each.partition(" ")
        path, _, operation_id = rest.partition("#")
        schema = {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        }
        paths.setdefault(path, {})[method.lower()] = {
            "operationId": operation_id,
            "parameters": [
                {"name": "limit", "in": "query", "schema": {"type": "integer", "format": "int32"}},
                {"name": "X-Trace", "in": "header", "required": True, "schema": {"type": "string"}},
            ],
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}},
        }
    info = {"title": title, "version": "1.0"}
    return {"openapi": "3.0.3", "info": info, "servers": [{"url": "https://api.example.org"}], "paths": paths, **more}


class Held:
    """What the metadata server holds of one document."""

    def __init__(self, client: MetadataClient, address: str) -> None:
        self.client = client
        self.prefix = f"OpenAPI::{address}"

    def named(self, type_name: str) -> dict[str, Entity]:
        found = by_name(self.client, type_name, self.prefix)
        return {name.removeprefix(self.prefix).removeprefix("::"): entity for name, entity in found.items()}

    def guids(self) -> dict[str, str]:
        kinds = ("DeployedAPI", "SchemaElement", "Endpoint")
        return {name: entity.guid for kind in kinds for name, entity in self.named(kind).items()}

    def equals(self, content: Content) -> None:
        """Every operation and field once, each linked to what it belongs to."""
        (api,) = self.named("DeployedAPI").values()
        assert plain(api)["displayName"] == content["info"]["title"]
        assert plain(api)["versionIdentifier"] == content["info"]["version"]
        wanted = {f"{method.upper()} {path}" for path, item in content["paths"].items() for method in item}
        operations = self.named("APIOperation")
        assert set(operations) == wanted
        schema = self._second(api.guid, "Schema")
        assert self._seconds(schema, "APIOperations") == {entity.guid for entity in operations.values()}
        urls = {server["url"] for server in content["servers"]}
        assert {
            plain(self.client.get_entity(guid))["networkAddress"] for guid in self._seconds(api.guid, "APIEndpoint")
        } == urls
        lists, fields = self.named("APIParameterList"), self.named("APIParameter")
        assert len(lists) == 3 * len(wanted) and len(fields) == 4 * len(wanted)
        for name, entity in operations.items():
            assert (plain(entity)["command"], plain(entity)["path"]) == tuple(name.split(" "))
            for kind, below, expected in (
                ("APIHeader", "header", {"header::X-Trace"}),
                ("APIRequest", "request", {"query::limit"}),
                ("APIResponse", "response::200", {"body::name", "body::age"}),
            ):
                held = self._second(entity.guid, kind)
                assert held == lists[f"{name}::{below}"].guid
                assert self._seconds(held, "AttributeForSchema") == {
                    fields[f"{name}::{below}::{field}"].guid for field in expected
                }

    def _seconds(self, guid: str, type_name: str) -> set[str]:
        links = self.client.relationships_of(guid, type_name)
        ends = [link["entityTwoProxy"]["guid"] for link in links if link["entityOneProxy"]["guid"] == guid]
        assert len(ends) == len(set(ends))
        return set(ends)

    def _second(self, guid: str, type_name: str) -> str:
        (found,) = self._seconds(guid, type_name)
        return found


class Site:
    """Documents over HTTP; `status` other than 200 makes it refuse, `token` makes it ask for one."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.status = 200
        self.token = ""
        self._base = f"/{unique('site')}"
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                refused = site.token and self.headers.get("authorization") != f"Bearer {site.token}"
                status = 401 if refused else site.status
                body = site.documents.get(self.path.removeprefix(site._base), b"")
                self.send_response(status if body else 404)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Tests share a metadata server, and the system may hand out a port again.
        self.url = f"http://127.0.0.1:{self._server.server_port}{self._base}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def life(server: Running, address: str, client: MetadataClient | None = None, **properties: Any) -> Passes:
    config: Content = {"configurationProperties": properties}
    if address:
        config["endpoint"] = {"networkAddress": address}
    return Passes(OpenAPIConnector, server, config, client=client)


FIVE = tuple(f"GET /pets/{name}#get{name}" for name in "abcde")


def test_first_incremental_rename_and_delete(metadata_server: Running, client: MetadataClient, tmp_path: Path) -> None:
    path = tmp_path / "pets.yaml"
    content = document(*FIVE)
    path.write_text(yaml.safe_dump(content))
    held, connector = Held(client, str(path)), life(metadata_server, str(path))
    report = connector.refresh()
    held.equals(content)
    before = held.guids()
    assert set(before.values()) <= set(report.guids("created"))
    assert changes(report)[1:] == (0, 0)
    (api,) = held.named("DeployedAPI").values()
    assert report.by_anchor().keys() == {api.guid, *(entity.guid for entity in held.named("Endpoint").values())}
    assert changes(connector.refresh()) == changes(life(metadata_server, str(path)).refresh()) == (0, 0, 0)

    # One more operation, one with another field type, one under another path.
    content = document(*FIVE[:4], "GET /animals/e#gete", "POST /pets#add")
    content["paths"]["/pets/a"]["get"]["parameters"][0]["schema"] = {"type": "string"}
    path.write_text(yaml.safe_dump(content))
    report = connector.refresh()
    held.equals(content)
    after = held.guids()
    assert after["GET /animals/e"] == before["GET /pets/e"]
    assert after["GET /animals/e::response::200::body::name"] == before["GET /pets/e::response::200::body::name"]
    assert set(report.guids("updated")) == {
        before["GET /pets/a::request::query::limit"],
        *(guid for name, guid in before.items() if name.startswith("GET /pets/e")),
    }
    assert not report.guids("deleted")
    new = {guid for name, guid in after.items() if name.startswith("POST /pets")}
    assert new <= set(report.guids("created")) and len(report.guids("created")) == 2 * len(new)

    content = document(*FIVE[:3])
    path.write_text(json.dumps(content))
    report = connector.refresh()
    held.equals(content)
    gone = {guid for name, guid in after.items() if name.startswith(("GET /pets/d", "GET /animals/e", "POST /pets"))}
    assert set(report.guids("deleted")) == gone
    connector.end()


def test_what_others_wrote_stays(metadata_server: Running, client: MetadataClient, tmp_path: Path) -> None:
    path = tmp_path / "pets.json"
    path.write_text(json.dumps(document(*FIVE)))
    held, connector = Held(client, str(path)), life(metadata_server, str(path))
    connector.refresh()
    operation = held.named("APIOperation")["GET /pets/a"]
    client.update_entity_properties(operation.guid, {**plain(operation), "category": "ours"}, type_name="APIOperation")
    client.classify(operation.guid, "Confidentiality", {"confidentialityLevel": 3})
    assert changes(connector.refresh()) == (0, 0, 0)
    # What the document says is put right again, and what was taken away comes back.
    client.update_entity_properties(
        operation.guid, {**plain(operation), "category": "ours", "displayName": "wrong"}, type_name="APIOperation"
    )
    client.delete_entity(held.guids()["GET /pets/b"])
    connector.refresh()
    held.equals(document(*FIVE))
    found = held.named("APIOperation")["GET /pets/a"]
    assert (plain(found)["category"], plain(found)["displayName"]) == ("ours", "GET /pets/a")
    assert [each["name"] for each in found["classifications"] if each["name"] == "Confidentiality"]
    connector.end()


def test_a_folder_of_documents(metadata_server: Running, client: MetadataClient, tmp_path: Path) -> None:
    folder = tmp_path / "apis"
    folder.mkdir()
    contents = {name: document(*FIVE, title=name) for name in ("one", "two", "three")}
    for name, content in contents.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    (folder / "values.yaml").write_text("nothing: of that kind")
    connector = life(metadata_server, str(folder))
    assert connector.refresh().counters()["documents"] == 3
    before = {name: Held(client, f"{folder}/{name}.yaml").guids() for name in contents}

    # A file is renamed, one is broken, one changes.
    (folder / "one.yaml").rename(folder / "uno.yaml")
    (folder / "two.yaml").write_text("openapi: [")
    contents["three"]["info"]["version"] = "2.0"
    (folder / "three.yaml").write_text(yaml.safe_dump(contents["three"]))
    with pytest.raises(Exception, match=r"two\.yaml is neither JSON nor YAML"):
        connector.refresh()
    uno = Held(client, f"{folder}/uno.yaml")
    uno.equals(contents["one"])
    assert uno.guids() == before["one"]
    Held(client, f"{folder}/two.yaml").equals(contents["two"])
    Held(client, f"{folder}/three.yaml").equals(contents["three"])

    (folder / "two.yaml").write_text(yaml.safe_dump(contents["two"]))
    assert changes(connector.refresh()) == (0, 0, 0)
    (folder / "two.yaml").unlink()
    report = connector.refresh()
    assert set(report.guids("deleted")) == set(before["two"].values())
    assert not Held(client, f"{folder}/two.yaml").guids()
    for name in ("uno", "three"):
        (folder / f"{name}.yaml").unlink()
    with pytest.raises(DeletionRefusedError, match="would delete 2 of 2 APIs"):
        connector.refresh()
    uno.equals(contents["one"])
    connector.end()


def test_a_url_that_goes_away_and_comes_back(metadata_server: Running, client: MetadataClient, site: Site) -> None:
    address, content = f"{site.url}/pets.json", document(*FIVE)
    site.documents["/pets.json"] = json.dumps(content).encode()
    held, connector = Held(client, address), life(metadata_server, address)
    connector.refresh()
    held.equals(content)
    before = held.guids()
    site.status = 503
    with pytest.raises(RepositoryError, match="answered 503"):
        connector.refresh()
    site.status = 200
    site.documents["/pets.json"] = b"{}"
    with pytest.raises(Exception, match="no OpenAPI document"):
        connector.refresh()
    site.documents["/pets.json"] = json.dumps(content | {"paths": {}}).encode()
    with pytest.raises(DeletionRefusedError, match="would delete 5 of 5 operations"):
        connector.refresh()
    assert held.guids() == before
    site.documents["/pets.json"] = json.dumps(content).encode()
    assert changes(connector.refresh()) == (0, 0, 0)
    site.close()
    with pytest.raises(RepositoryError, match="cannot be read"):
        connector.refresh()
    assert held.guids() == before
    connector.end()


def test_a_token_goes_to_the_configured_host_only(metadata_server: Running, client: MetadataClient, site: Site) -> None:
    other = Site()
    site.token, other.token = "s3cret", "s3cret"
    content = document(*FIVE)
    content["paths"]["/pets/a"]["get"]["parameters"][0] = {"$ref": f"{other.url}/shared.json#/limit"}
    site.documents["/pets.json"] = json.dumps(content).encode()
    other.documents["/shared.json"] = json.dumps(
        {"limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}}
    ).encode()
    address = f"{site.url}/pets.json"
    config = {
        "connection": {
            "class": "Connection",
            "connectorType": {"class": "ConnectorType", "connectorProviderClassName": "openapi"},
            "endpoint": {"class": "Endpoint", "address": address},
            "configurationProperties": {"tokenSecret": "token"},
            "securedProperties": {"token": "s3cret"},
        }
    }
    connector = Passes(OpenAPIConnector, metadata_server, config)
    try:
        with pytest.raises(RepositoryError, match="answered 401"):
            connector.refresh()
        other.token = ""
        connector.refresh()
        Held(client, address).equals(document(*FIVE))
    finally:
        other.close()
    with pytest.raises(RepositoryError, match="answered 401"):
        life(metadata_server, address).refresh()
    connector.end()


@pytest.mark.parametrize("writes", [1, 2, 5, 20, 45, 60, 80])
def test_killed_in_the_middle_the_next_life_completes_it(
    metadata_server: Running, client: MetadataClient, tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pets.json"
    content = document(*FIVE)
    path.write_text(json.dumps(content))
    left = writes

    def dies(context: Any, action: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt(action)

    first = life(metadata_server, str(path))
    with monkeypatch.context() as patch:
        patch.setattr(type(first.context), "_may_write", dies)
        with pytest.raises(KeyboardInterrupt):
            first.refresh()
    first.end()
    second = life(metadata_server, str(path))
    second.refresh()
    Held(client, str(path)).equals(content)
    assert changes(second.refresh()) == (0, 0, 0)
    second.end()


def test_catalog_targets_name_documents(metadata_server: Running, client: MetadataClient, site: Site) -> None:
    site.documents["/pets.json"] = json.dumps(document(*FIVE)).encode()
    address = f"{site.url}/pets.json"
    endpoint = client.add_entity("Endpoint", {"qualifiedName": f"Given::{address}", "networkAddress": address}).guid
    group = client.add_entity("IntegrationGroup", {"qualifiedName": f"Group::{address}"}).guid
    connector = client.add_entity("IntegrationConnector", {"qualifiedName": f"Connector::{address}"}).guid
    registered = client.add_relationship("RegisteredIntegrationConnector", group, connector).guid
    client.add_relationship("CatalogTarget", connector, endpoint, {"catalogTargetName": "pets"})
    passes = Passes(OpenAPIConnector, metadata_server, {"connectorId": registered})
    passes.refresh()
    Held(client, address).equals(document(*FIVE))
    passes.end()


def test_release_4_has_the_same_apis(kafka: Endpoint, tmp_path: Path) -> None:
    types = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    path = tmp_path / "pets.json"
    path.write_text(json.dumps(document(*FIVE)))
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as workers:
        server = workers.start(unique("four"), types=str(types))
        with MetadataClient(server.url, server.server, "erinoverview") as client:
            connector = life(server, str(path), client)
            connector.refresh()
            held = Held(client, str(path))
            assert len(held.named("APIOperation")) == 5
            field = held.named("APIParameter")["GET /pets/a::response::200::body::age"]
            assert (plain(field)["position"], plain(field)["parameterType"]) == (1, "body")
            assert changes(connector.refresh()) == (0, 0, 0)
            connector.end()


@pytest.mark.parametrize(
    ("address", "properties", "said"),
    [("", {}, "has no documents"), ("/x.yaml", {"maxField": 3}, "is maxFields meant")],
)
def test_wrong_configurations_name_the_key(
    metadata_server: Running, address: str, properties: Content, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        life(metadata_server, address, **properties).refresh()
