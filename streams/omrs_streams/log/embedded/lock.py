"""Writes the locks: `python -m omrs_streams.log.embedded.lock kafka`. For maintainers, after changing a version below.

jgo's resolver walks the POMs in pure Python; what it finds is downloaded once and written with digest and size.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from omrs_streams.log.embedded.jars import PARALLEL_DOWNLOADS, maven_context, sha256_of

KAFKA = "4.1.2"
ROOTS = {
    "kafka": (
        f"org.apache.kafka:kafka_2.13:{KAFKA}",
        # The broker logs through slf4j 1.7 and brings log4j 2.24 without a binding between the two. The "!" keeps its
        # POM's dependency management from overriding Kafka's own versions.
        "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!",
    ),
}


def resolve(name: str, repo_cache: Path) -> list[str]:
    """Coordinates of everything the roots of `name` need at run time, sorted after the roots, in class path order."""
    return [coordinate for coordinate, _ in _resolved(name, repo_cache)]


def write(name: str, target: Path) -> int:
    """Resolve, download and write `<name>.lock` into the folder `target`; the number of archives."""
    with tempfile.TemporaryDirectory() as scratch:
        found = _resolved(name, Path(scratch))
        with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
            paths = list(pool.map(lambda row: Path(row[1].artifact.resolve()), found))
        lines = [
            f"{coordinate} {sha256_of(path)} {path.stat().st_size}"
            for (coordinate, _), path in zip(found, paths, strict=True)
        ]
    head = f"# {' '.join(root.rstrip('!') for root in ROOTS[name])}: coordinate, SHA-256, bytes. Written by lock.py."
    (target / f"{name}.lock").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return len(lines)


def _resolved(name: str, repo_cache: Path) -> list[tuple[str, Any]]:
    context = maven_context(repo_cache)
    inputs, transitive = context.resolver.resolve([context.create_dependency(root) for root in ROOTS[name]])
    rows = [(_coordinate(dependency), dependency) for dependency in transitive]
    return [(_coordinate(dependency), dependency) for dependency in inputs] + sorted(rows, key=lambda row: row[0])


def _coordinate(dependency: Any) -> str:
    base = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
    plain = not dependency.classifier and dependency.type == "jar"
    return base if plain else f"{base}:{dependency.classifier}:{dependency.type}"


if __name__ == "__main__":
    for wanted in sys.argv[1:] or sorted(ROOTS):
        count = write(wanted, Path(__file__).parent)
        sys.stdout.write(f"{wanted}.lock: {count} archives\n")
