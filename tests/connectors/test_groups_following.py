"""A group is followed while it is edited: add, change, remove; only what changed is handed over anew."""

from collections.abc import Iterator

import pytest
from groups_watched import Watched, config, editor, said

from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.groups.group import GroupStatus
from omrs_connectors.sdk.config import IntegrationConnectorConfig
from omrs_connectors.sdk.connections import parse_connection
from omrs_schemas.errors import InvalidParameterError, OmrsError, RelationshipNotKnownError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient
from omrs_streams.log.embedded import Endpoint
from workers import Running, eventually, unique


@pytest.fixture(scope="module", params=["release 6", "release 4"])
def server(request: pytest.FixtureRequest) -> Running:
    found: Running = request.getfixturevalue(
        "metadata_server" if request.param == "release 6" else "server_of_release_4"
    )
    return found


@pytest.fixture
def here(server: Running) -> Iterator[MetadataClient]:
    with MetadataClient(server.url, server.server, "erinoverview") as client:
        yield client


WHOLE = {
    "connectorUserId": "peterprofile",
    "metadataSourceQualifiedName": "Source:1",
    "refreshTimeInterval": 5,
    "usesBlockingCalls": True,
    "permittedSynchronization": "FROM_THIRD_PARTY",
    "generateIntegrationReports": False,
    "startDate": "2026-01-01T00:00:00Z",
    "stopDate": "2036-01-01T00:00:00Z",
    "isolation": "process",
    "memoryLimit": 512,
    "deadlines": {"refresh": 7.5},
    "configurationProperties": {"include": ["*.csv"], "depth": 3, "nested": {"a": {"b": [1, True]}}, "plain": "text"},
}
"""Everything that can be said of a connector."""

VIRTUAL = {
    "class": "VirtualConnection",
    "connectorType": {"connectorProviderClassName": "tests:Outer"},
    "endpoint": {"networkAddress": "outer:1", "protocol": "tls"},
    "userId": "outer",
    "clearPassword": "secret",
    "securedProperties": {"key": "hidden"},
    "embeddedConnections": [
        {
            "position": 1,
            "displayName": "second",
            "arguments": {"collection": "b"},
            "embeddedConnection": {"connectorType": {"connectorProviderClassName": "yaml-secrets"}},
        },
        {
            "position": 0,
            "displayName": "first",
            "embeddedConnection": {
                "class": "VirtualConnection",
                "connectorType": {"connectorProviderClassName": "tests:Inner"},
                "embeddedConnections": [
                    {
                        "position": 0,
                        "embeddedConnection": {
                            "connectorType": {"connectorProviderClassName": "environment-secrets"},
                            "endpoint": {"networkAddress": "innermost:3"},
                        },
                    }
                ],
            },
        },
    ],
}


def test_everything_that_is_written_is_read(here: MetadataClient) -> None:
    edit, group = editor(here)
    wanted = config("whole", address="db:5432", **WHOLE)
    guid = edit.add_connector(group, wanted)
    read = edit.registrations(group)[guid]
    assert read.problem == ""
    assert read.config is not None
    assert read.config.connector_id == guid
    assert said(read.config) == said(wanted)
    assert edit.find_connector(group, "whole") == guid
    assert edit.add_connector(group, wanted) == guid
    with pytest.raises(InvalidParameterError, match=r"400-031.*no connector 'absent'"):
        edit.find_connector(group, "absent")


