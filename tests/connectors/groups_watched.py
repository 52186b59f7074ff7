"""An IntegrationGroup that follows a real server through its out topic, as a daemon's worker has it."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Self

from confluent_kafka import Consumer, TopicPartition

from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.groups.group import IntegrationGroup
from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner
from omrs_streams.client import MetadataClient
from omrs_streams.client.decoder import OutEventDecoder
from omrs_streams.log.names import server_out
from workers import Running, eventually, unique

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
        self.heard = 0
        self._server = server
        self._bootstrap_servers = bootstrap_servers
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
        assert self._listening.wait(30)
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
        """Until an event that was caused just now has been dealt with: whatever came before it has been, too."""
        marker = f"marker::{unique('m')}"
        editor = GroupEditor(self._client)
        before = self.heard
        editor.create_group(marker)
        eventually(lambda: self.heard > before, "the marker is heard", within=60)
        time.sleep(0.5)  # longer than events are collected
        eventually(
            lambda: not self.group._pending and not self.group._reading.locked(), "nothing is pending", within=60
        )

    def _read(self) -> None:
        topic = server_out(self._server.server)
        conf = {
            "bootstrap.servers": self._bootstrap_servers,
            "group.id": unique("watched"),
            "enable.auto.commit": False,
        }
        consumer = Consumer(conf)
        decoder = OutEventDecoder(self._client)
        try:
            parts = [TopicPartition(topic, number) for number in consumer.list_topics(topic).topics[topic].partitions]
            for part in parts:
                part.offset = consumer.get_watermark_offsets(part, timeout=20)[1]
            consumer.assign(parts)
            self._listening.set()
            while not self._stop.is_set():
                message = consumer.poll(0.1)
                if message is None or message.error() is not None:
                    continue
                if self.group.interested(dict(message.headers() or ())):
                    self.run(self.group.on_event(decoder.decode(message.value())))
                    self.heard += 1
        finally:
            consumer.close()


def editor(client: MetadataClient, prefix: str = "group") -> tuple[GroupEditor, str]:
    """An editor and the name of a new group."""
    made, name = GroupEditor(client), unique(prefix)
    made.create_group(name, description="of a test")
    return made, name
