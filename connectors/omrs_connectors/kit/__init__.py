"""The test kit: a connector on trial at a metadata server in memory, or at a real one on a real Kafka."""

from omrs_connectors.kit.clock import VirtualClock
from omrs_connectors.kit.kit import ConnectorKit
from omrs_connectors.kit.memory import MemoryServer
from omrs_connectors.kit.snapshot import Snapshot
from omrs_connectors.kit.trial import DiedError, Trial, TrialError

__all__ = ["ConnectorKit", "DiedError", "MemoryServer", "Snapshot", "Trial", "TrialError", "VirtualClock"]
