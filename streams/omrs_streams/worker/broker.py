"""A server may be started before its Kafka: it waits, and says so."""

import asyncio
import logging
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

log = logging.getLogger(__name__)

ASK_S = 2.0  # one question; a local broker answers in milliseconds, one far away with TLS within a second
PAUSE_S = 0.5  # between two questions; a refused connection is known at once
SAY_S = 10.0  # how often the wait is reported


async def broker_answers(conf: dict[str, Any]) -> None:
    """Return once Kafka answers, however long that takes; cancel it to give up."""
    loop = asyncio.get_running_loop()
    admin = AdminClient({**conf, "log_level": 0})  # librdkafka would report each of its own attempts, 20 a second
    said, started = -SAY_S, loop.time()
    while True:
        try:
            await asyncio.to_thread(admin.list_topics, timeout=ASK_S)
        except KafkaException as error:
            waited = loop.time() - started
            if waited - said >= SAY_S:
                said = waited
                log.warning(
                    "Kafka at %s does not answer (%s); waiting for it, %.0f s so far",
                    conf.get("bootstrap.servers"),
                    error.args[0].str(),
                    waited,
                )
            await asyncio.sleep(PAUSE_S)
        else:
            return
