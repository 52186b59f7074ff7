"""Writes the locks and class lists: `python -m omrs_streams.log.embedded.lock`. After changing a version below.

jgo's resolver walks the POMs in pure Python; what it finds is downloaded once and written with digest and size. The
class list is what a broker loads while it starts, takes records, serves a group and stops.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from omrs_streams.log.embedded.cluster import EmbeddedKafka
from omrs_streams.log.embedded.jars import PARALLEL_DOWNLOADS, maven_context, sha256_of

KAFKA = "4.1.2"
REGISTRY = "3.3.3"
ROOTS = {
    "kafka": (
        f"org.apache.kafka:kafka_2.13:{KAFKA}",
        # The broker logs through slf4j 1.7 and brings log4j 2.24 without a binding between the two. The "!" keeps its
        # POM's dependency management from overriding Kafka's own versions.
        "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!",
    ),
    # A whole application in one archive: nothing to resolve.
    "registry": (f"io.apicurio:apicurio-registry-app:{REGISTRY}:all:tar.gz",),
}


def resolve(name: str, repo_cache: Path) -> list[str]:
    """Coordinates of everything the roots of `name` need at run time, sorted after the roots, in class path order."""
    return [coordinate for coordinate, _ in _resolved(name, repo_cache)]


def write(name: str, target: Path) -> int:
    """Resolve, download and write `<name>.lock` into the folder `target`; the number of archives."""
    with tempfile.TemporaryDirectory() as scratch:
        found = _resolved(name, Path(scratch))
        with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
            paths = list(pool.map(lambda row: Path(row[1].resolve()), found))
        lines = [
            f"{coordinate} {sha256_of(path)} {path.stat().st_size}"
            for (coordinate, _), path in zip(found, paths, strict=True)
        ]
    head = f"# {' '.join(root.rstrip('!') for root in ROOTS[name])}: coordinate, SHA-256, bytes. Written by lock.py."
    (target / f"{name}.lock").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return len(lines)


def write_classes(target: Path) -> int:
    """Run a broker, note the classes it loads in `kafka.classes` in the folder `target`; their number."""
    with tempfile.TemporaryDirectory() as scratch:
        loaded = Path(scratch, "loaded")
        broker = EmbeddedKafka(Path(scratch, "kafka"))
        broker.jvm_options = (f"-XX:DumpLoadedClassList={loaded}",)
        try:
            _exercise(broker.up().bootstrap_servers)
        finally:
            broker.wipe(force=True)
        # Names only: the numbers behind them and the @lines (lambdas) belong to one Java release.
        lines = {line.split()[0] for line in loaded.read_text(encoding="utf-8").splitlines() if line[:1] not in "@#"}
    (target / "kafka.classes").write_text("\n".join(sorted(lines)) + "\n", encoding="ascii")
    return len(lines)


def _exercise(servers: str) -> None:
    from confluent_kafka import Consumer, Producer
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic("exercise", 2, 1, config={"cleanup.policy": "compact"})])["exercise"].result(30)
    for codec in ("none", "lz4", "zstd"):
        producer = Producer({"bootstrap.servers": servers, "compression.type": codec, "enable.idempotence": True})
        producer.produce("exercise", b"value" * 1000, key=codec, headers={"a": b"b"})
        producer.flush(30)
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "exercise", "auto.offset.reset": "earliest"})
    consumer.subscribe(["exercise"])
    read = 0
    while read < 3:
        read += len(consumer.consume(3, 1))
    consumer.commit(asynchronous=False)
    consumer.close()
    admin.delete_topics(["exercise"])["exercise"].result(30)


def _resolved(name: str, repo_cache: Path) -> list[tuple[str, Any]]:
    context = maven_context(repo_cache)
    if name == "registry":
        group, artifact, version, classifier, packaging = ROOTS[name][0].split(":")
        archive = context.project(group, artifact).at_version(version).artifact(classifier, packaging)
        return [(ROOTS[name][0], archive)]
    inputs, transitive = context.resolver.resolve([context.create_dependency(root) for root in ROOTS[name]])
    rows = sorted([(_coordinate(dependency), dependency.artifact) for dependency in transitive], key=lambda row: row[0])
    return [(_coordinate(dependency), dependency.artifact) for dependency in inputs] + rows


def _coordinate(dependency: Any) -> str:
    base = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
    plain = not dependency.classifier and dependency.type == "jar"
    return base if plain else f"{base}:{dependency.classifier}:{dependency.type}"


if __name__ == "__main__":
    here = Path(__file__).parent
    for wanted in sorted(ROOTS):
        sys.stdout.write(f"{wanted}.lock: {write(wanted, here)} archives\n")
    sys.stdout.write(f"kafka.classes: {write_classes(here)} classes\n")
