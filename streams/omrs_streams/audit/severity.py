"""The severities, and which of them are wanted."""

from collections.abc import Iterable

from omrs_schemas.errors import ConfigurationError
from omrs_schemas.model.audit import AuditSeverity as S

DESCRIPTIONS = {
    S.UNKNOWN: "Nobody said how severe it is.",
    S.INFO: "The server tells of its normal work.",
    S.EVENT: "An event came from or went to another server.",
    S.DECISION: "The server decided something about how it works.",
    S.ACTION: "Somebody should look into this, and may have to correct something.",
    S.ERROR: "Something failed; part of the server's work may be in the way of it.",
    S.EXCEPTION: "Something failed that was not foreseen; the message has the reason.",
    S.SECURITY: "Somebody tried what he may not do.",
    S.STARTUP: "A part of the server starts.",
    S.SHUTDOWN: "A part of the server stops.",
    S.ASSET: "Somebody did something to an asset that has to be accounted for.",
    S.TYPES: "The types that the server works with change, or differ from those of others.",
    S.COHORT: "Members of a cohort tell each other who they are.",
    S.TRACE: "Details for whoever looks for a fault; written only when asked for.",
    S.PERFMON: "How long something took; written only when asked for.",
    S.ACTIVITY: "What a user asked for, and of which metadata.",
}

ON_REQUEST = frozenset({S.EVENT, S.TRACE, S.PERFMON})
"""So many that they are written only when asked for: one or more for each event of a cohort."""

DEFAULT = frozenset(S) - ON_REQUEST

_BY_NAME = {name.casefold(): severity for severity in S for name in (severity.value, severity.label)}


def severity_named(name: str) -> S:
    """A severity by its name (`INFO`, `Information`; case does not matter). ConfigurationError for no name."""
    found = _BY_NAME.get(name.casefold())
    if found is None:
        raise ConfigurationError(
            f"there is no severity {name!r}", help=f"severities are {', '.join(severity.label for severity in S)}"
        )
    return found


def severities_named(names: Iterable[str]) -> frozenset[S]:
    """The severities of a setting: names, `default` for those written by default, `all`."""
    found: set[S] = set()
    for name in names:
        word = name.casefold()
        found |= DEFAULT if word == "default" else frozenset(S) if word == "all" else {severity_named(name)}
    return frozenset(found)


def bean(severity: S) -> dict[str, object]:
    """The severity as Egeria's REST describes one (OMRSAuditLogReportSeverity)."""
    return {"ordinal": severity.ordinal, "name": severity.label, "description": DESCRIPTIONS[severity]}
