"""What the columns of the view are: one or two per property, dictionaries for the header fields.

A property value is in one of two families, as finds sort and compare it (repository/sequencing.py): a number is in the
column `n<id>`, everything else in `s<id>` as its text. A property that an instance lacks is null in both.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from omrs_streams.repository.matching_values import COLLECTIONS, STRING

Family = Literal["s", "n"]
Shape = tuple[str | None, str | None, str | None, str | None, str]
"""Of a value: instancePropertyCategory, primitiveDefCategory, typeGUID, typeName, the Python type of its content."""

NOTHING: Final = "NoneType"
"""The content of a primitive without a value, and of an enum value without a symbolic name."""

MAX_COLUMNS: Final = 1_000
"""The built-in types have about 700 attributes, a server uses some dozens; beyond it a row is odd (see rows.py)."""
MAX_WORDS: Final = 50_000
"""Distinct values of a header field: a find tests each of them, half a microsecond each."""

OWN: Final = ""
"""The owner of the columns of an instance's own properties; those of a classification's have its name."""

SQL_TYPE: Final = {"s": "VARCHAR", "n": "DOUBLE"}


class Odd(Exception):
    """The instance cannot be said in columns; finds decide on its bean every time."""


@dataclass(slots=True)
class Column:
    """`shapes` are those of all values in it; `lines`: some text in it has a line terminator.

    `number` -1: no value came yet. `ready`: it is in the file; before that no row of the file has a value in it. `sql`:
    its name there.
    """

    owner: str
    name: str
    family: Family
    number: int = -1
    shapes: frozenset[Shape] = frozenset()
    lines: bool = False
    ready: bool = False
    sql: str = ""

    @property
    def texts_only(self) -> bool:
        """Every value is a string: what is found in the text is found in the value."""
        return all(shape[:2] == ("PRIMITIVE", STRING) and shape[4] != NOTHING for shape in self.shapes)

    @property
    def collections(self) -> bool:
        """Some value is an array, map or struct."""
        return any(shape[0] in COLLECTIONS for shape in self.shapes)

    def packed(self) -> str:
        shapes = sorted((list(shape) for shape in self.shapes), key=repr)
        return orjson.dumps([self.owner, self.name, self.family, shapes, self.lines]).decode()


class Columns:
    """Every column of the view by owner, name and family. One thread adds, others read."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str, Family], Column] = {}
        self._used = 0
        self.changed: dict[int, Column] = {}
        """New, or with more to say, since this was emptied."""

    def ready(self) -> list[Column]:
        """The columns that are in the file."""
        return [column for column in list(self._by_key.values()) if column.ready]

    def get(self, owner: str, name: str, family: Family) -> Column | None:
        """The column if it is in the file."""
        found = self._by_key.get((owner, name, family))
        return found if found is not None and found.ready else None

    def lazy(self, owner: str, name: str, family: Family) -> Column:
        """The column, which counts once a value is in it."""
        found = self._by_key.get((owner, name, family))
        if found is None:
            found = self._by_key[owner, name, family] = Column(owner, name, family)
        return found

    def use(self, column: Column, shape: Shape) -> None:
        """A value of this shape comes in. Raises Odd when there are too many columns."""
        if column.number < 0:
            if self._used >= MAX_COLUMNS:
                raise Odd(f"more than {MAX_COLUMNS} columns")
            column.number = self._used
            column.sql = f"{column.family}{column.number}"
            self._used += 1
        column.shapes |= {shape}
        self.changed[column.number] = column

    def has_lines(self, column: Column) -> None:
        column.lines = True
        self.changed[column.number] = column

    def load(self, number: int, packed: str) -> None:
        """A column of the file."""
        owner, name, family, shapes, lines = orjson.loads(packed)
        known = frozenset(tuple(shape) for shape in shapes)
        sql = f"{family}{number}"
        self._by_key[owner, name, family] = Column(owner, name, family, number, known, lines, True, sql)
        self._used = max(self._used, number + 1)


class Words:
    """The distinct values of a header field, by number. One thread adds, others read."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.values: list[Any] = []
        self.saved = 0
        """How many of them are in the file."""

    def number(self, value: Hashable) -> int:
        """The number of a value, new where it has none. Raises Odd when there are too many."""
        found = self._numbers.get(value)
        if found is None:
            found = len(self.values)
            if found >= MAX_WORDS:
                raise Odd("too many distinct values in a header field")
            self.values.append(value)
            self._numbers[value] = found
        return found

    def load(self, packed: str) -> None:
        """The next value of the file."""
        value = orjson.loads(packed)
        self.number(tuple(value) if isinstance(value, list) else value)
        self.saved = len(self.values)


FIELDS: Final = ("type", "status", "home", "created_by", "updated_by", "classes")
"""Header fields kept by number: type (guid, name), status, home (collection id, name), users, and the names of all
classifications that an entity carries."""
TIMES: Final = ("create_time", "update_time", "effective_from", "effective_to")


@dataclass(slots=True)
class Dictionary:
    """Everything that says what is in the tables."""

    columns: Columns = field(default_factory=Columns)
    words: dict[str, Words] = field(default_factory=lambda: {name: Words() for name in FIELDS})
