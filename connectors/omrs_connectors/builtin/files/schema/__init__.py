"""Reading the columns of a file, without reading the file whole where its format allows."""

from omrs_connectors.builtin.files.schema.avro import avro_columns, avro_schema
from omrs_connectors.builtin.files.schema.columns import Column, FileSchema
from omrs_connectors.builtin.files.schema.delimited import csv_schema
from omrs_connectors.builtin.files.schema.json import json_lines_schema, json_schema
from omrs_connectors.builtin.files.schema.parquet import parquet_schema

__all__ = [
    "Column",
    "FileSchema",
    "avro_columns",
    "avro_schema",
    "csv_schema",
    "json_lines_schema",
    "json_schema",
    "parquet_schema",
]
