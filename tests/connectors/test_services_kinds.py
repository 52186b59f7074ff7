"""Every kind that a context has typed calls for is in the releases it says, with the attributes and ends it names."""

import json
from dataclasses import fields
from typing import Any

import pytest

from omrs_connectors.services.kinds import ClassificationKind, ElementKind, RelationKind, kinds_of
from omrs_connectors.services.naming import Link, known_as
from omrs_connectors.services.properties import places
from omrs_connectors.services.registry import SERVICES
from omrs_schemas.errors import TypeDefNotSupportedError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_schemas.typedefs.validate import validate_classification
from shared_data import require_shared

ONLY_IN_6 = {"security_roles", "data_mappings"}
"""What release 4.x has no type for."""

CASES = [
    pytest.param(marker, name, kind, id=f"{marker}.{name}")
    for marker, service in SERVICES.items()
    for name, kind in kinds_of(service.context_class)
]


@pytest.fixture(scope="module")
def releases() -> dict[str, TypeSystem]:
    archive = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    return {"6.x": TypeSystem.builtin(), "4.x": TypeSystem.from_archive(json.loads(archive.read_bytes()))}


def check_link(types: TypeSystem, link: Link) -> None:
    """Its ends are types that the relationship takes, or types below them."""
    typedef = types.require(name=link.type_name(types))
    ends = link.ends(types, link.first, link.second)
    for end, given in zip(("endDef1", "endDef2"), ends, strict=True):
        required = typedef[end]["entityType"]["name"]
        known = types.typedef_by_name(given) is not None
        assert not known or types.is_type_of(given, required), (
            f"{typedef['name']}: {end} is a {required}, not a {given}"
        )


def type_here(types: TypeSystem, kind: Any) -> str | None:
    if isinstance(kind, ElementKind):
        try:
            return kind.type_name(types)
        except TypeDefNotSupportedError:
            return None
    category = "RelationshipDef" if isinstance(kind, RelationKind) else "ClassificationDef"
    return known_as(types, category, kind.link.names if isinstance(kind, RelationKind) else kind.types)


@pytest.mark.parametrize(("marker", "name", "kind"), CASES)
def test_types_ends_and_attributes(marker: str, name: str, kind: Any, releases: dict[str, TypeSystem]) -> None:
    standing: set[str] = set()
    for release, types in releases.items():
        type_name = type_here(types, kind)
        if type_name is None:
            assert (release, name in ONLY_IN_6) == ("4.x", True), f"{release} has no type for it"
            continue
        assert name not in ONLY_IN_6 or release == "6.x"
        if isinstance(kind, RelationKind):
            check_link(types, kind.link)
        marks, links = (), [None]
        if isinstance(kind, ElementKind):
            here = [link for link in kind.below if known_as(types, "RelationshipDef", link.names)]
            here = [link for link in here if types.typedef_by_name(link.first) is not None]
            assert bool(here) == bool(kind.below), f"{release}: no link to a parent"
            for link in here:
                check_link(types, link)
                assert (
                    types.is_type_of(type_name, link.second)
                    or types.typedef_by_name(link.second) is None
                    or (types.is_type_of(link.second, type_name))
                )
            links = [link.type_name(types) for link in here] or [None]
            marks = tuple(kind.marks_here(types))
            for mark in marks:
                validate_classification(types, mark, type_name)
            if kind.through is not None:
                check_link(types, kind.through.link)
                assert types.is_type_of(kind.through.type_name, kind.through.link.second)
        subtypes = {type_name} | {
            typedef["name"] for typedef in types.typedefs() if types.is_type_of(typedef["name"], type_name)
        }
        for each in subtypes:
            for link in links:
                standing |= {place.name for place in places(types, kind.properties, each, marks, link)}
    expected = {field.name for field in fields(kind.properties)} - kind.properties.not_attributes
    assert expected == standing, f"no release has {sorted(expected - standing)}"


def test_every_service_has_typed_calls() -> None:
    for marker, service in SERVICES.items():
        elements = [kind for _, kind in kinds_of(service.context_class) if not isinstance(kind, ClassificationKind)]
        assert elements or marker == "generic"
