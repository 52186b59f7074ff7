"""Configuration properties of the directory connector."""

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from omrs_connectors.builtin.safety import SafetyOptions
from omrs_connectors.sdk import ConnectorOptions

ARCHIVE = "ARCHIVE"
"""What happens to vanished files, in the words of a catalog target's `deleteMethod`."""


class FolderOptions(ConnectorOptions):
    """Which files of a folder are looked at. Globs match a file's name or its path below the root."""

    include: tuple[str, ...] = Field((), description="only files that match one of these globs; empty = all")
    exclude: tuple[str, ...] = Field(
        ("__pycache__", ".git", ".hg", ".svn"), description="files and folders that match one of these are left out"
    )
    max_files: int = Field(100_000, ge=1, description="files looked at at most; the rest is counted as skipped")
    follow_symlinks: bool = Field(False, description="descend into folders behind symbolic links")
    watch: bool = Field(True, description="a change below a folder wakes a refresh at once")

    def excludes(self, name: str, relative: str) -> bool:
        return _matches(self.exclude, name, relative)

    def includes(self, name: str, relative: str) -> bool:
        """Whether a file is wanted, by its name and its path below the root (with slashes)."""
        return (not self.include or _matches(self.include, name, relative)) and not self.excludes(name, relative)


class FilesOptions(FolderOptions, SafetyOptions):
    """What to catalogue of the files, and how hard to work."""

    parallelism: int = Field(4, ge=1, le=32, description="threads that call the metadata server")
    columns: bool = Field(True, description="read the columns of CSV, Avro, Parquet and JSON files")
    max_columns: int = Field(1_000, ge=1, description="columns catalogued of one file at most")
    qualified_name_prefix: str = Field("", description="keeps equal paths of different machines apart")
    delete_method: Literal["SOFT_DELETE", "ARCHIVE"] = Field(
        "SOFT_DELETE", description="vanished files are deleted (and can be restored), or kept with the class Memento"
    )


def _matches(globs: tuple[str, ...], name: str, relative: str) -> bool:
    return any(fnmatchcase(name, glob) or fnmatchcase(relative, glob) for glob in globs)
