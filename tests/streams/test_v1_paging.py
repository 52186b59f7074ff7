"""Pages of lists in any order, while items come, go and change between them."""

import asyncio
from typing import Any

import pytest
from pydantic import TypeAdapter

from omrs_schemas.codec.egeria_json import to_json
from omrs_schemas.errors import PagingError
from omrs_streams.api.v1 import paging
from omrs_streams.api.v1.finding import Cursor, ordered, sorting
from omrs_streams.api.v1.paging import MAX_LIMIT, Position
from omrs_streams.repository.local import Bean
from omrs_streams.repository.sequencing import sort_key

REQUEST = ["/api/v1/entities", [], None]
LONG = "x" * 15_000


def item(guid: str, value: Any, category: str = "STRING") -> Bean:
    primitive = {
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": f"OM_PRIMITIVE_TYPE_{category}",
        "primitiveValue": value,
    }
    return {"guid": guid, "properties": {"instanceProperties": {"x": primitive}}}


class Listed:
    """A list as the repository services answer it, read page by page."""

    def __init__(self, items: list[Bean], sort: str = "x", limit: int = 2) -> None:
        self.items = items
        self.limit = limit
        self.order = sort_key(*ordered(sort))
        self.key, self.keep = sorting(sort)
        self.cursor: str | None = None
        self.fetched = 0

    async def _fetch(self, offset: int, count: int) -> list[Bean]:
        self.fetched += 1
        return sorted(self.items, key=self.order)[offset : offset + count]

    def next(self) -> str:
        """The guids of the next page, by a cursor that the API takes."""
        position = paging.read(self.cursor, REQUEST)
        found, follows = asyncio.run(paging.page(self._fetch, self.key, self.keep, position, self.limit))
        self.cursor = follows and TypeAdapter(Cursor).validate_python(paging.write(follows, REQUEST))
        return " ".join(bean["guid"] for bean in found)

    def rest(self) -> list[str]:
        pages = [self.next()]
        while self.cursor is not None:
            pages.append(self.next())
            assert len(pages) <= len(self.items), f"it does not end: {pages}"
        return " ".join(pages).split()

    def without(self, guid: str) -> None:
        self.items = [bean for bean in self.items if bean["guid"] != guid]


@pytest.mark.parametrize("sort", ["x", "-x"])
def test_numbers_that_json_does_not_have(sort: str) -> None:
    values = {"a": 1.0, "b": float("nan"), "c": float("inf"), "d": 2.0, "e": float("-inf"), "f": None}
    items = [item(guid, value, "DOUBLE") for guid, value in values.items()]
    for limit in (1, 2, 5):
        listed = Listed(items, sort, limit)
        assert listed.rest() == [bean["guid"] for bean in sorted(items, key=listed.order)]


def test_the_order_is_the_same_on_both_sides_of_json() -> None:
    for value in (float("nan"), float("inf")):
        key = sort_key(*ordered("x"))
        assert key(item("a", value, "DOUBLE")) == key(item("a", None, "DOUBLE"))


@pytest.mark.parametrize("sort", ["x", "-x"])
@pytest.mark.parametrize(
    ("category", "value"),
    [
        ("BIGDECIMAL", "12345678901234567890.123"),
        ("BIGDECIMAL", "-1" + "3" * 20_000 + ".5"),
        ("DOUBLE", 0.1),
        ("LONG", 2**63 - 1),
        ("DATE", 1_700_000_000_123),
        ("BOOLEAN", True),
        ("STRING", "\0" * 20_000),
        ("STRING", "é\u2028\U0001f600" * 5_000),
        ("STRING", ""),
    ],
)
def test_values_come_back_as_they_were(category: str, value: Any, sort: str) -> None:
    listed = Listed([item(guid * 1_000, value, category) for guid in "abcd"], sort, 1)
    assert [guid[0] for guid in listed.rest()] == list("abcd")
    assert listed.fetched == 4, "every page finds its place at once"


