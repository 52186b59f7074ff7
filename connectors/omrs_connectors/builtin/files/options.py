"""Configuration properties of the directory connector."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from omrs_schemas.errors import ConfigurationError


class FilesOptions(BaseModel):
    """What to catalogue and how hard to work. Globs match a file's name or its path below the root."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    include: tuple[str, ...] = Field((), description="only files that match one of these globs; empty = all")
    exclude: tuple[str, ...] = Field(
        ("__pycache__", ".git", ".hg", ".svn"), description="files and folders that match one of these are left out"
    )
    max_files: int = Field(100_000, ge=1, description="files catalogued at most; the rest is counted as skipped")
    parallelism: int = Field(4, ge=1, le=32, description="threads that call the metadata server")
    follow_symlinks: bool = Field(False, description="descend into folders behind symbolic links")
    columns: bool = Field(True, description="read the columns of CSV, Avro, Parquet and JSON files")
    max_columns: int = Field(1_000, ge=1, description="columns catalogued of one file at most")
    qualified_name_prefix: str = Field("", description="keeps equal paths of different machines apart")

    def excludes(self, name: str, relative: str) -> bool:
        return _matches(self.exclude, name, relative)

    def includes(self, name: str, relative: str) -> bool:
        """Whether a file is wanted, by its name and its path below the root (with slashes)."""
        return (not self.include or _matches(self.include, name, relative)) and not self.excludes(name, relative)


def _matches(globs: tuple[str, ...], name: str, relative: str) -> bool:
    return any(fnmatchcase(name, glob) or fnmatchcase(relative, glob) for glob in globs)


def files_options(properties: Mapping[str, Any]) -> FilesOptions:
    """Options of a connector's configuration properties; ConfigurationError names each that is wrong."""
    try:
        return FilesOptions(**properties)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        known = ", ".join(sorted(to_camel(name) for name in FilesOptions.model_fields))
        raise ConfigurationError(f"configurationProperties: {problems}", help=f"known: {known}") from error
