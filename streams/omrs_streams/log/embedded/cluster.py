"""Start, find, stop and wipe a Kafka of one node or three."""

import base64
import os
import shutil
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.log.embedded import diagnose, process, state
from omrs_streams.log.embedded.jars import Progress, fetch
from omrs_streams.log.embedded.java import find_java
from omrs_streams.log.embedded.ports import HOST, choose, is_free, is_open, require_free
from omrs_streams.log.embedded.settings import JVM, LOG4J, server_properties
from omrs_streams.log.embedded.shared_classes import archive
from omrs_streams.log.embedded.state import Cluster, Endpoint, Node

# A start takes 2–4 s; log recovery after a crash and a machine busy with other things may make it many times that.
START_SECONDS = 120
# Formatting takes 1.2 s.
FORMAT_SECONDS = 60
# A graceful stop of one node takes 0.5 s. The last of three cannot hand over its leaderships and would wait minutes.
STOP_SECONDS = 15
# Room for the broker's own files and a little data; a broker that runs out of disk stops hard.
LEAST_FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NodeStatus:
    number: int
    port: int
    running: bool
    pid: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """What is there: `bootstrap_servers` is "" while nothing runs; `bytes` is what the data folder takes on disk."""

    running: bool
    bootstrap_servers: str
    data_dir: str
    bytes: int
    nodes: tuple[NodeStatus, ...]


