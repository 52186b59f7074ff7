"""Columns of CSV and TSV files: delimiter and quote guessed from the beginning, types from the first rows."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from omrs_connectors.builtin.files.schema.columns import FileSchema, number, unreadable

SAMPLE_BYTES = 65_536  # read of a file: enough for a wide header and a few hundred rows
SNIFF_CHARS = 4_096  # the sniffer's regular expressions are slow on more, and need no more
ROWS = 200  # rows that decide a column's type
DELIMITERS = ",;\t|"

_INT = re.compile(r"[+-]?\d{1,18}")
_FLOAT = re.compile(r"[+-]?(\d+[.,]\d*|[.,]?\d+)([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_BOOLEANS = frozenset({"true", "false", "yes", "no"})


def csv_schema(path: str) -> FileSchema:
    """Columns of a delimited text file. CodecError when it is empty or no text."""
    text, whole = _beginning(Path(path))
    dialect = _dialect(text, path)
    try:
        rows = list(_rows(text, whole, dialect))
    except csv.Error as error:
        raise unreadable(f"{path} is no table: {error}", reason="csv") from error
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise unreadable(f"{path} has no first row", reason="emptyFile")
    header, body = rows[0], rows[1:]
    if not _is_header(header):
        header, body = [f"column{index + 1}" for index in range(len(header))], rows
    leaves: list[tuple[str, str, bool | None]] = []
    for index, name in enumerate(header):
        cells = [row[index] for row in body if index < len(row)]
        leaves.append((name.strip() or f"column{index + 1}", _type(cells), None))
    properties = {"delimiterCharacter": dialect.delimiter, "quoteCharacter": dialect.quotechar or '"'}
    return FileSchema(number(leaves), properties=properties)


def _beginning(path: Path) -> tuple[str, bool]:
    """The sample as text, and whether it is the whole file."""
    with path.open("rb") as file:
        data = file.read(SAMPLE_BYTES + 1)
    whole = len(data) <= SAMPLE_BYTES
    if b"\0" in data:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data[:SAMPLE_BYTES].decode("utf-16", "replace"), whole
        raise unreadable(f"{path} holds binary data", reason="binary")
    try:
        return data[:SAMPLE_BYTES].decode("utf-8-sig", "strict" if whole else "ignore"), whole
    except UnicodeDecodeError:
        return data[:SAMPLE_BYTES].decode("latin-1"), whole


def _dialect(text: str, path: str) -> csv.Dialect:
    """What the sniffer says of whole lines at the beginning, else what the extension promises."""
    lines = text[:SNIFF_CHARS].splitlines()
    sample = "\n".join(lines[:-1] if len(text) > SNIFF_CHARS and len(lines) > 1 else lines)
    fallback: type[csv.Dialect] = csv.excel_tab if path.lower().endswith(".tsv") else csv.excel
    first = lines[0] if lines else ""
    try:
        sniffed = csv.Sniffer().sniff(sample, delimiters=DELIMITERS)
    except csv.Error:
        return fallback()
    # With one column the sniffer finds a delimiter inside the text; a delimiter that the header lacks is no delimiter.
    return sniffed() if sniffed.delimiter in first else fallback()


def _rows(text: str, whole: bool, dialect: csv.Dialect) -> Iterator[list[str]]:
    """The first rows; the last one is left out when the sample may have cut it."""
    held: list[str] | None = None
    for count, row in enumerate(csv.reader(io.StringIO(text, newline=""), dialect)):
        if held is not None:
            yield held
        held = row
        if count > ROWS:
            return
    if held is not None and (whole or count == 0):
        yield held


def _is_header(row: Sequence[str]) -> bool:
    """Names are words: none empty twice, none a number or a date."""
    cells = [cell.strip() for cell in row]
    named = [cell for cell in cells if cell]
    return (
        len(named) >= max(1, len(cells) - 1)
        and len({cell.lower() for cell in named}) * 2 > len(named)
        and not any(_INT.fullmatch(cell) or _FLOAT.fullmatch(cell) or _DATE.fullmatch(cell) for cell in named)
    )


def _type(cells: Sequence[str]) -> str:
    """The narrowest type that every non-empty cell fits."""
    values = [cell.strip() for cell in cells if cell.strip()]
    if not values:
        return "string"
    if all(_INT.fullmatch(value) for value in values):
        return "long" if any(len(value) > 9 for value in values) else "int"
    if all(_FLOAT.fullmatch(value) for value in values):
        return "double"
    if all(_DATE.fullmatch(value) for value in values):
        return "date"
    return "boolean" if all(value.lower() in _BOOLEANS for value in values) else "string"
