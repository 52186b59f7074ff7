"""`IntegrationConnector`: the class a connector author subclasses (integration § 1, § 4)."""

from collections.abc import Awaitable
from typing import Any, ClassVar

from omrs_connectors.sdk.connections import Connector, Embedded
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.sdk.options import ConnectorOptions
from omrs_schemas.errors import FunctionNotSupportedError

__all__ = ["Connector", "Embedded", "IntegrationConnector"]


class IntegrationConnector(Connector):
    """Exchanges metadata with a third party technology.

    The daemon calls, on one thread of the connector's own and never two at a time: `set_context`, `initialize`, then on
    the first pass `start`, then `refresh` at each interval and on request; listeners registered with the context are
    called between passes; `disconnect` at the end. What a method raises becomes the connector's failing message and its
    status FAILED (INITIALIZE_FAILED, tried again, for `initialize`); other connectors go on.

    Methods may block, or be written as `async def`. A long `refresh` looks at `context.stopping` now and then.

    `service`: the URL marker of the integration service it is written for; "" for any. `Options`: the model of its
    configuration properties; what they say is then in `options`.
    """

    service: ClassVar[str] = ""
    Options: ClassVar[type[ConnectorOptions] | None] = None

    context: IntegrationContext
    options: Any

    def set_context(self, context: IntegrationContext) -> None:
        """Hands over the context; called again with a new one after a restart. ConfigurationError for wrong options."""
        self.context = context
        context.use_embedded(self.embedded)
        if self.Options is not None:
            self.options = self.Options.parse(context.configuration_properties, connector=context.connector_name)

    def initialize(self) -> Awaitable[None] | None:
        """Check the configuration, prepare. Called again after a failure: leave nothing half open."""

    def start(self) -> Awaitable[None] | None:
        """Begin: connect to the technology, register listeners."""

    def refresh(self) -> Awaitable[None] | None:
        """Compare both sides and make good every difference. Must be repeatable: a second call changes nothing."""

    def engage(self) -> Awaitable[None] | None:
        """For connectors that block while they wait for their technology (`usesBlockingCalls`): called again and again
        on the connector's own thread."""
        raise FunctionNotSupportedError(
            f"{type(self).__name__} has no engage()", code="OIF-CONNECTOR-400-001", http=400, help="override engage()"
        )

    def disconnect(self) -> Awaitable[None] | None:
        """Release everything. Called once for each started or initialized life of the connector."""
