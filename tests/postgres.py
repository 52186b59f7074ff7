"""A throw-away PostgreSQL server on a free port, for tests: really started, stopped, restarted and removed."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, LiteralString

import psycopg
import pytest

from omrs_streams.log.embedded.ports import choose

START_S = 60  # `pg_ctl -w`: a start takes 0.2 s, on a busy machine a few
RUN_S = 120.0  # initdb takes 2 s


def binaries() -> Path | None:
    """Where `initdb` and `pg_ctl` are: on PATH, or where Debian's package puts them."""
    found = shutil.which("pg_ctl")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


class PostgresServer:
    """A cluster of its own in a temporary directory; user `postgres`, authenticated by password."""

    def __init__(self, bin_dir: Path, root: Path, password: str = "s3cret-of-the-test") -> None:
        [self.port] = choose(1)
        self.password = password
        self._bin = bin_dir
        self._root = root
        self._data = root / "data"
        self._log = root / "server.log"
        root.chmod(0o755)
        secret = root / "password"
        secret.write_text(password)
        self._own(root, secret)
        # Neither encoding nor the language of messages is left to who runs the tests.
        text = ("--encoding", "UTF8", "--locale", "C")
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "scram-sha-256", "-N", "--pwfile", secret, *text)
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{root}'\n")
            conf.write("fsync = off\nshared_buffers = 16MB\nmax_connections = 40\nautovacuum = off\n")

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """Without a password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-l", self._log, "-w", "-t", START_S, "start")

    def stop(self, mode: str = "fast") -> None:
        """`mode`: fast, or immediate, which is as if it crashed."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", START_S, "-m", mode, "stop")

    def connect(self, database: str = "postgres", user: str = "postgres") -> "psycopg.Connection[Any]":
        return psycopg.connect(self.dsn(database, user), password=self.password, autocommit=True)

    def sql(self, *statements: LiteralString, database: str = "postgres", user: str = "postgres") -> None:
        with self.connect(database, user) as connection:
            for statement in statements:
                connection.execute(statement)

    def remove(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        print(f"---- PostgreSQL\n{self._log.read_text(errors='replace')[-3000:] if self._log.exists() else ''}")
        shutil.rmtree(self._root, ignore_errors=True)

    def _own(self, *paths: Path) -> None:
        if _substitute() is not None:
            for path in paths:
                shutil.chown(path, _substitute())

    def _run(self, program: str, *arguments: object) -> None:
        """As the user that the server runs as: PostgreSQL refuses to be started by root."""
        command = [*_as_user(), str(self._bin / program), *map(str, arguments)]
        # pg_ctl's child keeps what it inherits open, so its output goes to a file and is not waited for.
        output = self._root / f"{program}.out"
        with output.open("wb") as sink:
            done = subprocess.run(command, cwd=self._root, stdout=sink, stderr=sink, timeout=RUN_S, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{output.read_text(errors='replace')}"


def _substitute() -> str | None:
    """Who runs the server for root; None for anybody else, who runs it as himself."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_user() -> Sequence[str]:
    user = _substitute()
    if user is None:
        return ()
    entry = pwd.getpwnam(user)
    if shutil.which("setpriv"):
        return ("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    return ("runuser", "-u", user, "--")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server for the length of the block; the test is skipped where PostgreSQL is not installed."""
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not installed: no pg_ctl on PATH or in /usr/lib/postgresql (apt install postgresql)")
    # Not below pytest's directories, which only their owner may enter.
    server = PostgresServer(found, Path(mkdtemp(prefix="omrs-pg-")))
    try:
        server.start()
        yield server
    finally:
        server.remove()
