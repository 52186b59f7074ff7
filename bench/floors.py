"""What is compared with: the least work that any consumer of the same records has to do. Rates count from the call."""

import gc
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import Consumer, TopicPartition
from rocksdict import Options, Rdict, WriteBatch

from bench.lab import PARTITIONS, BenchError, Lab
from bench.measure import Measured, Stopwatch, combined
from omrs_schemas.avro.files import current
from omrs_schemas.codec.avro import HEADER_SIZE
from omrs_streams.log.consumer import watermarks

BATCH = 5_000
STALL_S = 30.0
LEAST_S = 1.0  # 100,000 events are read in less: too short to be told from a hiccup


def consume_only(lab: Lab, topic: str) -> Measured:
    """(a) One process reads with confluent-kafka and drops what it reads; over and over for `LEAST_S`."""
    gc.collect()
    passes: list[Measured] = []
    while not passes or combined(*passes).seconds < LEAST_S:
        with Stopwatch() as watch:
            count = sum(len(batch) for batch in _batches(lab.kafka.bulk_consumer("bench-floor"), topic))
        passes.append(watch.measured(count))
    return combined(*passes)


def consume_decode_put(lab: Lab, topic: str) -> Measured:
    """(c) One process reads, decodes whole with fastavro and puts into RocksDB by key."""
    schema = fastavro.parse_schema(current("InstanceEvent"))
    path = lab.dir / lab.name("floor")
    engine = _engine(path)
    gc.collect()
    count = 0
    with Stopwatch() as watch:
        for messages in _batches(lab.kafka.bulk_consumer("bench-floor"), topic):
            batch = WriteBatch(raw_mode=True)
            for message in messages:
                value = message.value()
                fastavro.schemaless_reader(BytesIO(value[HEADER_SIZE:]), schema)
                batch.put(message.key(), value)
            engine.write(batch)
            count += len(messages)
        engine.flush()
    engine.close()
    Rdict.destroy(str(path))
    return watch.measured(count)


def _engine(path: Path) -> Rdict:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    return Rdict(str(path), options)


def _batches(conf: dict[str, Any], topic: str) -> Iterator[list[Any]]:
    """Everything now in `topic`, in batches as `consume` gives them."""
    conf = {**conf, "enable.partition.eof": False}
    marks = watermarks(conf, topic, PARTITIONS)
    left = sum(high - low for low, high in marks)
    consumer = Consumer(conf)
    consumer.assign([TopicPartition(topic, number, low) for number, (low, _) in enumerate(marks)])
    seen = time.monotonic()
    try:
        while left > 0:
            batch = [message for message in consumer.consume(min(BATCH, left), 0.5) if message.error() is None]
            if batch:
                left -= len(batch)
                seen = time.monotonic()
                yield batch
            elif time.monotonic() - seen > STALL_S:
                raise BenchError(f"{topic} gave nothing for {STALL_S:.0f} s, {left} records are missing")
    finally:
        consumer.close()
