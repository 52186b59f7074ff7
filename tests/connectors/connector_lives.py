"""Connectors made for tests (user code, as an author would write it) and a handler around them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omrs_connectors.runtime.handler import ConnectorHandler, Surroundings
from omrs_connectors.sdk import IntegrationConnector, IntegrationConnectorConfig
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient, Retry


class Recorder(IntegrationConnector):
    """Writes down what is called; `failing[method]` is raised there, as long as it is set."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.heard: list[dict[str, Any]] = []
        self.failing: dict[str, Exception] = {}
        self.during_refresh: Callable[[], None] = lambda: None
        self.on_event: Callable[[dict[str, Any]], None] = self.heard.append

    def initialize(self) -> None:
        self._called("initialize")

    def start(self) -> None:
        self._called("start")
        self.context.register_listener(self._hear, types=["Referenceable"])

    def refresh(self) -> None:
        self._called("refresh")
        self.during_refresh()

    def disconnect(self) -> None:
        self._called("disconnect")

    def _hear(self, event: dict[str, Any]) -> None:
        self.on_event(event)

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if method in self.failing:
            raise self.failing[method]


class Clock:
    """Epoch milliseconds that move when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


class Life:
    """A handler, the connector in it, the clock and the published reports."""

    def __init__(self, connector: IntegrationConnector | None = None, **config: Any) -> None:
        self.connector = connector if connector is not None else Recorder()
        self.clock = Clock()
        self.reports: list[dict[str, Any]] = []
        self.load_error: Exception | None = None
        client = MetadataClient(
            "http://127.0.0.1:1", "nowhere", "tester", retry=Retry(deadline=0), types=TypeSystem.builtin()
        )
        around = Surroundings("d", client, self._load, self.clock, self.reports.append)
        given = {"connectorName": "one", "connectorProviderClass": "tests:one", **config}
        self.handler = ConnectorHandler(IntegrationConnectorConfig(**given), around)

    def _load(self, provider: str) -> IntegrationConnector:
        assert provider == "tests:one"
        if self.load_error is not None:
            raise self.load_error
        return self.connector


def event_of(number: int, kind: str = "NEW_ENTITY_EVENT", type_guid: str = "") -> dict[str, Any]:
    return {
        "class": "OMRSEventV1",
        "instanceEventSection": {"eventType": kind, "typeDefGUID": type_guid, "instanceGUID": str(number)},
    }


class Failing(IntegrationConnector):
    """Never succeeds; loaded by name in a daemon process."""

    def refresh(self) -> None:
        raise ValueError("always")


class Scribe(IntegrationConnector):
    """Hears of terms slowly, and writes each guid to the file `endpoint.networkAddress`, a line each."""

    def start(self) -> None:
        self.context.register_listener(self._hear, types=["GlossaryTerm"], kinds=["NEW_ENTITY_EVENT"])

    def _hear(self, event: dict[str, Any]) -> None:
        time.sleep(0.1)
        with Path(self.context.network_address).open("a") as out:
            out.write(event["instanceEventSection"]["instanceGUID"] + "\n")
