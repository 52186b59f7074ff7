"""Egeria JSON keeps numbers exactly and does not touch what is not ours."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from strategies import event_with, exact, json_values

from omrs_schemas.codec.egeria_json import from_json, json_text, json_value, loads, to_json
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean
from omrs_schemas.model.values import primitive_bean, properties_bean

BIG_NUMBERS: list[tuple[str, Any]] = [
    ("1.1", 1.1),
    ("1.10", Decimal("1.10")),
    ("1.10000000000000000000000001", Decimal("1.10000000000000000000000001")),
    ("1E+3", Decimal("1E+3")),
    ("-0.000001", -1e-06),
    ("0.0000010", Decimal("0.0000010")),
    ("123456789012345678901234567890", 123456789012345678901234567890),
    ("5", 5),
    ("1E+400", Decimal("1E+400")),
    (f"-{7 * 10**400}", -7 * 10**400),
]


def event_with_number(text: str, category: str) -> str:
    bean = primitive_bean(category, 1) | {"primitiveValue": "@"}
    entity = {"class": "EntityDetail", "guid": "g", "properties": properties_bean({"n": bean})}
    return json.dumps(event_with("entity", entity)).replace('"@"', text)


def number_in(event: JsonBean) -> Any:
    return event["instanceEventSection"]["entity"]["properties"]["instanceProperties"]["n"]["primitiveValue"]


@pytest.mark.parametrize(("text", "value"), BIG_NUMBERS)
def test_decimals_are_kept_to_the_last_digit(text: str, value: Any) -> None:
    event = loads(event_with_number(text, "OM_PRIMITIVE_TYPE_BIGDECIMAL"))
    assert exact(number_in(event)) == exact(value)
    written = number_in(json.loads(to_json(event), parse_float=Decimal))
    assert Decimal(written).as_tuple() == Decimal(text).as_tuple()


def test_integers_beyond_64_bits_are_kept() -> None:
    event = loads(event_with_number(str(10**40), "OM_PRIMITIVE_TYPE_BIGINTEGER"))
    assert number_in(event) == 10**40
    assert str(10**40).encode() in to_json(event)


def test_a_double_is_no_greater_than_doubles_are() -> None:
    assert from_json(f"[{10**400}]") == [10**400]
    for text in ("1e400", "-1e400"):
        with pytest.raises(CodecError, match=r"not JSON: -?1E\+400 is beyond what a double can hold"):
            from_json(f'{{"a": {text}}}')
    with pytest.raises(CodecError, match="does not fit in a DOUBLE"):
        loads(event_with_number(str(10**400), "OM_PRIMITIVE_TYPE_DOUBLE"))


@pytest.mark.parametrize(("text", "value"), BIG_NUMBERS)
def test_any_number_among_plain_values_is_exact(text: str, value: Any) -> None:
    assert exact(from_json(f'{{"a": [{text}]}}', plain=True)["a"]) == exact([value])


def test_doubles_beside_big_numbers_stay_doubles() -> None:
    parsed = from_json(
        f'[{10**30}, 0.10, {{"primitiveDefCategory": "OM_PRIMITIVE_TYPE_DOUBLE", "primitiveValue": 1.10}}]'
    )
    assert exact(parsed[0]) == exact(10**30)
    assert exact(parsed[1]) == exact(0.1)
    assert exact(parsed[2]["primitiveValue"]) == exact(1.1)


@given(json_values)
def test_opaque_parts_come_back_equal(value: Any) -> None:
    assert exact(json_value(json_text(value))) == exact(value)
    assert exact(from_json(to_json(value))) == exact(value)


def test_keys_can_be_sorted() -> None:
    value = {"b": 10**30, "a": Decimal("1.10"), "c": {"z": 1, "y": 2}}
    assert to_json(value, sort_keys=True) == b'{"a":1.10,"b":' + str(10**30).encode() + b',"c":{"y":2,"z":1}}'


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, float, Decimal("NaN")])
def test_what_has_no_json_form_is_refused(value: Any) -> None:
    with pytest.raises(CodecError, match="cannot be written as JSON"):
        to_json(value)


@pytest.mark.parametrize(
    "data", [b'{"class":"OMRSEventV1"}', bytearray(b'{"class":"OMRSEventV1"}'), '{"class":"OMRSEventV1"}']
)
def test_bytes_and_text_are_read(data: Any) -> None:
    assert loads(data) == {"class": "OMRSEventV1", "eventCategory": "UNKNOWN"}


@pytest.mark.parametrize("part", ["NaN", "Infinity", '"\\ud800"', "[" * 2_000 + "]" * 2_000])
def test_what_is_no_strict_json_is_refused_beside_big_numbers_too(part: str) -> None:
    for big in ("1", "123456789012345678901234567890", str(10**400)):
        with pytest.raises(CodecError, match="not JSON"):
            from_json(f'{{"a": {big}, "b": {part}}}')


def test_iso_dates_in_events_are_taken() -> None:
    event = loads('{"class":"OMRSEventV1","timestamp":"2026-11-21T08:24:37.954+00:00"}')
    assert event["timestamp"] == 1795249477954
