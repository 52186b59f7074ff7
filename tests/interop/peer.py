"""A real Egeria 4.2 cohort member as a process: built once from `egeria/`, started, stopped, killed, started again."""

import fcntl
import hashlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import KafkaException, NewTopic
from member import Member

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.embedded.ports import choose
from omrs_streams.paths import cache_root
from workers import eventually

PROJECT = Path(__file__).parent / "egeria"
MAIN = "interop.CohortMember"
TOPIC_ROOT = "egeria.omag"

BUILD_S = 600.0  # everything from Maven's repository on a slow line; 40 s on a good one, 4 s where the jars are there
START_S = 120.0  # 6 s on a quiet machine
STOP_S = 30.0  # SIGTERM to exit: it closes its consumers, which poll once a second

# C1 only and the serial collector: the process lives for a minute, so a quick start counts more than a fast loop.
JVM = ("-Xmx768m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
QUIET = ("-Dlogging.level.root=WARN", "-Dlogging.level.org.apache.kafka=ERROR", "-Dspring.main.banner-mode=off")


def require_java() -> tuple[str, str]:
    """Paths of `mvn` and `java`; skips the test, saying what is missing, on a machine without a Java 17 and Maven."""
    missing = [name for name in ("mvn", "java", "javac") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"a real Egeria needs Maven and a Java 17 JDK; not on PATH: {', '.join(missing)}")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    number = said.partition('"')[2].partition(".")[0]
    if not number.isdigit() or int(number) < 17:
        pytest.skip(f"a real Egeria needs Java 17 or later, here is: {said.splitlines()[0]}")
    return str(shutil.which("mvn")), str(shutil.which("java"))


def build() -> Path:
    """The folder with `classes/` and `dependency/*.jar`, built when the project in `egeria/` is new or has changed.

    It lies in the cache (`OMRS_CACHE_DIR`), named after the project's content; a file lock keeps two test processes
    from building at the same time.
    """
    return built(PROJECT, "egeria-member", "compile")


def built(project: Path, kind: str, *goals: str) -> Path:
    """The folder that Maven's `goals` and the copying of the jars filled; as for `build`."""
    maven, _ = require_java()
    sources = sorted(path for path in project.rglob("*") if path.suffix in (".xml", ".java"))
    name = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = cache_root() / kind / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            command = [*goals, "dependency:copy-dependencies", "-DincludeScope=runtime"]
            run([maven, "-q", "-B", "-f", str(project / "pom.xml"), f"-Doutput={folder}", *command])
            (folder / "built").touch()
    return folder


def run(argv: list[str]) -> None:
    """A command of the build; the test fails with what it said."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_S)
    if done.returncode:
        pytest.fail(f"{' '.join(argv)}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")


def class_path() -> str:
    """The member and all that it needs, as Java takes it; built if it must be."""
    folder = build()
    return f"{folder / 'classes'}:{folder / 'dependency'}/*"


def topics(cohort: str) -> list[str]:
    """Egeria's three topics of a cohort (OMRS events § 2)."""
    whole = f"{TOPIC_ROOT}.openmetadata.repositoryservices.cohort.{cohort}.OMRSTopic"
    return [f"{whole}.{part}" for part in ("registration", "types", "instances")]


def create_topics(bootstrap_servers: str, cohort: str) -> None:
    """What a broker with auto-creation does for an Egeria member: one partition each."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    for topic, created in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics(cohort)]).items():
        try:
            created.result(30)
        except KafkaException as error:
            if "exists" not in str(error):
                raise AssertionError(f"{topic}: {error}") from error


class EgeriaPeer:
    """One Egeria server. Its folder holds what outlives the process: the cohort registry and its configuration."""

    def __init__(self, root: Path, name: str, bootstrap_servers: str, cohort: str, types: TypeSystem) -> None:
        self.name = name
        self.cohort = cohort
        self.collection_id = str(uuid4())
        self.folder = root / name
        self.folder.mkdir(parents=True)
        self.log_path = root / f"{name}.log"
        self._bootstrap_servers = bootstrap_servers
        self._port = choose(1)[0]
        self._proc: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self.member = Member(name, f"http://127.0.0.1:{self._port}", self.collection_id, cohort, types, java=True)

    def spawn(self) -> "EgeriaPeer":
        """Start the process without waiting for it."""
        argv = self._program()
        for name, value in self._options().items():
            argv += [f"--{name}", value]
        with self.log_path.open("ab") as log:
            self._log_start = self.log_path.stat().st_size
            self._proc = subprocess.Popen(argv, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)
        return self

    def _program(self) -> list[str]:
        """The Java command, without the options of the program."""
        _, java = require_java()
        return [java, *JVM, *QUIET, "-cp", class_path(), MAIN]

    def _options(self) -> dict[str, str]:
        return {
            "server": self.name,
            "port": str(self._port),
            "kafka": self._bootstrap_servers,
            "cohort": self.cohort,
            "collection": self.collection_id,
            "topics": TOPIC_ROOT,
        }

    def wait(self) -> "EgeriaPeer":
        """Until it has registered and answers."""

        def ready() -> bool:
            assert self.alive(), f"{self.name} ended:\n{self.log_text()[-4000:]}"
            return self._ready() in self.log_text()[self._log_start :]

        eventually(ready, f"{self.name} is ready\n{self.log_text()[-3000:]}", within=START_S, every=0.2)
        return self

    def _ready(self) -> str:
        """The line that says so."""
        return f"MEMBER READY {self.name} {self.collection_id}"

    def start(self) -> "EgeriaPeer":
        return self.spawn().wait()

    def alive(self) -> bool:
        return self._proc is not None and self._proc.poll() is None

    def log_text(self) -> str:
        """All that it has said since it was made, its audit log among it."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def heard_of(self, server: str) -> bool:
        """Whether the member has registered, or registered anew, with the process that runs now. Before that Egeria
        shows what is homed there as DEREGISTERED_REPOSITORY, although the member stands in its registry."""
        said = self.log_text()[self._log_start :].splitlines()
        return any(server in line and ("OMRS-AUDIT-0110" in line or "OMRS-AUDIT-0112" in line) for line in said)

    def stop(self) -> None:
        """SIGTERM: it leaves the cohort for the time being and sends nothing (OMRS cohort § 7)."""
        if self._proc is not None and self.alive():
            self._proc.send_signal(signal.SIGTERM)
            try:
                self._proc.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """kill -9."""
        if self._proc is not None:
            self._proc.kill()
            self._proc.wait(STOP_S)


@contextmanager
def running(*peers: EgeriaPeer) -> Iterator[None]:
    """The peers end with the block, all at once; what they said is shown to whoever reads a failure."""
    try:
        yield
    finally:
        for peer in peers:
            if peer.alive():
                assert peer._proc is not None
                peer._proc.terminate()
        deadline = time.monotonic() + STOP_S
        for peer in peers:
            while peer.alive() and time.monotonic() < deadline:
                time.sleep(0.1)
            peer.kill()
            peer.member.close()
            print(f"---- {peer.name}\n{peer.log_text()[-4000:]}")
