"""`omrs status` with real workers, with dead ones, with strangers at their address, and with none."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from topic_records import CODEC, PARTITIONS, World, entity, event, record
from typer.testing import CliRunner

from omrs_schemas.errors import ConfigurationError, LogError, OmrsError
from omrs_streams.cli import output
from omrs_streams.cli import status as status_command
from omrs_streams.cli.commands import _app_of
from omrs_streams.cli.status import folded, size, standing
from omrs_streams.cohort.registry_events import Registration, registration_event
from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import FOREVER, TopicSpec, ensure_topics
from workers import Fleet, Running, eventually, fleet, unique

pytestmark = pytest.mark.kafka


def status(kafka: str, *args: str) -> str:
    result = CliRunner().invoke(_app_of(status_command), [*args, "--bootstrap-servers", kafka])
    if isinstance(result.exception, OmrsError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def server_status(kafka: str, server: str) -> dict[str, Any]:
    (found,) = json.loads(status(kafka, "--server", server))["servers"]
    assert isinstance(found, dict)
    return found


def answered_status(kafka: str, server: str) -> dict[str, Any]:
    """The status when all workers have answered: one that is busy is silent for a while."""

    def answered() -> dict[str, Any] | None:
        found = server_status(kafka, server)
        return found if found["workers"] and all(each["alive"] for each in found["workers"]) else None

    return eventually(answered, "the workers answer")


@pytest.fixture
def world(kafka: Endpoint) -> Iterator[World]:
    """A server that nobody works for."""
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    producer = LogProducer(settings.producer("omrs.test"))
    yield World(settings, producer)
    producer.close()


@pytest.fixture
def workers(kafka: Endpoint, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as ours:
        yield ours


def test_a_server_with_its_worker_its_cohort_and_its_end(
    kafka: Endpoint, workers: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, cohort = unique("st"), unique("sc")
    running = workers.start(server, cohort=cohort)
    client = running.client()
    for number in range(5):
        client.add_entity("DataFile", {"qualifiedName": f"file {number}"})

    def settled() -> dict[str, Any] | None:
        found = answered_status(kafka.bootstrap_servers, server)
        lags = [each["lag"] for each in found["publishers"]]
        lags += [cohort[name] for cohort in found["cohorts"] for name in cohort if name.endswith("_lag")]
        lags += [each["lag"] for each in found["partitions"]]
        registered = [each["registered"] for cohort in found["cohorts"] for each in cohort["members"]]
        return found if len(found["publishers"]) == 2 and all(registered or [0]) and not any(lags) else None

    found = eventually(settled, "everything is folded, publishers and agents have passed everything")
    assert found["metadata_collection_id"] == running.ask("/status")["metadata_collection_id"]
    (worker,) = found["workers"]
    assert (worker["worker"], worker["url"], worker["alive"], worker["reason"]) == ("w1", running.url, True, "")
    assert worker["store_bytes"] == sum(each["store_bytes"] for each in found["partitions"]) > 0
    assert [each["partition"] for each in found["partitions"]] == worker["partitions"]
    assert {each["phase"] for each in found["partitions"]} == {"ready"}
    assert sum(each["entities"] for each in found["partitions"]) == 5
    assert sum(each["end_offset"] for each in found["partitions"]) == 5
    assert [each["lag"] for each in found["partitions"]] == [0] * len(found["partitions"])
    assert {each["target"] for each in found["publishers"]} == {"out", f"cohort.{cohort}"}
    ((member,),) = [each["members"] for each in found["cohorts"]]
    assert (member["server"], member["local"]) == (server, True)
    assert abs(member["registered"] / 1000 - time.time()) < 600
    assert found["dead_letters"] == 0

    words = ["alive", running.url, "ready", "all 5 records", cohort, "(this server)"]
    eventually(lambda: at_terminal(kafka, server, monkeypatch, words), "the worker has answered")
    poison(workers, kafka, server)
    eventually(lambda: server_status(kafka.bootstrap_servers, server)["dead_letters"] == 1, "a dead letter is counted")

    running.kill()
    found = server_status(kafka.bootstrap_servers, server)
    (worker,) = found["workers"]
    assert not worker["alive"]
    assert worker["reason"].startswith("does not answer: ")
    assert {each["phase"] for each in found["partitions"]} == {"worker w1 is down"}
    assert {each["lag"] for each in found["partitions"]} == {None}
    assert sum(each["end_offset"] for each in found["partitions"]) == 6
    assert len(found["cohorts"]) == 1
    words = ["does not answer", "worker w1 is down", "partitions is served"]
    assert at_terminal(kafka, server, monkeypatch, words)


def at_terminal(kafka: Endpoint, server: str, monkeypatch: pytest.MonkeyPatch, parts: list[str]) -> bool:
    """Whether the tables say all this; what they say instead is printed."""
    with monkeypatch.context() as patch:
        patch.setattr(output, "is_terminal", lambda: True)
        patch.setenv("COLUMNS", "200")
        text = status(kafka.bootstrap_servers, "--server", server)
    print(text)
    return all(part in text for part in [f"Server {server}", "Workers", "Partitions", *parts])


def poison(workers: Fleet, kafka: Endpoint, server: str) -> None:
    producer = LogProducer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).producer("omrs.test"))
    producer.send_and_wait([(names.server_log(server), 0, b"k", b"poison", [])])
    producer.close()


def test_a_cohort_that_was_left_is_still_shown(
    kafka: Endpoint, workers: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, cohort = unique("lv"), unique("lc")
    running = workers.start(server, cohort=cohort)

    def cohort_status() -> dict[str, Any]:
        (found,) = answered_status(kafka.bootstrap_servers, server)["cohorts"]
        assert isinstance(found, dict)
        return found

    eventually(lambda: cohort_status()["members"], "the server has registered")
    for command, wanted, members in (("disconnect", "DISCONNECTED", 1), ("unregister", "UNREGISTERED", 0)):
        answer = running.rest().get(f"/metadata-highway/cohorts/{cohort}/{command}").json()
        assert answer["flag"], answer
        found = cohort_status()
        assert (found["status"], found["wanted"], found["configured"]) == ("DISCONNECTED", wanted, True)
        assert len(found["members"]) == members
    words = [f"Cohort {cohort}", "DISCONNECTED, left for good; `omrs cohort join`", "· types "]
    eventually(lambda: at_terminal(kafka, server, monkeypatch, words), "the worker has answered")


def test_a_server_without_repository_is_behind_with_no_instances(
    kafka: Endpoint, workers: Fleet, tmp_path: Path
) -> None:
    server, peer, cohort = unique("no"), unique("pe"), unique("nc")
    config = tmp_path / "none.yaml"
    config.write_text(f"server: {server}\ncohorts: [{cohort}]\nrepository: none\n")
    workers.start(peer, cohort=cohort).client().add_entity("DataFile", {"qualifiedName": "f"})
    workers.start(server, config=config)
    (found,) = answered_status(kafka.bootstrap_servers, server)["cohorts"]
    assert (found["instances_lag"], found["configured"]) == (None, True)
    (found,) = answered_status(kafka.bootstrap_servers, peer)["cohorts"]
    assert found["instances_lag"] is not None


def test_a_worker_that_hangs_is_told_from_one_that_works(kafka: Endpoint, workers: Fleet) -> None:
    server = unique("hang")
    running: Running = workers.start(server)
    running.pause()
    try:
        (worker,) = server_status(kafka.bootstrap_servers, server)["workers"]
        assert not worker["alive"]
        assert "timed out" in worker["reason"]
    finally:
        running.wake()


def test_a_server_that_exists_as_topics_only(world: World) -> None:
    world.send(world.log, *(record(event("NEW", entity("DataFile", f"f{n}", "home"))) for n in range(3)))
    found = server_status(world.kafka.bootstrap_servers, world.server)
    assert (found["workers"], found["cohorts"], found["publishers"]) == ([], [], [])
    assert found["metadata_collection_id"] is None
    assert [each["phase"] for each in found["partitions"]] == ["never served"] * PARTITIONS
    assert sum(each["end_offset"] for each in found["partitions"]) == 3


class Stranger(BaseHTTPRequestHandler):
    answer = b"{}"
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def stranger() -> Iterator[Callable[[bytes], str]]:
    """A web server that answers every question with the given bytes; its URL."""
    opened: list[ThreadingHTTPServer] = []

    def start(answer: bytes) -> str:
        handler = type("Answering", (Stranger,), {"answer": answer})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        opened.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in opened:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b'{"server": "another", "worker": "w1"}', "another process answers"),
        (b"<html>", "does not answer"),
        (b"[]", "does not answer"),
        (b'"text"', "does not answer"),
    ],
)
def test_a_stranger_at_the_address_of_a_worker(
    world: World, stranger: Callable[[bytes], str], answer: bytes, reason: str
) -> None:
    owner = json.dumps({"worker": "w1", "url": stranger(answer)}).encode()
    world.raw((names.server_workers(world.server), 0, b"0", owner, []))
    found = server_status(world.kafka.bootstrap_servers, world.server)
    assert [each["alive"] for each in found["workers"]] == [False]
    assert reason in found["workers"][0]["reason"]
    assert [each["phase"] for each in found["partitions"]] == ["worker w1 is down", "never served"]


def test_a_partition_that_its_worker_does_not_have_any_more(world: World, stranger: Callable[[bytes], str]) -> None:
    said = {"server": world.server, "worker": "w1", "partitions": [], "reason": "the fold is stuck"}
    owner = json.dumps({"worker": "w1", "url": stranger(json.dumps(said).encode())}).encode()
    world.raw((names.server_workers(world.server), 0, b"1", owner, []))
    found = server_status(world.kafka.bootstrap_servers, world.server)
    assert (found["workers"][0]["alive"], found["workers"][0]["reason"]) == (False, "the fold is stuck")
    assert [each["phase"] for each in found["partitions"]] == ["never served", "not at w1 any more"]


def test_what_nobody_of_ours_wrote_is_left_out(world: World) -> None:
    known = registration_event("REGISTRATION_EVENT", Registration("peer", "Peer", time=5, organization="Org"), 1)
    cohorts = names.server_cohorts(world.server)
    world.raw(
        (names.server_workers(world.server), 0, b"zero", b"{}", []),
        (names.server_workers(world.server), 0, b"0", b"nonsense", []),
        (names.server_workers(world.server), 0, b"1", b"[1]", []),
        (cohorts, 0, b"identity", b"my-collection", []),
        (cohorts, 0, f"{world.cohort}/broken".encode(), b"\x00", []),
        (cohorts, 0, f"{world.cohort}/gone".encode(), b"x", []),
        (cohorts, 0, f"{world.cohort}/gone".encode(), None, []),
        (cohorts, 0, f"{world.cohort}/peer".encode(), CODEC.encode(known), []),
        (cohorts, 0, f"{world.cohort}/wanted".encode(), b"[]", []),
        (cohorts, 0, f"{world.cohort}/status".encode(), b'{"status": "CONNECTED"}', []),
    )
    found = server_status(world.kafka.bootstrap_servers, world.server)
    assert found["workers"] == []
    assert found["metadata_collection_id"] == "my-collection"
    assert found["cohorts"] == [
        {
            "cohort": world.cohort,
            "configured": None,
            "status": "CONNECTED",
            "wanted": "CONNECTED",
            "message": "",
            "members": [
                {
                    "metadata_collection_id": "peer",
                    "server": "Peer",
                    "organization": "Org",
                    "registered": 5,
                    "local": False,
                }
            ],
            "instances_lag": 0,
            "types_lag": 0,
            "registration_lag": 0,
        }
    ]


def test_daemons_are_listed_with_their_lag(world: World) -> None:
    daemon, out = unique("d"), names.server_out(world.server)
    group = names.daemon_group(daemon)
    reports, letters = names.daemon_reports(daemon), names.dead_letters(group)
    ensure_topics(world.kafka.librdkafka(), [TopicSpec(reports, 1, FOREVER), TopicSpec(letters, 1, FOREVER)])
    world.raw(*((out, 0, b"k", b"v", []) for _ in range(4)), (reports, 0, b"c", b"{}", []))
    consumer = Consumer(world.kafka.bulk_consumer(group))
    consumer.commit(offsets=[TopicPartition(out, 0, 1)], asynchronous=False)
    consumer.close()
    listed = json.loads(status(world.kafka.bootstrap_servers))["daemons"]
    assert {"daemon": daemon, "reports": 1, "lag": {world.server: 3}, "dead_letters": 0} in listed


def test_errors_name_what_there_is(world: World) -> None:
    with pytest.raises(ConfigurationError, match="there is no server nobody") as caught:
        status(world.kafka.bootstrap_servers, "--server", "nobody")
    assert world.server in caught.value.help
    with pytest.raises(LogError, match="Kafka does not answer"):
        status("127.0.0.1:1")


def test_words() -> None:
    cohort = {"status": "CONFIGURATION_ERROR", "wanted": "CONNECTED", "message": "why", "configured": False}
    assert standing(cohort, answered=True) == "CONFIGURATION_ERROR, not in the configuration any more, why"
    cohort |= {"wanted": "DISCONNECTED", "message": "", "configured": None, "status": "DISCONNECTED"}
    said = "DISCONNECTED, left for now; `omrs cohort join` connects it again, as last heard: no worker answers"
    assert standing(cohort, answered=False) == said
    ready = {"lag": 0, "end_offset": 4}
    assert folded([ready, ready]) == "all 8 records"
    assert folded([ready, {"lag": 3, "end_offset": 6}]) == "3 of 10 records to go"
    assert folded([{"lag": None, "end_offset": 6}]) == "none of 1 partitions is served"
    assert folded([ready, {"lag": None, "end_offset": 6}]) == "all 4 records; 1 of 2 partitions are not served"
    assert (size(None), size(2_048), size(3_500_000)) == (None, "2 kB", "3.5 MB")