def test_a_virtual_connection_is_read_with_all_that_is_in_it(here: MetadataClient) -> None:
    edit, group = editor(here)
    guid = edit.add_connector(group, config("outer"))
    edit.change_connector(guid, connection=parse_connection(VIRTUAL))
    found = edit.registration(guid).config
    assert found is not None
    wanted = found.with_overrides(connection=parse_connection(VIRTUAL))
    assert said(found) == said(wanted)
    assert [inner.display_name for inner in found.connection.embedded] == ["first", "second"]
    assert found.connection.embedded[0].connection.embedded[0].connection.endpoint.network_address == "innermost:3"
    # Fewer inside, then none: what is not needed any more is deleted.
    fewer = {**VIRTUAL, "embeddedConnections": VIRTUAL["embeddedConnections"][:1]}
    edit.change_connector(guid, connection=parse_connection(fewer))
    found = edit.registration(guid).config
    assert found is not None
    assert [inner.display_name for inner in found.connection.embedded] == ["second"]
    edit.change_connector(guid, connection=parse_connection({"connectorType": VIRTUAL["connectorType"]}))
    found = edit.registration(guid).config
    assert found is not None
    assert found.connection.embedded == ()
    assert found.network_address == ""


def test_a_group_is_followed_through_every_kind_of_edit(server: Running, here: MetadataClient, kafka: Endpoint) -> None:
    edit, name = editor(here)
    # However long an edit of several writes takes, the connector goes on meanwhile.
    with Watched(server, name, kafka.bootstrap_servers, grace=600.0) as watched:
        watched.until("an empty group is read", lambda _: "0056" in watched.audit.ids)
        assert watched.group.status is GroupStatus.CONFIGURING
        assert watched.handed == [{}]
        assert watched.audit.ids[:3] == ["0019", "0051", "0056"]
        assert watched.group.summary() == {
            "class": "IntegrationGroupSummary",
            "integrationGroupName": name,
            "integrationGroupStatus": "CONFIGURING",
            "integrationGroupGUID": edit.find_group(name),
            "integrationGroupDescription": "of a test",
        }
        one = edit.add_connector(name, config("one", address="a:1"))
        two = edit.add_connector(name, config("two", address="b:1"))
        watched.until("both are there", lambda found: set(found) == {one, two})
        assert watched.group.status is GroupStatus.RUNNING

        def changed(guid: str, what: str, value: object) -> None:
            other = two if guid == one else one
            before = watched.configs[other]
            watched.until(f"{what} is {value}", lambda found: getattr(found[guid], what) == value)
            assert watched.configs[other] == before

        edit.change_connector(one, refresh_time_interval=7.0)
        changed(one, "refresh_time_interval", 7.0)
        edit.change_connector(two, network_address="b:2")
        changed(two, "network_address", "b:2")
        edit.change_connector(one, configuration_properties={"depth": 2})
        changed(one, "configuration_properties", {"depth": 2})
        edit.change_connector(two, uses_blocking_calls=True)
        changed(two, "uses_blocking_calls", True)
        edit.change_connector(one, network_address="")
        changed(one, "network_address", "")
        edit.change_connector(one, network_address="a:2")
        changed(one, "network_address", "a:2")
        other_class = parse_connection({"connectorType": {"connectorProviderClassName": "tests:Other"}})
        edit.change_connector(two, connection=other_class)
        changed(two, "connector_provider_class", "tests:Other")
        edit.change_connector(two, connection=parse_connection(VIRTUAL))
        changed(two, "connector_provider_class", "tests:Outer")
        edit.change_connector(two, connection=other_class)
        changed(two, "connector_provider_class", "tests:Other")
        complete = watched.handed.index(watched.until("none is left out", lambda found: len(found) == 2))
        first = next(number for number, found in enumerate(watched.handed) if len(found) == 2)
        assert all(len(found) == 2 for found in watched.handed[first:complete])

        edit.remove_connector(one)
        watched.until("one is gone", lambda found: set(found) == {two})
        edit.delete_group(name)
        watched.until("nothing is left", lambda found: not found)
        eventually(lambda: watched.group.status is GroupStatus.ASSIGNED, "the group is gone", within=60)
        edit.create_group(name)
        again = edit.add_connector(name, config("again"))
        watched.until("it is defined again", lambda found: set(found) == {again})
    assert watched.group.status is GroupStatus.DISABLED
    assert watched.audit.ids[-1] == "0052"
    assert "0053" not in watched.audit.ids or watched.audit.ids.index("0028") < watched.audit.ids.index("0053")


