"""What a file is, by its extension: open metadata type, file type, and whether it has columns to read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from omrs_connectors.builtin.files.schema import (
    FileSchema,
    avro_schema,
    csv_schema,
    json_lines_schema,
    json_schema,
    parquet_schema,
)

if TYPE_CHECKING:
    from omrs_schemas.typedefs.system import TypeSystem

Reader = Callable[[str], FileSchema]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """`type_name` may be missing from a release: then the file is a plain DataFile."""

    file_type: str
    type_name: str
    reader: Reader | None = None


_PLAIN: dict[str, tuple[str, ...]] = {
    "XMLFile": ("xml", "xsd", "xsl", "xslt", "svg"),
    "YAMLFile": ("yaml", "yml"),
    "PropertiesFile": ("properties", "ini", "cfg", "conf", "toml"),
    "SpreadsheetFile": ("xlsx", "xls", "ods"),
    "LogFile": ("log",),
    "SourceCodeFile": (
        "py",
        "pyi",
        "pyx",
        "java",
        "c",
        "h",
        "cpp",
        "hpp",
        "rs",
        "go",
        "js",
        "ts",
        "sql",
        "scala",
        "kt",
    ),
    "ScriptFile": ("sh", "bash", "zsh", "bat", "ps1", "fish"),
    "BuildInstructionFile": ("gradle", "cmake", "mk"),
    "ExecutableFile": ("so", "exe", "dll", "dylib", "pyd"),
    "ArchiveFile": ("zip", "tar", "gz", "bz2", "xz", "7z", "jar", "whl", "tgz", "zst"),
    "AudioFile": ("mp3", "wav", "ogg", "flac", "aiff", "au"),
    "VideoFile": ("mp4", "avi", "mov", "mkv", "webm"),
    "RasterFile": ("png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "ico", "webp"),
}

_FORMATS: dict[str, FileFormat] = {
    "csv": FileFormat("csv", "CSVFile", csv_schema),
    "tsv": FileFormat("tsv", "CSVFile", csv_schema),
    "avro": FileFormat("avro", "AvroFile", avro_schema),
    "parquet": FileFormat("parquet", "ParquetFile", parquet_schema),
    "json": FileFormat("json", "JSONFile", json_schema),
    "jsonl": FileFormat("jsonl", "JSONFile", json_lines_schema),
    "ndjson": FileFormat("jsonl", "JSONFile", json_lines_schema),
    **{extension: FileFormat(extension, name) for name, extensions in _PLAIN.items() for extension in extensions},
}


def extension_of(path: str) -> str:
    """The extension in lower case without its dot; empty for names such as `Makefile` or `.profile`."""
    return PurePath(path).suffix[1:].lower()


def format_of(path: str) -> FileFormat:
    extension = extension_of(path)
    return _FORMATS.get(extension, FileFormat(extension or "unknown", "DataFile"))


def type_for(types: "TypeSystem", file_format: FileFormat) -> str:
    """The most specific type of the server's release for a format."""
    name = file_format.type_name
    if types.typedef_by_name(name) is not None and types.is_type_of(name, "DataFile"):
        return name
    return "DataFile"
