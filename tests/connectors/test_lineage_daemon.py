"""OpenLineage's own client, as it is installed, against a running daemon: over HTTP and over Kafka."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from confluent_kafka import Producer
from daemons import Daemons
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import schema_dataset
from openlineage.client.serde import Serde
from openlineage.client.transport.http import HttpConfig, HttpTransport

from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.names import dead_letters
from omrs_streams.log.topics import TopicSpec, days, ensure_topics
from workers import eventually, unique

pytestmark = pytest.mark.kafka


def emitted(namespace: str, state: RunState, run: str) -> RunEvent:
    schema = schema_dataset.SchemaDatasetFacet([schema_dataset.SchemaDatasetFacetFields(name="id", type="int")])
    return RunEvent(
        eventType=state,
        eventTime=datetime.now(UTC).isoformat(),
        run=Run(runId=run),
        job=Job(namespace=namespace, name="copy"),
        producer="https://example.org/producer",
        inputs=[InputDataset(namespace=namespace, name="in")],
        outputs=[OutputDataset(namespace=namespace, name="out", facets={"schema": schema})],
    )


def flows(client: MetadataClient, namespace: str) -> set[tuple[str, str]]:
    """By qualified name, from and to the job."""
    job = client.find_by_unique_name("DeployedSoftwareComponent", "qualifiedName", f"OpenLineageJob::{namespace}::copy")
    if job is None:
        return set()

    def name(end: dict[str, Any]) -> str:
        return str(client.get_entity(end["guid"]).plain_properties["qualifiedName"])

    links = client.relationships_of(job.guid, "DataFlow")
    return {(name(link["entityOneProxy"]), name(link["entityTwoProxy"])) for link in links}


def wanted(namespace: str) -> set[tuple[str, str]]:
    job, dataset = f"OpenLineageJob::{namespace}::copy", f"OpenLineageDataset::{namespace}::"
    return {(f"{dataset}in", job), (job, f"{dataset}out")}


def test_events_arrive_from_both_transports(
    daemons: Daemons, client: MetadataClient, kafka: Endpoint, tmp_path: Path
) -> None:
    topic, folder, name = unique("lineage.events"), tmp_path / "raw", unique("lineage")
    conf: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0}
    ensure_topics(conf, [TopicSpec(topic, 1, days(1))])
    catalogue: dict[str, Any] = {
        "connectorName": "catalogue",
        "connectorProviderClass": "open-lineage",
        "configurationProperties": {"topic": topic},
    }
    log = {
        "connectorName": "log",
        "connectorProviderClass": "open-lineage-log",
        "permittedSynchronization": "TO_THIRD_PARTY",
        "endpoint": {"networkAddress": str(folder)},
    }
    daemon = daemons.start(name, catalogue, log)
    daemon.wait("both run", lambda all_: all(each["connectorStatus"] == "RUNNING" for each in all_.values()))

    over_http, run = unique("http"), str(uuid4())
    sender = OpenLineageClient(transport=HttpTransport(HttpConfig(url=daemon.url, timeout=60, retry={"total": 0})))
    for state in (RunState.START, RunState.COMPLETE):
        sender.emit(emitted(over_http, state, run))
    eventually(lambda: flows(client, over_http) == wanted(over_http), "lineage over HTTP", within=60)
    eventually(lambda: len(list(folder.rglob("*.json"))) == 2, "both events are kept", within=60)

    over_kafka = unique("kafka")
    producer = Producer(conf)
    producer.produce(topic, b"this is no event", b"key")
    producer.produce(topic, Serde.to_json(emitted(over_kafka, RunState.COMPLETE, str(uuid4()))).encode(), run.encode())
    producer.flush(10)
    eventually(lambda: flows(client, over_kafka) == wanted(over_kafka), "lineage over Kafka", within=60)
    letters = eventually(lambda: daemon.published(dead_letters(f"omrs.daemon.{name}")), "the dead letter", within=60)
    [(headers, value)] = letters
    assert value == b"this is no event" and b"no JSON" in headers["dlq-reason"]
    assert headers["dlq-connector"] == b"catalogue"

    refused = httpx.post(f"{daemon.url}/api/v1/lineage", content=b"{not json", trust_env=False, timeout=60)
    assert refused.status_code == 400

    taken = httpx.post(f"{daemon.url}/api/v1/lineage", content=b'{"no": "event"}', trust_env=False, timeout=60)
    taken.raise_for_status()
    lineage_topic = f"omrs.daemon.{name}.lineage".encode()
    eventually(
        lambda: (
            lineage_topic
            in [headers["dlq-topic"] for headers, _ in daemon.published(dead_letters(f"omrs.daemon.{name}"))]
        ),
        "the dead letter says which topic the event is in",
        within=60,
    )

    daemon.kill()
    sent_while_down = unique("down")
    producer.produce(topic, Serde.to_json(emitted(sent_while_down, RunState.COMPLETE, str(uuid4()))).encode())
    producer.flush(10)
    again = daemons.start(name, catalogue, log)
    eventually(lambda: flows(client, sent_while_down) == wanted(sent_while_down), "after the restart", within=90)
    report = orjson.dumps(again.reports()["catalogue"])
    assert b"FAILED" not in report
