"""Connectors as an author would write them, for the tests of the SDK and the kit."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from omrs_connectors.sdk import (
    Connector,
    ConnectorOptions,
    IntegrationConnector,
    SecretsStoreConnector,
    TopicRecord,
)
from omrs_schemas.errors import NotReadyError


class QueueOptions(ConnectorOptions):
    max_queues: int = Field(100, ge=1, description="queues catalogued at most")
    prefixes: tuple[str, ...] = Field((), description="only queues whose names begin so")


class QueueConnector(IntegrationConnector):
    """Catalogues the queues of a broker (`queues`, by the class, is what the broker has): a Topic each, a DataSet for
    all, links between them."""

    Options: ClassVar[type[ConnectorOptions] | None] = QueueOptions
    options: QueueOptions
    queues: ClassVar[list[str] | None] = ["orders", "payments", "refunds"]

    def refresh(self) -> None:
        if type(self).queues is None:
            raise NotADirectoryError("the broker does not answer")
        context = self.context
        wanted = [name for name in type(self).queues or () if self.wanted(name)][: self.options.max_queues]
        whole = self._known("DataSet", "all queues")
        known = {
            link["entityTwoProxy"]["guid"] for link in context.client.relationships_of(whole, "DataSetContent")
        } | {link["entityOneProxy"]["guid"] for link in context.client.relationships_of(whole, "DataSetContent")}
        if not wanted:
            context.report.message("the broker has no queues: nothing is deleted")
            return
        for name in wanted:
            topic = self._known("Topic", f"queue {name}", parent=whole)
            if topic not in known:
                context.link("DataSetContent", whole, topic, parent=whole)
        context.report.count("queuesSeen", len(wanted))

    def wanted(self, name: str) -> bool:
        return not self.options.prefixes or name.startswith(self.options.prefixes)

    def _known(self, type_name: str, name: str, parent: str | None = None) -> str:
        found = self.context.client.find_by_unique_name(type_name, "qualifiedName", name)
        if found is not None:
            return found.guid
        properties = {"qualifiedName": name, self.context.names.asset_name: name}
        return self.context.create_entity(type_name, properties, parent=parent).guid


class AsyncListener(IntegrationConnector):
    """Written with coroutines; hears of terms, of its own topic and of lineage, and is refreshed by projects."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.refreshes = 0
        self.fail: Exception | None = None

    async def initialize(self) -> None:
        await asyncio.sleep(0)

    async def start(self) -> None:
        self.task = asyncio.create_task(asyncio.sleep(0))  # the loop is the same in every call
        self.context.register_listener(self.on_term, types=["GlossaryTerm"], kinds=["NEW", "DELETED"])
        self.context.refresh_on(types=["Project"])
        self.context.listen_to("queues", self.on_record)
        self.context.register_lineage_listener(self.on_lineage)

    async def refresh(self) -> None:
        await self.task
        self.refreshes += 1

    async def on_term(self, event: dict[str, Any]) -> None:
        await self.task
        if self.fail is not None:
            fail, self.fail = self.fail, None
            raise fail
        section = event["instanceEventSection"]
        self.heard.append(f"{section['eventType']} {section['entity']['guid']}")
        self.context.report.count("heard")

    def on_record(self, record: TopicRecord) -> None:
        self.heard.append(f"{record.topic} {(record.value or b'').decode()} {dict(record.headers)}")

    async def on_lineage(self, text: str, event: dict[str, Any]) -> None:
        self.heard.append(f"{event['eventType']} {text}")

    async def disconnect(self) -> None:
        await asyncio.sleep(0)
        self.heard.append("disconnected")


class Away(IntegrationConnector):
    """Finds the server away as often as `times` says."""

    times = 0

    def refresh(self) -> None:
        if type(self).times:
            type(self).times -= 1
            raise NotReadyError("the metadata server is starting")


class Vault(SecretsStoreConnector):
    """A store of another package's."""

    def __init__(self) -> None:
        self.life: list[str] = []

    def start(self) -> None:
        self.life.append("started")

    def disconnect(self) -> None:
        self.life.append("disconnected")

    def secret(self, collection: str, name: str) -> str | None:
        return f"{collection}-{name}-from-vault" if name == "vaulted" else None


class Login(IntegrationConnector):
    """Needs a password; says, and writes, who it logged in as - never the password."""

    seen: ClassVar[list[str]] = []

    def initialize(self) -> None:
        type(self).seen.append(self.context.secret("password"))
        self.context.report.message(f"logged in at {self.context.config.connection.redacted()}")

    def inside(self) -> Sequence[tuple[str, Connector]]:
        return [(one.name, one.connector) for one in self.embedded]


class Waiting(IntegrationConnector):
    """Blocks in engage until its technology says something, then asks for a refresh."""

    def initialize(self) -> None:
        self.said = threading.Event()
        self.heard = 0

    def engage(self) -> None:
        if self.said.wait(0.05):
            self.said.clear()
            self.heard += 1
            self.context.request_refresh()


class Indiscreet(IntegrationConnector):
    """Tells its secrets wherever it can, as a driver might: in a log line, a report, and in what it raises."""

    def initialize(self) -> None:
        self.password, self.own = self.context.secret("password"), self.context.secret("clearPassword")

    def start(self) -> None:
        self.context.register_listener(self.on_term, types=["GlossaryTerm"], kinds=["NEW"])

    def refresh(self) -> None:
        said = f"login {self.password} and {self.own} at {self.context.network_address}"
        self.context.report.message(said)
        logging.getLogger(__name__).warning("trying: %s", said)
        if self.context.client.find_by_unique_name("GlossaryTerm", "qualifiedName", self.context.config.connector_id):
            raise ConnectionError(f"refused: {said}")

    def on_term(self, event: dict[str, Any]) -> None:
        raise ValueError(f"refused {self.password} {self.own} at {self.context.network_address}")
