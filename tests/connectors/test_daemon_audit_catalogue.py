"""The daemon's messages: all of the specification, readable, with their severities."""

import re

import pytest

from omrs_connectors.audit import CATALOGUE, DaemonAudit, context_created, context_manager_starting
from omrs_connectors.audit.messages_services import MARKERS
from omrs_connectors.services.registry import SERVICES
from omrs_schemas.errors import EntityNotKnownError
from omrs_schemas.model.audit import AuditSeverity as S

IDS = {
    S.STARTUP: "0001 0002 0008 0009 0010 0011 0013 0014 0019 0030 0040",
    S.ERROR: "0003 0004 0005 0007 0012 0028 0032 0036 0037 0055",
    S.EXCEPTION: "0006 0027 0031 0045 0053 0054",
    S.INFO: "0015 0016 0017 0018 0034 0041 0042 0043 0051 0056",
    S.SHUTDOWN: "0020 0021 0022 0023 0024 0025 0026 0035 0044 0052",
    S.SECURITY: "0050",
}
"""Integration § 10."""

OWN = [message_id for message_id in CATALOGUE if not message_id.startswith(("OMRS-AUDIT-", "OMRS-STREAMS-"))]


def test_every_message_of_the_specification_is_there_with_its_severity() -> None:
    wanted = {f"INTEGRATION-DAEMON-SERVICES-{number}": severity for severity in IDS for number in IDS[severity].split()}
    found = {key: message.severity for key, message in CATALOGUE.items() if key.startswith("INTEGRATION-")}
    assert found == wanted


@pytest.mark.parametrize("message_id", OWN)
def test_a_message_of_the_daemon_can_be_read(message_id: str) -> None:
    message = CATALOGUE[message_id]
    assert message.id == message_id
    full = message.render({name: f"<{name}>" for name in message.names})
    bare = message.render({name: f"<{name}>" for name in message.required})
    for text in (full, bare):
        assert not re.search(r"[\[\]{}?]|  | [,;:.]|\( | \)|\(\)", text), text
        assert text[0].isupper() or text[0] == "<", text
    for sentence in (message.cause, message.action):
        assert sentence.endswith("."), sentence
        assert 4 < len(sentence) < 200


def test_each_service_has_two_messages_of_its_own() -> None:
    assert context_manager_starting("files-integrator") == "OMIS-FILES-INTEGRATOR-0001"
    assert context_created("generic") == "OMIS-GENERIC-0002"
    assert set(MARKERS) == set(SERVICES)
    for marker, service in SERVICES.items():
        assert context_created(marker) == f"{service.code_prefix}-0002"
        assert {context_manager_starting(marker), context_created(marker)} <= set(CATALOGUE)


def test_a_message_knows_the_daemon_and_what_an_exception_says() -> None:
    audit, entries = DaemonAudit.of_test("lake")
    error = EntityNotKnownError("there is no g1", guid="g1")
    audit.record("INTEGRATION-DAEMON-SERVICES-0031", connector="files", method="refresh", error=error)
    audit.record("INTEGRATION-DAEMON-SERVICES-0031", connector="files", method="start", error=KeyError())
    audit.record(
        "INTEGRATION-DAEMON-SERVICES-0008",
        connector="files",
        service="Files Integrator OMIS",
        permitted="FROM_THIRD_PARTY",
    )
    first, second, third = entries
    assert first.text == (
        f"Method refresh of connector files failed with EntityNotKnownException: {error.code} there is no g1"
    )
    assert second.text == "Method start of connector files failed with KeyError: KeyError"
    assert third.text.endswith("integration daemon lake; permitted synchronization: From Third Party")


def test_the_server_says_in_order_that_it_starts() -> None:
    audit, entries = DaemonAudit.of_test("lake")
    audit.server_starting(worker="w1", url="http://h:1", max_page_size=100, security="Coco")
    audit.server_started(["Files Integrator OMIS"])
    assert [entry.message.id for entry in entries] == [
        "OMRS-AUDIT-0064",
        "OMAG-ADMIN-0001",
        "OMRS-AUDIT-0001",
        "OMRS-AUDIT-0007",
        "OPEN-METADATA-SECURITY-0003",
        "OMAG-ADMIN-0100",
        "OMAG-ADMIN-0101",
        "OMAG-ADMIN-0004",
    ]
    assert "?" not in "".join(entry.text for entry in entries)
    assert entries[-1].text.endswith(
        "running: Open Metadata Repository Services (OMRS), Files Integrator OMIS, Integration Daemon Services"
    )


def test_an_unknown_id_is_reported_and_not_raised() -> None:
    audit, entries = DaemonAudit.of_test("lake")
    audit.record("INTEGRATION-DAEMON-SERVICES-9999", connector="files")
    assert [entry.message.id for entry in entries] == ["OMRS-STREAMS-0001"]
