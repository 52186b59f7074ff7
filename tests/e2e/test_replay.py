"""`omrs replay`: stores rebuilt from the log beside the live ones, compared, switched; and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from confluent_kafka import Producer

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.partition import partition_of
from omrs_streams.log.record import ORIGIN_HOME
from omrs_streams.repository import changes
from omrs_streams.repository.events import instance_event, log_record
from omrs_streams.repository.local import LocalCollection
from omrs_streams.store import keys
from omrs_streams.store.engine import EngineSettings, open_engine
from omrs_streams.store.location import current_path, next_path
from oracle import equals_its_log, live_digests, read_log
from workers import PARTITIONS, Fleet, Running, eventually, unique

pytestmark = pytest.mark.kafka

MANY = 30_000  # records: a rebuild that takes long enough to be killed in the middle


def command(workers: Fleet, server: str, *options: str) -> list[str]:
    base = [sys.executable, "-m", "omrs_streams.cli.main", "replay", "--server", server]
    return [*base, "--bootstrap-servers", workers.bootstrap_servers, *options]


def environment(workers: Fleet) -> dict[str, str]:
    return {**os.environ, "OMRS_DATA_DIR": str(workers.root / "data")}


def replay(workers: Fleet, server: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(workers, server, *options), env=environment(workers), capture_output=True, text=True, timeout=120
    )


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fill(running: Running) -> list[str]:
    client = running.client()
    guids = [client.add_entity("GlossaryTerm", {"qualifiedName": f"t{n}"})["guid"] for n in range(20)]
    for one, other in zip(guids[:5], guids[5:10], strict=True):
        client.add_relationship("Synonym", one, other)
        client.update_entity_properties(one, {"qualifiedName": "changed"}, type_name="GlossaryTerm")
    client.classify(guids[3], "Confidentiality", {"confidentialityLevel": 1})
    client.delete_entity(guids[19], type_name="GlossaryTerm")
    return guids


def generation(running: Running, partition: int) -> str:
    return current_path(running.stores, partition).name


def test_beside_a_live_worker_that_goes_on(kafka: Endpoint, workers: Fleet) -> None:
    running = workers.start(unique("S"))
    guids = fill(running)
    before = {each.partition: each.hex for each in live_digests(running)}
    done = report(replay(workers, running.server, "--from-scratch", "--verify", "--json"))
    assert done["live"] is True and done["poison"] == 0 and done["partitions"] == list(range(PARTITIONS))
    assert done["records"] == len(read_log(kafka.bootstrap_servers, running.server).records)
    assert {int(number): found for number, found in done["verified"].items()} == before
    assert [generation(running, number) for number in range(PARTITIONS)] == ["2"] * PARTITIONS
    client = running.client()
    assert client.update_entity_properties(guids[0], {"qualifiedName": "after"})["version"] == 3
    assert len(client.find_entities("GlossaryTerm")) == 19 and len(client.relationships_of(guids[0])) == 1
    equals_its_log(kafka.bootstrap_servers, running)
    assert [path.name for path in (running.stores / "p0000").iterdir() if path.is_dir()] == ["2"]
    assert running.stop() == 0
    equals_its_log(kafka.bootstrap_servers, workers.start(running.server))


def test_of_a_stopped_worker(kafka: Endpoint, workers: Fleet) -> None:
    running = workers.start(unique("S"))
    guids = fill(running)
    before = {each.partition: each.hex for each in live_digests(running)}
    running.stop()
    done = report(replay(workers, running.server, "--verify", "--json", "--processes", "1"))
    assert done["live"] is False
    assert {int(number): found for number, found in done["verified"].items()} == before
    again = workers.start(running.server)
    assert len(again.client().find_entities("GlossaryTerm")) == 19
    assert again.client().get_entity(guids[3])["classifications"][0]["name"] == "Confidentiality"
    equals_its_log(kafka.bootstrap_servers, again)


def test_writes_during_a_replay_are_not_lost(kafka: Endpoint, workers: Fleet) -> None:
    running = workers.start(unique("S"))
    fill(running)
    running_replay = subprocess.Popen(
        command(workers, running.server, "--from-scratch", "--json"),
        env=environment(workers),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    client = running.client(patience=60.0)
    made = []
    while running_replay.poll() is None:
        made.append(client.add_entity("DataFile", {"qualifiedName": f"{len(made)}"})["guid"])
    _, said = running_replay.communicate()
    assert running_replay.returncode == 0, said
    assert {each["guid"] for each in client.find_entities("DataFile")} == set(made)
    equals_its_log(kafka.bootstrap_servers, running)


def damage(running: Running, guid: str) -> None:
    """Take the first revision of `guid` out of the store that is in use."""
    path = current_path(running.stores, partition_of(guid, PARTITIONS))
    engine = open_engine(path, EngineSettings(), False)
    key = keys.revision(keys.HISTORY, guid, 1)
    assert engine.get(key) is not None
    engine.delete(key)
    engine.close()


def test_verify_names_what_differs_and_switches_nothing(kafka: Endpoint, workers: Fleet) -> None:
    running = workers.start(unique("S"))
    guids = fill(running)
    running.stop()
    damage(running, guids[0])
    done = replay(workers, running.server, "--verify", "--json")
    assert done.returncode == 1 and guids[0] in done.stderr, done.stderr + done.stdout
    assert not any(guid in done.stderr for guid in guids[1:])
    assert {generation(running, number) for number in range(PARTITIONS)} == {"1"}
    live = workers.start(running.server)  # a live worker on the damaged store is found out as well
    done = replay(workers, running.server, "--verify", "--json")
    assert done.returncode == 1 and guids[0] in done.stderr, done.stderr + done.stdout
    report(replay(workers, running.server, "--from-scratch", "--json"))
    equals_its_log(kafka.bootstrap_servers, live)
    report(replay(workers, running.server, "--verify", "--json"))


def many_records(kafka: Endpoint, server: str) -> None:
    """Straight onto the log: one encoded entity, again and again with another guid."""
    types = TypeSystem.builtin()
    local = LocalCollection("home", "home", "home")
    typedef = types.require(name="DataFile")
    mark = "m" * 36
    audit = changes.home_header(local, "u", 1_700_000_000_000, types.instance_type(typedef), "ACTIVE")
    entity = changes.new_instance(changes.ENTITY, mark, audit, None, local)
    event = instance_event("NEW", entity, local.originator(), 1_700_000_000_000)
    record = log_record(event, EventCodec(types).encode, PARTITIONS, event_id=mark, origin=ORIGIN_HOME)
    headers, value = record.headers(server), record.value or b""
    producer = Producer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).producer(server))
    for _ in range(MANY):
        guid = str(uuid4())
        theirs = value.replace(mark.encode(), guid.encode())
        known = {"event-id": guid.encode(), "ce_id": guid.encode(), "omrs-crc": b"%08x" % zlib.crc32(theirs)}
        sent: Any = [(name, known.get(name, old)) for name, old in headers]
        producer.produce(names.server_log(server), theirs, guid.encode(), partition_of(guid, PARTITIONS), headers=sent)
        producer.poll(0)
    assert producer.flush(60) == 0


def two_folding(pid: int, stores: Path) -> list[psutil.Process]:
    """The processes of a replay, once the first store was begun; multiprocessing's own tracker is not of them."""
    if not any(next_path(stores, number).exists() for number in range(PARTITIONS)):
        return []
    found = []
    with suppress(psutil.NoSuchProcess):  # what has ended is not folding
        found = [child for child in psutil.Process(pid).children() if "spawn_main" in " ".join(child.cmdline())]
    return found if len(found) == 2 else []


