"""Catalogues a directory tree: folders, files, and the columns of CSV, Avro, Parquet and JSON files."""
