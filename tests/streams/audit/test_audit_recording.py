"""Recording: what is written, what is filtered, what it costs; the forms of console and settings."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.audit import decode_audit, encode_audit, is_audit
from omrs_schemas.errors import CodecError, ConfigurationError
from omrs_schemas.model.audit import AuditRecord, AuditSeverity
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.audit import AuditLog, AuditSettings
from omrs_streams.audit.console import CONSOLE, console_line
from omrs_streams.audit.entry import MAX_VALUE, record_bean
from omrs_streams.audit.severity import DEFAULT, DESCRIPTIONS, severities_named, severity_named
from omrs_streams.logs import configure_logging
from omrs_streams.settings import load_settings


def test_a_test_sees_what_is_recorded() -> None:
    audit, entries = AuditLog.of_test()
    audit.record("OMRS-AUDIT-0110", cohort="c", server="B", collection_id=None)
    [entry] = entries
    assert entry.message.id == "OMRS-AUDIT-0110"
    assert entry.params == {"cohort": "c", "server": "B"}
    assert entry.text == "New member in cohort c: B"
    assert audit.report().counts == {"OMRS-AUDIT-0110": 1}


def test_parameters_are_texts_of_reasonable_length() -> None:
    audit, entries = AuditLog.of_test()
    audit.record("OMRS-AUDIT-0013", message=ConfigurationError("no", help="yes"))
    audit.record("OMRS-AUDIT-0004", count=2, cohorts={"b": 1, "a": 2})
    audit.record("OMRS-AUDIT-0013", message="x" * 5_000)
    assert entries[0].params == {"message": "OMRS-STREAMS-400-003 no; yes"}
    assert entries[1].params == {"count": "2", "cohorts": "b, a"}
    assert len(entries[2].params["message"]) == MAX_VALUE + 1


def test_an_unknown_id_is_a_message_and_no_exception() -> None:
    audit, entries = AuditLog.of_test()
    audit.record("OMRS-AUDIT-7777", guid="g")
    assert [entry.message.id for entry in entries] == ["OMRS-STREAMS-0001"]
    assert "OMRS-AUDIT-7777" in entries[0].text


class Unspoken:
    """A parameter that nobody may make a text of."""

    def __str__(self) -> str:
        raise AssertionError("what is not recorded is not put into words")


def test_what_is_not_asked_for_is_not_recorded_and_costs_nearly_nothing() -> None:
    """A look-up, and nothing is made of its parameters: it may be called for each of 10,000 events a second."""
    audit, entries = AuditLog.of_test("s", "default")
    assert not audit.wants("OMRS-AUDIT-8006")
    assert audit.wants("OMRS-AUDIT-0110")
    audit.record("OMRS-AUDIT-8006", guid=Unspoken(), kind="NEW_ENTITY_EVENT", outcome="accepted")
    assert entries == []
    assert audit.report().counts == {}


def test_severities_have_egerias_ordinals_and_descriptions_of_ours() -> None:
    assert [severity.ordinal for severity in AuditSeverity] == list(range(16))
    assert set(DESCRIPTIONS) == set(AuditSeverity)
    assert severity_named("perfmon") is severity_named("PERFMON") is AuditSeverity.PERFMON
    assert severity_named("Information") is severity_named("info") is AuditSeverity.INFO
    assert severities_named(["default", "event"]) == DEFAULT | {AuditSeverity.EVENT}
    assert severities_named(["all"]) == set(AuditSeverity)
    with pytest.raises(ConfigurationError, match="no severity 'loud'"):
        severity_named("loud")


def test_settings_name_the_severity_that_does_not_exist(tmp_path: Path) -> None:
    config = tmp_path / "server.yaml"
    config.write_text("server: s\naudit: {severities: [loud]}\n")
    with pytest.raises(
        ConfigurationError, match=r"audit\.severities: .*no severity 'loud'; severities are Unknown, Inf"
    ):
        load_settings(config)
    with pytest.raises(ValidationError):
        AuditSettings(retention_days=0)


def test_the_line_is_egerias() -> None:
    line = console_line(1_612_299_470_000, "exchangeDL01", "Startup", "OMRS-AUDIT-0064", "two\nlines")
    day, month, number, clock, *zone, year, server, severity, message_id, two, lines = line.split(" ")
    assert (day, month, number, year) == ("Tue", "Feb", "02", "2021")
    assert len(clock) == 8
    assert len(zone) == 1
    assert (server, severity, message_id, two, lines) == ("exchangeDL01", "Startup", "OMRS-AUDIT-0064", "two", "lines")


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[str]]]:
    """The lines that were logged meanwhile; the logging of the test run is put back afterwards."""
    kept = {name: logging.getLogger(name) for name in ("", CONSOLE)}
    before = {name: (list(found.handlers), found.level, found.propagate) for name, found in kept.items()}
    yield lambda: capsys.readouterr().err.splitlines()
    for name, (handlers, level, propagate) in before.items():
        kept[name].handlers[:] = handlers
        kept[name].setLevel(level)
        kept[name].propagate = propagate


def test_the_console_writes_lines_or_json(stderr: Callable[[], list[str]]) -> None:
    audit = AuditLog("s1", worker="w1")
    for as_json in (False, True):
        configure_logging(as_json=as_json)
        audit.record("OMRS-AUDIT-0108", cohort="c", collection_id="m", server="A", other_server="B")
        audit.flush(0.0)
    audit.close()
    line, text = stderr()
    said = "Metadata collection id m is used by two members of cohort c: A keeps it, B is refused"
    assert line.endswith(f" s1 Action OMRS-AUDIT-0108 {said}")
    found = json.loads(text)
    assert found["event"] == said
    assert (found["server"], found["worker"], found["severity"], found["id"]) == (
        "s1",
        "w1",
        "Action",
        "OMRS-AUDIT-0108",
    )
    assert (found["level"], found["params"]["other_server"]) == ("warning", "B")


def test_a_lower_log_level_silences_what_is_only_information(stderr: Callable[[], list[str]]) -> None:
    audit = AuditLog("s1")
    configure_logging("ERROR")
    audit.record("OMRS-AUDIT-0007")
    audit.record("OMRS-AUDIT-0013", message="no Kafka")
    audit.flush(0.0)
    audit.close()
    [line] = stderr()
    assert "Exception OMRS-AUDIT-0013" in line


def test_records_survive_the_wire_and_are_no_events() -> None:
    audit, entries = AuditLog.of_test()
    audit.record("OMRS-AUDIT-0060", cohort="c", collection_id="m")
    bean = record_bean(entries[0], {"serverName": "s", "metadataCollectionId": "m"}, "w1")
    data = encode_audit(bean)
    assert is_audit(data)
    assert decode_audit(data) == bean == AuditRecord.model_validate(bean).to_bean()
    with pytest.raises(CodecError, match="a record of AuditRecord is no event"):
        EventCodec(TypeSystem()).decode(data)
    registry = EventCodec(TypeSystem()).encode({"eventCategory": "REGISTRY", "registryEventSection": {}})
    assert not is_audit(registry)
    with pytest.raises(CodecError, match="RegistryEvent is no audit record"):
        decode_audit(registry)
    with pytest.raises(CodecError, match="AuditRecord OMRS-AUDIT-0060 cannot be written"):
        encode_audit({**bean, "timeStamp": "now"})
