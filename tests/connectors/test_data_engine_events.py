"""The Data Engine Proxy and an engine that tells by itself; and an engine that answers over HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from data_engine_held import ORDERS, READ, WRITE, Folder, Json, named, nightly, ties, trial_of

from omrs_connectors.builtin.data_engine.connector import DataEngineProxyConnector
from omrs_connectors.builtin.data_engine.sources import SETTLE_S
from omrs_connectors.kit import ConnectorKit, Trial
from omrs_connectors.runtime.status import ConnectorStatus
from workers import eventually

TOPIC = "etl.events"


def listening(kit: ConnectorKit) -> Trial:
    """A connector that knows the engine by its events only."""
    trial = kit.trial(DataEngineProxyConnector, options={"eventTopic": TOPIC, "engineId": "etl"})
    trial.refresh()
    return trial


def tell(trial: Trial, **content: object) -> None:
    trial.send(TOPIC, json.dumps({"engine": {"id": "etl"}, **content}))
    trial.deliver()


def step(number: int, **more: object) -> Json:
    return {"id": "read", "parent": "orders", "ports": [{"id": f"p{number}", "attributes": [{"id": "a"}]}], **more}


def test_an_event_wakes_a_refresh_where_definitions_can_be_read(kit: ConnectorKit, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "definitions")
    folder.put(nightly())
    trial = trial_of(kit, folder, options={"eventTopic": TOPIC})
    trial.refresh()
    folder.put({**nightly(), "dataStores": []})
    for _ in range(3):
        trial.send(TOPIC, b"whatever the engine says")
    assert trial.deliver() == 3
    assert len(trial.reports) == 2, "many events, one refresh"
    assert trial.report.counts()["deleted"] and not trial.report.counts()["created"]


def test_events_tell_all_about_the_processes_that_they_name(kit: ConnectorKit) -> None:
    trial = listening(kit)
    assert not trial.reports or not trial.report.changed
    whole = nightly()
    tell(trial, **{key: whole[key] for key in ("engine", "processes", "dataStores")})
    client = kit.client
    assert named(client, "DataEngine::etl").plain_properties["displayName"] == "Nightly ETL"
    assert ties(client, "ProcessHierarchy") == {(ORDERS, READ), (ORDERS, WRITE)}
    assert ties(client, "CapabilityAssetUse") == {("DataEngine::etl", each) for each in (ORDERS, READ, WRITE)}
    before = {name: named(client, f"DataEngine::etl::{name}").guid for name in (ORDERS, READ, WRITE)}
    held = kit.snapshot()
    changed = len(trial.reports)
    tell(trial, **{key: whole[key] for key in ("processes", "dataStores")})
    assert not held.difference(kit.snapshot()) and len(trial.reports) == changed, "the same event again"

    tell(trial, processes=[step(1, name="Read anew", lineage=[{"from": {"port": "p1"}, "to": {"process": "write"}}])])
    assert named(client, f"DataEngine::etl::{READ}").plain_properties["displayName"] == "Read anew"
    assert ties(client, "DataFlow") == {(f"{READ}::port::p1", WRITE)}
    assert ties(client, "ProcessPort") == {(ORDERS, f"{ORDERS}::port::in"), (READ, f"{READ}::port::p1")}
    assert ties(client, "ProcessHierarchy") == {(ORDERS, READ), (ORDERS, WRITE)}
    assert named(client, "DataEngine::etl").plain_properties["displayName"] == "Nightly ETL"
    assert named(client, "DataEngine::etl::dataStore::stage")

    tell(trial, processes=[{**step(1, id="extract", parent="orders"), "formerly": ["read"]}])
    assert named(client, "DataEngine::etl::process::extract").guid == before[READ]
    assert ties(client, "ProcessHierarchy") == {(ORDERS, "process::extract"), (ORDERS, WRITE)}
    assert not ties(client, "DataFlow")

    # What a process has inside is said by `processes`; where that is left out, it stays.
    tell(trial, processes=[{"id": "orders"}])
    assert ties(client, "ProcessHierarchy") == {(ORDERS, "process::extract"), (ORDERS, WRITE)}
    tell(trial, processes=[{"id": "orders", "processes": [{"id": "write"}]}])
    assert ties(client, "ProcessHierarchy") == {(ORDERS, WRITE)}
    assert named(client, f"DataEngine::etl::{WRITE}").guid == before[WRITE]
    assert before[READ] in trial.report.guids("deleted")


def test_what_events_say_is_gone(kit: ConnectorKit) -> None:
    trial = listening(kit)
    whole = nightly()
    tell(trial, processes=[*whole["processes"], {"id": "lonely"}, {"id": "orders2"}], dataStores=whole["dataStores"])
    tell(trial, removed={"processes": ["orders"], "dataStores": ["stage"]})
    trial.send(TOPIC, b"", key=b"lonely")
    trial.deliver()
    assert ties(kit.client, "CapabilityAssetUse") == {("DataEngine::etl", "process::orders2")}
    left = {str(each.plain_properties["qualifiedName"]) for each in kit.client.iter_entities("Referenceable")}
    assert left == {"DataEngine::etl", "DataEngine::etl::process::orders2"}


def test_events_of_others_and_events_that_are_none(kit: ConnectorKit) -> None:
    trial = listening(kit)
    trial.send(TOPIC, json.dumps({"engine": {"id": "other"}, "processes": [{"id": "a"}]}))
    trial.send(TOPIC, b"no event")
    trial.send(TOPIC, json.dumps({"lineage": [{"from": {"process": "a"}, "to": {"process": "b"}}]}))
    trial.send(TOPIC, json.dumps({"processes": [{"id": "b"}]}))
    trial.deliver()
    assert [type(each).__name__ for each in trial.failed_events] == ["CodecError", "CodecError"]
    assert ties(kit.client, "CapabilityAssetUse") == {("DataEngine::etl", "process::b")}


def test_killed_in_an_event_it_is_completed_when_it_comes_again(kit: ConnectorKit) -> None:
    other = kit.fresh()
    tell(listening(other), processes=nightly()["processes"])
    for writes in (0, 3, 11, 24):
        mine = kit.fresh()
        trial = listening(mine).die_after(writes=writes)
        trial.send(TOPIC, json.dumps({"processes": nightly()["processes"]}))
        trial.deliver(check=False)
        assert trial.died
        trial.restart().start()
        tell(trial, processes=nightly()["processes"])
        assert not other.snapshot().difference(mine.snapshot())


def test_without_an_engine_to_ask_or_to_listen_to(kit: ConnectorKit) -> None:
    trial = kit.trial(DataEngineProxyConnector, options={"eventTopic": TOPIC}).initialize()
    assert trial.status in (ConnectorStatus.INITIALIZE_FAILED, ConnectorStatus.CONFIG_FAILED)
    assert "eventTopic and engineId" in str(trial.failure)


# ---- over HTTP -----------------------------------------------------------------------------------------------------


@pytest.fixture
def engine() -> "Iterator[Engine]":
    made = Engine()
    yield made
    made.close()


class Engine:
    """Answers with its definitions in pages, to those who have the token."""

    def __init__(self) -> None:
        self.pages: list[Json] = []
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = int(self.path.rpartition("/")[2])
                known = self.headers.get("authorization") == "Bearer opensesame"
                page = engine.pages[number] if number < len(engine.pages) else {}
                more = {"next": str(number + 1)} if number + 1 < len(engine.pages) else {}
                body = json.dumps({**page, **more}).encode()
                self.send_response(200 if known and engine.pages else 503)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/definitions/0"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_pages_of_an_engines_api(kit: ConnectorKit, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRS_SECRET_ENGINE", "opensesame")
    engine.pages = [{"engine": {"id": "etl"}, "processes": [{"id": "a"}]}, {"processes": [{"id": "b", "parent": "a"}]}]
    connection = {
        "class": "VirtualConnection",
        "endpoint": {"networkAddress": engine.url},
        "embeddedConnections": [
            {"embeddedConnection": {"connectorType": {"connectorProviderClassName": "environment-secrets"}}}
        ],
    }
    trial = kit.trial(DataEngineProxyConnector, connection=connection, options={"tokenSecret": "engine"})
    assert trial.refresh().counters()["processes"] == 2
    assert ties(kit.client, "ProcessHierarchy") == {("process::a", "process::b")}
    pages, engine.pages = engine.pages, []
    assert not trial.refresh(check=False).changed
    assert "answered 503" in str(trial.failure)
    engine.pages = pages
    assert not trial.restart().refresh().changed


def test_a_file_that_is_still_being_written(kit: ConnectorKit, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "definitions")
    folder.put(nightly())
    trial = trial_of(kit, folder, options={"watch": True})
    trial.refresh()
    whole = json.dumps({**nightly(), "dataStores": []})
    file = folder.path / "engine.json"
    file.write_text(whole[:100])
    paused: list[float] = []

    def written_meanwhile(seconds: float) -> None:
        paused.append(seconds)
        file.write_text(whole)

    trial.connector._source._wait = written_meanwhile
    assert trial.refresh().counts()["deleted"]
    assert paused == [SETTLE_S]
    folder.put(nightly())
    eventually(lambda: trial.woken, "the folder wakes it", within=60)
