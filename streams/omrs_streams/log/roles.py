"""What a topic is, told from its name: the reverse of `names` (DESIGN.md, "The log (topics)")."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from omrs_streams.log import names

SERVER: Final = "server"
COHORT: Final = "cohort"
DAEMON: Final = "daemon"

LOG: Final = "log"
TYPES: Final = "types"
REGISTRATION: Final = "registration"
INSTANCES: Final = "instances"
OUT: Final = "out"
DEAD_LETTERS: Final = "dead letters"
SCHEMAS: Final = "schemas"
AUDIT: Final = "audit"

INSTANCE_KINDS: Final = frozenset({LOG, OUT, INSTANCES})
"""Records keyed by guid, with the headers of `LogRecord`."""

EVENT_KINDS: Final = INSTANCE_KINDS | {TYPES, REGISTRATION}
"""Every value is an event: anything else on them is a fault."""


@dataclass(frozen=True, slots=True)
class Role:
    """`kind` is `other` for a topic that is not ours; `owner` is the name of a server, cohort or daemon, or empty.

    `root` starts the topic names of a cohort that speaks Egeria's JSON: its records carry the sender as key, and what
    they are about stands in their values only. It is empty for every other topic.
    """

    kind: str
    owned_by: str
    owner: str
    what: str
    root: str = ""

    @property
    def ours(self) -> bool:
        return self.kind != "other"


def _server_dead_letters(server: str) -> str:
    return names.dead_letters(names.server_group(server))


def _daemon_dead_letters(daemon: str) -> str:
    return names.dead_letters(names.daemon_group(daemon))


_KNOWN: Final[tuple[tuple[Callable[[str], str], str, str, str], ...]] = (
    (names.server_log, LOG, SERVER, "the truth: every change of what {} holds"),
    (names.server_types, TYPES, SERVER, "types that {} was given or learned"),
    (names.server_cohorts, "cohorts", SERVER, "cohort registry of {}"),
    (names.server_workers, "workers", SERVER, "which worker of {} serves which partition"),
    (names.server_out, OUT, SERVER, "what becomes visible at {}"),
    (names.server_audit, AUDIT, SERVER, "audit log of {}"),
    (_server_dead_letters, DEAD_LETTERS, SERVER, "what {} could not process"),
    (names.cohort_registration, REGISTRATION, COHORT, "who is a member of {}"),
    (names.cohort_types, TYPES, COHORT, "types that members of {} exchange"),
    (names.cohort_instances, INSTANCES, COHORT, "instances that members of {} exchange"),
    (names.daemon_reports, "reports", DAEMON, "what the connectors of {} report"),
    (names.daemon_audit, AUDIT, DAEMON, "audit log of {}"),
    (names.daemon_commands, "commands", DAEMON, "what the connectors of {} are told to do"),
    (names.daemon_state, "state", DAEMON, "how the connectors and workers of {} are"),
    (names.daemon_lineage, "lineage", DAEMON, "OpenLineage events that {} was sent"),
    (_daemon_dead_letters, DEAD_LETTERS, DAEMON, "what connectors of {} could not process"),
)


def _pattern(spelled: Callable[[str], str]) -> re.Pattern[str]:
    before, _, after = spelled("\0").partition("\0")
    return re.compile(f"{re.escape(before)}([A-Za-z0-9_-]+){re.escape(after)}")


_PATTERNS: Final = [(_pattern(spelled), kind, owned_by, what) for spelled, kind, owned_by, what in _KNOWN]


_EGERIA: Final = re.compile(
    re.escape(names.EGERIA_TOPIC)
    .replace(r"\{root\}", "(?P<root>.+)")
    .replace(r"\{cohort\}", "(?P<cohort>.+)")
    .replace(r"\{kind\}", "(?P<kind>registration|types|instances)")
)


def role_of(topic: str) -> Role:
    """What `topic` is."""
    if match := _EGERIA.fullmatch(topic):
        what = next(what for _, kind, owned_by, what in _KNOWN if (kind, owned_by) == (match["kind"], COHORT))
        cohort = match["cohort"]
        return Role(match["kind"], COHORT, cohort, f"{what.format(cohort)}, in Egeria's JSON", match["root"])
    for pattern, kind, owned_by, what in _PATTERNS:
        if match := pattern.fullmatch(topic):
            return Role(kind, owned_by, match[1], what.format(match[1]))
    if topic == names.SCHEMAS_TOPIC:
        return Role(SCHEMAS, "", "", "Avro schemas by fingerprint")
    consumer = topic.removesuffix(names.dead_letters(""))
    if consumer != topic:
        return Role(DEAD_LETTERS, "", consumer, f"what {consumer} could not process")
    return Role("other", "", "", "")


def owners(topics: Iterable[str], owned_by: str) -> list[str]:
    """The names of the servers, cohorts or daemons that have one of `topics`."""
    return sorted({role.owner for role in map(role_of, topics) if role.owned_by == owned_by})
