"""A real schema registry with Confluent's API: Apicurio Registry on the packaged Java, in memory, on loopback.

For tests of the Confluent framing and for those who want to try it; nothing of it is kept when it stops. The first
start downloads 159 MB.
"""

import os
import shutil
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.log.embedded import diagnose, process
from omrs_streams.log.embedded.jars import Progress, fetch, read_lock
from omrs_streams.log.embedded.java import find_java
from omrs_streams.log.embedded.ports import HOST, choose, require_free
from omrs_streams.paths import cache_root

# Apicurio 3.3 is compiled for Java 21.
OLDEST_JAVA = 21
# 5 s on a quiet machine; Quarkus starts many small services.
START_SECONDS = 120
STOP_SECONDS = 10
# One answer of a server that is up takes milliseconds, its first a second.
ANSWER_SECONDS = 10


class SchemaRegistry:
    """A registry on `port` (0: any free one), whose output goes to `registry.log` in `data_dir`.

    Methods raise EmbeddedKafkaError.
    """

    def __init__(self, data_dir: Path, port: int = 0, *, progress: Progress | None = None) -> None:
        self.data_dir = data_dir
        self.port = port
        self.progress = progress
        self._process: tuple[int, str] | None = None

    @property
    def url(self) -> str:
        """What clients of Confluent's registry are given."""
        return f"http://{HOST}:{self.port}/apis/ccompat/v7"

    def up(self) -> str:
        """Start it, wait until it answers, and return `url`."""
        java = find_java(OLDEST_JAVA)
        home = _unpacked(fetch("registry", self.progress)[0])
        if self.port:
            require_free(self.port)
        else:
            [self.port] = choose(1)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        log = self.data_dir / "registry.log"
        log.write_bytes(b"")
        options = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true")
        environment = {
            **os.environ,
            "QUARKUS_HTTP_HOST": HOST,
            "QUARKUS_HTTP_PORT": str(self.port),
            # The management interface would listen on every address, on a fixed port.
            "QUARKUS_MANAGEMENT_HOST": HOST,
            "QUARKUS_MANAGEMENT_PORT": "0",
        }
        pid = process.spawn([str(java.path), *options, "-jar", str(home / "quarkus-run.jar")], environment, log)
        self._process = (pid, process.birth(pid) or "")
        try:
            self._await_answer(log)
        except BaseException:
            self.down()
            raise
        return self.url

    def down(self) -> None:
        """Stop it; nothing happens when it is not running."""
        if self._process is not None:
            process.terminate([self._process], STOP_SECONDS)
            self._process = None

    def _await_answer(self, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"{self.url}/subjects"):
            dead = self._process is None or not process.is_ours(*self._process)
            if dead or time.monotonic() > deadline:
                what = "did not start" if dead else f"does not answer after {START_SECONDS} s"
                said = diagnose.tail(diagnose.since(log, 0))
                raise EmbeddedKafkaError(f"the schema registry {what}. The end of its log:\n{said}", path=str(log))
            time.sleep(process.POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - a URL of ours on loopback
            return bool(answer.status == 200)
    except urllib.error.HTTPError as refused:  # it listens but is not ready; the error holds the connection open
        refused.close()
        return False
    except OSError:
        return False


def _unpacked(archive: Path) -> Path:
    """The folder with the archive's content in the cache, unpacked on the first call."""
    home = cache_root() / f"registry-{read_lock('registry')[0].sha256[:16]}"
    if not home.exists():
        scratch = Path(tempfile.mkdtemp(dir=cache_root()))
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
            if not home.exists():  # somebody else may have been faster
                scratch.rename(home)
        except (OSError, tarfile.TarError) as error:
            raise EmbeddedKafkaError(
                f"{archive} cannot be unpacked into {cache_root()}: {error}",
                help="free some space (170 MB) or set OMRS_CACHE_DIR to a folder that can be written",
                path=str(archive),
            ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return home
