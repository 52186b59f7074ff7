"""The context: direction, metadata source, user, anchors, the end of its validity; at memory and at a real server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from omrs_connectors.kit import ConnectorKit, MemoryServer
from omrs_connectors.sdk import IntegrationConnector, PermittedSynchronization
from omrs_connectors.sdk.source import make_source
from omrs_schemas.errors import UserNotAuthorizedError
from shared_data import require_shared

both = pytest.mark.connector_kit("both")


class Quiet(IntegrationConnector):
    """Does nothing; its context is what the tests use."""


WRITES: dict[str, Any] = {
    "create_entity": ("Topic", {"qualifiedName": "new"}),
    "update_entity": ("a", {"qualifiedName": "a", "displayName": "changed"}),
    "update_status": ("a", "ACTIVE"),
    "classify": ("a", "Confidentiality", {"confidentialityLevel": 1}),
    "reclassify": ("a", "Confidentiality", {"confidentialityLevel": 2}),
    "declassify": ("a", "Confidentiality"),
    "link": ("SemanticAssignment", "a", "b"),
    "update_link": ("link", {"description": "d"}),
    "unlink": ("link",),
    "delete_entity": ("a",),
    "restore_entity": ("a",),
}


@both
def test_every_change_is_checked_and_reported(kit: ConnectorKit) -> None:
    guids = {
        "a": kit.client.add_entity("Topic", {"qualifiedName": "a"}).guid,
        "b": kit.client.add_entity("GlossaryTerm", {"qualifiedName": "b"}).guid,
    }
    guids["link"] = kit.client.add_relationship("SemanticAssignment", guids["a"], guids["b"]).guid
    calls = {name: [guids.get(given, given) if isinstance(given, str) else given for given in arguments]
             for name, arguments in WRITES.items()}  # fmt: skip
    forbidden = kit.trial(Quiet, name="forbidden", permittedSynchronization="TO_THIRD_PARTY").start()
    before = kit.snapshot()
    for name, arguments in calls.items():
        with pytest.raises(UserNotAuthorizedError, match="permittedSynchronization is TO_THIRD_PARTY"):
            getattr(forbidden.context, name)(*arguments)
    assert before == kit.snapshot()
    forbidden.context.check_third_party_write("write a column comment")
    assert not forbidden.context.report.changed

    allowed = kit.trial(Quiet, name="allowed", permittedSynchronization="FROM_THIRD_PARTY").start().context
    with pytest.raises(UserNotAuthorizedError, match="permittedSynchronization is FROM_THIRD_PARTY"):
        allowed.check_third_party_write("write a column comment")
    for name, arguments in calls.items():
        getattr(allowed, name)(*arguments, anchor=guids["b"])
    assert allowed.report.counts() == {"created": 3, "updated": 2, "deleted": 2}
    assert set(allowed.report.by_anchor()) == {guids["b"]}


@both
def test_a_metadata_source_is_made_once_and_owns_what_is_written(kit: ConnectorKit) -> None:
    trial = kit.trial(Quiet, metadataSourceQualifiedName="QueueBroker::1", connectorUserId="queuesnpa")
    assert trial.refresh().counts()["created"] == 1
    context = trial.context
    source = kit.client.find_by_unique_name("SoftwareCapability", "qualifiedName", "QueueBroker::1")
    assert source is not None and context.external_source.guid == source.guid
    topic = context.create_entity("Topic", {"qualifiedName": "t"})
    assert (topic["instanceProvenanceType"], topic["metadataCollectionId"]) == ("EXTERNAL_SOURCE", source.guid)
    assert topic["metadataCollectionName"] == "QueueBroker::1" and topic["replicatedBy"]
    assert topic["createdBy"] == context.user_id == "queuesnpa"
    context.update_entity(topic.guid, {"qualifiedName": "t", "displayName": "d"})
    marked = context.classify(topic.guid, "Confidentiality", {"confidentialityLevel": 1})
    assert marked["classifications"][0]["metadataCollectionId"] == source.guid
    context.external_source_is_home = False
    local = context.create_entity("Topic", {"qualifiedName": "local"})
    assert local["instanceProvenanceType"] == "LOCAL_COHORT"
    second = kit.trial(Quiet, name="second", metadataSourceQualifiedName="QueueBroker::1")
    assert not second.refresh().changed
    assert second.context.external_source == context.external_source
    assert len(kit.client.find_entities("SoftwareCapability")) == 1


@both
def test_workers_that_make_a_source_at_once_make_one(kit: ConnectorKit) -> None:
    barrier = threading.Barrier(6)

    def make(number: int) -> tuple[str, bool]:
        client = kit.client.as_user(f"worker{number}")
        barrier.wait(30)
        entity, _ = make_source(client, "Shared", "shared")
        return entity.guid, True

    with ThreadPoolExecutor(6) as pool:
        guids = {guid for guid, _ in pool.map(make, range(6))}
    assert len(guids) == 1
    [source] = kit.client.find_entities("SoftwareCapability")
    assert {source.guid} == guids


@both
def test_a_source_that_was_deleted_is_made_anew(kit: ConnectorKit) -> None:
    first, made = make_source(kit.client, "S", "s")
    again, _ = make_source(kit.client, "S", "s")
    assert made and again.guid == first.guid
    kit.client.delete_entity(first.guid)
    second, made = make_source(kit.client, "S", "s")
    assert made and second.guid != first.guid
    kit.client.delete_entity(second.guid)
    kit.client.purge_entity(second.guid)
    third, _ = make_source(kit.client, "S", "s")
    assert third["status"] == "ACTIVE"
    assert [each.guid for each in kit.client.find_entities("SoftwareCapability")] == [third.guid]


def test_a_source_that_may_not_be_made_fails_the_start_of_the_connector(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(Quiet, metadataSourceQualifiedName="new", permittedSynchronization="TO_THIRD_PARTY")
    trial.refresh(check=False)
    assert trial.status == "INITIALIZE_FAILED"
    assert "create metadata source new" in (trial.failure or "")


def test_the_service_says_the_direction_unless_the_connector_does(memory_kit: ConnectorKit) -> None:
    quiet = memory_kit.trial(Quiet).start().context
    assert quiet.permitted_synchronization is PermittedSynchronization.BOTH_DIRECTIONS
    folder = memory_kit.trial("personal-data", name="p").start().context
    assert folder.types.typedef_by_name("Topic") is not None


def test_types_and_anchors(memory_kit: ConnectorKit) -> None:
    context = memory_kit.trial(Quiet).start().context
    assert context.is_type_of("CSVFile", "Asset") and not context.is_type_of("Asset", "CSVFile")
    asset = context.create_entity("DataSet", {"qualifiedName": "a"})
    anchors = {"Anchors": {"anchorGUID": asset.guid}}
    part = context.create_entity("SchemaType", {"qualifiedName": "p"}, classifications=anchors)
    assert context.anchor_guid(part.guid) == asset.guid
    assert context.anchor_guid(asset.guid) is None
    itself = context.create_entity("DataSet", {"qualifiedName": "self"})
    context.classify(itself.guid, "Anchors", {"anchorGUID": itself.guid})
    assert context.anchor_guid(itself.guid) is None


def test_a_revoked_context_does_nothing_more(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(Quiet, connection={"securedProperties": {"k": "v"}}).start()
    context = trial.context
    topic = context.create_entity("Topic", {"qualifiedName": "t"}).guid
    context.register_listener(print)
    own_client = context.client
    context.revoke()
    assert context.revoked and context.stopping.is_set() and context.listeners == ()
    calls = [
        lambda: context.client.get_entity(topic),
        lambda: own_client.as_user("other").find_entities("Topic"),
        lambda: context.create_entity("Topic", {"qualifiedName": "u"}),
        lambda: context.delete_entity(topic),
        lambda: context.register_listener(print),
        lambda: context.secret("k"),
        lambda: context.catalog_targets(),
        lambda: context.check_third_party_write("x"),
        lambda: context.anchor_guid(topic),
    ]
    for call in calls:
        with pytest.raises(UserNotAuthorizedError, match="given up by the daemon"):
            call()
    assert len(memory_kit.client.find_entities("Topic")) == 1


def test_another_user_direction_and_source_without_a_new_connector(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(Quiet).start()
    context, connector = trial.context, trial.connector
    config = trial.config.model_copy(
        update={
            "connector_user_id": "new-user",
            "metadata_source_qualified_name": "New",
            "permitted_synchronization": PermittedSynchronization.FROM_THIRD_PARTY,
        }
    )
    context.reconfigure(config, memory_kit.client)
    assert connector.context is context
    assert context.user_id == "new-user" and context.external_source.name == "New"
    assert context.create_entity("Topic", {"qualifiedName": "t"})["createdBy"] == "new-user"
    with pytest.raises(UserNotAuthorizedError):
        context.check_third_party_write("x")
    context.reconfigure(config.model_copy(update={"metadata_source_qualified_name": None}), memory_kit.client)
    assert context.external_source is None


def test_the_types_of_4_2(memory_kit: ConnectorKit) -> None:
    archive = str(require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive"))
    with ConnectorKit(MemoryServer(types=archive)) as kit:
        context = kit.trial(Quiet, metadataSourceQualifiedName="S").start().context
        assert context.names.release == "4.x"
        assert kit.client.get_entity(context.external_source.guid).plain_properties["name"] == "trial"
