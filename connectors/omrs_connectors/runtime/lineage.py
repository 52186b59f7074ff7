"""The topic of OpenLineage events that were accepted over HTTP, as they came.

They reach the lineage connectors of every worker, also those that run later.
"""

import orjson

from omrs_streams.log.names import daemon_lineage
from omrs_streams.log.producer import Outgoing
from omrs_streams.log.topics import FOREVER, TopicSpec

PARTITIONS = 4  # events of one job stay in order; lineage is some events a second


def lineage_topic(daemon: str) -> TopicSpec:
    return TopicSpec(daemon_lineage(daemon), PARTITIONS, FOREVER)


def lineage_record(daemon: str, text: str, user: str) -> Outgoing:
    """Keyed by the job (or dataset) that the event is about, so that its events stay in order."""
    return daemon_lineage(daemon), -1, _key(text), text.encode(), [("user", user.encode())]


def _key(text: str) -> bytes | None:
    try:
        event = orjson.loads(text)
        about = event.get("job") or event.get("dataset") or {}
        return f"{about['namespace']}/{about['name']}".encode()
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
