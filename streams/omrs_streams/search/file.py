"""Where the view's file lies, and what happens to one that cannot be used: it is deleted."""

import logging
import shutil
from pathlib import Path
from typing import Final

from omrs_streams.search.settings import SearchSettings
from omrs_streams.search.table import Table

log = logging.getLogger(__name__)

STEM: Final = "search"


def open_table(folder: Path, settings: SearchSettings, number: int = 0) -> Table:
    """The file in `folder`; a new one where there is none that can be read, or (`number`) with this number.

    Raises DuckDB's errors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(folder.glob(f"{STEM}-*.duckdb"))
    if len(files) == 1 and not number:
        try:
            return Table(files[0], settings)
        except Exception as error:  # DuckDB's own, or ours for another format
            if "lock" in str(error).lower():
                raise  # another process has it open: it is that one's
            log.warning("the search view at %s cannot be used and is made anew: %s", files[0], error)
    number = number or 1 + max((number_of(path) for path in files), default=0)
    discard(folder)
    return Table(folder / f"{STEM}-{number}.duckdb", settings)


def discard(folder: Path) -> None:
    """Delete every file of the view."""
    for path in folder.glob(f"{STEM}-*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def number_of(path: Path) -> int:
    """The number in the name of a view's file. DuckDB knows a file by its name as long as anybody reads it: a new
    view of the same process has another one."""
    tail = path.stem.removeprefix(f"{STEM}-")
    return int(tail) if tail.isdigit() else 0
