"""Workers that a test may kill, on the session's broker or on one of their own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from omrs_streams.log.embedded import EmbeddedKafka, Endpoint
from workers import Fleet, fleet

sys.path.append(str(Path(__file__).parents[1] / "connectors"))  # daemons and their connectors, as those tests have them


@pytest.fixture
def workers(kafka: Endpoint, tmp_path: Path) -> Iterator[Fleet]:
    """The processes of one test on the shared broker, which must not be stopped."""
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as ours:
        yield ours


@pytest.fixture
def lone_workers(own_kafka: EmbeddedKafka, tmp_path: Path) -> Iterator[Fleet]:
    """The processes of one test on `own_kafka`, which may be killed."""
    with fleet(tmp_path / "fleet", own_kafka.bootstrap_servers) as ours:
        yield ours
