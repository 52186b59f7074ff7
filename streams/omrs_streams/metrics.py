"""Prometheus metrics of a worker; one registry per process."""

from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram

VERSION = version("omrs-streams")

REQUESTS = Histogram(
    "omrs_request_seconds",
    "Time to answer a REST call",
    ["operation"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
FAILURES = Counter("omrs_request_failures_total", "REST calls answered with an error", ["operation", "code"])
FOLDED = Gauge("omrs_log_next_offset", "Next offset of the server log that is not folded yet", ["partition"])
LAG = Gauge("omrs_log_lag", "Records of the server log not folded yet", ["partition"])
INSTANCES = Gauge("omrs_instances", "Instances stored", ["partition", "kind"])
INBOUND = Counter("omrs_cohort_events_total", "Cohort events received", ["topic", "outcome"])
DEAD_LETTERS = Counter("omrs_dead_letters_total", "Records sent to the dead-letter topic", ["topic"])
SEARCH = Gauge("omrs_search_guids", "What the search view holds, and what it has not taken in yet", ["kind"])
SEARCH_SYNCED = Gauge("omrs_search_partitions", "Partitions whose finds are answered from the search view")
AUDIT = Counter("omrs_audit_messages_total", "Audit messages recorded", ["severity"])
MEMBER_CALLS = Counter("omrs_member_calls_total", "Calls to other members of the cohorts", ["member", "outcome"])
MEMBER_SECONDS = Histogram(
    "omrs_member_seconds",
    "Time another member took for an answer",
    ["member"],
    buckets=(0.0025, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
MEMBER_LEFT_OUT = Gauge("omrs_member_left_out", "1 while a member that does not answer is not asked", ["member"])