def test_only_what_is_affected_is_read_and_handed_over(server: Running, here: MetadataClient, kafka: Endpoint) -> None:
    """One connector type is shared by all; a connection that is linked to it anew concerns only itself."""
    edit, name = editor(here)
    guids = [edit.add_connector(name, config(f"c{number}", address=f"h:{number}")) for number in range(8)]
    with Watched(server, name, kafka.bootstrap_servers) as watched:
        watched.until("all are there", lambda found: len(found) == 8)
        watched.settled()  # events of how they were defined may come after they have been read
        before, whole = dict(watched.configs), watched.audit.ids.count("0051")
        reads = _counting(watched)
        edit.change_connector(guids[3], network_address="elsewhere:1")
        watched.until("the change is there", lambda found: found[guids[3]].network_address == "elsewhere:1")
        assert {guid for guid in guids if watched.configs[guid] != before[guid]} == {guids[3]}
        watched.settled()
        assert reads() == {guids[3]}
        # Changes that leave every configuration as it was are not handed over.
        handed = len(watched.handed)
        [link] = here.relationships_of(edit.registration(guids[0]).connector, edit.names.asset_connection)
        connection = next(one for one in _ends(link) if one != edit.registration(guids[0]).connector)
        entity = here.get_entity(connection)
        here.update_entity_properties(connection, {**entity.plain_properties, "additionalProperties": {"seen": "yes"}})
        stranger = here.add_entity("Connection", {"qualifiedName": unique("stranger")})
        here.delete_entity(stranger.guid)
        watched.settled()
        assert reads() == {guids[0]}
        assert len(watched.handed) == handed
        assert watched.audit.ids.count("0051") == whole
        # What they share concerns all.
        [shared] = here.find_entities_by_property("ConnectorType", {"connectorProviderClassName": "tests:One"})[:1]
        here.update_entity_properties(shared.guid, {**shared.plain_properties, "description": unique("said")})
        watched.settled()
        assert reads() == set(guids)
        here.update_entity_properties(shared.guid, shared.plain_properties)


def _counting(watched: Watched) -> "object":
    """Notes which registrations are read one by one; a call answers those since the last call."""
    reader = watched.group._reader
    assert reader is not None
    seen: set[str] = set()
    some = reader.some

    def noted(group_guid: str, guids: set[str]) -> object:
        seen.update(guids)
        return some(group_guid, guids)

    reader.some = noted

    def since() -> set[str]:
        found = set(seen)
        seen.clear()
        return found

    return since


def _ends(link: dict[str, dict[str, str]]) -> tuple[str, str]:
    return link["entityOneProxy"]["guid"], link["entityTwoProxy"]["guid"]


def test_what_is_incomplete_waits_for_the_rest(server: Running, here: MetadataClient, kafka: Endpoint) -> None:
    """Elements in an order that is no good: the connector runs as soon as the last one is there, not before."""
    edit, name = editor(here)
    names = edit.names
    with Watched(server, name, kafka.bootstrap_servers) as watched:
        watched.until("it is read", lambda _: watched.handed)
        connector = here.add_entity(
            "IntegrationConnector", {"qualifiedName": f"{name}::late", names.asset_name: "late"}
        )
        guid = here.add_relationship("RegisteredIntegrationConnector", edit.find_group(name), connector.guid).guid
        eventually(lambda: "no connection" in watched.group.problems.get(guid, ""), "it has no connection", within=60)
        connection = here.add_entity("Connection", {"qualifiedName": f"{name}::late::connection"})
        ends = (connector.guid, connection.guid)
        here.add_relationship(names.asset_connection, *(ends if names.release == "6.x" else ends[::-1]))
        eventually(lambda: "no connector type" in watched.group.problems.get(guid, ""), "it has no class", within=60)
        kind = here.add_entity("ConnectorType", {"qualifiedName": f"{name}::late::type"})
        here.add_relationship("ConnectionConnectorType", connection.guid, kind.guid)
        watched.settled()
        assert not watched.configs
        here.update_entity_properties(
            kind.guid, {"qualifiedName": f"{name}::late::type", "connectorProviderClassName": "tests:Late"}
        )
        found = watched.until("it is complete", lambda found: guid in found)
        assert found[guid].connector_name == "late"
        assert found[guid].connector_provider_class == "tests:Late"
        assert watched.group.problems == {}
        # And incomplete again.
        here.delete_entity(connection.guid)
        watched.until("it cannot run any more", lambda found: guid not in found)
        assert "no connection" in watched.group.problems[guid]
        with pytest.raises(InvalidParameterError, match="cannot be changed"):
            edit.change_connector(guid, refresh_time_interval=1)


