"""Which views there should be, from tables and the terms that are assigned to them and their columns; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

LONGEST = 63  # bytes of an identifier in PostgreSQL; it cuts longer ones itself, and then two may be the same
TEMPORARY = "omrs-renaming-"
"""What names begin with while views change theirs; no view keeps one."""


@dataclass(frozen=True, slots=True)
class Term:
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class SourceColumn:
    key: str
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table or view of the database as it is now, columns by their number."""

    key: str
    schema: str
    name: str
    columns: tuple[SourceColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A view that is wanted, over all of `source`; `columns`: number in the source, name in the view."""

    source: SourceTable
    name: str
    columns: tuple[tuple[int, str], ...]
    description: str = ""


@dataclass(slots=True)
class Naming:
    """Names that are given once each."""

    style: Literal["as_is", "snake_case"]
    _given: set[str] = field(default_factory=set)

    def name(self, text: str, otherwise: str) -> str:
        """A name for `text`; where it is given already, `otherwise` is added, or a number if need be."""
        name = self._styled(text)
        more = (f"{name}_{self._styled(otherwise)}" if self.style == "snake_case" else f"{name} ({otherwise})",)
        for candidate in (name, *more, *(_numbered(name, n) for n in range(2, 10_000))):
            found = _cut(candidate)
            if found not in self._given:
                self._given.add(found)
                return found
        raise AssertionError("ten thousand things of one name")

    def _styled(self, text: str) -> str:
        words = " ".join(text.replace("\0", "").split())
        if self.style == "snake_case":
            words = re.sub(r"\W+", "_", words).strip("_").lower()
        return words or "unnamed"


def plan(
    tables: Iterable[SourceTable],
    terms: Mapping[str, Sequence[Term]],
    *,
    style: Literal["as_is", "snake_case"],
    keep_unassigned: bool,
) -> list[View]:
    """A view for each table that has a term, or a column that has one. `terms`: by key of table or column.

    The table's term names the view, the table itself where it has none. Where no column has a term, all are shown as
    they are called. Of several terms, the first by name counts.
    """
    names = Naming(style)
    found = []
    for table in sorted(tables, key=lambda table: (len(table.key), table.key)):
        own = _first(terms.get(table.key, ()))
        assigned = {column.number for column in table.columns if terms.get(column.key)}
        if own is None and not assigned:
            continue
        columns, aliases = [], Naming(style)
        for column in table.columns:
            term = _first(terms.get(column.key, ()))
            if term is not None:
                columns.append((column.number, aliases.name(term.name, column.name)))
            elif keep_unassigned or not assigned:
                columns.append((column.number, aliases.name(column.name, table.name)))
        if columns:
            name = names.name(own.name if own is not None else table.name, f"{table.schema}.{table.name}")
            found.append(View(table, name, tuple(columns), own.description if own is not None else ""))
    return found


def _first(terms: Sequence[Term]) -> Term | None:
    return min(terms, key=lambda term: term.name) if terms else None


def _numbered(name: str, number: int) -> str:
    """Cut before the number is added, or a long name would lose it."""
    ending = f"_{number}"
    return _cut(name, LONGEST - len(ending)) + ending


def _cut(name: str, longest: int = LONGEST) -> str:
    return name.encode()[:longest].decode(errors="ignore")
