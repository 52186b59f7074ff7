"""Both APIs under requests made from their own OpenAPI documents: no failure, and every answer as documented."""

import os
import re
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from workers import PATIENT, Running, unique

HERE = Path(__file__).parent
EXAMPLES = 4  # per operation and phase: what finds most of what there is within two minutes


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("document", "settings"), [("/api/v1/openapi.json", "v1"), ("/openapi.json", "omrs")])
def test_an_api_answers_as_its_document_says(
    start_worker: Callable[..., Running], tmp_path: Path, document: str, settings: str
) -> None:
    config = tmp_path / "server.yaml"
    config.write_text(PATIENT)
    running = start_worker(unique(settings), cohort=unique("schemathesis"), config=config)
    command = [
        str(Path(sysconfig.get_path("scripts")) / "schemathesis"),
        f"--config-file={HERE / f'schemathesis_{settings}.toml'}",
        "run",
        f"{running.url}{document}",
        f"--max-examples={EXAMPLES}",
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-color",
    ]
    environment = {**os.environ, "OMRS_TEST_SERVER": running.server}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None and int(tested[1]) > 40, done.stdout[-2_000:]
    assert running.alive() and running.ask("/health") == {"status": "ok", "reason": ""}
    assert "failed unexpectedly" not in running.log_text(), running.tail()
