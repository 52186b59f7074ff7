"""The schema files that ship with the package: the current ones and every released version."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson

CURRENT = Path(__file__).parent
RELEASED = CURRENT / "released"

FILES = {
    "RegistryEvent": "registry_event",
    "TypeDefEvent": "typedef_event",
    "InstanceEvent": "instance_event",
    "AuditRecord": "audit_record",
    "IntegrationReport": "integration_report",
}
"""Record → file name without suffix."""


def file_of(name: str, folder: Path = CURRENT) -> Path:
    """Where the schema of a record lies in a folder of one version."""
    return folder / f"{FILES[name]}.avsc"


@cache
def load(path: Path) -> dict[str, Any]:
    """The schema in one file."""
    schema: dict[str, Any] = orjson.loads(path.read_bytes())
    return schema


def current(name: str) -> dict[str, Any]:
    """The schema that this package writes for a record."""
    return load(file_of(name))


def released_versions() -> list[str]:
    """The names of the released versions, oldest first."""
    return sorted((path.name for path in RELEASED.iterdir() if path.is_dir()), key=int)


def released(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(version, schema) of a record in every released version that has it, oldest first."""
    for version in released_versions():
        path = file_of(name, RELEASED / version)
        if path.is_file():
            yield version, load(path)