def test_contradictions_are_told_and_the_others_go_on(server: Running, here: MetadataClient, kafka: Endpoint) -> None:
    edit, name = editor(here)
    good = edit.add_connector(name, config("good"))
    bad = edit.add_connector(name, config("bad"))
    link = here.get_relationship(bad)
    dates = {"startDate": 2_000_000_000_000, edit.names.registration_stop: 1_900_000_000_000}
    here.update_relationship_properties(bad, {**link.plain_properties, **dates})
    with Watched(server, name, kafka.bootstrap_servers) as watched:
        watched.until("the good one runs", lambda found: set(found) == {good})
        assert "stopDate is before startDate" in watched.group.problems[bad]


def test_what_cannot_be_read_of_one_connector_keeps_none_from_running(
    server: Running, here: MetadataClient, kafka: Endpoint
) -> None:
    edit, name = editor(here)
    good = edit.add_connector(name, config("good"))
    late, tangled = edit.add_connector(name, config("late")), edit.add_connector(name, config("tangled"))
    link = here.get_relationship(late)
    here.update_relationship_properties(late, {**link.plain_properties, "startDate": 2**62})
    edit.change_connector(tangled, connection=parse_connection(VIRTUAL))
    used = (here.find_entity(guid) for guid in edit.registration(tangled).elements)
    outer = next(each.guid for each in used if each is not None and each.type_name == "VirtualConnection")
    for _ in range(6):  # each embeds the next three times: 3 to the power of 6
        inner = here.add_entity("VirtualConnection", {"qualifiedName": unique("Tangle")}).guid
        for _ in range(3):
            here.add_relationship("EmbeddedConnection", outer, inner)
        outer = inner
    with Watched(server, name, kafka.bootstrap_servers) as watched:
        watched.until("the good one runs", lambda found: good in found)
        assert "year 9999" in watched.group.problems[late]
        assert "embedded in one another" in watched.group.problems[tangled]


def test_targets_wake_a_refresh_and_restart_nothing(server: Running, here: MetadataClient, kafka: Endpoint) -> None:
    edit, name = editor(here)
    one = edit.add_connector(name, config("one"))
    edit.add_connector(name, config("two"))
    folder = here.add_entity("FileFolder", {"qualifiedName": unique("folder")}).guid
    with Watched(server, name, kafka.bootstrap_servers) as watched:
        watched.until("both are there", lambda found: len(found) == 2)
        handed = len(watched.handed)
        target = edit.add_target(one, folder, "lake")
        eventually(lambda: watched.woken == [one], "it is woken", within=60)
        assert [(found.element, found.name) for found in edit.targets(one)] == [(folder, "lake")]
        assert edit.add_target(one, folder, "lake") == target
        edit.remove_target(target)
        eventually(lambda: watched.woken == [one, one], "it is woken again", within=60)
        assert edit.targets(one) == []
        watched.settled()
        assert len(watched.handed) == handed


