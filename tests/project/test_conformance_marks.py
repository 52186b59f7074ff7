"""Every requirement of the conformance profiles has a test that says it proves it (docs/conformance.md)."""

import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def conformance() -> dict[str, Any]:
    """docs/conformance_table.py, which is no package."""
    return runpy.run_path(str(DOCS / "conformance_table.py"))


def test_marks_name_requirements(conformance: dict[str, Any]) -> None:
    assert conformance["unknown"]() == []


def test_every_requirement_has_a_test(conformance: dict[str, Any]) -> None:
    assert conformance["unproven"]() == []


def test_the_profiles_are_those_of_omrs(conformance: dict[str, Any]) -> None:
    """20 profiles with 58 requirements, three of which share an id; two profiles have none (OMRS conformance § 2)."""
    profiles = conformance["PROFILES"]
    ids = [number for requirements in profiles.values() for number in requirements.values()]
    assert len(profiles) == 20
    assert sorted(set(ids) - {None}) == list(range(56))
    assert (ids.count(7), ids.count(None), len(ids)) == (3, 2, 60)
