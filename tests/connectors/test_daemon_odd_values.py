"""What people and connectors say that no topic and no JSON can hold: it is refused or spelled out, and nobody else
hears of it."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from confluent_kafka import Producer
from daemons import CALL_S, Daemon, Daemons

from omrs_connectors.runtime.commands import MAX_CHANGES
from workers import eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults]


def connector(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"connectorName": name, "connectorProviderClass": f"misbehaving:{kind}", **more}


def change(daemon: Daemon, body: bytes, what: str = "configuration", method: str = "PATCH") -> int:
    url = f"{daemon.url}/api/v1/connectors/good/{what}"
    headers = {"content-type": "application/json"}
    return httpx.request(method, url, content=body, headers=headers, timeout=CALL_S, trust_env=False).status_code


@pytest.fixture
def daemon(daemons: Daemons, tmp_path: Path) -> Daemon:
    good = connector("good", "Punctual", endpoint={"networkAddress": str(tmp_path / "good")})
    odd = connector("odd", "Unspeakable", configurationProperties={"big": 10**30})
    started = daemons.start(unique("odd"), good, odd, partitions=2)
    started.wait("both were refreshed", lambda all_: all(each["statistics"]["passes"] for each in all_.values()))
    return started


def test_names_that_are_no_utf8_leave_status_and_reports_readable(daemon: Daemon) -> None:
    found = daemon.reports()
    assert found["odd"]["connectorStatus"] == "FAILED"
    assert r"caf\udce9.csv" in found["odd"]["failingExceptionMessage"]
    assert found["good"]["connectorStatus"] == "RUNNING"
    [report] = eventually(lambda: daemon.activity("odd"), "its report is published")
    assert report["messages"] == [r"odd: caf\udce9.csv"]


def test_changes_that_cannot_be_kept_are_refused(daemon: Daemon) -> None:
    assert change(daemon, b'{"properties": {"a": %d}}' % 10**30) == 422
    assert change(daemon, b'{"properties": {"a": "\\ud800"}}') == 422
    assert change(daemon, orjson.dumps({"properties": {"a": "x" * MAX_CHANGES}})) == 422
    assert change(daemon, b'{"properties": {"password": "hunter2"}}') == 422
    assert change(daemon, b'{"properties": {"passwordSecret": "warehouse"}}') == 202
    assert change(daemon, b'{"networkAddress": "db://erin:hunter2@host/db"}', "endpoint", "PUT") == 422
    assert change(daemon, b'{"connectorType": 7}', "connection", "PUT") == 422
    daemon.stop()
    assert "hunter2" not in str(daemon.published(f"omrs.daemon.{daemon.name}.state"))


def test_changes_that_add_up_to_too_much_are_dead_letters(daemon: Daemon) -> None:
    part = "x" * (MAX_CHANGES // 2)
    for name in ("a", "b", "c"):
        assert change(daemon, orjson.dumps({"properties": {name: part}})) == 202
    letters = f"omrs.daemon.{daemon.name}.dlq"
    eventually(lambda: len(daemon.published(letters)) == 2, "what did not fit is a dead letter")
    assert daemon.refresh("good")["connectorStatus"] == "RUNNING"


def test_records_of_others_do_not_end_a_worker(daemon: Daemon) -> None:
    producer = Producer({"bootstrap.servers": daemon.bootstrap_servers})
    for key, value in [
        (b"connector/good", b"[1]"),
        (b"connector/good", b'"text"'),
        (b"worker/w9", b"7"),
        (b"partition/x", b"{}"),
        (b"\xff", b"\xff"),
        (None, b"{}"),
    ]:
        producer.produce(f"omrs.daemon.{daemon.name}.state", value, key)
    for kind, body in [
        ("configuration", {"properties": [1]}),
        ("endpoint", {"networkAddress": {"a": 1}}),
        ("connection", {"connection": 7}),
        ("connection", {"connection": {"connectorType": 7}}),
    ]:
        said = {"id": str(uuid4()), "kind": kind, "user": "erin", "time": 1, "body": body}
        producer.produce(f"omrs.daemon.{daemon.name}.commands", orjson.dumps(said), b"good")
    producer.flush()
    letters = f"omrs.daemon.{daemon.name}.dlq"
    eventually(lambda: len(daemon.published(letters)) == 4, "what is no command is a dead letter")
    assert daemon.refresh("good")["connectorStatus"] == "RUNNING"
