"""One cohort at one worker, the `cohorts` topic and the producer in memory: who speaks, what waits, what is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from omrs_schemas.errors import ConfigurationError, ProduceError, RepositoryError
from omrs_streams.cohort.registry_events import Registration, refresh_request, registration_event, un_registration
from omrs_streams.repository.local import LocalCollection
from omrs_streams.settings import CohortSettings
from omrs_streams.worker import cohort as module
from omrs_streams.worker.cohort import CohortMember, identity_of
from omrs_streams.worker.cohort_store import LOCAL, Standing, StoredRegistry, Wanted, Wish
from omrs_streams.worker.faust_app import WithdrawnError
from omrs_streams.worker.federation import Federation

LOCAL_A = LocalCollection("id-a", "a", "a", url_root="http://127.0.0.1:1")
CONNECTION = identity_of(LocalCollection("id-b", "b", "b", url_root="http://127.0.0.1:2")).connection
B = Registration("id-b", "b", time=5, connection=CONNECTION)


@dataclass
class Server:
    """What the workers of one server share: the topic of registries, and what was said to the cohort."""

    registry: StoredRegistry = field(default_factory=StoredRegistry)
    said: list[dict[str, Any]] = field(default_factory=list)
    audits: list[str] = field(default_factory=list)
    members: list[CohortMember] = field(default_factory=list)
    broken: bool = False

    def worker(self, local: LocalCollection = LOCAL_A) -> CohortMember:
        parts: Any = SimpleNamespace(
            local=local,
            audit=SimpleNamespace(record=lambda message_id, **params: self.audits.append(message_id[-4:])),
            producer=SimpleNamespace(send_batch=self._send),
            letters=SimpleNamespace(bury=lambda message, error: self.audits.append("dead")),
        )
        wire: Any = SimpleNamespace(
            registration_topic="r",
            types_topic="t",
            whole=True,
            registry=lambda event, _: event,
            read=lambda message, _: message,
        )
        store: Any = self
        member = CohortMember(CohortSettings(name="c"), wire, parts, store, Federation())
        member.types.announce_missing = self._announced
        self.members.append(member)
        return member

    async def _send(self, events: list[dict[str, Any]]) -> None:
        if self.broken:
            raise ProduceError("the broker is away")
        self.said += events

    async def _announced(self) -> None:
        self.audits.append("types")

    def kinds(self) -> list[str]:
        return [event["registryEventSection"]["registryEventType"] for event in self.said]

    # What CohortMember needs of a RegistryStore.

    def of(self, cohort: str) -> StoredRegistry:
        return self.registry

    async def caught_up(self) -> None:
        await asyncio.sleep(0)

    async def save(self, cohort: str, found: Registration, now: int, *, local: bool) -> None:
        if local:
            self.registry.local = found
        else:
            self.registry.remotes[found.collection_id] = found
        await self._changed()

    async def remove(self, cohort: str, collection_id: str, *, local: bool) -> None:
        if local:
            self.registry.local = None
        else:
            self.registry.remotes.pop(collection_id, None)
        await self._changed()

    async def want(self, cohort: str, wish: Wish) -> None:
        self.registry.wish = wish
        await self._changed()

    async def say(self, cohort: str, standing: Standing) -> None:
        self.registry.standing = standing
        await self._changed()

    async def _changed(self) -> None:
        await asyncio.sleep(0)
        for member in self.members:
            member.noticed()


def run(scenario: Callable[[Server], Awaitable[None]]) -> None:
    async def main() -> None:
        server = Server()
        failures: list[Exception] = []
        try:
            async with asyncio.timeout(60):
                await scenario(server)
        finally:
            for member in server.members:
                member.on_failure = failures.append
                await member.stop()
        assert not failures

    asyncio.run(main())


async def until(true: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def rested() -> None:
    """Whatever can be done now, in memory as all of it is, has been done."""
    for _ in range(1_000):
        await asyncio.sleep(0)


def test_one_worker_speaks_and_events_wait_for_it() -> None:
    async def scenario(server: Server) -> None:
        one, other = server.worker(), server.worker()
        early = asyncio.create_task(one.registry_events([registration_event("REGISTRATION_EVENT", B, 1)]))
        await rested()
        assert not early.done() and server.said == []
        await one.speak()
        await early
        assert server.kinds() == ["REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]
        assert set(other.remotes) == {"id-b"} and server.registry.standing.status == "CONNECTED"
        assert [each.collection_id for each in other._federation.members()] == ["id-b"]
        await one.speak()
        assert len(server.said) == 2, "a rebalance that changes nothing is nobody's business"
        one.release()
        await other.speak()
        assert server.kinds()[2:] == ["RE_REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]

    run(scenario)


def test_a_batch_that_waits_while_the_topic_goes_elsewhere_is_withdrawn() -> None:
    async def scenario(server: Server) -> None:
        one = server.worker()
        waiting = asyncio.create_task(one.registry_events([SimpleNamespace(topic="r")]))
        await rested()
        one.release()
        with pytest.raises(WithdrawnError):
            await waiting

    run(scenario)


def test_commands_go_to_whoever_speaks() -> None:
    async def scenario(server: Server) -> None:
        one, other = server.worker(), server.worker()
        flows: list[str] = []
        other.on_flow = lambda: flows.append("open" if other.open.is_set() else "closed")
        await one.speak()
        await one.registry_events([registration_event("REGISTRATION_EVENT", B, 1)])
        server.said.clear()
        await other.ask("DISCONNECTED", "garygeeke")
        assert server.said == [] and server.registry.standing.status == "DISCONNECTED"
        assert flows == ["closed"] and other._federation.members() == ()
        gate = asyncio.create_task(other.gated(_nothing)([]))
        registered = asyncio.create_task(one.registry_events([un_registration(B, 2)]))
        await rested()
        assert not gate.done() and not registered.done()
        await other.ask("CONNECTED", "garygeeke")
        await asyncio.gather(gate, registered)
        assert server.kinds() == ["RE_REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]
        assert flows == ["closed", "open"] and not other.remotes, "what came meanwhile was taken in"
        await one.ask("UNREGISTERED", "garygeeke")
        assert server.kinds()[-1] == "UN_REGISTRATION_EVENT" and server.registry.local is None
        await one.ask("UNREGISTERED", "garygeeke")
        await other.ask("CONNECTED", "garygeeke")
        assert server.kinds()[-2:] == ["REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]

    run(scenario)


@pytest.mark.parametrize("how", ["DISCONNECTED", "UNREGISTERED"])
def test_a_server_that_left_says_nothing_when_it_starts(how: Wanted) -> None:
    async def scenario(server: Server) -> None:
        one = server.worker()
        await one.speak()
        await one.registry_events([registration_event("REGISTRATION_EVENT", B, 1)])
        await one.ask(how, "garygeeke")
        server.said.clear()
        server.audits.clear()
        later = server.worker()
        await later.speak()
        assert server.said == [] and server.audits == []
        assert server.registry.standing.status == "DISCONNECTED" and not later.open.is_set()
        one.release()
        await later.ask("CONNECTED", "garygeeke")
        assert server.kinds()[-1] == "REFRESH_REGISTRATION_REQUEST"

    run(scenario)


def test_leaving_for_good_is_not_done_before_the_others_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.05)
    monkeypatch.setattr(module, "COMMAND_S", 0.2)

    async def scenario(server: Server) -> None:
        one = server.worker()
        await one.speak()
        server.broken = True
        with pytest.raises(RepositoryError) as caught:
            await one.ask("UNREGISTERED", "garygeeke")
        assert caught.value.code == "OMRS-METADATA-HIGHWAY-404-002"
        assert server.registry.standing.status == "DISCONNECTING" and server.registry.local is not None
        server.broken = False
        await until(lambda: server.registry.standing.status == "DISCONNECTED")
        assert server.kinds()[-1] == "UN_REGISTRATION_EVENT" and server.registry.local is None

    run(scenario)


def test_what_could_not_be_sent_is_sent_when_kafka_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.05)

    async def scenario(server: Server) -> None:
        server.broken = True
        one = server.worker()
        await one.speak()
        assert server.said == [] and server.audits.count("0105") == 2
        server.broken = False
        await until(lambda: len(server.said) == 2)
        assert server.registry.local is not None and server.registry.local.time is not None
        assert server.kinds() == ["REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]

    run(scenario)


def test_a_registry_of_another_collection_keeps_this_cohort_out_and_the_server_up() -> None:
    async def scenario(server: Server) -> None:
        server.registry.take(LOCAL, None, None)
        server.registry.local = Registration("id-z", "a", time=3)
        one = server.worker()
        await one.speak()
        assert server.registry.standing.status == "CONFIGURATION_ERROR" and "0006" in server.audits
        assert server.said == [] and not one.open.is_set()
        with pytest.raises(ConfigurationError, match="id-z"):
            await one.ask("CONNECTED", "garygeeke")
        # The way out that the message names.
        await one.ask("UNREGISTERED", "garygeeke")
        assert server.said[0]["originator"]["metadataCollectionId"] == "id-z"
        await one.ask("CONNECTED", "garygeeke")
        assert one.open.is_set()
        assert server.kinds()[1:] == ["REGISTRATION_EVENT", "REFRESH_REGISTRATION_REQUEST"]

    run(scenario)


def test_who_is_heard_and_not_registered_is_asked_for_by_whoever_hears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(server: Server) -> None:
        one, other = server.worker(), server.worker()
        await one.speak()
        server.said.clear()
        later = module.now_ms() + 60_000
        monkeypatch.setattr(module, "now_ms", lambda: later)
        avro = SimpleNamespace(headers=[("originator", b"id-x")], value=b"\xc3\x01", topic="i")
        ours = SimpleNamespace(headers=[("originator", b"id-a")], value=b"\xc3\x01", topic="i")
        java = b'{"class":"OMRSEventV1","originator":{"serverName":"y","metadataCollectionId":"id-y"},"x":{}}'
        for member, expected in ((one, 1), (other, 2)):
            for _ in range(3):
                await member.gated(_nothing)([avro, avro, ours])
            await rested()
            assert server.kinds() == ["REFRESH_REGISTRATION_REQUEST"] * expected
        even_later = later + 60_000
        monkeypatch.setattr(module, "now_ms", lambda: even_later)
        await other.gated(_nothing)([SimpleNamespace(headers=(), value=java, topic="i")])
        await rested()
        assert len(server.said) == 3

    run(scenario)


def test_without_a_local_repository_no_types_are_announced() -> None:
    async def scenario(server: Server) -> None:
        one = server.worker(LocalCollection("", "n", "n"))
        await one.speak()
        assert server.kinds() == ["REFRESH_REGISTRATION_REQUEST"] and "types" not in server.audits
        await one.registry_events([refresh_request(identity_of(LOCAL_A), 1)])
        assert len(server.said) == 1

    run(scenario)


async def _nothing(messages: Any) -> None:
    return None
