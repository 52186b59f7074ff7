"""Integration reports as Avro: what is written is read, by names; other records and rubbish are refused."""

import io
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_schemas.avro.files import current
from omrs_schemas.codec.audit import decode_audit, encode_audit, is_audit
from omrs_schemas.codec.reports import decode_report, encode_report, is_report
from omrs_schemas.errors import CodecError
from omrs_schemas.model.reports import IntegrationConnectorStatus, IntegrationReport

LEAST: dict[str, Any] = {
    "reportId": "r1",
    "serverName": "exchangeDL01",
    "connectorId": "c1",
    "connectorName": "lake",
    "trigger": "refresh",
    "refreshStartDate": 1_700_000_000_000,
    "refreshCompletionDate": 1_700_000_001_000,
}

WHOLE: dict[str, Any] = {
    **LEAST,
    "part": 2,
    "parts": 3,
    "worker": "w1",
    "metadataServerName": "cocoMDS1",
    "connectorInstanceId": "i1",
    "connectorStatus": "FAILED",
    "failingExceptionMessage": "refresh: no such folder",
    "createdCount": 2,
    "updatedCount": 1,
    "deletedCount": 1,
    "publishElements": True,
    "changes": [
        {"anchorGUID": "a", "createdElements": ["a", "b"], "updatedElements": [], "deletedElements": ["c"]},
        {"anchorGUID": "d", "createdElements": [], "updatedElements": ["d"], "deletedElements": []},
    ],
    "counters": {"filesSeen": 12, "skipped.unreadable": 1},
    "messages": ["ä file", "another"],
}

AUDIT = {"messageId": "OMRS-AUDIT-0001", "severity": "STARTUP", "timeStamp": 1, "messageText": "up"}


def test_what_is_written_is_read() -> None:
    assert decode_report(encode_report(WHOLE)) == WHOLE
    read = decode_report(encode_report(LEAST))
    assert {name: read[name] for name in LEAST} == LEAST
    assert (read["part"], read["parts"], read["changes"], read["connectorStatus"]) == (1, 1, [], "UNKNOWN")
    assert "worker" not in read


def test_the_model_says_the_same() -> None:
    assert IntegrationReport.model_validate(WHOLE).to_bean()["changes"][0]["createdElements"] == ["a", "b"]
    assert decode_report(encode_report(IntegrationReport.model_validate(LEAST).to_bean())) == decode_report(
        encode_report(LEAST)
    )
    assert IntegrationConnectorStatus.FAILED.ordinal == 99


def test_any_avro_reader_can_read_it() -> None:
    data = encode_report(WHOLE)
    read = fastavro.schemaless_reader(io.BytesIO(data[10:]), current("IntegrationReport"), None)
    assert read == WHOLE


texts = st.text(max_size=20)
guids = st.lists(texts, max_size=5)
changes = st.fixed_dictionaries(
    {"anchorGUID": texts, "createdElements": guids, "updatedElements": guids, "deletedElements": guids}
)


@given(
    st.fixed_dictionaries(
        {
            "reportId": texts,
            "trigger": texts,
            "refreshStartDate": st.integers(-(2**63), 2**63 - 1),
            "changes": st.lists(changes, max_size=4),
            "counters": st.dictionaries(texts, st.integers(-(2**63), 2**63 - 1), max_size=4),
            "messages": st.lists(texts, max_size=3),
        }
    )
)
def test_every_report_survives(said: dict[str, Any]) -> None:
    assert decode_report(encode_report({**WHOLE, **said})) == {**WHOLE, **said}


def test_records_of_something_else_are_refused() -> None:
    report, audit = encode_report(WHOLE), encode_audit(AUDIT)
    assert (is_report(report), is_report(audit)) == (True, False)
    assert (is_audit(report), is_audit(audit)) == (False, True)
    with pytest.raises(CodecError, match="a record of AuditRecord is no integration report"):
        decode_report(audit)
    with pytest.raises(CodecError, match="a record of IntegrationReport is no audit record"):
        decode_audit(report)
    for rubbish in (b"", b"{}", report[:-3], report[:9]):
        with pytest.raises(CodecError):
            decode_report(rubbish)


@pytest.mark.parametrize(
    "wrong", [{"reportId": None}, {"refreshStartDate": "yesterday"}, {"connectorStatus": "HUNGRY"}]
)
def test_what_is_no_report_cannot_be_written(wrong: dict[str, Any]) -> None:
    with pytest.raises(CodecError, match=r"IntegrationReport .* cannot be written"):
        encode_report({**WHOLE, **wrong})
