"""What operators ask a worker: health, readiness, status, metrics, digests, switching stores after a replay."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from omrs_streams import metrics
from omrs_streams.replay.verify import plain_hashes
from omrs_streams.store.digest import digest
from omrs_streams.worker.partition import OwnedPartition, Phase

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker

DIGEST_ATTEMPTS = 3  # a partition that is written to meanwhile is digested again; then the answer says its offset


class Operations:
    """The operator's side of one worker. Nothing here waits for another process."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    def unhealthy(self) -> str:
        """Why this process should be restarted; empty when it is well."""
        failure = self._worker.failure
        return str(failure) if failure is not None else self._worker.ownership.stuck()

    def waiting_for(self) -> dict[int, str]:
        """The partitions of the server that nobody serves, with the reason."""
        router = self._worker.router
        return {n: router.why(n) for n in range(router.count) if router.now(n) is None}

    def status(self) -> dict[str, Any]:
        """What `omrs status` shows of this worker."""
        worker = self._worker
        return {
            "server": worker.settings.server,
            "worker": worker.settings.worker,
            "url": worker.url,
            "metadata_collection_id": worker.local.collection_id,
            "partitions": [_partition(n, owned) for n, owned in sorted(worker.router.owned.items())],
            "owners": {n: owner.worker for n, owner in sorted(worker.directory.owners().items())},
            "publishers": {each.target: dict(sorted(each.cursor.items())) for each in worker.publishers},
            "cohorts": {name: [found.to_bean() for found in member.stored] for name, member in worker.cohorts.items()},
            "repository": worker.settings.repository,
            "connections": {name: member.registry.standing.status for name, member in worker.cohorts.items()},
            "types": worker.types.version,
            "search": worker.search.status(),
            "proxy": None if worker.proxy is None else worker.proxy.status(),
        }

    def refresh_metrics(self) -> None:
        """Bring the gauges up to date, before they are read."""
        for number, owned in self._worker.router.owned.items():
            if owned.phase is not Phase.READY:
                continue
            label = str(number)
            metrics.FOLDED.labels(label).set(owned.next_offset)
            metrics.LAG.labels(label).set(max(0, owned.end_offset - owned.next_offset))
            for kind, count in owned.store.counts().items():
                metrics.INSTANCES.labels(label, kind).set(count)

        search = self._worker.search.status()
        for name in ("rows", "past_rows", "pending", "odd"):
            metrics.SEARCH.labels(name).set(search[name])
        metrics.SEARCH_SYNCED.set(len(search["synced"]))

    async def digest(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The digest of one partition owned here, or the hash of each of its revisions; None when it is not here."""
        owned = self._worker.router.local(body["partition"])
        if owned is None:
            return None
        codec = self._worker.codec
        if body.get("hashes"):
            return {"hashes": await asyncio.to_thread(lambda: list(plain_hashes(owned.store, codec)))}
        for _ in range(DIGEST_ATTEMPTS):
            result = await asyncio.to_thread(digest, owned.store, codec)
            if result.next_offset == owned.next_offset:
                break
        return {"digest": asdict(result)}

    async def reopen(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Use the stores that a replay put in place."""
        return {"partitions": await self._worker.ownership.reopen(body["partitions"])}


def _partition(number: int, owned: OwnedPartition) -> dict[str, Any]:
    ready = owned.phase is Phase.READY
    return {
        "partition": number,
        "phase": owned.phase.value,
        "next_offset": owned.next_offset,
        "end_offset": owned.end_offset,
        "store_bytes": owned.store.size_bytes() if ready else None,
        "counts": owned.store.counts() if ready else None,
    }
