"""How every client of ours talks to Kafka: one settings model, librdkafka and aiokafka forms of it."""

import ssl
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from omrs_schemas.errors import ConfigurationError
from omrs_streams.log.embedded import running
from omrs_streams.paths import data_root

# A broker that does not answer within this time is reported instead of waited for (a local one answers in 10 ms).
REQUEST_TIMEOUT_MS = 10_000
# How long librdkafka itself retries a produce: longer than a controlled broker restart (5 s with the embedded one).
DELIVERY_TIMEOUT_MS = 30_000

# The largest record of any topic of ours: four times Kafka's own default. An instance is some KB; one of more than a
# megabyte is possible (a report in a property), one of four is a file that belongs somewhere else.
MAX_RECORD_BYTES = 4 * 1024 * 1024
# What of it a value may take; the rest is for key and headers (a dead letter's stack among them).
MAX_VALUE_BYTES = MAX_RECORD_BYTES - 64 * 1024


class KafkaSettings(BaseModel):
    """Where Kafka is and how to authenticate. `extra` is passed to librdkafka as it is (dotted names)."""

    model_config = ConfigDict(extra="forbid")

    bootstrap_servers: str = Field("", description="brokers, `host:port,…`; empty: the embedded Kafka")
    security_protocol: str = Field("PLAINTEXT", description="`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`")
    sasl_mechanism: str | None = Field(None, description="`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`")
    sasl_username: str | None = Field(None, description="user name for SASL")
    sasl_password: str | None = Field(None, description="password for SASL; give it in the environment")
    ssl_ca_location: str | None = Field(None, description="file with the certificates (PEM) that are trusted")
    ssl_certificate_location: str | None = Field(None, description="file with the client's certificate (PEM)")
    ssl_key_location: str | None = Field(None, description="file with the client's private key (PEM)")
    extra: dict[str, Any] = Field({}, description="further settings for librdkafka, by its own dotted names")

    def resolved(self) -> "KafkaSettings":
        """These settings with bootstrap servers: the given ones, else those of the running embedded Kafka.

        Raises ConfigurationError where neither is there.
        """
        if self.bootstrap_servers:
            return self
        endpoint = running(data_root() / "kafka")
        if endpoint is None:
            raise ConfigurationError(
                "no Kafka is configured and the embedded one is not running",
                help="run `omrs kafka up`, or give --bootstrap-servers (OMRS_KAFKA__BOOTSTRAP_SERVERS)",
            )
        return self.model_copy(update={"bootstrap_servers": endpoint.bootstrap_servers})

    def librdkafka(self, **more: Any) -> dict[str, Any]:
        """Configuration common to every confluent-kafka client, plus `more` (underscores stand for dots)."""
        conf: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "socket.timeout.ms": REQUEST_TIMEOUT_MS,
            # A broker on loopback that restarts is back within seconds; the default of 10 s between attempts is felt.
            "reconnect.backoff.max.ms": 1_000,
            "log_level": 3,
        }
        for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
            if (value := getattr(self, name)) is not None:
                conf[name.replace("_", ".")] = value
        for name in ("ssl_ca_location", "ssl_certificate_location", "ssl_key_location"):
            if (value := getattr(self, name)) is not None:
                conf[name.replace("_", ".")] = value
        conf.update(self.extra)
        conf.update({key.replace("_", "."): value for key, value in more.items()})
        return conf

    def producer(self, client_id: str) -> dict[str, Any]:
        """An idempotent producer that partitions like Java and aiokafka (LOG.md § Kafka settings)."""
        return self.librdkafka(
            client_id=client_id,
            acks="all",
            enable_idempotence=True,
            partitioner="murmur2",
            compression_type="lz4",
            # Lets concurrent commands share a request; a lone command hardly waits.
            linger_ms=0.2,
            message_max_bytes=MAX_RECORD_BYTES,
            delivery_timeout_ms=DELIVERY_TIMEOUT_MS,
            queue_buffering_max_messages=200_000,
        )

    def bulk_consumer(self, group: str) -> dict[str, Any]:
        """A consumer with manual assignment and offsets, for reading a log in large batches."""
        return self.librdkafka(
            group_id=group,
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            auto_offset_reset="error",
            enable_partition_eof=True,
            # Enough queued for two batches of 5,000 records of 1.2 KB per partition; more only costs memory.
            queued_max_messages_kbytes=32_768,
            queued_min_messages=20_000,
            fetch_message_max_bytes=8_388_608,
            fetch_wait_max_ms=100,
        )

    def faust_broker(self) -> str:
        """The broker URL list as Faust takes it."""
        return ";".join(f"kafka://{host.strip()}" for host in self.bootstrap_servers.split(","))

    def faust_credentials(self) -> Any:
        """Faust credentials for SASL/TLS, or None for plaintext."""
        if self.security_protocol == "PLAINTEXT":
            return None
        from faust.auth import SASLCredentials, SSLCredentials  # only where needed: imports aiokafka's TLS parts

        context = None
        if "SSL" in self.security_protocol:
            context = ssl.create_default_context(cafile=self.ssl_ca_location)
            if self.ssl_certificate_location:
                context.load_cert_chain(self.ssl_certificate_location, self.ssl_key_location)
        if self.sasl_mechanism:
            return SASLCredentials(
                mechanism=self.sasl_mechanism,
                username=self.sasl_username,
                password=self.sasl_password,
                ssl_context=context,
            )
        return SSLCredentials(context=context)
