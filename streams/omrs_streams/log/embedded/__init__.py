"""A real Apache Kafka of our own: resolved from Maven Central, run on the packaged Java, bound to loopback.

`EmbeddedKafka(data_dir).up()` starts one node or three; `running(data_dir)` finds what is up.
"""

from omrs_streams.log.embedded.cluster import EmbeddedKafka
from omrs_streams.log.embedded.state import Endpoint, recorded, running

__all__ = ["EmbeddedKafka", "Endpoint", "recorded", "running"]
