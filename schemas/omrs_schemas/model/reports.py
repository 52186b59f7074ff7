"""What an integration connector did in one pass, as it lies on a daemon's report topic (integration § 8)."""

from __future__ import annotations

from pydantic import Field

from omrs_schemas.model.base import Bean, EpochMs, WireEnum


class IntegrationConnectorStatus(WireEnum):
    """How far a connector is in its life; the ordinals are Egeria's."""

    INITIALIZED = "INITIALIZED", 0
    RUNNING = "RUNNING", 1
    STOPPED = "STOPPED", 2
    INITIALIZE_FAILED = "INITIALIZE_FAILED", 3
    CONFIG_FAILED = "CONFIG_FAILED", 4
    SHUTDOWN = "SHUTDOWN", 5
    UNKNOWN = "UNKNOWN", 98
    FAILED = "FAILED", 99


class AnchorChanges(Bean):
    """What one pass changed of an anchor: of the element itself and of all that belongs to it."""

    anchorGUID: str
    createdElements: list[str] = Field(default_factory=list)
    updatedElements: list[str] = Field(default_factory=list)
    deletedElements: list[str] = Field(default_factory=list)


class IntegrationReport(Bean):
    """A pass of a connector, or one part of it where its lists are long; the parts have one reportId."""

    reportId: str
    part: int = 1
    parts: int = 1
    serverName: str
    worker: str | None = None
    metadataServerName: str | None = None
    connectorId: str
    connectorName: str
    connectorInstanceId: str | None = None
    connectorStatus: IntegrationConnectorStatus = IntegrationConnectorStatus.UNKNOWN
    trigger: str
    refreshStartDate: EpochMs
    refreshCompletionDate: EpochMs
    failingExceptionMessage: str | None = None
    createdCount: int = 0
    updatedCount: int = 0
    deletedCount: int = 0
    publishElements: bool = False
    changes: list[AnchorChanges] = Field(default_factory=list)
    counters: dict[str, int] = Field(default_factory=dict)
    messages: list[str] = Field(default_factory=list)
