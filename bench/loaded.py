"""A server that holds the whole corpus and has nothing left to do: what get and find are measured on."""

from confluent_kafka import Consumer, TopicPartition

from bench.corpus import HOME
from bench.lab import Lab, Started
from bench.replay import filled_server, rebuilt
from omrs_streams.log.consumer import watermarks
from omrs_streams.log.names import publisher_group, server_group, server_log
from omrs_streams.settings import store_dir
from omrs_streams.store.location import switch

PROCESSES = 2


def loaded(lab: Lab) -> Started:
    """The worker; made once per run, by a replay as `omrs replay` does it."""
    if lab.loaded is None:
        server = filled_server(lab, lab.size)
        stores = store_dir(lab.dir, server, "w1")
        rebuilt(lab, server, PROCESSES, index=True, stores=stores)
        _hand_over(lab, server)
        lab.loaded = lab.worker(server, collection=HOME)
    return lab.loaded


def _hand_over(lab: Lab, server: str) -> None:
    """Put the stores in use and every cursor at the end: publishing the corpus would run beside the measurement."""
    topic = server_log(server)
    ends = watermarks(lab.kafka.bulk_consumer("bench"), topic, lab.partitions)
    stores = store_dir(lab.dir, server, "w1")
    for number in range(lab.partitions):
        switch(stores, number)
    for group in (server_group(server), publisher_group(server, "out"), publisher_group(server, "consequences")):
        consumer = Consumer(lab.kafka.bulk_consumer(group))
        try:
            offsets = [TopicPartition(topic, number, high) for number, (_, high) in enumerate(ends)]
            consumer.commit(offsets=offsets, asynchronous=False)
        finally:
            consumer.close()
