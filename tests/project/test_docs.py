"""The documents say what the code does: generated parts are current, nothing is left out, links resolve."""

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase

from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.settings import DaemonSettings
from omrs_schemas.codes import Code
from omrs_streams import metrics
from omrs_streams.log import roles
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.topics import egeria_topics
from omrs_streams.settings import CohortSettings, ProxySettings, RuleSettings, ServerSettings, load_settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [path for package in ("schemas", "streams", "connectors") for path in sorted((ROOT / package).rglob("*.py"))]


def text(*names: str) -> str:
    return "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """docs/generate.py, which is no package."""
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_current(generate: Any) -> None:
    assert generate.stale() == [], "run `python docs/generate.py`"


def test_every_command_is_documented(generate: Any) -> None:
    commands = [path for path, _ in generate.help_texts()]
    assert {"omrs worker", "omrs topics tail", "omrs daemon run", "omrs demo"} <= set(commands)
    assert [path for path in commands if f"\n## {path}\n" not in text("cli.md")] == []


def test_every_command_of_the_guides_exists(generate: Any) -> None:
    options = dict(generate.help_texts())
    for name in ("guide.md", "daemon.md", "../README.md"):
        for words in re.findall(r"(?:^|\$ |&& |`)omrs ([^`#&\n]*)", text(name), re.M):
            path = "omrs"
            for word in words.split():
                if f"{path} {word}" not in options:
                    break
                path = f"{path} {word}"
            assert path != "omrs" or not words.strip() or words.startswith("--"), f"{name}: omrs {words}"
            for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", words):
                assert re.search(rf"(^|\s){option}\b", options[path], re.M), f"{name}: {path} has no {option}"


def test_every_setting_is_documented() -> None:
    for model in (ServerSettings, CohortSettings, RuleSettings, ProxySettings, KafkaSettings, DaemonSettings):
        missing = [name for name in model.model_fields if f"`{name}`" not in text("settings.md")]
        assert not missing, model.__name__


def test_the_example_of_the_settings_is_valid(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", text("settings.md"), re.S)
    file = tmp_path / "server.yaml"
    file.write_text(example)
    assert load_settings(file).kafka.sasl_mechanism == "SCRAM-SHA-512"


def test_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "server.yaml"
    file.write_text("server: s\npartitions: 4\nkafka: {bootstrap_servers: 'a:1', security_protocol: SASL_SSL}\n")
    monkeypatch.setenv("OMRS_PARTITIONS", "2")
    monkeypatch.setenv("OMRS_COHORTS", '["c"]')
    monkeypatch.setenv("OMRS_KAFKA__BOOTSTRAP_SERVERS", "b:2")
    found = load_settings(file)
    assert (found.partitions, [cohort.name for cohort in found.cohorts]) == (2, ["c"])
    assert (found.kafka.bootstrap_servers, found.kafka.security_protocol) == ("b:2", "SASL_SSL")
    assert load_settings(file, partitions=3, kafka={"bootstrap_servers": "d:4"}).kafka.bootstrap_servers == "d:4"


def test_every_metric_is_documented() -> None:
    ours = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    found = [described for metric in ours for described in metric.describe()]
    found += DaemonMetrics().registry.collect()
    names = [metric.name + ("_total" if metric.type == "counter" else "") for metric in found]
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in text("reference.md")] == []


def test_every_header_is_documented() -> None:
    """Names of headers as they stand in the sources: `dlq-…`, and those of a record."""
    named = set()
    for path in SOURCES:
        named |= set(re.findall(r'\("((?:dlq-|ce_|omrs-)[a-z_-]+)", ', path.read_text(encoding="utf-8")))
    assert {"dlq-reason", "ce_id", "omrs-meta"} <= named
    assert sorted(name for name in named if f"`{name}`" not in text("reference.md")) == []


def test_every_topic_is_documented() -> None:
    names = [spelled(f"<{owned_by}>") for spelled, _, owned_by, _ in roles._KNOWN]
    names += [spec.name for spec in egeria_topics("<cohort>", "egeria.omag")]
    assert [name for name in [*names, "omrs.schemas"] if f"`{name}`" not in text("reference.md")] == []


def test_every_error_code_of_ours_is_documented() -> None:
    ours = [code for code in Code if code.startswith("OMRS-STREAMS-")]
    assert [code for code in ours if f"`{code}`" not in text("reference.md")] == []


def test_every_environment_variable_is_documented() -> None:
    named = set()
    for path in SOURCES:
        named |= set(re.findall(r'"(OMRS_[A-Z_]*[A-Z])"', path.read_text(encoding="utf-8")))
    assert "OMRS_DATA_DIR" in named
    assert sorted(name for name in named if name not in text("reference.md", "settings.md")) == []


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(document: Path) -> None:
    broken = []
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (document.parent / file).resolve() if file else document
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_blocks_compile(document: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.S):
        ast.parse(block)
