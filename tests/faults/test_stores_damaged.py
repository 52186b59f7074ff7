"""A store is a cache of the log: deleted, cut or overwritten, it is built anew by itself and equal."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from oracle import equals_its_log, live_digests
from workers import START_S, Fleet, Running, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]


def fill(client: MetadataClient) -> list[str]:
    """Entities with a history, links, a deleted and a purged one."""
    guids = [client.add_entity("GlossaryTerm", {"qualifiedName": f"t{n}"})["guid"] for n in range(40)]
    for guid in guids[:10]:
        client.update_entity_properties(guid, {"qualifiedName": "changed"}, type_name="GlossaryTerm")
        client.classify(guid, "Confidentiality", {"confidentialityLevel": 1})
    for one, other in zip(guids[:10], guids[10:20], strict=True):
        client.add_relationship("Synonym", one, other)
    for guid in guids[20:24]:
        client.delete_entity(guid, type_name="GlossaryTerm")
    client.purge_entity(guids[20], type_name="GlossaryTerm")
    return guids


def tables(partition: Path) -> list[Path]:
    return sorted(partition.glob("*/*.sst"), key=lambda path: path.stat().st_size)


def cut_table(partition: Path) -> None:
    largest = tables(partition)[-1]
    os.truncate(largest, largest.stat().st_size // 2)


def lose_table(partition: Path) -> None:
    tables(partition)[-1].unlink()


def garble_current(partition: Path) -> None:
    next(partition.glob("*/CURRENT")).write_bytes(b"garbage")


def empty_manifest(partition: Path) -> None:
    os.truncate(next(partition.glob("*/MANIFEST*")), 0)


def garble_generation(partition: Path) -> None:
    (partition / "CURRENT").write_text("which?")


DAMAGE: list[Callable[[Path], None]] = [cut_table, lose_table, garble_current, empty_manifest]


def start_and_fill(workers: Fleet) -> tuple[Running, list[str], dict[int, str]]:
    running = workers.start(unique("S"))
    guids = fill(running.client())
    return running, guids, {each.partition: each.hex for each in live_digests(running)}


def comes_back_equal(kafka: Endpoint, running: Running, guids: list[str], before: dict[int, str]) -> None:
    assert {each.partition: each.hex for each in live_digests(running)} == before
    equals_its_log(kafka.bootstrap_servers, running)
    client = running.client()
    assert {each["guid"] for each in client.find_entities("GlossaryTerm")} == set(guids[:20] + guids[24:])
    assert len(client.relationships_of(guids[0])) == 1
    assert len(client.find_entities_by_classification("Confidentiality")) == 10
    assert len(client.entity_history(guids[0])) == 2
    assert client.update_entity_properties(guids[0], {"qualifiedName": "again"})["version"] == 3


def test_a_deleted_store_is_built_anew(kafka: Endpoint, workers: Fleet) -> None:
    running, guids, before = start_and_fill(workers)
    running.kill()
    shutil.rmtree(running.stores)
    again = workers.start(running.server)
    comes_back_equal(kafka, again, guids, before)
    again.stop()
    shutil.rmtree(again.stores / "p0001")
    equals_its_log(kafka.bootstrap_servers, workers.start(running.server))


def test_a_damaged_store_is_set_aside_and_built_anew(kafka: Endpoint, workers: Fleet) -> None:
    """Each of four partitions is damaged in another way; each is named in a warning and kept for who wants to look."""
    running, guids, before = start_and_fill(workers)
    assert running.stop() == 0
    for number, damage in enumerate(DAMAGE):
        damage(running.stores / f"p{number:04d}")
    again = workers.start(running.server)
    comes_back_equal(kafka, again, guids, before)
    for number in range(len(DAMAGE)):
        assert f"partition {number} is built anew from the log" in again.log_text()
        assert (again.stores / f"p{number:04d}" / "1.damaged").is_dir()
    assert again.stop() == 0
    garble_generation(again.stores / "p0000")
    equals_its_log(kafka.bootstrap_servers, workers.start(running.server))


def test_a_store_of_another_log_is_refused(kafka: Endpoint, workers: Fleet) -> None:
    """Not a cache of this log: somebody mixed up data directories, and has to be told."""
    one = workers.start(unique("S"))
    one.stop()
    other = workers.start(unique("S"))
    other.stop()
    shutil.rmtree(other.stores)
    shutil.copytree(one.stores, other.stores)
    refused = workers.spawn(other.server)
    assert refused.proc.wait(START_S) != 0
    assert one.server in refused.log_text() and "delete that directory" in refused.log_text()


def test_two_workers_of_one_name_do_not_share_a_store(workers: Fleet) -> None:
    running = workers.start(unique("S"))
    guid = running.client().add_entity("DataFile", {"qualifiedName": "x"})["guid"]
    twin = workers.spawn(running.server, "w1")
    assert twin.proc.wait(START_S) != 0
    assert f"worker w1 of {running.server} runs already, at {running.url}" in twin.log_text()
    assert not list(running.stores.glob("*/*.damaged"))
    assert running.client(patience=60.0).get_entity(guid)["guid"] == guid
