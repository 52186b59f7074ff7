"""kill -9 of a worker at random points, retries of what it may have done or not: nothing lost, nothing doubled."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

import pytest

from omrs_schemas.errors import NotReadyError, RevisionConflictError
from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from oracle import equals_its_log
from workers import Fleet, Running, eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]

KILLS = 3


@contextmanager
def writing(running: Running, seed: int, acknowledged: dict[str, int], doubts: dict[str, str]) -> Iterator[None]:
    """Entities are created, updated, classified and deleted meanwhile; what was not answered is in `doubts`."""
    halt = threading.Event()
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        client = running.client(f"writer{number}", patience=0)
        mine: list[str] = []
        while not halt.is_set():
            event_id = str(uuid4())
            try:
                if not mine or chance.random() < 0.5:
                    guid = client.add_entity("DataFile", {"qualifiedName": event_id}, event_id=event_id)["guid"]
                    mine.append(guid)
                    acknowledged[guid] = 1
                    continue
                guid = chance.choice(mine)
                if chance.random() < 0.5:
                    made = client.update_entity_properties(
                        guid, {"qualifiedName": event_id}, type_name="DataFile", event_id=event_id
                    )
                    acknowledged[guid] = made["version"]
                elif chance.random() < 0.5:
                    client.classify(guid, "Confidentiality", {"confidentialityLevel": 1}, event_id=event_id)
                else:
                    mine.remove(guid)
                    acknowledged[guid] = client.delete_entity(guid, type_name="DataFile", event_id=event_id)["version"]
            except NotReadyError:
                doubts[event_id] = mine[-1] if mine else ""
                return  # killed
            except BaseException as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(3)]
    for thread in threads:
        thread.start()
    yield
    halt.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong


def versions(client: MetadataClient, acknowledged: dict[str, int]) -> None:
    for guid, version in acknowledged.items():
        known = client.find_entity(guid)
        assert known is not None and known["version"] >= version, (guid, version, known)


def test_killed_again_and_again_while_writing(kafka: Endpoint, workers: Fleet) -> None:
    server = unique("S")
    acknowledged: dict[str, int] = {}
    doubts: dict[str, str] = {}
    seed = 20_261
    chance = random.Random(seed)
    running = workers.start(server)
    for round_ in range(KILLS):
        before = len(acknowledged)
        with writing(running, seed + round_, acknowledged, doubts):
            eventually(lambda before=before: len(acknowledged) > before + 3, "writes flow")
            time.sleep(chance.uniform(0.2, 1.5))  # the point at which it is killed, somewhere among the writes
            running.kill()
        running = workers.start(server)
        versions(running.client(), acknowledged)
    assert len(acknowledged) > 10
    log = equals_its_log(kafka.bootstrap_servers, running)
    assert set(acknowledged) <= {record.key for record in log.effective}
    assert running.stop() == 0


def test_a_request_that_was_not_answered_can_be_repeated(kafka: Endpoint, workers: Fleet) -> None:
    """Killed between append and answer, or before: the same event id brings the change about exactly once."""
    server = unique("S")
    running = workers.start(server)
    guid = running.client().add_entity("DataFile", {"qualifiedName": "0"})["guid"]
    for round_, delay in enumerate((0.0, 0.004, 0.02)):
        ids = [str(uuid4()) for _ in range(12)]
        outcome: dict[str, object] = {}

        def create(event_id: str, client: MetadataClient, outcome: dict[str, object] = outcome) -> None:
            try:
                outcome[event_id] = client.add_entity("DataFile", {"qualifiedName": event_id}, event_id=event_id)
            except NotReadyError:
                outcome[event_id] = None

        clients = [running.client(f"u{n}", patience=0) for n in range(len(ids))]
        threads = [
            threading.Thread(target=create, args=(event_id, client), daemon=True)
            for event_id, client in zip(ids, clients, strict=True)
        ]
        for thread in threads:
            thread.start()
        time.sleep(delay)
        running.kill()
        for thread in threads:
            thread.join(60)
        running = workers.start(server)
        client = running.client()
        for event_id in ids:
            again = client.add_entity("DataFile", {"qualifiedName": event_id}, event_id=event_id)
            before = outcome[event_id]
            if isinstance(before, dict):
                assert {**again, "instanceURL": ""} == {**before, "instanceURL": ""}
            assert len(client.entity_history(again["guid"])) == 1
        changed = client.update_entity_properties(guid, {"qualifiedName": str(round_)})
        assert changed["version"] == round_ + 2
    log = equals_its_log(kafka.bootstrap_servers, running)
    created = [record.event_id for record in log.effective if record.kind == "NEW_ENTITY_EVENT"]
    assert len(created) == len(set(created)) == 1 + 3 * 12


def test_a_paused_worker_that_wakes_after_its_partitions_moved(kafka: Endpoint, workers: Fleet) -> None:
    server = unique("S")
    one = workers.start(server, "w1")
    client = one.client(patience=90.0)
    guids = [client.add_entity("DataFile", {"qualifiedName": f"{n}"})["guid"] for n in range(8)]
    one.pause()
    other = workers.await_url(workers.spawn(server, "w2"))
    taker = other.client(patience=90.0)
    for guid in guids:
        assert taker.update_entity_properties(guid, {"qualifiedName": "moved"}, type_name="DataFile")["version"] == 2
    one.wake()
    stale = one.client("late", patience=60.0)
    for guid in guids:
        # Whatever it believed when it woke, its write comes after the other's or is refused; it never replaces it.
        change = partial(stale.update_entity_properties, guid, {"qualifiedName": "late"}, type_name="DataFile")
        try:
            changed = change()
        except RevisionConflictError:
            assert taker.get_entity(guid)["version"] == 2
            changed = change()
        assert changed["version"] == 3
        # A worker that still believes it owns the partition may have answered: whoever does owns it hears of it.
        eventually(lambda guid=guid: taker.get_entity(guid)["version"] == 3, "the other knows it too")
    equals_its_log(kafka.bootstrap_servers, one, other)
