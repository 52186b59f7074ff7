"""A throw-away OpenLDAP server on a free port, for tests: really started, stopped, started again and removed."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from omrs_streams.log.embedded.ports import choose

SUFFIX = "dc=example,dc=org"
ADMIN = f"cn=admin,{SUFFIX}"
PASSWORD = "s3cret-of-the-test"
START_S = 60.0  # it takes 0.1 s, on a busy machine a few
SCHEMAS = Path("/etc/ldap/schema")


def binary() -> str | None:
    """Debian puts it where only root looks."""
    return shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/bin")


class LdapServer:
    """A directory with `SUFFIX` in it; `ADMIN` may do everything."""

    def __init__(self, program: str, root: Path) -> None:
        [self.port] = choose(1)
        self.url = f"ldap://127.0.0.1:{self.port}"
        self._program = program
        self._conf = root / "slapd.conf"
        self._log = root / "slapd.log"
        self._process: subprocess.Popen[bytes] | None = None
        data = root / "data"
        data.mkdir()
        includes = "".join(f"include {SCHEMAS}/{name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
        self._conf.write_text(
            f"{includes}modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {root}/slapd.pid\n"
            f'database mdb\nmaxsize 16777216\nsuffix "{SUFFIX}"\nrootdn "{ADMIN}"\nrootpw {PASSWORD}\n'
            f"directory {data}\nindex objectClass eq\n"
        )

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-d", "0", "-f", str(self._conf), "-h", self.url], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._log.read_text(errors="replace")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"slapd did not listen within {START_S:.0f} s")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


@contextmanager
def ldap_server() -> Iterator[LdapServer]:
    """Skips, saying why, where there is no slapd."""
    program = binary()
    if program is None or not SCHEMAS.is_dir():
        pytest.skip("slapd is not installed (Debian: slapd)")
    root = Path(mkdtemp(prefix="omrs-slapd-"))
    server = LdapServer(program, root)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)
