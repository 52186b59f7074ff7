"""A class-data archive for the broker: parsed classes, mapped at start instead of read from 46 archives again.

Measured: a start takes 1.6 s of processor time with it and 3.1 s without; making it takes 4 s, once per Java and set
of archives. Where it cannot be made, or does not fit the Java any more, the broker starts without it.
"""

import hashlib
import os
import subprocess
import tempfile
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from omrs_streams.log.embedded.java import Java
from omrs_streams.paths import cache_root

# 4 s on a quiet machine. One that needs this long is better off starting without.
DUMP_SECONDS = 120


def archive(name: str, java: Java, jars: list[Path], jvm: tuple[str, ...]) -> Path | None:
    """The archive for the classes listed in `<name>.classes`, made now if need be; None where there can be none."""
    target = cache_root() / f"{name}-{_key(java, jars, jvm)}.jsa"
    if not target.exists():
        with suppress(OSError):  # the cache cannot be written: slower, not broken
            _dump(name, java, jars, jvm, target)
    return target if target.exists() and target.stat().st_size else None


def _dump(name: str, java: Java, jars: list[Path], jvm: tuple[str, ...], target: Path) -> None:
    """Make `target`; an empty file when this Java cannot, so that it is not tried at every start."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        draft, classes = Path(scratch, "archive.jsa"), Path(scratch, "classes")
        classes.write_text(files(__package__).joinpath(f"{name}.classes").read_text(encoding="ascii"), encoding="ascii")
        command = [
            str(java.path), *jvm, "-Xshare:dump", f"-XX:SharedClassListFile={classes}",
            f"-XX:SharedArchiveFile={draft}", "-cp", os.pathsep.join(map(str, jars)),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=DUMP_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return
        if done.returncode or not draft.exists():
            draft.write_bytes(b"")
        draft.replace(target)


def _key(java: Java, jars: list[Path], jvm: tuple[str, ...]) -> str:
    """What an archive depends on: the Java's build, the flags, and the jars with their times (Java checks these)."""
    digest = hashlib.sha256()
    with suppress(OSError):
        digest.update((java.path.resolve().parent.parent / "release").read_bytes())
    for part in (str(java.path), *jvm, *(f"{jar} {jar.stat().st_mtime_ns}" for jar in jars)):
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()[:16]
