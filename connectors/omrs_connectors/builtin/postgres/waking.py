"""Active technology: PostgreSQL's own notifications of DDL wake refreshes."""

import logging
from collections.abc import Callable, Collection

from omrs_connectors.builtin.postgres.access import Address
from omrs_connectors.builtin.postgres_catalog.listening import DdlListener, listen
from omrs_connectors.sdk import IntegrationContext

log = logging.getLogger(__name__)

WAIT_S = 0.5  # how long one wait for a notification takes, and so how long a stop may

Listeners = dict[Address, DdlListener | None]


def wake_on_ddl(
    context: IntegrationContext, addresses: Callable[[], Collection[Address]], audit_schema: str, *, install: bool
) -> None:
    """What `engage` of a connector is: wakes a refresh at each DDL in one of the databases, until it is to stop.

    `addresses` is asked again and again. RepositoryError when a database goes away.
    """
    listeners: Listeners = {}
    try:
        while not context.stopping.is_set():
            began = _follow(listeners, addresses(), audit_schema, install)
            if began or _heard(listeners, context):
                context.request_refresh()
    finally:
        for listener in listeners.values():
            if listener is not None:
                listener.close()


def _follow(listeners: Listeners, wanted: Collection[Address], audit_schema: str, install: bool) -> bool:
    """Begins and ends to listen. True when it began somewhere: what happened before was not heard."""
    for address in listeners.keys() - set(wanted):
        if (listener := listeners.pop(address)) is not None:
            listener.close()
    new = [address for address in wanted if address not in listeners]
    for address in new:
        found = listen(address.conninfo(), audit_schema, install=install)
        if isinstance(found, str):
            log.warning("%s does not report DDL: %s. Only refreshes look at it", address, found)
        listeners[address] = found if isinstance(found, DdlListener) else None
    return bool(new)


def _heard(listeners: Listeners, context: IntegrationContext) -> bool:
    """Whether a database reported a change within `WAIT_S`."""
    listening = [listener for listener in listeners.values() if listener is not None]
    if not listening:
        context.stopping.wait(WAIT_S)
    return any(listener.changes(WAIT_S / len(listening)) for listener in listening)
