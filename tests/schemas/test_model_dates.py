"""Dates between epoch milliseconds and ISO-8601."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.dates import iso_dates, ms_dates, to_epoch_ms, to_iso

MOMENT = 1795249477954
ISO = "2026-11-21T08:24:37.954+00:00"


@pytest.mark.parametrize(
    "text",
    [
        ISO,
        "2026-11-21T08:24:37.954Z",
        "2026-11-21T09:24:37.954+01:00",
        "2026-11-21T08:24:37.954+0000",
        "2026-11-21T08:24:37.954",
        " 2026-11-21T08:24:37.954Z ",
        str(MOMENT),
    ],
)
def test_every_way_to_write_a_moment(text: str) -> None:
    assert to_epoch_ms(text) == MOMENT


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-11-21T25:00:00Z", "١٢٣"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        to_epoch_ms(text)


@pytest.mark.parametrize("value", [5, None, 1.5, {"a": 1}])
def test_anything_but_text_is_left(value: Any) -> None:
    assert to_epoch_ms(value) == value


def test_the_form_of_rest_answers() -> None:
    assert to_iso(MOMENT) == ISO
    assert to_iso(0) == "1970-01-01T00:00:00.000+00:00"
    assert to_iso(-1) == "1969-12-31T23:59:59.999+00:00"
    assert to_iso(10**17) == 10**17


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_every_moment_of_the_years_1_to_9999_comes_back(ms: int) -> None:
    iso = to_iso(ms)
    assert isinstance(iso, str)
    assert to_epoch_ms(iso) == ms


BEAN: JsonBean = {
    "createTime": MOMENT,
    "updateTime": MOMENT,
    "version": MOMENT,
    "mappingProperties": {"createTime": MOMENT},
    "classifications": [{"createTime": MOMENT, "name": "createTime"}],
    "properties": {
        "effectiveFromTime": MOMENT,
        "effectiveToTime": MOMENT,
        "instanceProperties": {
            "createTime": {"primitiveDefCategory": "OM_PRIMITIVE_TYPE_DATE", "primitiveValue": MOMENT},
        },
    },
}


def test_dates_of_a_bean_are_rewritten_and_nothing_else() -> None:
    iso = iso_dates(BEAN)
    assert iso["createTime"] == iso["updateTime"] == ISO
    assert iso["classifications"][0] == {"createTime": ISO, "name": "createTime"}
    assert iso["properties"]["effectiveFromTime"] == iso["properties"]["effectiveToTime"] == ISO
    assert iso["properties"]["instanceProperties"] == BEAN["properties"]["instanceProperties"]
    assert iso["version"] == MOMENT
    assert iso["mappingProperties"] == BEAN["mappingProperties"]
    assert ms_dates(iso) == BEAN
    assert iso_dates([BEAN, BEAN]) == [iso, iso]


def test_the_bean_itself_is_not_changed() -> None:
    before = repr(BEAN)
    iso_dates(BEAN)
    assert repr(BEAN) == before
