"""Columns of Parquet files, from the footer. Needs pyarrow (`pip install omrs-streams[files]`)."""

from typing import Any

from omrs_connectors.builtin.files.schema.columns import MAX_DEPTH, FileSchema, number, unreadable

Leaf = tuple[str, str, bool | None]


def parquet_schema(path: str) -> FileSchema:
    """The leaves of the file's Arrow schema. CodecError for what is no Parquet file, or without pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise unreadable(
            f"the columns of {path} need pyarrow, which is not installed",
            reason="pyarrowMissing",
            help="pip install 'omrs-streams[files]'",
        ) from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except pyarrow.ArrowException as error:
        raise unreadable(f"{path} is no Parquet file: {error}", reason="parquet") from error
    leaves: list[Leaf] = []
    for field in schema:
        _leaves(field.name, field.type, bool(field.nullable), leaves, pyarrow.types, 0)
    return FileSchema(number(leaves), properties={"rows": str(rows)})


def _leaves(path: str, kind: Any, nullable: bool, leaves: list[Leaf], types: Any, depth: int) -> None:
    if depth < MAX_DEPTH and types.is_struct(kind):
        for index in range(kind.num_fields):
            field = kind.field(index)
            _leaves(f"{path}.{field.name}", field.type, nullable or bool(field.nullable), leaves, types, depth + 1)
    elif depth < MAX_DEPTH and (types.is_list(kind) or types.is_large_list(kind)):
        _leaves(f"{path}[]", kind.value_type, nullable, leaves, types, depth + 1)
    else:
        leaves.append((path, str(kind), nullable))
