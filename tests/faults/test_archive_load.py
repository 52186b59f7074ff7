"""Workers killed in the middle of an archive load: nothing is lost, nothing doubled, reads stay right, stores come back
from the log."""

import json
import random
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

import httpx
import pytest

from archive_load import LOAD_S, Bean, Source, finish, load, start_load, with_times
from omrs_schemas.errors import ArchiveError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.archive.load import Loaded, Target, load_archive
from oracle import Log, equals_its_log, live_digests, read_log
from shared_data import require_shared
from workers import Fleet, Running, eventually, unique

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

COPIES = 12
"""Of the business systems pack, 244 instances each: a load of some seconds, long enough to be interrupted."""
STOPS = (0.1, 0.25, 0.45)
"""How much of the archive is there when a loader or the worker is killed."""
ANSWER_S = 45.0  # "not ready" is said after 20 s, `MOVING_S`; the rest is the machine
PACK = str(uuid5(NAMESPACE_URL, "omrs-streams:tests:multiplied"))
TYPES = TypeSystem.builtin()

Check = Callable[[httpx.Client], str | None]
"""Asks something; None when the answer is right, else what is wrong with it."""


@pytest.fixture(scope="module")
def multiplied(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """`COPIES` times the instances of the business systems pack, each copy with guids of its own, in one archive."""
    text = require_shared("data", "archives", "CocoBusinessSystemsArchive.omarchive").read_text()
    whole = json.loads(text)
    store = whole["archiveInstanceStore"]
    guids = [bean["guid"] for bean in (*store["entities"], *store["relationships"])]
    copies = []
    for number in range(COPIES):
        copy = json.dumps(store)
        for guid in guids:
            copy = copy.replace(guid, str(uuid5(NAMESPACE_URL, f"{number}/{guid}")))
        copies.append(json.loads(copy))
    whole["archiveProperties"] |= {"archiveGUID": PACK, "archiveName": "Multiplied"}
    for name in ("entities", "relationships"):
        store[name] = [bean for copy in copies for bean in copy[name]]
    path = tmp_path_factory.mktemp("multiplied") / "multiplied.omarchive"
    path.write_text(json.dumps(whole))
    return Source.read(path)


def folded(running: Running) -> int:
    """How many records the worker has folded, over its partitions."""
    return sum(partition["next_offset"] for partition in running.ask("/status")["partitions"])


def all_instances(running: Running) -> dict[str, Bean]:
    """Every entity and relationship that the server answers to two finds without a condition, by guid."""
    found: dict[str, Bean] = {}
    http = running.rest("reader", timeout=120.0)
    for noun, request in (("entities", "EntityFindRequest"), ("relationships", "InstanceFindRequest")):
        answer = http.post(f"/instances/{noun}", json={"class": request}).json()
        assert answer["relatedHTTPCode"] == 200, answer
        for bean in answer.get(noun) or ():
            assert bean["guid"] not in found, "one instance twice in one find"
            found[bean["guid"]] = with_times(bean)
    return found


def holds_exactly(running: Running, *sources: Source) -> None:
    local = running.ask("/status")["metadata_collection_id"]
    expected = {bean["guid"]: bean for each in sources for bean in each.expected(local)}
    found = all_instances(running)
    assert found.keys() == expected.keys()
    assert [guid for guid, bean in expected.items() if found[guid] != bean] == []


def rebuilt_from_the_log(workers: Fleet, running: Running) -> None:
    """Without its stores a server reads its log again and is what it was."""
    before = list(live_digests(running))
    assert running.stop() == 0
    assert any(running.stores.iterdir())
    shutil.rmtree(running.stores)
    again = workers.start(running.server, running.worker)
    assert list(live_digests(again)) == before


def nothing_lost_nothing_doubled(log: Log, *sources: Source) -> None:
    proxies = {guid for each in sources for guid in each.missing_ends}
    instances = {bean["guid"] for each in sources for bean in (*each.entities, *each.relationships)}
    assert log.guids() == proxies | instances
    classified = {extension["entityToClassify"]["guid"] for each in sources for extension in each.extensions}
    assert {guid for guid in log.guids() if len(log.revisions(guid)) != 1 + (guid in classified)} == set()


@dataclass
class Loading(threading.Thread):
    """A load in this process, so that the test knows at every moment how much of it was acknowledged."""

    server: str
    urls: list[str]
    source: Source
    done: int = 0
    result: Loaded | None = None
    error: Exception | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        try:
            with Target(self.server, self.urls) as target:
                self.result = load_archive(target, self.source.path, self._report)
        except Exception as error:  # told to the test, which fails
            self.error = error

    def _report(self, done: int, of: int) -> None:
        self.done = done

    def acknowledged(self) -> set[str]:
        """Guids of the entities that are stored as far as the loader was told."""
        return {bean["guid"] for bean in self.source.entities[: self.done]}


def test_loaders_and_the_only_worker_are_killed_in_the_middle_of_a_load(
    workers: Fleet, multiplied: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is given again when the loader dies or gives up; it goes on by itself when the worker dies and is
    back, on another port. Then the stores are deleted."""
    server = unique("killed")
    first = workers.start(server)
    instances = len(multiplied.entities) + len(multiplied.relationships)
    interrupted = start_load(workers, server, multiplied.path)
    eventually(lambda: folded(first) > STOPS[0] * instances, "a first part is stored", within=LOAD_S, every=0.01)
    interrupted.kill()
    assert finish(interrupted).code == -signal.SIGKILL, "the load was over before the loader was killed"

    monkeypatch.setattr("omrs_streams.archive.load.RETRY_FOR_S", 1.0)
    impatient = Loading(server, [first.url], multiplied)
    impatient.start()
    eventually(lambda: folded(first) > STOPS[1] * instances, "a second part is stored", within=LOAD_S, every=0.01)
    first.kill()
    impatient.join(LOAD_S)
    assert isinstance(impatient.error, ArchiveError), impatient.result
    assert f"loaded in part, 0 types and {impatient.done} of " in impatient.error.message
    assert "did not answer" in impatient.error.message and "run the same command again" in impatient.error.help

    loading = start_load(workers, server, multiplied.path)  # while nobody is there
    second = workers.start(server)
    eventually(lambda: folded(second) > STOPS[2] * instances, "a third part is stored", within=LOAD_S, every=0.01)
    second.kill()
    assert loading.poll() is None, "the load was over before the worker was killed"
    assert len(read_log(workers.bootstrap_servers, server).records) < instances, "nothing was left to do"
    third = workers.start(server)
    done = finish(loading)
    assert done.code == 0 and not done.of("error") and done.facts is not None
    entities, proxies, relationships, _ = done.stored
    # What was repeated is acknowledged once; what the first loaders brought was there.
    assert entities + relationships + done.facts["unchanged"] == instances
    assert 0 < done.facts["unchanged"] < instances
    assert proxies == len(multiplied.missing_ends) or done.facts["unchanged"] > len(multiplied.entities)
    holds_exactly(third, multiplied)
    nothing_lost_nothing_doubled(equals_its_log(workers.bootstrap_servers, third), multiplied)
    again = load(workers, server, multiplied.path)
    assert again.code == 0 and again.stored == (0, 0, 0, 0) and again.facts is not None
    assert again.facts["unchanged"] == instances
    rebuilt_from_the_log(workers, third)


# ---- two workers -----------------------------------------------------------------------------------------------------


@dataclass
class Reading(threading.Thread):
    """Asks one worker all the time, and keeps what was wrong. "Not ready" within `ANSWER_S` is right."""

    running: Running
    base: dict[str, Bean]
    loading: Loading
    right: int = 0
    not_ready: int = 0
    wrong: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        names = {
            bean["guid"]: bean["type"]["typeDefName"] for bean in self.base.values() if "entityOneProxy" not in bean
        }
        loaded = {bean["type"]["typeDefName"] for bean in self.loading.source.entities}
        self._of_type = {
            TYPES.require(name=wanted)["guid"]: {guid for guid, name in names.items() if TYPES.is_type_of(name, wanted)}
            for wanted in set(names.values())
            if not any(TYPES.is_type_of(name, wanted) for name in loaded)
        }
        self._loaded_types: dict[str, set[str]] = {}
        for bean in self.loading.source.entities:
            self._loaded_types.setdefault(bean["type"]["typeDefGUID"], set()).add(bean["guid"])

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        http = self.running.rest("reader", timeout=ANSWER_S)
        for number, check in enumerate(self._checks()):
            if self.stopping.is_set():
                return
            try:
                self._count(check(http), number)
            except (httpx.HTTPError, ValueError) as error:  # nothing, or nothing that can be read
                self.wrong.append(f"no answer: {error!r}")

    def _count(self, wrong: str | None, number: int) -> None:
        if wrong is None:
            self.right += 1
        elif wrong == "not ready":
            self.not_ready += 1
        else:
            self.wrong.append(f"question {number}: {wrong}")

    def _checks(self) -> Iterator[Check]:
        while True:
            yield self._one_of_the_base
            yield self._one_that_was_acknowledged
            yield self._find_in_the_base
            yield self._find_what_was_acknowledged

    def _one_of_the_base(self, http: httpx.Client) -> str | None:
        guid, bean = random.choice(list(self.base.items()))
        noun = "relationship" if bean["class"] == "Relationship" else "entity"
        answer = http.get(f"/instances/{noun}/{guid}")
        same = with_times(answer.json().get(noun)) == bean
        return not_ready(answer) or (None if same else f"{guid}: {answer.text[:300]}")

    def _one_that_was_acknowledged(self, http: httpx.Client) -> str | None:
        known = sorted(self.loading.acknowledged())
        if not known:
            return None
        guid = random.choice(known)
        answer = http.get(f"/instances/entity/{guid}")
        return not_ready(answer) or (None if "entity" in answer.json() else f"{guid} is lost: {answer.text[:300]}")

    def _find_in_the_base(self, http: httpx.Client) -> str | None:
        type_guid, expected = random.choice(list(self._of_type.items()))
        answer = self._find(http, type_guid)
        if refused := not_ready(answer):
            return refused
        found = {bean["guid"] for bean in answer.json().get("entities") or ()}
        return None if found == expected else f"find of {type_guid}: {len(found)} of {len(expected)}"

    def _find_what_was_acknowledged(self, http: httpx.Client) -> str | None:
        type_guid, all_of_it = random.choice(list(self._loaded_types.items()))
        known = self.loading.acknowledged() & all_of_it
        answer = self._find(http, type_guid)
        if refused := not_ready(answer):
            return refused
        found = {bean["guid"] for bean in answer.json().get("entities") or ()}
        missing = known - found
        return f"find of {type_guid}: {len(missing)} of {len(known)} acknowledged ones are missing" if missing else None

    def _find(self, http: httpx.Client, type_guid: str) -> httpx.Response:
        return http.post("/instances/entities", json={"class": "EntityFindRequest", "typeGUID": type_guid})


def not_ready(answer: httpx.Response) -> str | None:
    if answer.status_code != 503:
        return None
    body = answer.json()
    assert body["relatedHTTPCode"] == 503 and body["exceptionErrorMessage"], body
    return "not ready"


def test_one_of_two_workers_is_killed_while_an_archive_loads(workers: Fleet, multiplied: Source) -> None:
    """The other one takes over: it reads and finds right all the time, and the load ends without being repeated."""
    base = Source.read(require_shared("data", "archives", "CocoGovernanceProgramArchive.omarchive"))
    server = unique("two")
    survivor, killed = workers.spawn(server, "w1"), workers.spawn(server, "w2")
    for running in (survivor, killed):
        workers.await_url(running).wait_ready()
    eventually(lambda: len(set(survivor.ask("/status")["owners"].values())) == 2, "both workers own partitions")
    assert load(workers, server, base.path).code == 0
    local = survivor.ask("/status")["metadata_collection_id"]
    loading = Loading(server, [killed.url, survivor.url], multiplied)
    reading = Reading(survivor, {bean["guid"]: bean for bean in base.expected(local)}, loading)
    reading.start()
    eventually(lambda: reading.right >= 20 or reading.wrong, "reads flow")
    loading.start()
    instances = len(multiplied.entities) + len(multiplied.relationships)
    eventually(lambda: loading.done > STOPS[1] * instances or loading.error, "a part is stored", within=LOAD_S)
    before = reading.right
    killed.kill()
    assert loading.is_alive(), "the load was over before the worker was killed"
    loading.join(LOAD_S)
    assert loading.error is None and loading.result is not None
    after = reading.right
    eventually(lambda: reading.right > after + 20 or reading.wrong, "reads go on after the load")
    reading.stopping.set()
    reading.join(ANSWER_S)
    print(f"right: {before} before the kill, {reading.right - before} after; not ready: {reading.not_ready}")
    assert reading.wrong == []
    assert loading.result.complete
    assert (loading.result.entities, loading.result.relationships) == (
        len(multiplied.entities),
        len(multiplied.relationships),
    )
    eventually(lambda: set(survivor.ask("/status")["owners"].values()) == {"w1"}, "it owns everything")
    holds_exactly(survivor, base, multiplied)
    nothing_lost_nothing_doubled(equals_its_log(workers.bootstrap_servers, survivor), base, multiplied)
    rebuilt_from_the_log(workers, survivor)
