"""Active technology: PostgreSQL's own notifications of DDL wake refreshes."""

import logging
import time
from collections.abc import Callable, Collection

from omrs_connectors.builtin.postgres.access import Address
from omrs_connectors.builtin.postgres_catalog.listening import DdlListener, listen
from omrs_connectors.sdk import IntegrationContext
from omrs_schemas.errors import RepositoryError

log = logging.getLogger(__name__)

WAIT_S = 0.5  # how long one wait for a notification takes, and so how long a stop may
RETRY_S = 10.0  # a database that is away, or that reports nothing yet, is tried again after that


def wake_on_ddl(
    context: IntegrationContext, addresses: Callable[[], Collection[Address]], audit_schema: str, *, install: bool
) -> None:
    """What `engage` of a connector is: wakes a refresh at each DDL in one of the databases, until it is to stop.

    `addresses` is asked again and again. One that goes away is listened to again later, which wakes a refresh: that it
    was away is nobody's business but that of a refresh which needs it.
    """
    listening = _Listening(context, audit_schema, install)
    try:
        while not context.stopping.is_set():
            if listening.follow(addresses()) or listening.heard():
                context.request_refresh()
    finally:
        listening.close()


class _Listening:
    """Listeners of databases that come and go."""

    def __init__(self, context: IntegrationContext, audit_schema: str, install: bool) -> None:
        self._context = context
        self._audit_schema = audit_schema
        self._install = install
        self._listeners: dict[Address, DdlListener] = {}
        self._again: dict[Address, float] = {}

    def follow(self, wanted: Collection[Address]) -> bool:
        """Begins and ends to listen. True when it began somewhere: what happened before was not heard."""
        for address in self._listeners.keys() - set(wanted):
            self._listeners.pop(address).close()
        now = time.monotonic()
        new = [each for each in wanted if each not in self._listeners and self._again.get(each, now) <= now]
        return True in [self._begin(address) for address in new]

    def heard(self) -> bool:
        """Whether a database reported a change within `WAIT_S`."""
        if not self._listeners:
            self._context.stopping.wait(WAIT_S)
        found = False
        for address, listener in list(self._listeners.items()):
            try:
                found = bool(listener.changes(WAIT_S / len(self._listeners))) or found
            except RepositoryError as error:
                log.warning("%s is listened to again in %g s: %s", address, RETRY_S, error)
                self._listeners.pop(address).close()
                self._again[address] = time.monotonic() + RETRY_S
        return found

    def close(self) -> None:
        for listener in self._listeners.values():
            listener.close()

    def _begin(self, address: Address) -> bool:
        first = address not in self._again
        self._again[address] = time.monotonic() + RETRY_S
        try:
            found = listen(address.conninfo(), self._audit_schema, install=self._install)
        except RepositoryError as error:
            found = str(error)
        if isinstance(found, DdlListener):
            self._listeners[address] = found
            return True
        if first:
            log.warning("%s does not report DDL: %s. Only refreshes look at it", address, found)
        return False
