"""Two workers of one server: each has a share, either answers for all, and one takes over when the other goes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from omrs_schemas.errors import NotReadyError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import EventProducer, MetadataClient
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.partition import partition_of
from omrs_streams.repository.events import guid_for
from oracle import equals_its_log
from workers import PARTITIONS, Fleet, Running, eventually, unique

pytestmark = pytest.mark.kafka

MOVE = 60.0  # a killed member's partitions move after its session time-out of 10 s; the machine may be busy


def owned(running: Running) -> set[int]:
    return {entry["partition"] for entry in running.ask("/status")["partitions"] if entry["phase"] == "ready"}


def both_own(one: Running, other: Running) -> bool:
    shares = owned(one), owned(other)
    return all(shares) and shares[0].isdisjoint(shares[1]) and shares[0] | shares[1] == set(range(PARTITIONS))


def start_two(workers: Fleet, server: str, **options: str) -> tuple[Running, Running]:
    one, other = (workers.spawn(server, name, **options) for name in ("w1", "w2"))
    for running in (one, other):
        workers.await_url(running).wait_ready()
    eventually(lambda: both_own(one, other), "both workers have a share", within=MOVE)
    return one, other


@dataclass
class Writer(threading.Thread):
    """Creates, updates and links terms through one worker until it is stopped; remembers what was acknowledged."""

    client: MetadataClient
    acknowledged: dict[str, int] = field(default_factory=dict)  # guid -> version
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.halt = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.halt.is_set():
            number += 1
            try:
                made = self.client.add_entity("DataFile", {"qualifiedName": f"f{number}"})
                self.acknowledged[made["guid"]] = 1
                changed = self.client.update_entity_properties(
                    made["guid"], {"qualifiedName": f"g{number}"}, type_name="DataFile"
                )
                self.acknowledged[made["guid"]] = changed["version"]
            except NotReadyError as error:
                self.failures.append(str(error))

    def stop(self) -> None:
        self.halt.set()
        self.join(60)
        assert not self.is_alive()

    def __hash__(self) -> int:
        return id(self)


def event_in(partition: int) -> str:
    """An event id whose creation lands in `partition`."""
    while partition_of(guid_for(event_id := str(uuid4())), PARTITIONS) != partition:
        pass
    return event_id


def all_there(client: MetadataClient, acknowledged: dict[str, int]) -> None:
    """Every acknowledged write can be read, by guid and by find."""
    found = {each["guid"]: each["version"] for each in client.find_entities("DataFile")}
    missing = {guid: version for guid, version in acknowledged.items() if found.get(guid, 0) < version}
    assert not missing
    for guid, version in list(acknowledged.items())[:20]:
        assert client.get_entity(guid)["version"] >= version


def test_either_worker_answers_for_the_whole_server(kafka: Endpoint, workers: Fleet) -> None:
    one, other = start_two(workers, unique("S"))
    clients = [running.client() for running in (one, other)]
    ids = [event_in(n % PARTITIONS) for n in range(16)]
    made = [clients[n % 2].add_entity("GlossaryTerm", {"qualifiedName": f"t{n}"}, event_id=ids[n]) for n in range(16)]
    assert {partition_of(each["guid"], PARTITIONS) for each in made} == set(range(PARTITIONS))
    link = clients[0].add_relationship("Synonym", made[0]["guid"], made[1]["guid"])
    for client in clients:
        for each in made:
            assert client.get_entity(each["guid"]) == each
        ordered = client.find_entities("GlossaryTerm", sort_property="qualifiedName", offset=2, page_size=3)
        names = sorted(f"t{n}" for n in range(16))[2:5]
        assert [
            each["properties"]["instanceProperties"]["qualifiedName"]["primitiveValue"] for each in ordered
        ] == names
        assert {each["guid"] for each in client.find_entities("GlossaryTerm")} == {each["guid"] for each in made}
        assert client.relationships_of(made[1]["guid"]) == [link]
    for client in clients:
        changed = client.update_entity_properties(made[2]["guid"], {"qualifiedName": "t2"})
        assert all(reader.get_entity(made[2]["guid"]) == changed for reader in clients)
    # The ETag travels with forwarded requests too, and decides wherever the guid lives.
    for each in made[4:8]:
        path = f"/instances/entity/{each['guid']}"
        for running in (one, other):
            rest = running.rest()
            tag = rest.get(path).headers["etag"]
            first, second = (rest.post(f"{path}/status", json="ACTIVE", headers={"If-Match": tag}) for _ in "12")
            assert (first.json()["relatedHTTPCode"], second.json()["relatedHTTPCode"]) == (200, 409)
    clients[1].delete_entity(made[0]["guid"])
    for client in clients:
        eventually(lambda c=client: c.relationships_of(made[1]["guid"]) == [], "its relationship goes along")
    home = one.ask("/status")["metadata_collection_id"]
    assert one.ask("/digest", home=home) == other.ask("/digest", home=home)
    equals_its_log(kafka.bootstrap_servers, one, other)
    assert (one.stop(), other.stop()) == (0, 0)


def test_one_is_killed_in_the_middle_of_writes(kafka: Endpoint, workers: Fleet) -> None:
    cohort, server = unique("co"), unique("S")
    sender = workers.spawn(unique("A"), cohort=cohort)
    one, other = start_two(workers, server, cohort=cohort)
    workers.await_url(sender).wait_ready()
    # A member that knows of one partition only: what it sends is not where the keys belong.
    with EventProducer(kafka.bootstrap_servers, cohort, unique("odd"), TypeSystem.builtin(), partitions=1) as odd:
        odd.register()
        misplaced = [odd.new_entity("GlossaryTerm", {"qualifiedName": f"{n}"})["guid"] for n in range(12)]
    for running in (one, other):
        asked = running.client()
        eventually(lambda c=asked: all(c.find_entity(guid) for guid in misplaced), "misplaced events", within=60)
    writers = [Writer(one.client(patience=90.0)), Writer(sender.client(patience=90.0))]
    for writer in writers:
        writer.start()
    eventually(lambda: all(len(writer.acknowledged) > 20 for writer in writers), "writes flow", within=60)

    def answers(ask: Callable[[], object]) -> bool:
        """True for a right answer, False for a NotReady; anything else fails the test, no answer too."""
        try:
            ask()
        except NotReadyError:
            return False
        return True

    reader = one.client(patience=0)
    guids = list(writers[0].acknowledged)[:10]
    copies = list(writers[1].acknowledged)[:10]
    for guid in copies:
        eventually(lambda guid=guid: reader.find_entity(guid), "a copy is here before the kill", within=60)

    def reads() -> None:
        for guid in guids:
            assert reader.get_entity(guid)["guid"] == guid
        found = {each["guid"] for each in reader.find_entities("DataFile")}
        assert found.issuperset(guids) and found.issuperset(copies)

    eventually(lambda: answers(reads), "everything is readable before the kill", within=MOVE)
    other.kill()
    eventually(lambda: answers(reads), "everything is readable again at the one that is left", within=MOVE)
    eventually(lambda: owned(one) == set(range(PARTITIONS)), "it owns everything", within=MOVE)
    for writer in writers:
        before = len(writer.acknowledged)
        eventually(lambda w=writer, n=before: len(w.acknowledged) > n + 5, "writes go on", within=MOVE)
        writer.stop()
        assert not writer.failures
    all_there(one.client(), writers[0].acknowledged)
    home = sender.ask("/status")["metadata_collection_id"]

    def copied() -> bool:
        return bool(sender.ask("/digest", home=home) == one.ask("/digest", home=home))

    eventually(copied, "no copy was lost on the way", within=MOVE)
    log = equals_its_log(kafka.bootstrap_servers, one)
    for guid, version in writers[0].acknowledged.items():
        assert len(log.revisions(guid)) in (version, version + 1), guid


def test_a_worker_that_comes_back_takes_its_share_again(kafka: Endpoint, workers: Fleet) -> None:
    server = unique("S")
    one, other = start_two(workers, server)
    client = one.client(patience=60.0)
    made = [client.add_entity("DataFile", {"qualifiedName": f"{n}"})["guid"] for n in range(10)]
    other.kill()
    again = workers.start(server, "w2")  # within the session time-out: it gets its own partitions back
    eventually(lambda: both_own(one, again), "both have a share again", within=MOVE)
    for running in (one, again):
        assert {each["guid"] for each in running.client().find_entities("DataFile")} == set(made)
    equals_its_log(kafka.bootstrap_servers, one, again)
    assert again.ask("/ready")["ready"]
