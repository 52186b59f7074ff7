"""README and guide: their Python runs as it stands against a real worker, their commands are the ones that CI runs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omrs_schemas.model.values import from_properties
from omrs_streams.log.embedded import Endpoint
from workers import Running, eventually, fleet, unique

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
OUT_TOPIC = (ROOT / "docs" / "out-topic.md").read_text(encoding="utf-8")


def blocks(language: str, document: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document, re.S)


class Place:
    """A server in a cohort of its own, with the names and addresses that stand in the documents replaced by its own."""

    def __init__(self, running: Running, cohort: str, kafka: Endpoint) -> None:
        self.running = running
        self._instead = {
            "http://127.0.0.1:8081": running.url,
            "127.0.0.1:9092": kafka.bootstrap_servers,
            "cocoMDS1": running.server,
            "cocoCohort": cohort,
            '"my-catalog"': f'"{unique("catalog")}"',
            '"my-program"': f'"{unique("program")}"',
            "events(idle=5)": "events(idle=15)",  # a busy machine is silent for longer
        }

    def run(self, code: str, names: dict[str, Any]) -> dict[str, Any]:
        for written, here in self._instead.items():
            code = code.replace(written, here)
        exec(compile(code, "<document>", "exec"), names)
        return names


@pytest.fixture
def place(kafka: Endpoint, tmp_path: Path) -> Iterator[Place]:
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as ours:
        cohort = unique("readme")
        running = ours.start(unique("readme"), cohort=cohort, partitions=8)  # as `omrs worker` has it by default
        yield Place(running, cohort, kafka)


def close(names: dict[str, Any]) -> None:
    names["client"].close()


@pytest.mark.kafka
def test_the_examples_of_the_readme_run(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    write, produce, consume = blocks("python", README)
    names = place.run(write, {})
    close(names)
    assert names["term"]["guid"] in capsys.readouterr().out

    guid = place.run(produce, {})["file"]["guid"]
    client = place.running.client()
    copy = eventually(lambda: _at_version(client.find_entity(guid), 2), "the second version arrives as a copy")
    assert from_properties(copy["properties"])["displayName"] == "orders"

    close(place.run(consume, {}))
    printed = capsys.readouterr().out
    assert f"CLASSIFIED_ENTITY_EVENT GlossaryTerm {names['term']['guid']}" in printed
    assert f"UPDATED_ENTITY_EVENT DataFile {guid}" in printed


def _at_version(bean: Any, version: int) -> Any:
    return bean if bean is not None and bean["version"] == version else None


@pytest.mark.kafka
def test_the_examples_of_the_guide_run(place: Place) -> None:
    """One after the other, as a reader types them."""
    names: dict[str, Any] = {}
    for block in blocks("python", GUIDE):
        place.run(block, names)
    close(names)


@pytest.mark.kafka
def test_the_examples_of_the_out_topic_run(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """With the client of ours, and with nothing but a Kafka consumer and the codec."""
    with place.running.client() as writer:
        kept, gone = (writer.add_entity("CSVFile", {"qualifiedName": unique("file")})["guid"] for _ in range(2))
        writer.delete_entity(gone)
        term = writer.add_entity("GlossaryTerm", {"qualifiedName": unique("term")})["guid"]
    subscribing, following, consuming = blocks("python", OUT_TOPIC)
    close(place.run(subscribing, {}))
    printed = capsys.readouterr().out
    assert f"NEW_ENTITY_EVENT CSVFile {kept} 1" in printed and f"DELETED_ENTITY_EVENT CSVFile {gone} 2" in printed
    assert term not in printed
    assert sorted(place.run(following, {})["changed"]) == sorted([kept, gone, term])
    indexed = place.run(consuming, {})["indexed"]
    assert list(indexed) == [kept] and indexed[kept]["type"]["typeDefName"] == "CSVFile"


def test_the_two_commands_are_the_ones_that_work() -> None:
    first, second = (line.partition("#")[0].strip() for line in blocks("sh", README)[0].splitlines())
    assert first == "pip install . && omrs demo"
    install, test = second.split(" && ")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert install.replace("pip install", "pip install --quiet") in script
    assert test in script


def test_every_dependency_has_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", project, re.S | re.M)
    assert listed is not None
    names = re.findall(r'"([A-Za-z0-9_-]+)', listed[1])
    reasons = README.partition("## Dependencies")[2]
    assert [name for name in names if name not in reasons] == []
