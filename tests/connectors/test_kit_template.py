"""`omrs connector`: what it makes is clean code for every integration service, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from omrs_connectors.cli.connector import TEMPLATE, app
from omrs_connectors.services.registry import SERVICES
from omrs_schemas.errors import ConfigurationError

runner = CliRunner()


def new(*arguments: str) -> str:
    result = runner.invoke(app, ["new", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def checked(package: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=package, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_is_clean_for_every_service(tmp_path: Path) -> None:
    for marker, service in SERVICES.items():
        new("queue-catalog", "--directory", str(tmp_path / marker), "--service", marker)
        package = tmp_path / marker / "queue-catalog"
        checked(package, "ruff", "check", "--isolated", "--select", "E,F,I,UP,B,RUF", "--line-length", "120")
        checked(package, "ruff", "format", "--isolated", "--line-length", "120", "--check")
        code = (package / "src" / "queue_catalog" / "connector.py").read_text()
        assert f"({service.connector_class.__name__}):" in code
    written = [path for path in tmp_path.rglob("*") if path.is_file() and ".ruff_cache" not in path.parts]
    assert not [path for path in written if "{{" in path.read_text() or path.suffix == ".tmpl"]
    assert len(written) == len(SERVICES) * len(list(TEMPLATE.rglob("*.tmpl")))


@pytest.mark.parametrize(
    "name", ["Queue", "queue_catalog", "1queue", "queue--catalog", "queue catalog", "../queue", ""]
)
def test_a_name_that_cannot_be_a_package_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a package's name"):
        new(name, "--directory", str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "queue").mkdir()
    with pytest.raises(ConfigurationError, match="is there already"):
        new("queue", "--directory", str(tmp_path))
    with pytest.raises(ConfigurationError, match="no integration service 'files'"):
        new("other", "--directory", str(tmp_path), "--service", "files")
    assert [path.name for path in tmp_path.iterdir()] == ["queue"]


def test_options_of_an_installed_connector() -> None:
    result = runner.invoke(app, ["options", "kit_connectors:QueueConnector"], catch_exceptions=False)
    shown = [json.loads(line) for line in result.output.splitlines()]
    assert [(each["option"], each["default"]) for each in shown] == [("maxQueues", "100"), ("prefixes", "")]
    assert shown[0]["what"] == "queues catalogued at most"
    none = runner.invoke(app, ["options", "kit_connectors:AsyncListener"], catch_exceptions=False)
    assert "declares no options" in none.output + none.stderr