def test_a_killed_replay_is_resumed(kafka: Endpoint, workers: Fleet) -> None:
    """kill -9 of the command while its processes fold: the next run takes over what is there and ends equal."""
    running = workers.start(unique("S"))
    running.stop()
    many_records(kafka, running.server)
    for round_ in range(2):
        killed = subprocess.Popen(
            command(workers, running.server, "--json", "--processes", "2"),
            env=environment(workers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        folding = eventually(lambda pid=killed.pid: two_folding(pid, running.stores), "it folds", within=60, every=0.01)
        time.sleep(0.3 * round_)  # the first time as soon as it can, the second time later
        for process in folding:
            process.suspend()  # they do not come to their end between this look and the kill
        assert killed.poll() is None, "it was over before it was killed"
        killed.send_signal(signal.SIGKILL)
        killed.wait(20)
        for process in folding:
            process.resume()
        _, alive = psutil.wait_procs(folding, timeout=60)
        assert not alive  # they would keep the stores locked
        killed.communicate(timeout=20)
    assert {generation(running, number) for number in range(PARTITIONS)} == {"1"}
    done = report(replay(workers, running.server, "--json"))
    assert done["poison"] == 0 and done["records"] <= MANY
    assert {generation(running, number) for number in range(PARTITIONS)} == {"2"}
    equals_its_log(kafka.bootstrap_servers, workers.start(running.server))


def test_nothing_to_replay_is_an_error(workers: Fleet) -> None:
    nobody = unique("nobody")
    done = replay(workers, nobody, "--json")
    assert done.returncode == 1 and names.server_log(nobody) in done.stderr and not done.stdout
    empty = workers.start(unique("E"))
    done = replay(workers, empty.server)
    assert done.returncode == 1 and "empty" in done.stderr
    assert empty.alive() and empty.ask("/ready")["ready"]
