"""`omrs topics ls` on a real broker: what each topic is, and what it holds."""

from pathlib import Path

import pytest
from topic_records import PARTITIONS, World, entity, event, record
from topics_cli import omrs

from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli import topics_ls
from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.roles import role_of
from omrs_streams.log.topics import FOREVER, TopicSpec, ensure_topics

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka_environment")]


def test_ls_says_what_each_topic_is_and_holds(world: World) -> None:
    world.send(world.log, *(record(event("NEW", entity("DataFile", f"f{n}", "home"))) for n in range(7)))
    listed = {found["topic"]: found for found in omrs("ls")}
    log = listed[world.log]
    assert log["what"] == f"the truth: every change of what {world.server} holds"
    assert (log["partitions"], log["records"], log["kept"], log["cleanup"]) == (PARTITIONS, 7, "for ever", "delete")
    assert log["bytes"] is None
    assert listed[names.server_types(world.server)]["kept"] == "last of each key"
    assert listed[names.server_out(world.server)]["kept"] == "7 days"
    assert world.cohort in listed[names.cohort_instances(world.cohort)]["what"]
    assert all(name.startswith("omrs.") or name.endswith(".dlq") or role_of(name).root for name in listed)


def test_ls_all_shows_foreign_topics_too(world: World) -> None:
    foreign = f"orders-{world.server}"
    ensure_topics(world.kafka.librdkafka(), [TopicSpec(foreign, 2, FOREVER)])
    assert foreign not in {found["topic"] for found in omrs("ls")}
    found = next(found for found in omrs("ls", "--all") if found["topic"] == foreign)
    assert (found["what"], found["partitions"], found["records"]) == ("", 2, 0)


def test_ls_knows_the_bytes_of_the_embedded_kafka(
    world: World, kafka: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kafka").symlink_to(kafka.data_dir)
    monkeypatch.setattr(topics_ls, "data_root", lambda: tmp_path)
    before = next(found["bytes"] for found in omrs("ls") if found["topic"] == world.log)
    world.send(world.log, record(event("NEW", entity("DataFile", "f", "home"))))
    after = next(found["bytes"] for found in omrs("ls") if found["topic"] == world.log)
    assert before == 0
    assert 300 < after < 3_000


def test_no_kafka_is_said(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OMRS_KAFKA__BOOTSTRAP_SERVERS")
    monkeypatch.setenv("OMRS_DATA_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match="no Kafka is configured"):
        omrs("ls")
    monkeypatch.setenv("OMRS_KAFKA__NONSENSE", "1")
    with pytest.raises(ConfigurationError, match="nonsense"):
        omrs("ls")
