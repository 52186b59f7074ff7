"""What events of the out topic mean for a group, by element, link and kind; what is shared concerns one user of it."""

import json
from typing import Any

import pytest

from omrs_connectors.groups.changes import CHANGED, Interest, Pending, users_of
from omrs_connectors.groups.reading import Registration
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_schemas.typedefs.system import TypeSystem
from shared_data import require_shared


@pytest.fixture(scope="module", params=["release 6", "release 4"])
def types(request: pytest.FixtureRequest) -> TypeSystem:
    if request.param == "release 6":
        return TypeSystem.builtin()
    archive = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    return TypeSystem.from_archive(json.loads(archive.read_bytes()))


@pytest.fixture
def names(types: TypeSystem) -> TypeNames:
    return type_names(types)


@pytest.fixture
def interest(types: TypeSystem, names: TypeNames) -> Interest:
    return Interest(types, names)


def entity(type_name: str, guid: str, kind: str = "UPDATED_ENTITY_EVENT", **more: Any) -> dict[str, Any]:
    return {"instanceEventSection": {"eventType": kind, "typeDefName": type_name, "instanceGUID": guid, **more}}


def link(type_name: str, guid: str, one: str, two: str, kind: str = "NEW_RELATIONSHIP_EVENT") -> dict[str, Any]:
    ends = {"entityOneProxy": {"guid": one}, "entityTwoProxy": {"guid": two}}
    section = {"eventType": kind, "typeDefName": type_name, "instanceGUID": guid, "relationship": ends}
    return {"instanceEventSection": section}


def noted(interest: Interest, event: dict[str, Any], group_guid: str = "g") -> tuple[Pending, str]:
    pending = Pending()
    return pending, interest.note(event, group_guid, "Exchange", pending)


@pytest.mark.parametrize(
    "type_name", ["IntegrationConnector", "Connection", "VirtualConnection", "ConnectorType", "Endpoint"]
)
@pytest.mark.parametrize("kind", ["NEW_ENTITY_EVENT", "UPDATED_ENTITY_EVENT", "DELETED_ENTITY_EVENT"])
def test_an_element_concerns_who_was_read_from_it(interest: Interest, type_name: str, kind: str) -> None:
    pending, woken = noted(interest, entity(type_name, "e", kind))
    assert (pending.group, pending.registrations, pending.elements, woken) == ("", set(), {"e"}, "")


def test_a_new_guid_concerns_who_was_read_from_the_old_one(interest: Interest) -> None:
    event = entity("Connection", "new", "RE_IDENTIFIED_ENTITY_EVENT", originalInstanceGUID="old")
    assert noted(interest, event)[0].elements == {"new", "old"}


def test_links_concern_the_side_that_depends(interest: Interest, names: TypeNames) -> None:
    older = names.release == "4.x"
    cases = [
        (names.asset_connection, ("connection", "connector") if older else ("connector", "connection"), "connector"),
        ("ConnectionConnectorType", ("connection", "kind"), "connection"),
        (names.connect_endpoint, ("endpoint", "connection") if older else ("connection", "endpoint"), "connection"),
        ("EmbeddedConnection", ("outer", "inner"), "outer"),
    ]
    for type_name, ends, dependent in cases:
        pending, woken = noted(interest, link(type_name, "r", *ends))
        assert (pending.elements, pending.registrations, woken) == ({"r", dependent}, set(), ""), type_name


def test_registrations_of_other_groups_are_theirs(interest: Interest) -> None:
    name = "RegisteredIntegrationConnector"
    assert noted(interest, link(name, "r", "g", "c"))[0].registrations == {"r"}
    assert not noted(interest, link(name, "r", "another", "c"))[0]
    gone = link(name, "r", "g", "c", "DELETED_RELATIONSHIP_EVENT")
    assert noted(interest, gone)[0].registrations == {"r"}


def test_a_purge_tells_no_ends(interest: Interest) -> None:
    event = link("ConnectionConnectorType", "r", "a", "b", "PURGED_RELATIONSHIP_EVENT")
    del event["instanceEventSection"]["relationship"]
    assert noted(interest, event)[0].elements == {"r"}


def test_targets_wake_their_connector(interest: Interest) -> None:
    pending, woken = noted(interest, link("CatalogTarget", "t", "connector", "folder"))
    assert (bool(pending), woken) == (False, "connector")


def test_the_group_itself_is_read_as_a_whole(interest: Interest) -> None:
    assert noted(interest, entity("IntegrationGroup", "g"))[0].group == CHANGED
    assert not noted(interest, entity("IntegrationGroup", "another"))[0]

    def named(name: str) -> dict[str, Any]:
        value = {"class": "PrimitivePropertyValue", "primitiveValue": name}
        return {"entity": {"properties": {"instanceProperties": {"qualifiedName": value}}}}

    ours = entity("IntegrationGroup", "new", "NEW_ENTITY_EVENT", **named("Exchange"))
    assert noted(interest, ours, group_guid="")[0].group == CHANGED
    theirs = entity("IntegrationGroup", "new", "NEW_ENTITY_EVENT", **named("Legacy"))
    assert not noted(interest, theirs, group_guid="")[0]
    assert noted(interest, entity("IntegrationGroup", "new"), group_guid="")[0].group == CHANGED


def test_types_that_no_group_is_made_of_are_not_listened_to(interest: Interest, types: TypeSystem) -> None:
    for name in ("GlossaryTerm", "DataFile", "SemanticAssignment", "SoftwareServer"):
        assert str(types.require(name=name)["guid"]) not in interest.type_guids
    for name in ("VirtualConnection", "IntegrationGroup", "CatalogTarget", "EmbeddedConnection"):
        assert str(types.require(name=name)["guid"]) in interest.type_guids


def test_users_are_those_that_were_read_from_any_of_it() -> None:
    def read(guid: str, *elements: str) -> Registration:
        return Registration(guid, f"c{guid}", None, "", frozenset(elements))

    known = {"1": read("1", "a", "shared"), "2": read("2", "b", "shared"), "3": read("3", "c")}
    assert users_of({"a"}, known) == {"1"}
    assert users_of({"shared"}, known) == {"1", "2"}
    assert users_of({"a", "c", "unknown"}, known) == {"1", "3"}
    assert users_of(set(), known) == set()
