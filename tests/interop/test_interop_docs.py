"""docs/egeria-cohort.md: what it tells a reader to do is done here, beside a real Egeria, in its order."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cohort_of_three import Founder

from omrs_streams.log.embedded.ports import choose
from peer import EgeriaPeer, create_topics, running
from workers import eventually, unique

pytestmark = [pytest.mark.interop, pytest.mark.kafka, pytest.mark.timeout(900)]  # the first test may build Egeria

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "egeria-cohort.md").read_text(encoding="utf-8")
COLLECTION = "1d5b40ae-6a44-4a2f-8b2b-6bd0ee9d8c1a"
START_S = 90.0


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


class Reader:
    """Does what the page says in a folder of its own, with this test's names and addresses in place of the page's."""

    def __init__(self, founder: Founder, folder: Path) -> None:
        self.server, self.cohort = unique("cocoMDS"), unique("cocoCohort")
        servers = founder.fleet.bootstrap_servers
        create_topics(servers, self.cohort)
        self.egeria = EgeriaPeer(founder.root, unique("cocoEgeria"), servers, self.cohort, founder.types)
        self.folder = folder
        self.worker: subprocess.Popen[bytes] | None = None
        self._instead = {
            "127.0.0.1:9092": servers,
            "http://127.0.0.1:9443": self.egeria.member.url,
            "8091": str(choose(1)[0]),
            "cocoMDS9": self.server,
            "cocoMDS2": self.egeria.name,
            "cocoCohort": self.cohort,
            "OpenMetadataTypes-4.2.omarchive": str(founder.archive),
        }
        self._env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OMRS_DATA_DIR": str(folder / "data"),
            "OMRS_KAFKA__BOOTSTRAP_SERVERS": servers,
        }

    def here(self, text: str) -> str:
        """All at once: a name that takes the place of another may contain a third."""
        written = "|".join(re.escape(each) for each in sorted(self._instead, key=len, reverse=True))
        return re.sub(written, lambda found: self._instead[found[0]], text)

    def type(self, line: str) -> str:
        """Run a command line of the page; what it prints."""
        command = self.here(line)
        if command.endswith("&"):
            with (self.folder / "worker.log").open("wb") as log:
                self.worker = subprocess.Popen(
                    command.removesuffix("&").split(), cwd=self.folder, env=self._env, stdout=log, stderr=log
                )
            return ""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self._env, capture_output=True, text=True, timeout=START_S
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def end(self) -> None:
        if self.worker is not None and self.worker.poll() is None:
            self.worker.terminate()
            self.worker.wait(30)
        log = self.folder / "worker.log"
        print(log.read_text(errors="replace")[-4000:] if log.exists() else "no worker was started")


@pytest.fixture
def reader(founder: Founder, tmp_path: Path) -> Iterator[Reader]:
    made = Reader(founder, tmp_path)
    with running(made.egeria):
        made.egeria.start()
        try:
            yield made
        finally:
            made.end()


def test_the_page_does_what_it_says(reader: Reader) -> None:
    (settings,), (code,) = blocks("yaml"), blocks("python")
    commands = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    start, describe, members, audit, ask_egeria, leave = commands
    (reader.folder / "server.yaml").write_text(reader.here(settings))
    reader.type(start)
    egeria = reader.egeria.member

    def connected() -> str:
        assert reader.worker is not None and reader.worker.poll() is None, "the worker has ended"
        try:
            return reader.type(members)
        except AssertionError:
            return ""

    eventually(lambda: egeria.collection_id in connected(), "our server names Egeria", within=START_S, every=0.5)
    assert reader.cohort in reader.type(describe)
    eventually(lambda: COLLECTION in egeria.members(), "Egeria has registered our server", within=START_S)

    def audited() -> list[dict[str, Any]]:
        """What the audit log says, once it names Egeria."""
        said = [json.loads(line) for line in reader.type(audit).splitlines()]
        return said if any(egeria.name in json.dumps(each) for each in said) else []

    said = eventually(audited, "the audit log names Egeria", within=START_S)
    assert not [each for each in said if re.match(r"OMRS-AUDIT-02", each["messageId"])], said
    (there,) = json.loads(reader.type(ask_egeria))["cohortMembers"]
    assert (there["metadataCollectionId"], there["serverName"]) == (COLLECTION, reader.server)

    names: dict[str, Any] = {}
    exec(compile(reader.here(code), "<egeria-cohort.md>", "exec"), names)

    reader.type(leave)
    eventually(lambda: COLLECTION not in egeria.members(), "Egeria has forgotten our server", within=START_S)
