"""What commands write: tables for people at a terminal, JSON lines for programs behind a pipe, errors on stderr."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from omrs_schemas.errors import OmrsError


def is_terminal() -> bool:
    """Whether stdout is read by a person."""
    return sys.stdout.isatty()


def rows(items: Iterable[Mapping[str, Any]], *, title: str = "") -> None:
    """Write each item: a row of one table at a terminal, a line of JSON each otherwise (flushed, so tails flow).

    A cell is broken between words only, so that ids, names and URLs can be copied; where they do not fit beside each
    other, each item is written as a record.
    """
    if not is_terminal():
        for item in items:
            line(item)
        return
    from rich.table import Table

    listed = list(items)
    if not listed:
        return
    console = Console()
    names = list(dict.fromkeys(name for item in listed for name in item))
    shown = {name: [name, *(text(item.get(name)) for item in listed)] for name in names}
    least = {name: max(cell_len(word) for cell in cells for word in cell.split()) for name, cells in shown.items()}
    spare = console.width - 1 - sum(width + 3 for width in least.values())  # of the frame, three are each column's
    if spare < 0:
        _records(listed, title)
        return
    table = Table(title=title or None, title_justify="left")
    for name, cells in shown.items():
        numeric = all(isinstance(item.get(name), int | float | None) for item in listed)
        more = min(spare, max(map(cell_len, cells)) - least[name])
        spare -= more
        table.add_column(name, justify="right" if numeric else "left", width=least[name] + more)
    for row in list(zip(*shown.values(), strict=True))[1:]:
        table.add_row(*row)
    console.print(table)


def _records(items: Iterable[Mapping[str, Any]], title: str) -> None:
    """Items too wide for a table, one below the other."""
    for number, item in enumerate(items):
        if number:
            sys.stdout.write("\n")
        record({name: value for name, value in item.items() if value not in (None, "")}, say="" if number else title)


def record(item: Mapping[str, Any], *, say: str = "") -> None:
    """Write one thing: the sentence `say` and its fields below each other at a terminal, one line of JSON otherwise."""
    if not is_terminal():
        line(item)
        return
    console = Console(highlight=False)
    if say:
        console.print(say, markup=False)
    width = max(map(len, item), default=0)
    for name, value in item.items():
        console.print(Text.assemble((f"  {name:<{width}}  ", "dim"), text(value)), soft_wrap=True)


def line(item: Any) -> None:
    """One JSON document on a line of its own."""
    sys.stdout.write(json.dumps(item, default=_plain, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(message: str) -> None:
    """A remark for people; on stderr, so that piped output stays pure."""
    Console(stderr=True, highlight=False).print(message, markup=False)


def error(problem: OmrsError) -> None:
    """`error[CODE]: message` and, where there is advice, `help: …`, on stderr."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(("error", "bold red"), (f"[{problem.code}]", "red"), f": {problem.message}"))
    if problem.help:
        console.print(Text.assemble(("help", "bold"), f": {problem.help}"))


@contextmanager
def downloads(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for (bytes done, bytes in all) on stderr; a single line where that is not a terminal.

    Nothing shows until the first call: with everything in the cache there is nothing to see.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    bar = Progress(TextColumn(what), *columns, console=console, transient=True)
    task = bar.add_task(what, total=None)

    def advance(done: int, total: int) -> None:
        if console.is_terminal:
            bar.start()
            bar.update(task, completed=done, total=total)
            if done >= total:
                bar.stop()
        elif done == 0:
            say(f"{what}: {total / 1e6:.0f} MB")

    try:
        yield advance
    finally:
        bar.stop()


def text(value: Any) -> str:
    """How a table cell shows `value`."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(text(part) for part in value)
    return json.dumps(value, default=_plain, ensure_ascii=False) if isinstance(value, Mapping) else str(value)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@contextmanager
def progress(what: str, total: int, *, quiet: bool = False) -> Iterator[Callable[..., None]]:
    """A bar with rate and remaining time on stderr; call what is yielded with each number of records done, and with
    the total once that is known."""
    if quiet or not sys.stderr.isatty():
        yield lambda _, total=None: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed or 0:,.0f}/s")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(what, total=total)

        def advance(done: int, total: int | None = None) -> None:
            if total is not None:
                shown.update(task, total=total)
            shown.advance(task, done)

        yield advance
