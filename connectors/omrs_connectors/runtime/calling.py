"""The calls of one connector: one at a time, each with a deadline, in the host that the connector lives in."""

import asyncio
from collections.abc import Callable
from typing import Any

from omrs_connectors.runtime.child import ChildSetup
from omrs_connectors.runtime.handler import Setting
from omrs_connectors.runtime.hosts import Host, Tell
from omrs_connectors.runtime.process_host import ProcessHost
from omrs_connectors.runtime.surroundings import Surroundings
from omrs_connectors.runtime.thread_host import ThreadHost
from omrs_connectors.sdk import ActivityReport, IntegrationConnectorConfig
from omrs_connectors.services.base import IntegrationService
from omrs_schemas.errors import ConnectorLostError

Lost = Callable[[str, ConnectorLostError], None]
"""Takes the method that was being called, and what became of the connector."""

_SHOWN = {"deliver": "listener", "reconfigure": "initialize"}
"""What people call a method that is not the connector's own."""

_DEADLINES = {"deliver": "event", "reconfigure": "initialize"}
"""Whose deadline a method has, where it is not its own."""


class Calls:
    """On the event loop. Whoever calls holds `turn`; a host is there from `begin` to `end`, or until it is lost."""

    def __init__(
        self,
        config: IntegrationConnectorConfig,
        service: IntegrationService,
        around: Surroundings,
        tell: Tell,
        follow: Callable[[ActivityReport | None], None],
        lost: Lost,
    ) -> None:
        """`lost` is called when a deadline has passed, and when the connector's process ends by itself."""
        self.turn = asyncio.Lock()
        self._config = config
        self._service = service
        self._around = around
        self._tell = tell
        self._follow = follow
        self._lost = lost
        self._host: Host | None = None
        self._calling = ""

    @property
    def there(self) -> bool:
        """Whether the connector has a host."""
        return self._host is not None

    def configure(self, config: IntegrationConnectorConfig) -> None:
        """What the next host begins with, and what the present one heeds."""
        self._config = config
        if self._host is not None:
            self._host.configure(config)

    def begin(self) -> None:
        """Makes a host unless there is one."""
        if self._host is None:
            self._host = self._new_host()

    async def call(self, method: str, *arguments: Any) -> Any:
        """In the connector's turn. ConnectorLostError after the connector was given up, now or by somebody else."""
        host, name = self._host, self._config.connector_name
        if host is None:
            raise ConnectorLostError(f"connector {name} does not run", connector=name)
        deadline = _DEADLINES.get(method, method)
        seconds = float(getattr(self._config.deadlines, deadline))
        self._calling = method
        try:
            async with asyncio.timeout(seconds):
                return await host.call(method, *arguments)
        except TimeoutError:
            error = ConnectorLostError(
                f"method {_SHOWN.get(method, method)} of connector {name} has not returned within {seconds:g} s",
                help=f"look what it waits for, or raise deadlines.{deadline}; then restart it",
                connector=name,
            )
            self._give_up(host)
            self._was_lost(error)
            raise error from None
        finally:
            self._calling = ""

    async def end(self, seconds: float) -> str:
        """Disconnects the connector, then ends its host: what went wrong, which is told by then.

        ConnectorLostError for one that does not come to an end within `seconds`: it is given up.
        """
        host = self._host
        if host is None:
            return ""
        host.stop()
        try:
            async with asyncio.timeout(seconds), self.turn:
                if self._host is not host:  # lost meanwhile
                    return ""
                problem = str(await host.call("disconnect"))
                self._host = None
                host.end()
                return problem
        except TimeoutError:
            self._give_up(host)
            raise ConnectorLostError(
                f"connector {self._config.connector_name} has not ended within {seconds:g} s; it is left behind",
                help="let its methods look at context.stopping now and then",
                connector=self._config.connector_name,
            ) from None
        except ConnectorLostError as error:  # its process has ended, which was told
            return str(error)

    def _give_up(self, host: Host) -> None:
        if self._host is host:
            self._host = None
        host.give_up()

    def _was_lost(self, error: ConnectorLostError) -> None:
        self._host = None
        self._lost(_SHOWN.get(self._calling, self._calling), error)

    def _new_host(self) -> Host:
        around = self._around
        if self._config.isolation == "process":
            setup = ChildSetup(
                self._config,
                self._service,
                around.partner,
                around.client.user_id,
                around.broker,
                around.max_page_size,
                around.call_timeout,
                around.retry_deadline,
            )
            return ProcessHost(setup, self._tell, self._was_lost)
        setting = Setting(
            self._config,
            self._service,
            around.partner,
            around.client,
            around.broker,
            around.max_page_size,
            self._tell,
            around.clock,
            self._follow,
        )
        return ThreadHost(setting)
