"""The broker is killed and comes back while writes go on: what was acknowledged is there, once."""

import threading
from uuid import uuid4

import pytest

from omrs_schemas.errors import OmrsError
from omrs_streams.log.embedded import EmbeddedKafka
from oracle import equals_its_log
from workers import Fleet, eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]


def test_writes_go_on_after_the_broker_came_back(own_kafka: EmbeddedKafka, lone_workers: Fleet) -> None:
    cohort = unique("co")
    one, other = (lone_workers.spawn(unique(name), cohort=cohort) for name in "AB")
    for running in (one, other):
        lone_workers.await_url(running).wait_ready()
    acknowledged: dict[str, str] = {}  # event id -> guid
    refused: list[str] = []
    halt = threading.Event()

    def write(number: int) -> None:
        client = one.client(f"writer{number}", patience=0)
        while not halt.is_set():
            event_id = str(uuid4())
            try:
                made = client.add_entity("DataFile", {"qualifiedName": event_id}, event_id=event_id)
                acknowledged[event_id] = made["guid"]
            except OmrsError:
                refused.append(event_id)
                halt.wait(0.2)

    threads = [threading.Thread(target=write, args=(n,), daemon=True) for n in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(acknowledged) > 20, "writes flow", within=60)
    own_kafka.kill(1)
    own_kafka.start(1)
    before = len(acknowledged)
    eventually(lambda: len(acknowledged) > before + 20, "writes flow again", within=90)
    halt.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    client = one.client(patience=60.0)
    for event_id in refused:  # neither lost nor there for certain: asking again settles it
        acknowledged[event_id] = client.add_entity("DataFile", {"qualifiedName": event_id}, event_id=event_id)["guid"]
    found = {each["guid"] for each in client.find_entities("DataFile")}
    assert found == set(acknowledged.values()) and len(found) == len(acknowledged)
    home = one.ask("/status")["metadata_collection_id"]
    eventually(lambda: one.ask("/digest", home=home) == other.ask("/digest", home=home), "B has them too", within=60)
    for running in (one, other):
        assert running.alive()
        equals_its_log(own_kafka.bootstrap_servers, running)
    made = other.client(patience=60.0).add_entity("DataFile", {"qualifiedName": "back"})
    eventually(lambda: client.find_entity(made["guid"]) == made, "the other direction works too", within=60)
    one.kill()
    again = lone_workers.start(one.server, cohort=cohort)
    equals_its_log(own_kafka.bootstrap_servers, again)
