"""Handlers of the audit log's paths (OMRS queries § 6): the severities, what was recorded, where it goes.

The report is that of the worker which answers: each has an audit log of its own, all write to the server's topic.
"""

from typing import Any

from omrs_schemas.model.audit import AuditSeverity
from omrs_streams.api.route import Request, Route
from omrs_streams.audit import CATALOGUE
from omrs_streams.audit.severity import bean


async def severity_definitions(r: Request) -> Any:
    return [bean(severity) for severity in AuditSeverity]


async def report(r: Request) -> Any:
    """An OMRSAuditLogReport: ids and counts by the ordinal of their severity, and the destinations."""
    found = r.worker.audit.report()
    ids: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for message_id, count in sorted(found.counts.items()):
        ordinal = str(CATALOGUE[message_id].severity.ordinal)
        ids.setdefault(ordinal, []).append(message_id)
        counts[ordinal] = counts.get(ordinal, 0) + count
    supported = [severity.label for severity in AuditSeverity if severity in found.severities]
    stores = [{"destinationName": name, "supportedSeverities": supported} for name in found.destinations]
    return {
        "originatorProperties": {**r.worker.local.originator(), "worker": r.worker.settings.worker},
        "severityIdentification": ids,
        "severityCount": counts,
        "destinationsReport": {"logStoreReports": stores},
    }


ROUTES: list[Route] = [
    Route(
        "GET",
        "/audit-log/severity-definitions",
        "getSeverityList",
        severity_definitions,
        "AuditLogSeveritiesResponse",
        "severities",
    ),
    Route("GET", "/audit-log/report", "getAuditLogReport", report, "AuditLogReportResponse", "report"),
]