class EmbeddedKafka:
    """A cluster that lives in `data_dir` and outlives the process that starts it.

    `port`: of the first node (others follow it); 0 is the recorded one, or any that is free. `nodes`: 1, or 3 with
    replication factor 3. `progress` hears of the first download; `jvm_options` are added to the broker's.
    Methods raise EmbeddedKafkaError.
    """

    def __init__(self, data_dir: Path, port: int = 0, nodes: int = 1, *, progress: Progress | None = None) -> None:
        if nodes < 1 or nodes % 2 == 0:
            raise EmbeddedKafkaError(f"a cluster of {nodes} nodes has no majority", help="use 1 or 3 nodes")
        self.data_dir = data_dir.expanduser().absolute()
        self.port = port
        self.nodes = nodes
        self.progress = progress
        self.jvm_options: tuple[str, ...] = ()

    def up(self) -> Endpoint:
        """Start what is not running, wait until all nodes answer, and say where they are."""
        with state.locked(self.data_dir):
            cluster = state.load(self.data_dir)
            if cluster is not None:
                self._require_same(cluster)
                if len(cluster.live()) == len(cluster.nodes):
                    self._await_answer(cluster, [])
                    return cluster.endpoint(self.data_dir, reused=True)
            launcher = self._prepare()
            cluster = self._settle(cluster)
            with ThreadPoolExecutor(len(cluster.nodes)) as pool:
                list(pool.map(lambda node: self._format(launcher, cluster, node), cluster.nodes))
            self._launch(launcher, cluster, [node for node in cluster.nodes if not node.alive])
            return cluster.endpoint(self.data_dir)

    def down(self) -> bool:
        """Stop all nodes gracefully, the hard way after a deadline. False: nothing was running."""
        if state.load(self.data_dir) is None:
            return False
        with state.locked(self.data_dir):
            return self._stop_all()

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect, also while some nodes are down. Raises EmbeddedKafkaError when none is up."""
        endpoint = state.running(self.data_dir)
        if endpoint is None:
            raise EmbeddedKafkaError(f"no Kafka is running in {self.data_dir}", help="start it with `omrs kafka up`")
        return endpoint.bootstrap_servers

    def status(self) -> Status:
        """What runs and how large it is. Reads files only."""
        cluster = state.load(self.data_dir)
        nodes = cluster.nodes if cluster else []
        rows = [(node, node.alive) for node in nodes]
        any_alive = any(alive for _, alive in rows)
        return Status(
            running=any_alive,
            bootstrap_servers=cluster.bootstrap_servers if cluster and any_alive else "",
            data_dir=str(self.data_dir),
            bytes=_size_on_disk(self.data_dir),
            nodes=tuple(NodeStatus(node.number, node.port, alive, node.pid if alive else None) for node, alive in rows),
        )

    def wipe(self, *, force: bool = False) -> None:
        """Delete the cluster's files, nothing else in the folder. A running one is refused, or stopped with `force`."""
        if not self.data_dir.exists():
            return
        with state.locked(self.data_dir):
            if not force:
                self.require_stopped()
            elif self._is_alive():
                self._stop_all()
            try:
                for folder in self.data_dir.glob("node-*"):
                    shutil.rmtree(folder)
                for name in ("cluster.json", "lock"):
                    (self.data_dir / name).unlink(missing_ok=True)
            except OSError as error:
                raise state.not_writable(self.data_dir, error) from error
        if not any(self.data_dir.iterdir()):
            self.data_dir.rmdir()

    def require_stopped(self) -> None:
        """Raises EmbeddedKafkaError while a node runs."""
        if self._is_alive():
            raise EmbeddedKafkaError(
                f"the Kafka in {self.data_dir} is running",
                help="`omrs kafka down` first, or `omrs kafka wipe --yes` to stop and delete it",
            )

    def kill(self, node: int) -> None:
        """SIGKILL one node (from 1), as a crash would."""
        with state.locked(self.data_dir):
            cluster, chosen = self._node(node)
            if chosen.pid is not None and chosen.born is not None:
                process.kill(chosen.pid, chosen.born)
            chosen.pid = chosen.born = None
            cluster.save(self.data_dir)

    def stop(self, node: int) -> None:
        """Stop one node gracefully."""
        with state.locked(self.data_dir):
            cluster, chosen = self._node(node)
            self._terminate(cluster, [chosen])

    def start(self, node: int) -> Endpoint:
        """Start one node again, on the ports it had, and wait until all live nodes answer."""
        with state.locked(self.data_dir):
            cluster, chosen = self._node(node)
            if not chosen.alive:
                self._launch(self._prepare(), cluster, [chosen])
            return cluster.endpoint(self.data_dir)

    # -- what `up` consists of

    def _require_same(self, cluster: Cluster) -> None:
        if len(cluster.nodes) != self.nodes:
            raise EmbeddedKafkaError(
                f"{self.data_dir} holds a cluster of {len(cluster.nodes)} nodes, {self.nodes} were asked for",
                help=f"use --nodes {len(cluster.nodes)} or another --data-dir",
            )
        if self.port and cluster.live() and cluster.nodes[0].port != self.port:
            raise EmbeddedKafkaError(
                f"the Kafka in {self.data_dir} runs on port {cluster.nodes[0].port}, {self.port} was asked for",
                help="`omrs kafka down` first, or leave --port out",
            )

    def _prepare(self) -> list[str]:
        """Java and the class path as the head of a command; checks the disk before anything is written."""
        free = shutil.disk_usage(self.data_dir).free
        if free < LEAST_FREE_BYTES:
            raise state.disk_full(
                self.data_dir, f"{free // 2**20} MB free, {LEAST_FREE_BYTES // 2**20} MB needed to start Kafka"
            )
        java = find_java()
        jars = fetch("kafka", self.progress)
        classes = archive("kafka", java, jars, JVM)
        sharing = [f"-XX:SharedArchiveFile={classes}", "-Xshare:auto"] if classes else []
        return [str(java.path), *JVM, *sharing, *self.jvm_options, "-cp", os.pathsep.join(map(str, jars))]

    def _settle(self, cluster: Cluster | None) -> Cluster:
        """The recorded cluster or a new one, with ports that can be bound now, recorded."""
        if cluster is None:
            if old := sorted(self.data_dir.glob("node-*/data/*")):
                raise state.corrupt(self.data_dir, f"{old[0].parent} holds data but cluster.json is gone")
            cluster = Cluster(_new_cluster_id(), [Node(number + 1, 0, 0) for number in range(self.nodes)])
        if not cluster.live():
            taken = frozenset(self.port + number for number in range(self.nodes)) if self.port else frozenset[int]()
            as_before = cluster.nodes[0].port == self.port
            for number, node in enumerate(cluster.nodes):
                node.pid = node.born = None
                if self.port:
                    node.port = node.port if as_before else self.port + number
                    require_free(node.port)
                elif not node.port or not is_free(node.port):
                    [node.port] = choose(1, taken)
                taken |= {node.port}
                if not node.controller_port or node.controller_port in taken or not is_free(node.controller_port):
                    [node.controller_port] = choose(1, taken)
                taken |= {node.controller_port}
        try:
            cluster.save(self.data_dir)
        except OSError as error:
            raise state.not_writable(self.data_dir, error) from error
        return cluster

    def _format(self, launcher: list[str], cluster: Cluster, node: Node) -> None:
        """Write the node's configuration, and on its first start the identity files of its data folder."""
        folder, data = node.folder(self.data_dir), node.kafka_folder(self.data_dir)
        logs = folder / "logs"
        try:
            data.mkdir(parents=True, exist_ok=True)
            logs.mkdir(exist_ok=True)
            (folder / "server.properties").write_text(server_properties(cluster, node, self.data_dir), encoding="utf-8")
            (folder / "log4j2.properties").write_text(LOG4J.format(folder=logs), encoding="utf-8")
            formatted = _cluster_id_of(data)
            strays = any(data.iterdir())
        except OSError as error:
            raise state.not_writable(data, error) from error
        if formatted is not None:
            if formatted != cluster.cluster_id:
                raise state.corrupt(
                    self.data_dir,
                    f"{data / 'meta.properties'} belongs to cluster {formatted or '(unreadable)'}, "
                    f"{self.data_dir / 'cluster.json'} to {cluster.cluster_id}",
                )
            return
        if strays and (data / "__cluster_metadata-0").exists():
            # Formatting again would give the folder a new identity, and Kafka would drop the partitions in it.
            raise state.corrupt(self.data_dir, f"{data} holds data but its meta.properties is gone")
        command = [
            *launcher, f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
            "kafka.tools.StorageTool", "format",
            "--cluster-id", cluster.cluster_id, "--config", str(folder / "server.properties"), "--ignore-formatted",
        ]  # fmt: skip
        try:
            answer = subprocess.run(
                command, capture_output=True, text=True, timeout=FORMAT_SECONDS, env=_environment(), check=False
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedKafkaError(f"formatting {data} took longer than {FORMAT_SECONDS} s") from error
        if answer.returncode:
            raise diagnose.explain(node, self.data_dir, answer.stdout + answer.stderr, what="could not be formatted")

    def _launch(self, launcher: list[str], cluster: Cluster, nodes: list[Node]) -> None:
        """Start the nodes detached, record them at once, wait for all; on failure stop those started here."""
        started: list[tuple[Node, int]] = []
        try:
            for node in nodes:
                folder = node.folder(self.data_dir)
                log, output = folder / "logs" / "server.log", folder / "logs" / "output.log"
                output.write_bytes(b"")
                started.append((node, log.stat().st_size if log.exists() else 0))
                command = [
                    *launcher, f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
                    "kafka.Kafka", str(folder / "server.properties"),
                ]  # fmt: skip
                node.pid = process.spawn(command, _environment(), output)
                node.born = process.birth(node.pid)
                cluster.save(self.data_dir)
            self._await_answer(cluster, started)
        except OSError as error:
            self._terminate(cluster, nodes)
            raise state.not_writable(self.data_dir, error) from error
        except BaseException:
            self._terminate(cluster, nodes)
            raise

    def _await_answer(self, cluster: Cluster, started: list[tuple[Node, int]]) -> None:
        """Until every live node takes connections and the metadata lists them all. `started`: with log offsets."""
        deadline = time.monotonic() + START_SECONDS
        expected = {node.number for node in cluster.live()} | {node.number for node, _ in started}
        ports = [node.port for node in cluster.nodes if node.number in expected]
        seen: set[int] = set()
        while not expected <= seen:
            for node, offset in started:
                if not node.alive:
                    raise diagnose.explain(node, self.data_dir, self._said(node, offset), what="did not start")
            if time.monotonic() > deadline:
                slow, offset = next((row for row in started if row[0].number not in seen), (cluster.nodes[0], 0))
                what = f"does not answer after {START_SECONDS} s"
                raise diagnose.explain(slow, self.data_dir, self._said(slow, offset), what=what)
            if all(is_open(port) for port in ports):
                seen = _brokers_seen(ports)
            if not expected <= seen:
                time.sleep(process.POLL_SECONDS)

        for node, offset in started:
            if diagnose.metadata_lost(self._said(node, offset)):
                data = node.kafka_folder(self.data_dir)
                raise state.corrupt(self.data_dir, f"{data}/__cluster_metadata-0 is damaged: topics are lost (*-stray)")

    def _said(self, node: Node, offset: int) -> str:
        logs = node.folder(self.data_dir) / "logs"
        return diagnose.since(logs / "output.log", 0) + diagnose.since(logs / "server.log", offset)

    # -- stopping

    def _stop_all(self) -> bool:
        cluster = state.load(self.data_dir)
        live = cluster.live() if cluster else []
        if cluster is None or not live:
            return False
        self._terminate(cluster, live)
        return True

    def _terminate(self, cluster: Cluster, nodes: list[Node]) -> None:
        process.terminate([(n.pid, n.born) for n in nodes if n.pid is not None and n.born is not None], STOP_SECONDS)
        for node in nodes:
            node.pid = node.born = None
        with suppress(OSError):  # a full disk must not keep us from stopping; the old record names dead processes only
            cluster.save(self.data_dir)

    def _is_alive(self) -> bool:
        try:
            cluster = state.load(self.data_dir)
        except EmbeddedKafkaError:  # a broken record is a reason to wipe, not to refuse it
            return False
        return cluster is not None and bool(cluster.live())

    def _node(self, number: int) -> tuple[Cluster, Node]:
        cluster = state.load(self.data_dir)
        numbers = [node.number for node in cluster.nodes] if cluster else []
        if cluster is None or number not in numbers:
            raise EmbeddedKafkaError(f"{self.data_dir} has no node {number}", help=f"its nodes: {numbers or 'none'}")
        return cluster, cluster.nodes[numbers.index(number)]


def _brokers_seen(ports: list[int]) -> set[int]:
    """The node numbers that the cluster's metadata lists; empty while it cannot say."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    servers = ",".join(f"{HOST}:{port}" for port in ports)
    # Refused connections while it starts are expected: nothing of them on stderr.
    client = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    try:
        return set(client.list_topics(timeout=5).brokers)
    except KafkaException:
        return set()


def _new_cluster_id() -> str:
    """Kafka's form: 16 random bytes, base64url without padding, not starting with a dash (an option to its tools)."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _cluster_id_of(data: Path) -> str | None:
    """The cluster id in meta.properties; "" when the file says none; None when there is no file."""
    path = data / "meta.properties"
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition("=")[2].strip() for line in lines if line.startswith("cluster.id=")), "")


def _environment() -> dict[str, str]:
    """Ours without what would change the broker's class path or JVM; few malloc arenas keep its resident size down."""
    dropped = {"CLASSPATH", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"}
    return {**{k: v for k, v in os.environ.items() if k not in dropped}, "MALLOC_ARENA_MAX": "2"}


def _size_on_disk(folder: Path) -> int:
    """Bytes allocated: Kafka's index files are sparse, their length says nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_blocks * 512  # noqa: PTH116, PTH118
            except FileNotFoundError:  # the broker deletes segments while we look
                continue
    return total
