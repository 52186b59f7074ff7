"""From a change at a server to the call of a connector's listener, one change in flight."""

import time
from pathlib import Path

import yaml
from confluent_kafka import Consumer, TopicPartition

from bench.lab import Lab, Started
from bench.load import USER
from bench.table import Row, percentiles, show
from omrs_streams.client import MetadataClient
from omrs_streams.log.consumer import watermarks
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import server_out

CHANGES = 200
WAIT_S = 30.0
PAUSE_S = 0.02  # between two changes, so that none waits for the one before
DAEMON_S = 120.0


def listen(lab: Lab) -> list[Row]:
    """A daemon with one listening connector, and a consumer of the same out topic that does nothing else."""
    lab.release()
    server = lab.worker(lab.server("listened"))
    heard = lab.dir / lab.name("heard")
    daemon = _daemon(lab, server, heard)
    told: dict[str, float] = {}
    answered: dict[str, float] = {}
    read: dict[str, float] = {}
    topic = server_out(server.name)
    with MetadataClient(server.url, server.name, USER) as client:
        client.add_entity("DataFile", {"qualifiedName": "bench::first"})
        consumer = _tail(lab.kafka, topic)
        for number in range(CHANGES):
            before = time.monotonic()
            guid = client.add_entity("DataFile", {"qualifiedName": f"bench::{number}"})["guid"]
            answered[guid], told[guid] = time.monotonic(), before
            read[guid] = _seen(consumer, guid)
            time.sleep(PAUSE_S)
        consumer.close()
    lab.until("the listener to hear of all", lambda: set(told) <= set(_heard(heard)), WAIT_S, server, daemon)
    calls = _heard(heard)
    for started in (daemon, server):
        lab.stop(started)
    half, most = percentiles(calls[guid] - told[guid] for guid in told)
    floor_half, floor_most = percentiles(read[guid] - told[guid] for guid in told)
    after, _ = percentiles(calls[guid] - answered[guid] for guid in told)
    note = f"{len(told)} creates, one at a time; after the answer to the create: p50 {show(after)} ms"
    floor = "consumer of the out topic"
    return [
        Row("change at a server → connector's listener called, p50", half, "ms", floor, floor_half, note=note),
        Row("change at a server → connector's listener called, p99", most, "ms", floor, floor_most),
    ]


def _daemon(lab: Lab, server: Started, heard: Path) -> Started:
    config, ready_file = lab.dir / "listening.yaml", lab.dir / lab.name("daemon-url")
    connector = {
        "connectorName": "listening",
        "connectorProviderClass": "bench.listening:Listening",
        "endpoint": {"networkAddress": str(heard)},
    }
    paired = {"name": server.name, "url": server.url}
    config.write_text(yaml.safe_dump({"daemon": lab.name("bench"), "server": paired, "connectors": [connector]}))
    arguments = ["-m", "omrs_streams.cli.main", "daemon", "run", "--config", str(config)]
    arguments += ["--bootstrap-servers", lab.kafka.bootstrap_servers, "--ready-file", str(ready_file)]
    daemon = lab.start("daemon", arguments)
    lab.until("the connector to listen", lambda: heard.exists() and "ready" in heard.read_text(), DAEMON_S, daemon)
    return daemon


def _tail(kafka: KafkaSettings, topic: str) -> Consumer:
    conf = kafka.librdkafka(group_id="bench", enable_auto_commit=False, fetch_wait_max_ms=50)
    count = len(Consumer(conf).list_topics(topic, timeout=10).topics[topic].partitions)
    ends = watermarks(conf, topic, count)
    consumer = Consumer(conf)
    consumer.assign([TopicPartition(topic, number, end) for number, (_, end) in enumerate(ends)])
    consumer.poll(1.0)
    return consumer


def _seen(consumer: Consumer, guid: str) -> float:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None and message.key() == guid.encode():
            return time.monotonic()
    raise TimeoutError(f"the event of {guid} was not published within {WAIT_S:.0f} s")


def _heard(path: Path) -> dict[str, float]:
    lines = (line.split() for line in path.read_text().splitlines())
    return {guid: float(at) for at, guid in lines if at != "ready"}
