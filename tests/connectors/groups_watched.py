"""An IntegrationGroup that follows a real server through its out topic, as a daemon's worker has it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Self

from confluent_kafka import Consumer, TopicPartition

from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.groups.group import IntegrationGroup
from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner
from omrs_streams.client import MetadataClient
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.log.consumer import ends_of, watermarks
from omrs_streams.log.names import server_out
from workers import PARTITIONS, Running, eventually, unique

Configs = Mapping[str, IntegrationConnectorConfig]


def config(
    name: str = "one", provider: str = "tests:One", address: str = "", **more: Any
) -> IntegrationConnectorConfig:
    """A connector as it is defined in a group."""
    given: dict[str, Any] = {"connectorName": name, "connectorProviderClass": provider, **more}
    if address:
        given["endpoint"] = {"networkAddress": address}
    return IntegrationConnectorConfig.model_validate(given)


def said(given: IntegrationConnectorConfig) -> dict[str, Any]:
    """What a configuration says, without ids, names that metadata adds, and the order that places already tell."""
    bean = given.model_dump(exclude={"connector_id", "connection"})
    return {**bean, "connection": _bare(given.connection.to_bean())}


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    left_out = {"guid", "qualifiedName", "class"} | (
        {"displayName"} if "connectorProviderClassName" in value else set()
    )
    bare = {key: _bare(inner) for key, inner in value.items() if key not in left_out}
    if "embeddedConnections" in bare:
        bare["embeddedConnections"].sort(key=lambda one: one.get("position", 0))
    return bare


class Recorded:
    """An audit log that is only kept."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, dict[str, object]]] = []

    def record(self, message_id: str, /, **params: object) -> None:
        self.entries.append((message_id.removeprefix("INTEGRATION-DAEMON-SERVICES-"), params))

    @property
    def ids(self) -> list[str]:
        return [number for number, _ in self.entries]


class Watched:
    """Follows one group on a loop of its own, in a thread; `handed` is every mapping that it gave, in order."""

    def __init__(self, server: Running, name: str, bootstrap_servers: str, **options: Any) -> None:
        self.audit = Recorded()
        self.handed: list[Configs] = []
        self.woken: list[str] = []
        self._reached: dict[int, int] = {}  # next offsets of the out topic: what is before them has been handed over
        self._server = server
        self._conf = {
            "bootstrap.servers": bootstrap_servers,
            "group.id": unique("watched"),
            "enable.auto.commit": False,
        }
        self._stop = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._client = MetadataClient(server.url, server.server, "erinoverview")
        self._thread = threading.Thread(target=self._loop.run_forever, name="watched", daemon=True)
        self._thread.start()
        self.group = self.run(self._make(name, options))
        self._reader = threading.Thread(target=self._read, name="watched-out", daemon=True)

    async def _make(self, name: str, options: dict[str, Any]) -> IntegrationGroup:
        return IntegrationGroup(
            name,
            Partner(self._server.server, self._server.url),
            lambda: self._client,
            self.audit,
            lambda configs, group: self.handed.append(configs),
            targets_changed=self.woken.append,
            **{"first_retry": 0.2, **options},
        )

    def __enter__(self) -> Self:
        self._listening = threading.Event()
        self._reader.start()
        assert self._listening.wait(60)
        self.run(self._start())
        return self

    async def _start(self) -> None:
        self.group.listening()
        self.group.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._reader.join(20)
        self.run(self.group.close())
        self._client.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Any], within: float = 60.0) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    @property
    def configs(self) -> Configs:
        return self.group.configs

    def until(self, what: str, condition: Callable[[Configs], Any]) -> Configs:
        """The configurations once `condition` is true of them."""
        eventually(
            lambda: condition(self.configs), f"{what}; {self.group.problems} {self.audit.entries[-5:]}", within=60
        )
        return self.configs

    def settled(self) -> None:
        """Until every event of what has been changed up to now has been dealt with, whatever partition it is in."""
        eventually(self._told, "the out topic has what was changed", within=60)
        ends = watermarks(self._conf, server_out(self._server.server), PARTITIONS)
        eventually(
            lambda: all(self._reached.get(number, 0) >= end for number, (_, end) in enumerate(ends)),
            "all events are heard",
            within=60,
        )
        eventually(
            lambda: not self.group._pending and not self.group._reading.locked(), "nothing is pending", within=60
        )

    def _told(self) -> bool:
        status = self._server.ask("/status")
        cursors = status["publishers"]["out"]
        return all(cursors.get(str(each["partition"]), 0) >= each["next_offset"] for each in status["partitions"])

    def _read(self) -> None:
        topic = server_out(self._server.server)
        consumer = Consumer(self._conf)
        decoder = OutEventDecoder(self._client)
        try:
            for number in range(PARTITIONS):
                self._reached[number] = ends_of(consumer, topic, number)[1]
            consumer.assign([TopicPartition(topic, number, offset) for number, offset in self._reached.items()])
            self._listening.set()
            while not self._stop.is_set():
                message = consumer.poll(0.1)
                if message is None or message.error() is not None:
                    continue
                if self.group.interested(dict(message.headers() or ())):
                    self.run(self.group.on_event(decoder.decode(message.value())))
                self._reached[message.partition()] = message.offset() + 1
        finally:
            consumer.close()


def editor(client: MetadataClient, prefix: str = "group") -> tuple[GroupEditor, str]:
    """An editor and the name of a new group."""
    made, name = GroupEditor(client), unique(prefix)
    made.create_group(name, description="of a test")
    return made, name
