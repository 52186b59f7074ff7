"""Catalog targets of a connector that metadata describes, in both releases of the types."""

from collections.abc import Iterator
from typing import Any

import pytest

from omrs_connectors.kit import ConnectorKit, MemoryServer, Trial
from omrs_connectors.sdk import CatalogTarget, IntegrationConnector, PermittedSynchronization
from omrs_schemas.errors import UserNotAuthorizedError
from shared_data import require_shared


class Targets(IntegrationConnector):
    """Looks at its targets in each refresh."""

    def initialize(self) -> None:
        self.seen: list[list[str]] = []

    def refresh(self) -> None:
        self.seen.append(sorted(target.name for target in self.context.iter_catalog_targets()))


class Group:
    """An integration group with one connector, made as an administrator would."""

    def __init__(self, kit: ConnectorKit) -> None:
        self.client = kit.client
        group = self.client.add_entity("IntegrationGroup", {"qualifiedName": "group"})
        connector = self.client.add_entity("IntegrationConnector", {"qualifiedName": "connector"})
        self.connector = connector.guid
        self.registration = self.client.add_relationship(
            "RegisteredIntegrationConnector", group.guid, connector.guid, {"connectorName": "targets"}
        ).guid

    def target(self, name: str, **properties: Any) -> tuple[str, str]:
        element = self.client.add_entity("Topic", {"qualifiedName": f"element of {name}"})
        values = {"catalogTargetName": name, **properties}
        return self.client.add_relationship("CatalogTarget", self.connector, element.guid, values).guid, element.guid


@pytest.fixture(params=["builtin", "4.2"])
def kit(request: pytest.FixtureRequest) -> Iterator[ConnectorKit]:
    types = request.param
    if types == "4.2":
        types = str(require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive"))
    with ConnectorKit(MemoryServer(types=types)) as kit:
        yield kit


def trial_of(kit: ConnectorKit, group: Group, **more: Any) -> Trial:
    return kit.trial(Targets, connectorId=group.registration, **more)


def test_targets_come_and_go_while_it_runs(kit: ConnectorKit) -> None:
    group = Group(kit)
    trial = trial_of(kit, group)
    trial.refresh()
    link, _ = group.target("one")
    _, element = group.target("two")
    trial.refresh()
    kit.client.delete_relationship(link)
    trial.refresh()
    kit.client.delete_entity(element)
    trial.refresh()
    assert trial.connector.seen == [[], ["one", "two"], ["two"], []]


def test_pages(kit: ConnectorKit) -> None:
    group = Group(kit)
    for number in range(7):
        group.target(f"t{number}")
    context = trial_of(kit, group, max_page_size=3).start().context
    assert len(context.catalog_targets()) == 3, "a page"
    assert len(context.catalog_targets(page_size=0)) == 7
    pages = [context.catalog_targets(start, 3) for start in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert {target.name for page in pages for target in page} == {f"t{number}" for number in range(7)}
    assert len(list(context.iter_catalog_targets())) == 7


def test_a_target_says_all_that_its_release_knows(kit: ConnectorKit) -> None:
    group = Group(kit)
    known = kit.client.types.attributes("CatalogTarget")
    given = {
        "connectionName": "c",
        "metadataSourceQualifiedName": "source",
        "configurationProperties": {"depth": "2"},
        "templates": {"Topic": "guid"},
        "permittedSynchronization": "FROM_THIRD_PARTY",
        "deleteMethod": "SOFT_DELETE",
    }
    link, element = group.target("all", **{name: value for name, value in given.items() if name in known})
    [target] = trial_of(kit, group).start().context.catalog_targets()
    assert isinstance(target, CatalogTarget)
    assert (target.guid, target.name, target.element_guid, target.element_type) == (link, "all", element, "Topic")
    assert target.element.plain_properties["qualifiedName"] == "element of all"
    if "configurationProperties" in known:
        assert target.configuration_properties == {"depth": "2"}
        assert target.permitted_synchronization is PermittedSynchronization.FROM_THIRD_PARTY
        assert (target.connection_name, target.metadata_source_qualified_name) == ("c", "source")
        assert (target.templates, target.delete_method) == ({"Topic": "guid"}, "SOFT_DELETE")
    else:
        assert target.configuration_properties == {} and target.permitted_synchronization is None


def test_only_connectors_of_groups_have_targets(kit: ConnectorKit) -> None:
    group = Group(kit)
    group.target("one")
    assert kit.trial(Targets).start().context.catalog_targets() == []
    other = kit.client.add_relationship("CatalogTarget", group.connector, group.connector, {"catalogTargetName": "x"})
    assert kit.trial(Targets, connectorId=other.guid).start().context.catalog_targets() == []
    kit.client.delete_relationship(group.registration)
    assert trial_of(kit, group).start().context.catalog_targets() == []


def test_a_target_changes_the_context_for_itself(memory_kit: ConnectorKit) -> None:
    group = Group(memory_kit)
    group.target(
        "own",
        configurationProperties={"depth": "2"},
        metadataSourceQualifiedName="Own",
        permittedSynchronization="TO_THIRD_PARTY",
    )
    group.target("plain")
    connector_options = {"depth": "1", "width": "3"}
    trial = trial_of(memory_kit, group, options=connector_options, metadataSourceQualifiedName="Whole").start()
    memory_kit.client.add_entity("SoftwareCapability", {"qualifiedName": "Own"})
    context = trial.context
    assert context.governance.open_metadata.find("element of own"), "in use before there is a target's context"
    targets = {target.name: target for target in context.catalog_targets()}
    plain, own = context.for_target(targets["plain"]), context.for_target(targets["own"])
    assert plain.configuration_properties == connector_options
    assert plain.external_source == context.external_source
    plain.create_entity("Topic", {"qualifiedName": "through the plain target"})
    assert context.report.counts()["created"] == 2, "with the metadata source: it is the report of the pass"
    assert own.configuration_properties == {"depth": "2", "width": "3"}
    assert own.external_source is not None and own.external_source.name == "Own"
    with pytest.raises(UserNotAuthorizedError, match="TO_THIRD_PARTY"):
        own.create_entity("Topic", {"qualifiedName": "never"})
    with pytest.raises(UserNotAuthorizedError, match="TO_THIRD_PARTY"):
        own.governance.open_metadata.create("Topic", {"qualifiedName": "never"})
    context.revoke()
    for each in (plain, own):
        with pytest.raises(UserNotAuthorizedError, match="given up"):
            each.client.find_entities("Topic")
        with pytest.raises(UserNotAuthorizedError, match="given up"):
            each.create_entity("Topic", {"qualifiedName": "never"})
