"""Peer: two real Egeria 4.2 members, started from `../shared/egeria-peer` beside the project, measured in the same run.

Needs Java 17 and Maven. The first start fetches Egeria's jars.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.lab import BenchError, Lab, Started
from bench.load import USER
from bench.peer import EgeriaFigures
from bench.table import percentiles
from bench.turns import PROPERTIES, TYPE
from omrs_streams.log.embedded.ports import choose
from omrs_streams.log.topics import FOREVER, TopicSpec

PEER = Path(__file__).resolve().parents[2] / "shared" / "egeria-peer" / "run"
START_S = 600.0  # with the download; 5-10 s later on
SAVE_S = 300.0
BURST = 3_000
COPIES = 30
NEW_ENTITY = b'"NEW_ENTITY_EVENT"'


def missing() -> str:
    """Why the peer cannot be started here; empty when it can."""
    absent = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if not PEER.exists():
        absent.insert(0, str(PEER))
    return f"not there: {', '.join(absent)}" if absent else ""


def measure(lab: Lab) -> EgeriaFigures:
    """Both members' figures; BenchError when they do not come up."""
    with members(lab) as (one, other, topic):
        task = {"url": one.url, "server": one.name, "types": [TYPE], "properties": PROPERTIES}
        there = {"other_url": other.url, "other_server": other.name}
        lab.load({"task": "create", "threads": 4, "count": 200, "first": 900_000_000, **task}, one)
        copied = lab.load({"task": "copy", "count": COPIES, **task, **there}, one, other)
        made = lab.load({"task": "create", "threads": 4, "count": max(200, min(lab.size // 20, 2_000)), **task}, one)
        saves = _burst(lab, other, topic)
    return EgeriaFigures(len(made["times"]) / made["seconds"], saves, percentiles(copied["times"])[0])


@contextmanager
def members(lab: Lab) -> Iterator[tuple[Started, Started, str]]:
    """Two members of a cohort of their own, and the cohort's topic of instances."""
    cohort = lab.name("egeria")
    root = f"egeria.omag.openmetadata.repositoryservices.cohort.{cohort}.OMRSTopic"
    lab.topics([TopicSpec(f"{root}.{kind}", 1, FOREVER) for kind in ("registration", "types", "instances")])
    with _peer(lab, "peerA", cohort) as one, _peer(lab, "peerB", cohort) as other:
        yield one, other, f"{root}.instances"


@contextmanager
def _peer(lab: Lab, name: str, cohort: str) -> Iterator[Started]:
    """One member, in a process group of its own: the script starts Maven or Java below itself."""
    [port] = choose(1)
    folder = lab.dir / lab.name(name)
    folder.mkdir()
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["bash", str(PEER), name, str(port), lab.kafka.bootstrap_servers, cohort],
            stdout=file,
            stderr=file,
            cwd=folder,
            start_new_session=True,
        )
    started = Started(name, process, output, f"http://127.0.0.1:{port}")
    try:
        lab.until(f"Egeria {name}", lambda: b"PEER READY" in output.read_bytes(), START_S, started, every=0.5)
        yield started
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(20.0)
        except subprocess.TimeoutExpired:
            continue


def _burst(lab: Lab, receiver: Started, topic: str) -> float:
    """Copies that the receiver saves a second, of a burst that a third member would send."""
    template = _new_entity(lab, topic)
    home = str(uuid4())
    producer = Producer(lab.kafka.producer("bench"))
    guids = [str(uuid4()) for _ in range(BURST)]
    started = time.perf_counter()
    for guid in guids:
        producer.produce(topic, orjson.dumps(_as_from(template, home, guid)))
        producer.poll(0)
    if producer.flush(60.0):
        raise BenchError("the burst for Egeria was not taken by Kafka")
    base = f"{receiver.url}/servers/{receiver.name}/open-metadata/repository-services/users/{USER}"

    def saved() -> bool:
        answer = httpx.get(f"{base}/instances/entity/{guids[-1]}/existence", timeout=60.0, trust_env=False).json()
        return answer.get("entity") is not None

    lab.until("Egeria to save the burst", saved, SAVE_S, receiver, every=0.2)
    return BURST / (time.perf_counter() - started)


def _new_entity(lab: Lab, topic: str) -> dict[str, Any]:
    """A NEW_ENTITY_EVENT as Egeria itself wrote it."""
    consumer = Consumer(lab.kafka.bulk_consumer("bench") | {"enable.partition.eof": False})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        for message in consumer.consume(1_000, 10.0):
            if message.error() is None and NEW_ENTITY in (message.value() or b""):
                found: dict[str, Any] = orjson.loads(message.value() or b"")
                return found
    finally:
        consumer.close()
    raise BenchError(f"Egeria sent no new entity to {topic}")


def _as_from(event: dict[str, Any], home: str, guid: str) -> dict[str, Any]:
    section = event["instanceEventSection"]
    entity = {**section["entity"], "guid": guid, "metadataCollectionId": home, "metadataCollectionName": "bench"}
    return {
        **event,
        "originator": {**event["originator"], "metadataCollectionId": home, "serverName": "bench"},
        "instanceEventSection": {
            **section,
            "instanceGUID": guid,
            "homeMetadataCollectionId": home,
            "entity": entity,
        },
    }
