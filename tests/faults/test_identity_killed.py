"""kill -9 between the records of a re-identify: what was begun is finished by whoever has the partitions next."""

import threading
import time
from uuid import uuid4

import pytest

from omrs_schemas.errors import NotReadyError
from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from oracle import equals_its_log, read_log
from workers import Fleet, Running, eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]

LINKS = 80  # re-pointed 32 at once: a kill a few ms after the first record finds some that are not
KILLS = 12  # at most; the first four come after longer and longer delays
HEALED = 60.0  # the partitions of a killed worker move after its session time-out; the machine may be busy


def ask(client: MetadataClient, old: str, new: str, event_id: str) -> None:
    try:
        client.re_identify_entity(old, new, event_id=event_id)
    except NotReadyError:
        return  # killed


def begin_and_kill(running: Running, old: str, new: str, event_id: str, delay: float) -> None:
    """Kill the worker `delay` seconds after the first record is there."""
    client, asking = running.client(), running.client("alice", patience=0)
    thread = threading.Thread(target=ask, args=(asking, old, new, event_id), daemon=True)
    thread.start()
    eventually(lambda: client.find_entity(new), "the new guid is there", every=0.002)
    time.sleep(delay)
    running.kill()
    thread.join(60)


def is_healed(client: MetadataClient, old: str, new: str, links: set[str]) -> None:
    def pointed() -> bool:
        return {each["guid"] for each in client.relationships_of(new)} == links

    eventually(pointed, "every relationship has its new end", within=HEALED, every=0.2)
    retired = client.find_entity(old)
    assert retired is not None and (retired["status"], retired["version"]) == ("DELETED", 2)
    assert {each["version"] for each in client.relationships_of(new)} == {2}


def test_killed_between_the_records_of_a_new_guid(kafka: Endpoint, workers: Fleet) -> None:
    server = unique("S")
    running = workers.start(server)
    client = running.client("alice")
    terms = [client.add_entity("GlossaryTerm", {"qualifiedName": str(n)})["guid"] for n in range(LINKS)]
    kills = unfinished = 0
    while kills < 4 or (not unfinished and kills < KILLS):
        delay = (0.0, 0.02, 0.08, 0.2)[kills] if kills < 4 else 0.0
        kills += 1
        made = client.add_entity("GlossaryTerm", {"qualifiedName": unique("hub")})["guid"]
        links = {client.add_relationship("Synonym", made, term)["guid"] for term in terms}
        new_guid, event_id = str(uuid4()), str(uuid4())
        begin_and_kill(running, made, new_guid, event_id, delay)
        before = read_log(kafka.bootstrap_servers, server)
        unfinished += any(len(before.revisions(link)) == 1 for link in links)

        running = workers.start(server)
        client = running.client("alice")
        is_healed(client, made, new_guid, links)
        again = client.re_identify_entity(made, new_guid, event_id=event_id)
        assert (again["guid"], again["version"], again["reIdentifiedFromGUID"]) == (new_guid, 2, made)
    log = equals_its_log(kafka.bootstrap_servers, running)
    assert sum(record.kind == "RE_IDENTIFIED_ENTITY_EVENT" for record in log.effective) == kills
    assert unfinished, "no kill came between the records; the test shows nothing"
