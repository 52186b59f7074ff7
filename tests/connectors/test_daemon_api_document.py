"""Both of a daemon's documents under requests made from them: no failure, and every answer as documented."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from api_daemon import ApiDaemon, Kept, serving

from omrs_connectors.api import GroupView

SETTINGS = Path(__file__).resolve().parents[1] / "e2e"
EXAMPLES = 4  # per operation and phase


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("document", "settings"), [("/api/v1/openapi.json", "v1"), ("/openapi.json", "omrs")])
def test_the_api_answers_as_its_document_says(tmp_path: Path, document: str, settings: str) -> None:
    daemon = ApiDaemon(Kept("sales", "database-integrator"), groups=[GroupView("Exchange", "s", "RUNNING", "g")])
    with serving() as front:
        url = str(front.of(daemon).base_url).rstrip("/")
        command = [
            str(Path(sysconfig.get_path("scripts")) / "schemathesis"),
            f"--config-file={SETTINGS / f'schemathesis_{settings}.toml'}",
            "run",
            f"{url}{document}",
            f"--max-examples={EXAMPLES}",
            "--generation-deterministic",
            "--continue-on-failure",
            "--no-color",
        ]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "OMRS_TEST_SERVER": daemon.settings.daemon},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None and int(tested[1]) >= 17, done.stdout[-2_000:]
    assert "OMRS-STREAMS-0031" not in {entry.message.id for entry in daemon.recorded}
