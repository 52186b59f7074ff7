"""Imports point inward: schemas ← streams ← connectors, and inside streams from the edges to the core."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"omrs_schemas": "schemas", "omrs_streams": "streams", "omrs_connectors": "connectors"}

ALLOWED = {
    "omrs_schemas": {"omrs_schemas"},
    "omrs_streams": {"omrs_schemas", "omrs_streams"},
    "omrs_connectors": {"omrs_schemas", "omrs_streams", "omrs_connectors"},
}

PURE = ("omrs_streams.fold", "omrs_streams.cohort")
"""Rooms that do no I/O: what they must not import, directly."""
IMPURE = {"asyncio", "socket", "time", "random", "uuid", "os", "threading"} | {
    "httpx",
    "faust",
    "confluent_kafka",
    "rocksdict",
}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    base = ROOT / PACKAGES[package]
    for path in sorted((base / package).rglob("*.py")):
        name = ".".join(path.relative_to(base).with_suffix("").parts)
        yield name.removesuffix(".__init__"), path


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_inward_only(package: str) -> None:
    for name, path in modules(package):
        for target in imported(path):
            root = target.partition(".")[0]
            assert root not in PACKAGES or root in ALLOWED[package], f"{name} imports {target}"


def test_the_core_does_no_io() -> None:
    for name, path in modules("omrs_streams"):
        if name.startswith(PURE):
            reached = {target.partition(".")[0] for target in imported(path)} & IMPURE
            assert not reached, f"{name} imports {sorted(reached)}; time, ids and senders are handed in"


def test_lower_rooms_do_not_import_the_api_or_the_command_line() -> None:
    edges = ("omrs_streams.api.", "omrs_streams.cli.")
    for name, path in modules("omrs_streams"):
        if f"{name}.".startswith(edges):
            continue
        for target in imported(path):
            assert not f"{target}.".startswith(edges), f"{name} imports {target}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed_and_says_what_lives_there(package: str) -> None:
    assert (ROOT / PACKAGES[package] / package / "py.typed").is_file()
    for name, path in modules(package):
        if path.name == "__init__.py":
            assert ast.get_docstring(ast.parse(path.read_text())), f"{name} does not say what lives there"


def test_modules_of_tests_have_names_of_their_own() -> None:
    """Tests are imported by their bare names: of two modules with one name, whoever comes first wins for both."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []
