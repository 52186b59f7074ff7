"""The conformance profiles, their requirements, and which tests say that they prove one: a table of conformance.md.

A test says it with `@pytest.mark.conformance("ENTITY_LIFECYCLE", …)`; a module of tests with `pytestmark`. The marks
are read from the sources, so making the page needs neither the tests' packages nor Kafka. Loaded by generate.py.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
MARK = "conformance"

# Profile → its requirements with their ids, as the suite of release 4.2 has them (OMRS conformance § 2). Two profiles
# have no requirement; a mark names the profile itself there.
PROFILES: dict[str, dict[str, int | None]] = {
    "METADATA_SHARING": {
        "COHORT_REGISTRATION": 0,
        "REPOSITORY_CONNECTOR": 1,
        "METADATA_COLLECTION_ID": 2,
        "SUPPORTED_TYPE_QUERIES": 3,
        "SUPPORTED_TYPE_NOTIFICATIONS": 4,
        "CONSISTENT_TYPES": 5,
        "METADATA_INSTANCE_ACCESS": 6,
        "INSTANCE_NOTIFICATIONS": 9,
        "INSTANCE_VERSIONING": 10,
        "TYPE_ENFORCEMENT": 11,
        "UNSUPPORTED_TYPE_ERRORS": 12,
        "TYPEDEF_CONFLICT_MANAGEMENT": 13,
    },
    "REFERENCE_COPIES": {"REFERENCE_COPY_STORAGE": 14, "REFERENCE_COPY_LOCKING": 15, "REFERENCE_COPY_DELETE": 16},
    "METADATA_MAINTENANCE": {"ENTITY_LIFECYCLE": 17, "CLASSIFICATION_LIFECYCLE": 18, "RELATIONSHIP_LIFECYCLE": 19},
    "DYNAMIC_TYPES": {"TYPEDEF_ADD": 20, "TYPEDEF_MAINTENANCE": 21},
    "GRAPH_QUERIES": {"ENTITY_NEIGHBORHOOD": 22, "CONNECTED_ENTITIES": 23, "LINKED_ENTITIES": 24},
    "HISTORICAL_SEARCH": {"HISTORICAL_PROPERTY_SEARCH": 25, "HISTORICAL_VALUE_SEARCH": 26},
    "ENTITY_PROXIES": {
        "STORE_ENTITY_PROXIES": 27,
        "RETRIEVE_ENTITY_PROXIES": 28,
        "ENTITY_PROXY_LOCKING": 29,
        "ENTITY_PROXY_DELETE": 30,
    },
    "SOFT_DELETE_RESTORE": {"SOFT_DELETE_INSTANCE": 31, "UNDELETE_INSTANCE": 32, "NEW_VERSION_NUMBER_ON_RESTORE": 33},
    "UNDO_UPDATE": {"RETURN_PREVIOUS_VERSION": 34, "NEW_VERSION_NUMBER_ON_UNDO": 35},
    "REIDENTIFY_INSTANCE": {
        "UPDATE_INSTANCE_IDENTIFIER": 36,
        "SEND_REIDENTIFIED_EVENT": 37,
        "PROCESS_REIDENTIFIED_EVENT": 38,
    },
    "RETYPE_INSTANCE": {"UPDATE_INSTANCE_TYPE": 39, "SEND_RETYPED_EVENT": 40, "PROCESS_RETYPED_EVENT": 41},
    "REHOME_INSTANCE": {"UPDATE_INSTANCE_HOME": 42, "SEND_REHOMED_EVENT": 43, "PROCESS_REHOMED_EVENT": 44},
    "ENTITY_SEARCH": {"ENTITY_PROPERTY_SEARCH": 7, "ENTITY_VALUE_SEARCH": 8, "ENTITY_CONDITION_SEARCH": 7},
    "RELATIONSHIP_SEARCH": {
        "RELATIONSHIP_PROPERTY_SEARCH": 45,
        "RELATIONSHIP_VALUE_SEARCH": 46,
        "RELATIONSHIP_CONDITION_SEARCH": 7,
    },
    "ENTITY_ADVANCED_SEARCH": {"ENTITY_ADVANCED_PROPERTY_SEARCH": 47, "ENTITY_ADVANCED_VALUE_SEARCH": 48},
    "RELATIONSHIP_ADVANCED_SEARCH": {
        "RELATIONSHIP_ADVANCED_PROPERTY_SEARCH": 49,
        "RELATIONSHIP_ADVANCED_VALUE_SEARCH": 50,
    },
    "INSTANCE_VERSIONS": {"GET_ENTITY_VERSIONS": 51, "GET_RELATIONSHIP_VERSIONS": 52},
    "HOME_CLASSIFICATIONS": {"HOME_CLASSIFICATIONS": None},
    "EXTERNAL_INSTANCES": {
        "STORE_EXTERNAL_ENTITIES": 53,
        "STORE_EXTERNAL_RELATIONSHIPS": 54,
        "STORE_EXTERNAL_CLASSIFICATIONS": 55,
    },
    "RESTORE_FROM_BACKUP": {"RESTORE_FROM_BACKUP": None},
}

REQUIREMENTS = frozenset(name for requirements in PROFILES.values() for name in requirements)


def proofs() -> dict[str, list[tuple[Path, str]]]:
    """Name in a mark → the tests (file, function) that carry it, sorted."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for file in sorted(TESTS.rglob("test_*.py")):
        for test, requirement in _marked(ast.parse(file.read_text(encoding="utf-8"))):
            found[requirement].append((file, test))
    return found


def unknown() -> list[str]:
    """Names in marks that are no requirement."""
    return sorted(proofs().keys() - REQUIREMENTS)


def unproven() -> list[str]:
    """Requirements that no test carries."""
    return sorted(REQUIREMENTS - proofs().keys())


def rows() -> Iterator[tuple[str, str, str]]:
    """Profile, requirement and its tests, as cells of a Markdown table."""
    tests = proofs()
    for number, (profile, requirements) in enumerate(PROFILES.items()):
        cell = f"`{profile}` ({number})"
        for name, ordinal in requirements.items():
            what = "no requirement of its own" if ordinal is None else f"`{name}` ({ordinal})"
            yield cell, what, _listed(tests.get(name, []))
            cell = ""


def _listed(tests: list[tuple[Path, str]]) -> str:
    files: dict[Path, list[str]] = defaultdict(list)
    for file, test in tests:
        files[file].append(f"`{test}`")
    links = (f"[{file.stem}](../{file.relative_to(TESTS.parent)}): {', '.join(names)}" for file, names in files.items())
    return "<br>".join(links)


def _marked(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(test function, requirement) for every mark of a module; `pytestmark` counts for each of its tests."""
    shared = [
        name
        for statement in module.body
        if isinstance(statement, ast.Assign) and any(_is(target, "pytestmark") for target in statement.targets)
        for name in _names(statement.value)
    ]
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name.startswith("test_"):
            own = [name for decorator in statement.decorator_list for name in _names(decorator)]
            for name in dict.fromkeys([*shared, *own]):
                yield statement.name, name


def _names(expression: ast.expr) -> Iterator[str]:
    """Arguments of every `pytest.mark.conformance(…)` within an expression."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == MARK:
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name
