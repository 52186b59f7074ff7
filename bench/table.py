"""What a bench says: figures beside their floors, the bar, and whether it was met. Ratios are taken within one run."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

WIDE = 190  # columns when the output is no terminal: nothing is folded into several lines


@dataclass(frozen=True, slots=True)
class Bar:
    """`of`: what is compared with `limit`: the ratio (figure / floor) or the figure itself."""

    sign: Literal[">=", "<="]
    limit: float
    of: Literal["ratio", "figure"] = "ratio"

    def met(self, figure: float, ratio: float | None) -> bool | None:
        """None when there is nothing to compare with."""
        value = figure if self.of == "figure" else ratio
        if value is None:
            return None
        return value >= self.limit if self.sign == ">=" else value <= self.limit

    def text(self) -> str:
        return f"{'≥' if self.sign == '>=' else '≤'} {self.limit:g}{' ×' if self.of == 'ratio' else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `floor` is what `figure` is compared with, in the same unit and from the same run.

    `measured=False`: the floor is a figure that was seen elsewhere, not measured in this run.
    """

    what: str
    figure: float
    unit: str
    versus: str = ""
    floor: float | None = None
    bar: Bar | None = None
    measured: bool = True
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.figure / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        return None if self.bar is None else self.bar.met(self.figure, self.ratio)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: the fields, the ratio and whether the bar was met."""
        return {
            **asdict(self),
            "bar": None if self.bar is None else self.bar.text(),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "met": self.met,
        }


def merged(runs: Sequence[Sequence[Row]]) -> list[Row]:
    """One row per `what` of several runs: the run whose ratio (or figure) is the median, the spread in its note.

    A row stays whole, so that its figure and its floor come from the same run.
    """
    if len(runs) == 1:
        return list(runs[0])
    found: dict[str, list[Row]] = {}
    for run in runs:
        for row in run:
            found.setdefault(row.what, []).append(row)
    result = []
    for rows in found.values():
        rows.sort(key=lambda row: row.figure if row.ratio is None else row.ratio)
        middle = rows[len(rows) // 2 if len(rows) % 2 else len(rows) // 2 - 1]
        figures = [row.figure for row in rows]
        spread = f"median of {len(rows)} runs, {show(min(figures))}-{show(max(figures))}"
        note = f"{middle.note}; {spread}" if middle.note else spread
        result.append(replace(middle, note=note))
    return result


def show(value: float) -> str:
    """Three significant digits or whole numbers with thousands."""
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percentiles(seconds: Iterable[float]) -> tuple[float, float]:
    """p50 and p99 in milliseconds; the largest where there are fewer than 100 values."""
    values = sorted(seconds)
    if len(values) < 2:
        only = values[0] * 1e3 if values else 0.0
        return only, only
    return statistics.median(values) * 1e3, values[min(len(values) - 1, int(len(values) * 0.99))] * 1e3


def print_table(rows: Sequence[Row], title: str) -> None:
    table = Table("what", title=title, title_justify="left")
    for name in ("figure", "floor or peer", "ratio", "bar"):
        table.add_column(name, justify="right")
    table.add_column("met")
    table.add_column("note")
    for row in rows:
        floor = "" if row.floor is None else f"{row.versus} {show(row.floor)}{'' if row.measured else ' (seen)'}"
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        met = {None: "", True: "yes", False: "[red]no[/red]"}[row.met]
        bar = "" if row.bar is None else row.bar.text()
        table.add_row(row.what, f"{show(row.figure)} {row.unit}", floor, ratio, bar, met, row.note)
    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(table)
