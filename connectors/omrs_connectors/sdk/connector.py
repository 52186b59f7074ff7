"""`IntegrationConnector`: the class a connector author subclasses (integration § 1, § 4)."""

from omrs_connectors.sdk.context import IntegrationContext
from omrs_schemas.errors import FunctionNotSupportedError


class IntegrationConnector:
    """Exchanges metadata with a third party technology.

    The daemon calls, on one thread of the connector's own and never two at a time: `set_context`, `initialize`, then on
    the first pass `start`, then `refresh` at each interval and on request; listeners registered with the context are
    called between passes; `disconnect` at the end. What a method raises becomes the connector's failing message and its
    status FAILED (INITIALIZE_FAILED, tried again, for `initialize`); other connectors go on.

    Methods may block. A long `refresh` looks at `context.stopping` now and then.
    """

    context: IntegrationContext

    def set_context(self, context: IntegrationContext) -> None:
        """Hands over the context; called again with a new one after a restart."""
        self.context = context

    def initialize(self) -> None:
        """Check the configuration, prepare. Called again after a failure: leave nothing half open."""

    def start(self) -> None:
        """Begin: connect to the technology, register listeners."""

    def refresh(self) -> None:
        """Compare both sides and make good every difference. Must be repeatable: a second call changes nothing."""

    def engage(self) -> None:
        """For connectors that block while they wait for their technology; the daemon runs no dedicated threads yet."""
        raise FunctionNotSupportedError(
            f"{type(self).__name__} has no engage()", code="OIF-CONNECTOR-400-001", http=400, help="override engage()"
        )

    def disconnect(self) -> None:
        """Release everything. Called once for each started or initialized life of the connector."""
