"""Order, pages and the merging of partial answers (OMRS queries § 3, Sort details)."""

import random
from typing import Any

import pytest
from find_samples import Bean, entity, integer, primitive, string
from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_schemas.errors import InvalidParameterError, PagingError
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.sequencing import ORDERS, head, merge, page, sort_key

BEANS = [
    entity("c", header={"createTime": 30, "updateTime": 31}, usage=string("b")),
    entity("a", header={"createTime": 10}, usage=string("a")),
    entity("d", header={"createTime": 20, "updateTime": 99}, usage=integer(10)),
    entity("b", header={"createTime": 20, "updateTime": 31}, usage=primitive("LONG", 9)),
    entity("e", header={"createTime": 40}),
]


def ordered(order: str | None, name: str | None = "usage", **paging: int) -> str:
    body = {"sequencingOrder": order, "sequencingProperty": name, **paging}
    return "".join(bean["guid"] for bean in page(BEANS, FindRequest.find("entity", body)))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, "abcde"),
        ("ANY", "abcde"),
        ("GUID", "abcde"),
        ("CREATION_DATE_OLDEST", "abdce"),
        ("CREATION_DATE_RECENT", "ecbda"),
        ("LAST_UPDATE_OLDEST", "aebcd"),
        ("LAST_UPDATE_RECENT", "dbcae"),
        ("PROPERTY_ASCENDING", "ebdac"),
        ("PROPERTY_DESCENDING", "cadbe"),
    ],
)
def test_each_order_with_missing_values_smallest_and_ties_by_guid(order: str | None, expected: str) -> None:
    assert ordered(order) == expected


def test_a_property_order_without_a_property_is_by_guid() -> None:
    assert ordered("PROPERTY_DESCENDING", None) == "abcde"


def test_numbers_sort_as_numbers_and_decimals_exactly() -> None:
    values = ["9", "10", "9.5", "-1"]
    beans = [entity(value, usage=primitive("BIGDECIMAL", value)) for value in values]
    key = sort_key("PROPERTY_ASCENDING", "usage")
    assert [bean["guid"] for bean in sorted(beans, key=key)] == ["-1", "9", "9.5", "10"]


@pytest.mark.parametrize(
    ("offset", "size", "expected"),
    [(0, 0, "abcde"), (2, 0, "cde"), (0, 2, "ab"), (3, 5, "de"), (5, 1, ""), (9, 0, "")],
)
def test_pages(offset: int, size: int, expected: str) -> None:
    assert ordered("GUID", offset=offset, pageSize=size) == expected


@pytest.mark.parametrize("field", ["offset", "pageSize"])
def test_negative_paging_is_refused(field: str) -> None:
    with pytest.raises(PagingError, match=field) as caught:
        FindRequest.find("entity", {field: -1})
    assert caught.value.code == "OMRS-REPOSITORY-400-050"


def test_unknown_order_names_the_known_ones() -> None:
    with pytest.raises(InvalidParameterError, match="LAST_UPDATE_RECENT"):
        sort_key("SIDEWAYS")


orders = st.sampled_from(ORDERS)
values = st.one_of(
    st.none(),
    st.integers(-3, 3).map(integer),
    st.floats(-3, 3).map(lambda number: primitive("DOUBLE", number)),
    st.sampled_from(["", "a", "b", "B"]).map(string),
)


@st.composite
def many(draw: st.DrawFn) -> list[Bean]:
    found = []
    for index in range(draw(st.integers(0, 12))):
        times = {"createTime": draw(st.integers(0, 3)), "updateTime": draw(st.none() | st.integers(-1, 2))}
        held = draw(values)
        found.append(entity(f"g{index:02}", header=times, **({} if held is None else {"usage": held})))
    return found


def request(order: str, offset: int, size: int) -> FindRequest:
    body: dict[str, Any] = {"sequencingProperty": "usage", "sequencingOrder": order, "offset": offset, "pageSize": size}
    return FindRequest.find("entity", body)


@settings(max_examples=300, deadline=None)
@given(many(), orders, st.integers(0, 6), st.integers(0, 6), st.integers(1, 4), st.randoms(use_true_random=False))
def test_workers_together_answer_the_same_page_as_one(
    beans: list[Bean], order: str, offset: int, size: int, workers: int, chance: random.Random
) -> None:
    asked = request(order, offset, size)
    parts: list[list[Bean]] = [[] for _ in range(workers)]
    for bean in chance.sample(beans, len(beans)):
        parts[chance.randrange(workers)].append(bean)
    answers = [head(part, asked) for part in parts]
    if size:
        assert all(len(answer) <= offset + size for answer in answers)
    assert merge(answers, asked) == page(beans, asked)


@settings(max_examples=200, deadline=None)
@given(many(), orders, st.integers(1, 5))
def test_pages_in_a_row_are_the_whole_once(beans: list[Bean], order: str, size: int) -> None:
    whole = page(beans, request(order, 0, 0))
    pages = [page(beans[::-1], request(order, offset, size)) for offset in range(0, len(beans), size)]
    assert [bean for each in pages for bean in each] == whole


@settings(deadline=None)
@given(many(), orders)
def test_reverse_orders_mirror_each_other_but_for_ties(beans: list[Bean], order: str) -> None:
    key = sort_key(order, "usage")
    whole = sorted(beans, key=key)
    assert sorted(whole, key=key) == whole and len({bean["guid"] for bean in whole}) == len(beans)


def test_a_guid_answered_twice_appears_once_in_its_highest_version() -> None:
    old, new = entity("a", header={"version": 1}), entity("a", header={"version": 2})
    asked = request("GUID", 0, 5)
    assert merge([[old], [new]], asked) == [new]
    assert merge([[new], [old]], asked) == [new]
