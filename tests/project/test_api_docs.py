"""The guide to `/api/v1`: its commands run as they stand, one after the other."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from omrs_streams.log.embedded import Endpoint
from workers import fleet, unique

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.kafka
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="the guide uses curl and jq")
def test_the_commands_of_the_guide_run(kafka: Endpoint, tmp_path: Path) -> None:
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as ours:
        running = ours.start(unique("guide"), cohort="guide" + tmp_path.name.replace("_", "-"))
        blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.S)
        script = "\n".join(blocks).replace("http://127.0.0.1:8081", running.url)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert '"createdBy":"erinoverview"' in said
    assert '"displayName": "Customer"' in said and '"Customer"\n2\n' in said
    assert '"notes": "not for partners"' in said
    assert "\n204\nACTIVE\n204\n" in said
    assert "qualifiedName\n" in said
    assert said.endswith("422\nOMRS-REPOSITORY-400-028\n/properties/colour\n")
