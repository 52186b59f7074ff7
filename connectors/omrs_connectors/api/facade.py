"""What the API needs of a daemon. Everything that is no command is answered from memory and never waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from omrs_connectors.services.base import IntegrationService

Bean = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceView:
    """An integration service that runs in the daemon; `server` is the metadata server it is paired with."""

    service: IntegrationService
    server: str
    connectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """An integration group of the daemon; `guid` is empty until the metadata server has told it."""

    name: str
    server: str
    status: str
    guid: str = ""
    connectors: tuple[str, ...] = ()


class Named(Protocol):
    """Of the daemon's settings: who answers here."""

    @property
    def daemon(self) -> str: ...

    @property
    def worker(self) -> str: ...

    @property
    def security(self) -> str:
        """The class that decides who may do what; see `security`."""


class Recorder(Protocol):
    """The daemon's audit log."""

    def record(self, message_id: str, /, **params: object) -> None: ...


class Exposed(Protocol):
    """The daemon's metrics."""

    def exposition(self) -> bytes:
        """In Prometheus' text format."""


class Daemon(Protocol):
    """One worker of a daemon, answering for all of its workers.

    Commands return when they are durable (on the daemon's command topic), not when they are carried out. `user` is who
    asked. A connector is named by its name or its id. Errors are those of `refusals`.
    """

    @property
    def settings(self) -> Named: ...

    @property
    def metrics(self) -> Exposed: ...

    @property
    def audit(self) -> Recorder: ...

    @property
    def started(self) -> bool:
        """Whether the start is complete."""

    @property
    def failure(self) -> str | None:
        """Why the process cannot go on; None while it can."""

    @property
    def services(self) -> Sequence[ServiceView]:
        """The integration services with connectors in this daemon."""

    @property
    def groups(self) -> Sequence[GroupView]: ...

    def service_summaries(self) -> list[Bean]:
        """IntegrationServiceSummary beans with the reports of their connectors; dates in epoch milliseconds."""

    def group_summaries(self) -> list[Bean]:
        """IntegrationGroupSummary beans with the reports of their connectors; dates in epoch milliseconds."""

    def configuration_properties(self, name: str, service: str | None = None) -> Mapping[str, Any]:
        """What the connector runs with; InvalidParameterError where there is no such connector (of `service`)."""

    async def refresh(self, names: Sequence[str] | None, service: str | None = None, user: str = "") -> None:
        """A pass of these connectors, or of all (of `service`), as soon as each is free."""

    async def restart(self, names: Sequence[str] | None, service: str | None = None, user: str = "") -> None:
        """These connectors are built anew, then refreshed: the way out of FAILED and CONFIG_FAILED."""

    async def configure(self, name: str | None, properties: Mapping[str, Any], merge: bool, user: str = "") -> None:
        """Other configuration properties, laid over those there are with `merge`; `name` None: of every connector."""

    async def set_endpoint(self, name: str, address: str, user: str = "") -> None: ...

    async def set_connection(self, name: str, bean: Bean, user: str = "") -> None: ...

    async def refresh_group(self, name: str) -> None:
        """Reads the group's configuration again, now."""

    async def publish_lineage(self, text: str, user: str = "") -> None:
        """Hands an OpenLineage event to every lineage connector, its text as it came."""
