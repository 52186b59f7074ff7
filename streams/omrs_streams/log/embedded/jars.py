"""The locked Java archives: which ones, whether they are here, and fetching those that are not.

A lock names every archive by its exact Maven coordinate, SHA-256 and size, so what runs is what was tested. Archives
lie flat in `<cache>/jars`; where all of them are present with the locked size nothing touches the network.
Downloads go through jgo's Maven context (its repositories and mirrors as configured in jgo's own settings file),
into a staging folder, and are moved into place only when their digest is right: an interrupted download leaves
nothing that could be mistaken for an archive.
"""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.paths import cache_root

# Eight at a time: most archives are small, so round trips and not bandwidth decide (7 s for 44 MB, 20 s one by one).
PARALLEL_DOWNLOADS = 8
# An archive arrives in pieces, whatever its size: a repository that is silent this long is not there.
TIMEOUT_SECONDS = 30
# A dropped connection is common on a first download over a poor line; three tries get over it.
ATTEMPTS = 3
PAUSE_SECONDS = 1.0

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) as archives arrive; first with (0, total)."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One archive of a lock: `group:artifact:version[:classifier:packaging]`, hex SHA-256, size in bytes."""

    coordinate: str
    sha256: str
    size: int

    @property
    def parts(self) -> tuple[str, str, str, str, str]:
        """Group, artifact, version, classifier ("" for none), packaging."""
        group, artifact, version, *rest = self.coordinate.split(":")
        classifier, packaging = rest if rest else ("", "jar")
        return group, artifact, version, classifier, packaging

    @property
    def filename(self) -> str:
        _, artifact, version, classifier, packaging = self.parts
        return f"{artifact}-{version}{'-' + classifier if classifier else ''}.{packaging}"


def read_lock(name: str) -> list[Locked]:
    """The archives of the lock `<name>.lock` beside this module, in class path order."""
    text = files(__package__).joinpath(f"{name}.lock").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return [Locked(coordinate, sha256, int(size)) for coordinate, sha256, size in rows]


def jar_folder() -> Path:
    return cache_root() / "jars"


def missing(lock: Iterable[Locked]) -> list[Locked]:
    """Those of the lock that are not in the cache with the right size."""
    folder = jar_folder()
    return [jar for jar in lock if not _has(folder / jar.filename, jar.size)]


def fetch(name: str, progress: Progress | None = None) -> list[Path]:
    """Paths of all archives of the lock `name`, downloading what is missing.

    Raises EmbeddedKafkaError when the repository cannot be reached, an archive is not what the lock says, or the
    cache cannot be written.
    """
    lock = read_lock(name)
    absent = missing(lock)
    if absent:
        try:
            _download(absent, progress)
        except OSError as error:
            raise EmbeddedKafkaError(
                f"the archive cache {jar_folder()} cannot be written: {error}",
                help="free some space or set OMRS_CACHE_DIR to a folder that can be written",
                path=str(jar_folder()),
            ) from error
    return [jar_folder() / jar.filename for jar in lock]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _has(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _download(absent: list[Locked], progress: Progress | None) -> None:
    folder = jar_folder()
    folder.mkdir(parents=True, exist_ok=True)
    total = sum(jar.size for jar in absent)
    done = 0
    if progress:
        progress(0, total)
    staging = Path(tempfile.mkdtemp(prefix="staging-", dir=folder))
    try:
        context = maven_context(staging)
        with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
            pending = {pool.submit(_fetch_one, context, jar, folder): jar for jar in absent}
            try:
                for future in as_completed(pending):
                    future.result()
                    done += pending[future].size
                    if progress:
                        progress(done, total)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def maven_context(repo_cache: Path) -> Any:
    """jgo's Maven context over `repo_cache`: pure Python, no Java and no Maven needed."""
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    configured = GlobalSettings.load().repositories
    return MavenContext(repo_cache=repo_cache, remote_repos=configured or None, timeout=TIMEOUT_SECONDS)


def _fetch_one(context: Any, jar: Locked, folder: Path) -> None:
    import requests

    group, artifact, version, classifier, packaging = jar.parts
    remote = context.project(group, artifact).at_version(version).artifact(classifier, packaging)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            path = Path(remote.resolve())
        except requests.RequestException as error:
            _discard(remote)
            if attempt == ATTEMPTS:
                raise EmbeddedKafkaError(
                    f"{jar.coordinate} could not be downloaded from {_hosts(context)}: {_reason(error)}",
                    help="the first start needs the network once; later starts need none. "
                    "Behind a mirror: name it in the [repositories] section of jgo's settings file",
                    artifact=jar.coordinate,
                ) from error
            time.sleep(PAUSE_SECONDS)
        except RuntimeError as error:  # jgo: no repository has it
            raise EmbeddedKafkaError(
                f"{jar.coordinate} is in none of the repositories {_hosts(context)}",
                help="check the [repositories] section of jgo's settings file",
                artifact=jar.coordinate,
            ) from error
        else:
            if (found := sha256_of(path)) == jar.sha256:
                path.replace(folder / jar.filename)
                return
            _discard(remote)
            if attempt == ATTEMPTS:
                raise EmbeddedKafkaError(
                    f"{jar.coordinate} arrived with SHA-256 {found}, locked is {jar.sha256}",
                    help="a proxy or mirror delivers something else; check it and try again",
                    artifact=jar.coordinate,
                )


def _discard(remote: Any) -> None:
    with suppress(OSError):
        Path(remote.cached_path).unlink()


def _hosts(context: Any) -> str:
    return ", ".join(context.remote_repos.values())


def _reason(error: Exception) -> str:
    """The innermost cause in one line: the outer ones repeat the URL three times."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return f"{type(inner).__name__}: {str(inner) or error}".splitlines()[0]
