"""Three members, of which one is stopped, then hangs, then is slow: the others answer in time, say who is missing, and
all is as before when it returns."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from slow_proxy import SlowProxy, slow_proxy

from workers import START_S, Fleet, Running, eventually, unique

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]

Bean = dict[str, Any]

DEADLINE = 8.0  # seconds; members that are well answer within milliseconds, and on a busy machine within this
LATE = 60.0  # seconds in which a busy machine answers after the deadline too; the victim is away for longer than that
SETTINGS = f"federation: {{deadline_s: {DEADLINE}, failures: 2, pause_s: 0.5, longest_pause_s: 2}}\n"


@dataclass
class Three:
    """`asked` answers for all; `victim` is reached through `proxy`. Each has one entity of its own."""

    fleet: Fleet
    asked: Running
    other: Running
    victim: Running
    proxy: SlowProxy
    cohort: str
    mark: str
    guids: dict[str, str]

    def find(self) -> tuple[set[str], list[str]]:
        """The guids of what is found with the mark, and the warnings."""
        body = {"class": "EntityPropertyFindRequest"}
        return self._call("POST", f"/instances/entities/by-property-value?searchCriteria={self.mark}.*", body)

    def get(self, guid: str) -> tuple[set[str], list[str]]:
        return self._call("GET", f"/instances/entity/{guid}", None)

    def _call(self, method: str, path: str, body: Bean | None) -> tuple[set[str], list[str]]:
        answer = self.asked.rest(timeout=DEADLINE + LATE).request(method, "/enterprise" + path, json=body)
        found = answer.json()
        assert found["relatedHTTPCode"] == 200, found
        beans = [found["entity"]] if "entity" in found else found.get("entities", [])
        return {bean["guid"] for bean in beans}, json.loads(answer.headers.get("x-omrs-warnings", "[]"))

    def whole(self) -> bool:
        """Everything is found, and nobody is missing."""
        found, missing = self.find()
        return found == set(self.guids.values()) and not missing

    def others_answer(self) -> None:
        """All that the others know is found and read, and the victim is named as missing."""
        found, missing = self.find()
        assert found == set(self.guids.values()), "the others have copies of what the victim has"
        assert [each for each in missing if self.victim.server in each], missing
        assert not [each for each in missing if self.victim.server not in each], missing
        for name in ("asked", "other", "victim"):
            found, missing = self.get(self.guids[name])
            assert found == {self.guids[name]}
            assert len(missing) == 1 and self.victim.server in missing[0], missing

    def left_out(self) -> bool:
        _, missing = self.find()
        return bool(missing) and all("left out" in each for each in missing)

    def change_at_victim(self) -> httpx.Response:
        body = {"class": "TypeDefValidationForRequest", **self._term}
        path = f"/enterprise/instances/entity/{self.guids['victim']}/delete"
        return self.asked.rest(timeout=60).post(path, json=body)

    def types_are_defined(self) -> None:
        """Through the API for people, which asks all members: what is known here needs none of them."""
        with httpx.Client(base_url=f"{self.asked.url}/api/v1", timeout=60, trust_env=False) as types:
            given = {"category": "entity", "name": f"Here{uuid4().hex}", "superType": "Referenceable"}
            made = types.post("/types", json=given)
            assert made.status_code == 201, made.text
            for identity in ("guid", "name"):
                assert types.get(f"/types/{made.json()[identity]}").json() == made.json()
            unknown = types.get("/types/NoSuchType")
            assert unknown.status_code == 503 and self.victim.server in unknown.json()["detail"], "it may know it"

    @property
    def _term(self) -> Bean:
        kind = self.asked.client().get_entity(self.guids["asked"])["type"]
        return {"typeDefGUID": kind["typeDefGUID"], "typeDefName": kind["typeDefName"]}


@pytest.fixture
def three(workers: Fleet) -> Iterator[Three]:
    cohort, mark = unique("down"), unique("mark")
    config = workers.root / "federation.yaml"
    config.write_text(SETTINGS)
    with slow_proxy() as proxy:
        asked, other = (workers.spawn(unique(name), cohort=cohort, config=config) for name in ("asked", "other"))
        victim = start_victim(workers, unique("victim"), cohort, proxy)
        for running in (asked, other):
            workers.await_url(running).wait_ready()
        guids = {}
        for name, running in (("asked", asked), ("other", other), ("victim", victim)):
            properties = {"qualifiedName": f"{mark}-{name}"}
            guids[name] = running.client().add_entity("GlossaryTerm", properties)["guid"]
        ours = Three(workers, asked, other, victim, proxy, cohort, mark, guids)
        eventually(ours.whole, "all three answer")
        for guid in guids.values():
            for running in (asked, other):  # who shows all that is found need not be asked about it after the deadline
                eventually(partial(held, running, guid), "copies have arrived")
        yield ours
        assert "failed unexpectedly" not in asked.log_text()


def start_victim(workers: Fleet, server: str, cohort: str, proxy: SlowProxy) -> Running:
    """Ready, behind the proxy; on a port that nobody else can have taken."""
    started = workers.spawn(server, cohort=cohort, advertised_url=f"http://127.0.0.1:{proxy.port}")
    workers.await_url(started)
    proxy.target = listening_port(started)
    return started.wait_ready()


def listening_port(running: Running) -> int:
    """Its only one, which it listens on soon after it has said under which URL it is reached."""
    process = psutil.Process(running.pid)

    def ports() -> set[int]:
        found = process.net_connections("tcp")
        return {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}

    [port] = eventually(ports, f"{running.server} listens", within=START_S)
    return port


def held(running: Running, guid: str) -> bool:
    return running.client().find_entity(guid) is not None


def reported(running: Running, *message_ids: str) -> bool:
    """Whether one of the messages is in its audit log, which is written behind what it tells of."""
    return any(message_id in running.log_text() for message_id in message_ids)


def test_a_member_that_is_stopped(three: Three) -> None:
    three.victim.stop()
    three.others_answer()
    eventually(three.left_out, "it is not asked any more")
    three.others_answer()
    refused = three.change_at_victim().json()
    assert refused["relatedHTTPCode"] == 503 and three.victim.server in refused["exceptionErrorMessage"], refused
    assert held(three.asked, three.guids["victim"]), "nobody else has deleted it"
    three.types_are_defined()
    assert f'omrs_member_left_out{{member="{three.victim.server}"}} 1.0' in three.asked.ask_text("/metrics")
    eventually(lambda: reported(three.asked, "OMRS-AUDIT-0401"), "that it is left out is reported")
    assert three.asked.log_text().count("OMRS-AUDIT-0401") == 1

    three.victim = start_victim(three.fleet, three.victim.server, three.cohort, three.proxy)
    eventually(three.whole, "it answers again")
    eventually(lambda: reported(three.asked, "OMRS-STREAMS-0040", "OMRS-AUDIT-0112"), "its return is reported")


def test_a_member_that_hangs(three: Three) -> None:
    three.victim.pause()
    three.others_answer()
    eventually(three.left_out, "it is not asked any more")
    three.others_answer()
    assert three.victim.alive()
    three.victim.wake()
    eventually(three.whole, "it answers again")


def test_a_member_that_is_slow(three: Three) -> None:
    three.proxy.delay = 0.2
    assert three.whole(), "slow, but in time"
    three.proxy.delay = DEADLINE * 20
    three.others_answer()
    eventually(three.left_out, "it is not asked any more")
    three.proxy.delay = 0.0
    eventually(three.whole, "it answers again")
