"""What a daemon counts, in Prometheus' text format at `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

PASS_SECONDS = (0.01, 0.1, 1, 10, 60, 600)  # an empty check takes milliseconds, a first catalogue of thousands minutes


class DaemonMetrics:
    """One registry per daemon, so that several can live in one process (tests)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.passes = Counter(
            "omrs_daemon_refreshes", "Refresh passes", ["connector", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "omrs_daemon_refresh_seconds",
            "Duration of refresh passes",
            ["connector"],
            buckets=PASS_SECONDS,
            registry=self.registry,
        )
        self.events = Counter(
            "omrs_daemon_events",
            "Out-topic events by what became of them",
            ["connector", "result"],
            registry=self.registry,
        )
        self.dead_letters = Counter(
            "omrs_daemon_dead_letters", "Records sent to the dead-letter topic", ["connector"], registry=self.registry
        )
        self.status = Gauge(
            "omrs_daemon_connector_running", "1 while the connector is RUNNING", ["connector"], registry=self.registry
        )
        self.left_behind = Gauge(
            "omrs_daemon_threads_left_behind",
            "Threads of connectors that did not come back from a call",
            ["connector"],
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