def test_a_group_that_is_defined_later_is_applied_then(server: Running, here: MetadataClient, kafka: Endpoint) -> None:
    name = unique("later")
    with Watched(server, name, kafka.bootstrap_servers, first_retry=600.0) as watched:
        eventually(lambda: "0028" in watched.audit.ids, "it is missed", within=60)
        assert watched.group.status is GroupStatus.ASSIGNED
        assert "400-032" in str(watched.group.failure)
        assert watched.handed == []
        with pytest.raises(OmrsError, match="no integration group"):
            watched.run(watched.group.refresh_config("asked for"))
        edit = GroupEditor(here)
        edit.create_group(unique("another"))
        edit.create_group(name)
        guid = edit.add_connector(name, config("one"))
        watched.until("it is there", lambda found: set(found) == {guid})
        assert watched.audit.ids.count("0028") == 1
        assert watched.group.failure is None


def test_connectors_in_two_groups_stay_when_one_goes(here: MetadataClient) -> None:
    edit, first = editor(here)
    second = unique("group")
    edit.create_group(second)
    one = edit.add_connector(first, config("shared"))
    link = here.get_relationship(one)
    connector = edit.registration(one).connector
    two = here.add_relationship(
        "RegisteredIntegrationConnector", edit.find_group(second), connector, link.plain_properties
    ).guid
    edit.remove_connector(one)
    assert edit.registrations(first) == {}
    assert edit.registrations(second)[two].config is not None
    with pytest.raises(RelationshipNotKnownError):
        edit.registration(one)
    edit.delete_group(second)
    assert (here.find_entity(connector) or {})["status"] == "DELETED"


def test_reading_again_now_and_then_finds_what_no_event_told(
    server: Running, here: MetadataClient, kafka: Endpoint
) -> None:
    edit, name = editor(here)
    with Watched(server, name, kafka.bootstrap_servers, refresh_interval=1.0) as watched:
        watched.until("it is read", lambda _: watched.handed)
        watched.group.interested = lambda headers: False
        guid = edit.add_connector(name, config("unheard"))
        watched.until("it is found", lambda found: set(found) == {guid})


def test_a_server_that_is_away_is_tried_again(server: Running, here: MetadataClient, kafka: Endpoint) -> None:
    """The connectors that are known go on meanwhile."""
    edit, name = editor(here)
    guid = edit.add_connector(name, config("one"))
    nowhere = MetadataClient("http://127.0.0.1:1", "nowhere", "erinoverview", types=TypeSystem.builtin())
    nowhere._transport.retry = type(nowhere._transport.retry)(deadline=0)
    clients = [here]

    with Watched(server, name, kafka.bootstrap_servers) as watched:
        watched.until("it is there", lambda found: set(found) == {guid})
        watched.settled()  # nothing else is to be read while the server is away
        assert watched.group._reader is not None
        watched.group._reader._client = nowhere
        with pytest.raises(OmrsError):
            watched.run(watched.group.refresh_config("asked for"))
        assert watched.group.status is GroupStatus.FAILED
        assert set(watched.configs) == {guid}
        watched.group._reader._client = clients[0]
        watched.run(watched.group.refresh_config("asked for"))
        assert watched.group.status is GroupStatus.RUNNING
        assert [number for number in watched.audit.ids if number == "0028"] == ["0028"]


def test_configurations_are_equal_only_if_all_is(here: MetadataClient) -> None:
    edit, group = editor(here)
    secret = {"connectorType": {"connectorProviderClassName": "tests:One"}, "clearPassword": "old"}
    guid = edit.add_connector(group, IntegrationConnectorConfig(connectorName="s", connection=secret))
    before = edit.registration(guid).config
    assert before == edit.registration(guid).config
    edit.change_connector(guid, connection=parse_connection({**secret, "clearPassword": "new"}))
    assert edit.registration(guid).config != before
