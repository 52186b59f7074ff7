"""Names of topics, consumer groups and clients: the one place that spells them (DESIGN.md, "The log (topics)")."""

import re

from omrs_schemas.errors import ConfigurationError

_VALID = re.compile(r"[A-Za-z0-9_-]{1,100}")

SCHEMAS_TOPIC = "omrs.schemas"

EGERIA_TOPIC = "{root}.openmetadata.repositoryservices.cohort.{cohort}.OMRSTopic.{kind}"
"""The three topics of a cohort that speaks Egeria's JSON (OMRS events § 2, "dedicated")."""


def check_name(kind: str, name: str) -> str:
    """`name` if it may stand in a topic name (1-100 of letters, digits, `_`, `-`); ConfigurationError otherwise.

    A dot is refused: `a.b` and `a_b` collide in Kafka's metric names, and `x.log` would look like another topic.
    """
    if not _VALID.fullmatch(name):
        raise ConfigurationError(
            f"{kind} name {name!r} cannot be part of a topic name",
            help="use 1-100 letters, digits, '_' or '-'",
            name=name,
        )
    return name


def server_log(server: str) -> str:
    return f"omrs.server.{server}.log"


def server_types(server: str) -> str:
    return f"omrs.server.{server}.types"


def server_cohorts(server: str) -> str:
    return f"omrs.server.{server}.cohorts"


def server_workers(server: str) -> str:
    return f"omrs.server.{server}.workers"


def server_out(server: str) -> str:
    return f"omrs.server.{server}.out"


def server_audit(server: str) -> str:
    return f"omrs.server.{server}.audit"


def server_group(server: str) -> str:
    """The Faust app id, hence the consumer group, of all workers of one server."""
    return f"omrs.server.{server}"


def publisher_group(server: str, target: str) -> str:
    """The group with a publisher's cursor per log partition; `target`: `out` or `cohort.<name>`."""
    return f"omrs.server.{server}.publish.{target}"


def dead_letters(consumer: str) -> str:
    return f"{consumer}.dlq"


def cohort_registration(cohort: str) -> str:
    return f"omrs.cohort.{cohort}.registration"


def cohort_types(cohort: str) -> str:
    return f"omrs.cohort.{cohort}.types"


def cohort_instances(cohort: str) -> str:
    return f"omrs.cohort.{cohort}.instances"


def egeria_registration(cohort: str, root: str) -> str:
    """`root` is `egeria.omag` unless the members of the cohort were told otherwise."""
    return EGERIA_TOPIC.format(root=root, cohort=cohort, kind="registration")


def egeria_types(cohort: str, root: str) -> str:
    return EGERIA_TOPIC.format(root=root, cohort=cohort, kind="types")


def egeria_instances(cohort: str, root: str) -> str:
    return EGERIA_TOPIC.format(root=root, cohort=cohort, kind="instances")


def daemon_group(daemon: str) -> str:
    return f"omrs.daemon.{daemon}"


def daemon_reports(daemon: str) -> str:
    return f"omrs.daemon.{daemon}.reports"


def daemon_report_elements(daemon: str) -> str:
    """The consumer group that makes metadata of a daemon's reports."""
    return f"omrs.daemon.{daemon}.report-elements"


def daemon_audit(daemon: str) -> str:
    return f"omrs.daemon.{daemon}.audit"


def daemon_commands(daemon: str) -> str:
    return f"omrs.daemon.{daemon}.commands"


def daemon_state(daemon: str) -> str:
    return f"omrs.daemon.{daemon}.state"


def daemon_lineage(daemon: str) -> str:
    """Raw OpenLineage events that were accepted over HTTP."""
    return f"omrs.daemon.{daemon}.lineage"
