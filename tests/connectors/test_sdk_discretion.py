"""A secret that a connector's technology babbles out is hidden wherever text leaves the connector."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from daemons import Daemons
from kit_connectors import Indiscreet

from omrs_connectors.kit import ConnectorKit
from omrs_connectors.runtime.faults import described, tellable
from omrs_connectors.sdk.connections import HIDDEN
from omrs_connectors.sdk.discretion import DiscreetFormatter, discreet, handed_out, hide_secrets_in_logs
from omrs_schemas.errors import NotReadyError
from omrs_streams.client import MetadataClient
from workers import eventually, unique

OF_THE_STORE = "store-secret-8731"
OF_THE_CONNECTION = "clear-secret-5520"
OF_THE_ADDRESS = "url-secret-9914"
SECRETS = (OF_THE_STORE, OF_THE_CONNECTION, OF_THE_ADDRESS)


def connection_of(file: Path) -> dict[str, Any]:
    file.write_text(yaml.safe_dump({"db": {"password": OF_THE_STORE}}))
    file.chmod(0o600)
    return {
        "class": "VirtualConnection",
        "connectorType": {"connectorProviderClassName": f"{Indiscreet.__module__}:{Indiscreet.__qualname__}"},
        "endpoint": {"networkAddress": f"postgresql://me:{OF_THE_ADDRESS}@db/x"},
        "clearPassword": OF_THE_CONNECTION,
        "securedProperties": {"token": OF_THE_CONNECTION},
        "embeddedConnections": [
            {
                "embeddedConnection": {
                    "connectorType": {"connectorProviderClassName": "yaml-secrets"},
                    "endpoint": {"networkAddress": str(file)},
                    "configurationProperties": {"secretsCollectionName": "db"},
                }
            }
        ],
    }


def command_lines(pid: int) -> list[str]:
    """Of a process and of those that it started, as far as they have not ended meanwhile."""
    process = psutil.Process(pid)
    found = []
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            found.append("\n".join(each.cmdline()))
    return found


def told(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def test_what_was_handed_out_is_hidden() -> None:
    secret = handed_out("first-handed-out")
    handed_out("first-handed-out-and-longer")
    assert handed_out("tiny") == "tiny"
    assert discreet("x first-handed-out-and-longer y first-handed-out z tiny") == f"x {HIDDEN} y {HIDDEN} z tiny"
    assert discreet("amqp://u:anything@h/x") == f"amqp://u:{HIDDEN}@h/x"
    assert described(ValueError(f"no {secret}")) == f"ValueError: no {HIDDEN}"
    plain = ValueError("plain")
    assert tellable(plain) is plain
    assert str(tellable(ValueError(secret))) == f"ValueError: {HIDDEN}"
    away = tellable(NotReadyError(f"no answer to {secret}", code="OMRS-STREAMS-503-001"))
    assert isinstance(away, NotReadyError) and away.message == f"no answer to {HIDDEN}"


def test_log_lines_and_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    secret = handed_out("logged-secret")
    logger, handler = logging.getLogger("discretion"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        hide_secrets_in_logs("discretion")
        hide_secrets_in_logs("discretion")
        formatter = handler.formatter
        assert isinstance(formatter, DiscreetFormatter)
        try:
            raise ValueError(secret)
        except ValueError:
            logger.exception("failed with %s", secret)
        line = formatter.format(caplog.records[-1])
        assert secret not in line and "Traceback" in line and HIDDEN in line
    finally:
        logger.removeHandler(handler)
        for each in logging.getLogger().handlers:
            if isinstance(each.formatter, DiscreetFormatter):
                each.setFormatter(each.formatter._inner)


def test_reports_failures_and_messages_of_a_trial(memory_kit: ConnectorKit, tmp_path: Path) -> None:
    trial = memory_kit.trial(Indiscreet, connection=connection_of(tmp_path / "secrets.yaml"))
    trial.refresh()
    memory_kit.client.add_entity("GlossaryTerm", {"qualifiedName": "trial"})
    assert trial.deliver() == 1
    trial.refresh(check=False)
    assert trial.status == "FAILED" and "refused: login" in (trial.failure or "")
    shown = [trial.failure, trial.messages, [each.to_dict() for each in trial.reports], trial.failed_events]
    assert told(str(shown)) == []


@pytest.mark.kafka
@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_nothing_of_a_daemon_tells_a_secret(
    isolation: str, daemons: Daemons, client: MetadataClient, tmp_path: Path
) -> None:
    connector = {
        "connectorName": unique("indiscreet"),
        "connection": connection_of(tmp_path / "secrets.yaml"),
        "isolation": isolation,
    }
    name = connector["connectorName"]
    daemon = daemons.start(unique("discreet"), connector)
    daemon.wait("it runs", lambda reports: reports[name]["connectorStatus"] == "RUNNING")
    daemon.refresh(name)
    commands = command_lines(daemon.proc.pid)
    client.add_entity("GlossaryTerm", {"qualifiedName": name})
    eventually(lambda: daemon.published(f"omrs.daemon.{daemon.name}.dlq"), "the event is a dead letter", within=60)
    daemon.call("POST", "/integration-connectors/refresh", {"name": name})
    daemon.wait("it failed", lambda reports: reports[name]["connectorStatus"] == "FAILED")
    shown = [*commands, str(daemon.reports()), daemon.log_text()]
    assert "trying: login" in daemon.log_text() and "refused: login" in str(daemon.reports())
    daemon.stop()
    topics = ["reports", "state", "audit", "dlq"]
    shown += [str(daemon.published(f"omrs.daemon.{daemon.name}.{topic}")) for topic in topics]
    shown.append(daemon.log_text())
    assert [told(text) for text in shown] == [[]] * len(shown)
