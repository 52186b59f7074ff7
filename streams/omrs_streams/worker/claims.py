"""What a starting worker claims to be, checked against what is there: its name, the server's metadata collection."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from confluent_kafka.admin import AdminClient

from omrs_schemas.errors import ConfigurationError
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.topics import ADMIN_TIMEOUT_S
from omrs_streams.repository.local import LocalCollection
from omrs_streams.settings import ServerSettings
from omrs_streams.worker.cohort_store import RegistryStore
from omrs_streams.worker.directory import ANSWER_S, OwnerDirectory


def local_collection(settings: ServerSettings, kafka: KafkaSettings, url: str) -> LocalCollection:
    """The configured collection id, else one that follows from cluster and server: the same for every worker.

    Empty without a local repository. Asks the cluster, so it blocks.
    """
    collection_id = settings.metadata_collection_id
    if settings.repository == "none":
        collection_id = ""
    elif not collection_id:
        admin = AdminClient(kafka.librdkafka())
        cluster = admin.describe_cluster(request_timeout=ADMIN_TIMEOUT_S).result().cluster_id
        collection_id = str(uuid5(NAMESPACE_URL, f"omrs:{cluster}/{settings.server}"))
    return LocalCollection(
        collection_id, settings.server, settings.server, settings.server_type, settings.organization, url
    )


async def check_name(settings: ServerSettings, url: str, directory: OwnerDirectory) -> None:
    """Two processes with one worker name would take the group's static membership from each other for ever:
    ConfigurationError when a worker of this name answers at another place than `url`."""
    mine = settings.worker
    for other in {o.url for o in directory.owners().values() if o.worker == mine and o.url != url}:
        try:
            found = await _status(other)
        except (httpx.HTTPError, ValueError):
            continue  # the place where an earlier life of this worker listened
        if (found.get("server"), found.get("worker")) == (settings.server, mine):
            raise ConfigurationError(
                f"worker {mine} of {settings.server} runs already, at {other}",
                help="give this one another name (--worker)",
                url=other,
            )


async def _status(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
        found: dict[str, Any] = (await client.get(f"{url}/status")).json()
        return found


async def check_identity(local: LocalCollection, registry: RegistryStore) -> None:
    """A log belongs to one metadata collection for ever, because its instances carry the id as their home:
    ConfigurationError when it is another's."""
    if not local.collection_id:
        return
    if registry.identity is None:
        await registry.identify(local.collection_id)
    elif registry.identity != local.collection_id:
        raise ConfigurationError(
            f"server {local.server} is metadata collection {registry.identity}, configured is {local.collection_id}",
            help="take the metadata_collection_id out of the configuration, or give the server another name",
            server=local.server,
        )