@pytest.mark.parametrize("sort", ["x", "-x"])
def test_long_values_that_begin_alike(sort: str) -> None:
    """The first 1000 characters of them do not tell where an item stands."""
    items = [item(guid, LONG + tail) for guid, tail in zip("fedcba", "abcdef", strict=True)]
    whole = [item("0", "a"), *items, item("1", "z"), item("2", LONG[:1_000])]
    for limit in (1, 2, 3):
        listed = Listed(whole, sort, limit)
        assert listed.rest() == [bean["guid"] for bean in sorted(whole, key=listed.order)]


def test_long_values_while_items_come_and_go() -> None:
    listed = Listed([item(guid, LONG + tail) for guid, tail in zip("fedcba", "abcdef", strict=True)])
    assert listed.next() == "f e"
    listed.items += [item("0", "a"), item("9", "z")]
    assert listed.next() == "d c", "one came before it"
    listed.without("f")
    assert listed.rest() == list("ba9"), "one went before it"


def test_the_place_of_a_long_value_that_is_gone() -> None:
    listed = Listed([item(guid, LONG + guid) for guid in "abcdef"])
    assert listed.next() == "a b"
    listed.without("b")
    assert listed.rest() == list("cdef")


def test_many_long_values_that_begin_alike() -> None:
    listed = Listed([item(f"{number:05}", LONG[:1_001] + f"{number:05}") for number in range(2_500)], limit=MAX_LIMIT)
    listed.next()
    listed.next()
    listed.items += [item(f"n{number}", "a") for number in range(3)]
    assert listed.next().split() == [f"{number:05}" for number in range(2_000, 2_500)]


@pytest.mark.parametrize("sort", ["guid", "createTime", "-createTime", "updateTime", "-updateTime"])
def test_other_orders(sort: str) -> None:
    times = {"a": 3, "b": None, "c": 1, "d": 3, "e": -5}
    items = [{"guid": guid, "createTime": time, "updateTime": time} for guid, time in times.items()]
    listed = Listed(items, sort)
    expected = [bean["guid"] for bean in sorted(items, key=listed.order)]
    assert listed.rest() == expected
    assert listed.next() == " ".join(expected[:2])
    listed.without(expected[0])
    assert listed.rest() == expected[2:]


@pytest.mark.parametrize(
    "payload",
    [
        [],
        None,
        7,
        [0, "a"],
        {"offset": -1},
        {"offset": 2**31},
        {"offset": 1.5},
        {"offset": True},
        {"offset": None},
        {"offset": "1"},
        {"a": 1},
        {"offset": 1, "last": {}},
        {"offset": 1, "last": "a"},
        {"offset": 1, "last": {"guid": 5}},
        {"offset": 1, "last": {"guid": None}},
        {"offset": 1, "last": {"guid": "a", "time": "x"}},
        {"offset": 1, "last": {"guid": "a", "number": "x"}},
        {"offset": 1, "last": {"guid": "a", "number": "NaN"}},
        {"offset": 1, "last": {"guid": "a", "text": 1}},
        {"offset": 1, "last": {"guid": "a", "digest": []}},
        {"offset": 1, "last": {"guid": "a", "properties": [1]}},
    ],
)
def test_forged_cursors(payload: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checksum is no secret: what it holds of is not therefore a position."""
    with monkeypatch.context() as patched:
        patched.setattr(paging, "_POSITION", TypeAdapter(Any))
        cursor = paging.write(payload, REQUEST)
    with pytest.raises(PagingError):
        paging.read(cursor, REQUEST)


def test_cursors_of_other_requests() -> None:
    cursor = paging.write(Position(1, paging.mark("a", "v")), REQUEST)
    assert paging.read(cursor, REQUEST) == Position(1, paging.mark("a", "v"))
    for other in (cursor[:-3], "", "é", f"{cursor}A", to_json([1]).decode()):
        with pytest.raises(PagingError):
            paging.read(other, REQUEST)
    with pytest.raises(PagingError):
        paging.read(cursor, ["/api/v1/entities", [("status", "ACTIVE")], None])
