"""A worker's part of a repository proxy: the ports that the runtime needs."""

import asyncio
from typing import TYPE_CHECKING

from omrs_streams.clock import now_ms
from omrs_streams.proxy.interfaces import Bean, ProxyContext
from omrs_streams.proxy.processor import Ports
from omrs_streams.proxy.runtime import ProxyRuntime
from omrs_streams.proxy.stored import StoredStates

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker


def make_proxy(worker: "Worker") -> ProxyRuntime | None:
    """The proxy of `settings.proxy`; None for a server of another mode. Raises ConfigurationError."""
    settings, local = worker.settings.proxy, worker.local
    if settings is None:
        return None

    async def relationships(guid: str) -> list[Bean]:
        return await worker.scattered.relationships_of(guid, {}, None)

    context = ProxyContext(
        worker.settings.server, local.collection_id, worker.types, settings.options, worker.audit.record
    )
    stored = StoredStates(worker.router, worker.peers, worker.bulk.held, local.collection_id)
    ports = Ports(
        asyncio.get_running_loop(),
        stored,
        worker.bulk.append,
        relationships,
        worker.add_types,
        now_ms,
    )
    return ProxyRuntime(settings, local, context, ports, stored, worker.audit)
