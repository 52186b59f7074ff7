"""Entities of one server over REST: every rule of OMRS instances that a command or a read can meet."""

import time
from functools import partial
from uuid import UUID, uuid4

import pytest
from e2e_samples import DRAFT, refused

from omrs_schemas.errors import (
    ClassificationError,
    EntityNotDeletedError,
    EntityNotKnownError,
    InvalidParameterError,
    PropertyError,
    StatusNotSupportedError,
    TypeDefNotKnownError,
)
from omrs_schemas.model.values import from_properties
from omrs_streams.client import ExternalSource, MetadataClient
from omrs_streams.log.partition import partition_of
from workers import PARTITIONS, Pair

pytestmark = pytest.mark.kafka

TERM = {"qualifiedName": "Term:one", "displayName": "One", "summary": "first"}


def values(bean: dict) -> dict:
    return from_properties(bean.get("properties"))


def audit(bean: dict) -> tuple:
    return bean["version"], bean.get("updatedBy"), bean.get("maintainedBy"), bean["status"]


# ---- create ----------------------------------------------------------------------------------------------------------


def test_a_new_entity_has_the_header_of_the_rules(alice: MetadataClient, pair: Pair) -> None:
    before = int(time.time() * 1000)
    made = alice.add_entity("GlossaryTerm", TERM)
    assert UUID(made["guid"]).version == 4
    assert made["class"] == "EntityDetail" and made["headerVersion"] == 1
    assert made["type"]["typeDefName"] == "GlossaryTerm" and made["type"]["typeDefCategory"] == "ENTITY_DEF"
    assert (made["metadataCollectionId"], made["instanceProvenanceType"]) == (pair.ids[0], "LOCAL_COHORT")
    assert made["metadataCollectionName"] == pair.a.server
    assert made["createdBy"] == "alice" and before - 1000 <= made["createTime"] <= int(time.time() * 1000) + 1000
    assert audit(made) == (1, None, None, "ACTIVE")
    assert not {"updateTime", "statusOnDelete", "replicatedBy", "classifications"} & made.keys()
    assert values(made) == TERM
    assert alice.get_entity(made["guid"]) == made
    assert alice.find_entity(made["guid"]) == made


def test_the_instance_url_answers_without_a_user(alice: MetadataClient, pair: Pair) -> None:
    made = alice.add_entity("GlossaryTerm", TERM)
    answer = pair.a.rest().get(made["instanceURL"]).json()
    assert answer["entity"]["guid"] == made["guid"]
    assert answer["entity"]["createTime"].endswith("+00:00")


def test_every_kind_of_property_value_comes_back_as_it_was(alice: MetadataClient) -> None:
    given = {
        "qualifiedName": "ToDo:ümlaut ☂ \\Q\n",
        "priority": -7,
        "dueTime": 1_700_000_000_123,
        "activityStatus": "WAITING",
        "additionalProperties": {"a": "1", "ключ": ""},
    }
    made = alice.add_entity("ToDo", given)
    assert values(alice.get_entity(made["guid"])) == given


def test_an_entity_can_be_empty(alice: MetadataClient) -> None:
    made = alice.add_entity("Referenceable")
    assert "properties" not in alice.get_entity(made["guid"])


def test_an_entity_is_created_with_classifications_and_status(alice: MetadataClient, pair: Pair) -> None:
    made = alice.add_entity(
        "GlossaryTerm", TERM, classifications={"Confidentiality": {"confidentialityLevel": 3}, "Template": None}
    )
    by_name = {each["name"]: each for each in alice.get_entity(made["guid"])["classifications"]}
    assert set(by_name) == {"Confidentiality", "Template"}
    for each in by_name.values():
        assert (each["version"], each["createdBy"], each["metadataCollectionId"]) == (1, "alice", pair.ids[0])
    assert values(by_name["Confidentiality"]) == {"confidentialityLevel": 3}
    assert alice.add_entity(DRAFT["name"], {"wording": "x"})["status"] == "DRAFT"
    assert alice.add_entity(DRAFT["name"], {"wording": "x"}, status="PROPOSED")["status"] == "PROPOSED"


def test_an_external_entity_belongs_to_its_source(alice: MetadataClient, pair: Pair) -> None:
    source = ExternalSource(str(uuid4()), "erp")
    made = alice.add_entity("DataFile", {"qualifiedName": "File:x"}, external_source=source)
    found = alice.get_entity(made["guid"])
    assert (found["metadataCollectionId"], found["metadataCollectionName"]) == (source.guid, "erp")
    assert (found["instanceProvenanceType"], found["replicatedBy"]) == ("EXTERNAL_SOURCE", pair.ids[0])
    updated = alice.update_entity_properties(made["guid"], {"qualifiedName": "File:y"})
    assert updated["version"] == 2 and updated["instanceProvenanceType"] == "EXTERNAL_SOURCE"
    with pytest.raises(InvalidParameterError, match="no external source") as caught:
        alice.add_entity("DataFile", {}, external_source=ExternalSource("", "erp"))
    assert caught.value.code == "OMRS-REPOSITORY-400-014"


def test_the_same_event_id_creates_once(alice: MetadataClient) -> None:
    event_id = str(uuid4())
    first = alice.add_entity("GlossaryTerm", TERM, event_id=event_id)
    again = alice.add_entity("GlossaryTerm", {**TERM, "summary": "second"}, event_id=event_id)
    assert again == first
    assert len(alice.entity_history(first["guid"])) == 1


def test_what_a_new_entity_may_not_be(alice: MetadataClient, pair: Pair) -> None:
    with pytest.raises(StatusNotSupportedError) as deleted:
        alice.add_entity("GlossaryTerm", TERM, status="DELETED")
    assert deleted.value.code == "OMRS-REPOSITORY-400-058"
    with pytest.raises(StatusNotSupportedError) as wrong:
        alice.add_entity("GlossaryTerm", TERM, status="DRAFT")
    assert wrong.value.code == "OMRS-REPOSITORY-400-035"
    with pytest.raises(ClassificationError) as misplaced:
        alice.add_entity("Referenceable", {}, classifications=["PrimaryKey"])
    assert misplaced.value.code == "OMRS-REPOSITORY-400-006"
    rest = pair.a.rest("alice")
    term = alice.type_guid("GlossaryTerm")
    one = {"class": "PrimitivePropertyValue", "instancePropertyCategory": "PRIMITIVE"}
    string = {**one, "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING", "primitiveValue": "x"}
    number = {**one, "primitiveDefCategory": "OM_PRIMITIVE_TYPE_INT", "primitiveValue": 1}
    for properties, code, name in (
        ({"colour": string}, "OMRS-REPOSITORY-400-028", "colour"),
        ({"displayName": number}, "OMRS-REPOSITORY-400-030", "displayName"),
    ):
        body = {
            "entityTypeGUID": term,
            "initialProperties": {"class": "InstanceProperties", "instanceProperties": properties},
        }
        refused(rest.post("/instances/entity", json=body), code, "PropertyErrorException", name)
    relationship = alice.type_guid("Synonym")
    answer = rest.post("/instances/entity", json={"entityTypeGUID": relationship})
    refused(answer, "OMRS-REPOSITORY-400-034", "TypeErrorException", "Synonym", "ENTITY_DEF")
    answer = rest.post("/instances/entity", json={"entityTypeGUID": "no-such-type"})
    refused(answer, "OMRS-REPOSITORY-404-007", "TypeErrorException", "no-such-type")


# ---- update, undo ----------------------------------------------------------------------------------------------------


def test_an_update_replaces_all_properties_and_counts(alice: MetadataClient, pair: Pair) -> None:
    made = alice.add_entity("GlossaryTerm", TERM)
    changed = alice.as_user("carol").update_entity_properties(made["guid"], {"displayName": "Two"})
    assert values(changed) == {"displayName": "Two"}
    assert audit(changed) == (2, "carol", ["carol"], "ACTIVE")
    assert changed["createTime"] == made["createTime"] and changed["updateTime"] >= made["createTime"]
    again = alice.update_entity_properties(made["guid"], {})
    assert "properties" not in again and audit(again) == (3, "alice", ["carol", "alice"], "ACTIVE")
    third = alice.as_user("carol").update_entity_properties(made["guid"], TERM)
    assert third["maintainedBy"] == ["carol", "alice"]
    assert alice.get_entity(made["guid"]) == third
    answer = pair.a.rest().post(f"/instances/entity/{made['guid']}/properties", json={})
    refused(answer, "OMRS-REPOSITORY-400-037", "PropertyErrorException", made["guid"])
    with pytest.raises(PropertyError):
        alice.update_entity_properties(made["guid"], {"priority": 1}, type_name="ToDo")
    assert alice.get_entity(made["guid"]) == third


def test_a_status_is_set_within_the_types_list(alice: MetadataClient) -> None:
    made = alice.add_entity(DRAFT["name"], {"wording": "w"})
    changed = alice.update_entity_status(made["guid"], "ACTIVE")
    assert audit(changed) == (2, "alice", ["alice"], "ACTIVE") and values(changed) == {"wording": "w"}
    for status, code in (("DELETED", "058"), ("APPROVED", "035"), ("no status", "035")):
        with pytest.raises(StatusNotSupportedError) as caught:
            alice.update_entity_status(made["guid"], status)
        assert caught.value.code == f"OMRS-REPOSITORY-400-{code}"
    assert alice.get_entity(made["guid"]) == changed


def test_undo_brings_back_the_content_and_flips(alice: MetadataClient) -> None:
    made = alice.add_entity("GlossaryTerm", TERM)
    guid = made["guid"]
    two = {"displayName": "Two"}
    alice.update_entity_properties(guid, two)
    undone = alice.undo_entity(guid)
    assert undone["version"] == 3 and values(undone) == TERM
    flipped = alice.undo_entity(guid)
    assert flipped["version"] == 4 and values(flipped) == two
    assert alice.get_entity(guid) == flipped
    assert [found["version"] for found in alice.entity_history(guid)] == [4, 3, 2, 1]


def test_undo_of_a_first_version_finds_nothing(alice: MetadataClient) -> None:
    """OMRS instances § Versioning: null where there is no history."""
    made = alice.add_entity("GlossaryTerm", TERM)
    assert alice.undo_entity(made["guid"]) is None
    assert alice.get_entity(made["guid"]) == made


# ---- classifications -------------------------------------------------------------------------------------------------


def test_classifications_leave_the_entitys_version_alone(alice: MetadataClient) -> None:
    made = alice.add_entity("GlossaryTerm", TERM)
    guid = made["guid"]
    added = alice.classify(guid, "Confidentiality", {"confidentialityLevel": 1})
    (one,) = added["classifications"]
    assert (one["version"], one["classificationOrigin"], added["version"]) == (1, "ASSIGNED", 1)
    assert alice.classify(guid, "Confidentiality", {"confidentialityLevel": 1}) == added  # equal: nothing happens
    with pytest.raises(ClassificationError) as already:
        alice.classify(guid, "Confidentiality", {"confidentialityLevel": 2})
    assert already.value.code == "OMRS-REPOSITORY-400-081"
    changed = alice.as_user("carol").reclassify(guid, "Confidentiality", {"confidentialityLevel": 2})
    (two,) = changed["classifications"]
    assert (two["version"], two["updatedBy"], values(two)) == (2, "carol", {"confidentialityLevel": 2})
    assert two["createTime"] == one["createTime"] and changed["version"] == 1
    alice.classify(guid, "Template")
    assert {each["name"] for each in alice.get_entity_summary(guid)["classifications"]} == {
        "Confidentiality",
        "Template",
    }
    left = alice.declassify(guid, "Confidentiality")
    assert [each["name"] for each in left["classifications"]] == ["Template"]
    assert alice.get_entity(guid) == left and left["version"] == 1
    assert "classifications" not in alice.declassify(guid, "Template")
    assert len(alice.entity_history(guid)) == 1


def test_classifications_survive_an_update(alice: MetadataClient) -> None:
    guid = alice.add_entity("GlossaryTerm", TERM)["guid"]
    (one,) = alice.classify(guid, "Confidentiality", {"confidentialityLevel": 1})["classifications"]
    assert alice.update_entity_properties(guid, {"displayName": "Two"})["classifications"] == [one]


def test_which_classifications_are_refused(alice: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", TERM)["guid"]
    rest = pair.a.rest("alice")
    for name, path, code in (
        ("NoSuchThing", "", "OMRS-REPOSITORY-400-005"),
        ("Synonym", "", "OMRS-REPOSITORY-400-005"),
        ("PrimaryKey", "", "OMRS-REPOSITORY-400-006"),
        ("Confidentiality", "/properties", "OMRS-REPOSITORY-400-048"),
        ("Confidentiality", "/delete", "OMRS-REPOSITORY-400-048"),
    ):
        answer = rest.post(f"/instances/entity/{guid}/classification/{name}{path}", json={})
        refused(answer, code, "ClassificationErrorException", name)


def test_a_detailed_classification_says_where_it_comes_from(alice: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", TERM)["guid"]
    origin, source = str(uuid4()), str(uuid4())
    body = {
        "class": "ClassificationRequest",
        "classificationOrigin": "PROPAGATED",
        "classificationOriginGUID": origin,
        "metadataCollectionId": source,
        "metadataCollectionName": "scanner",
    }
    answer = (
        pair.a.rest("alice").post(f"/instances/entity/{guid}/classification/Confidentiality/detailed", json=body).json()
    )
    (made,) = answer["entity"]["classifications"]
    assert (made["classificationOrigin"], made["classificationOriginGUID"]) == ("PROPAGATED", origin)
    assert (made["metadataCollectionId"], made["instanceProvenanceType"]) == (source, "EXTERNAL_SOURCE")
    assert made["replicatedBy"] == pair.ids[0]


# ---- delete, restore, purge ------------------------------------------------------------------------------------------


def test_delete_hides_restore_returns_purge_removes(alice: MetadataClient, pair: Pair) -> None:
    made = alice.add_entity(DRAFT["name"], {"wording": "w"}, status="PROPOSED")
    guid = made["guid"]
    with pytest.raises(EntityNotDeletedError) as not_deleted:
        alice.restore_entity(guid)
    assert not_deleted.value.code == "OMRS-REPOSITORY-400-046"
    with pytest.raises(EntityNotDeletedError):
        alice.purge_entity(guid, type_name=DRAFT["name"])
    gone = alice.delete_entity(guid, type_name=DRAFT["name"])
    assert audit(gone) == (2, "alice", ["alice"], "DELETED") and gone["statusOnDelete"] == "PROPOSED"

    for read in (alice.get_entity, alice.get_entity_summary):
        with pytest.raises(EntityNotKnownError) as hidden:
            read(guid)
        assert hidden.value.code == "OMRS-REPOSITORY-404-013"
    assert alice.find_entity(guid) == gone
    found = alice.find_entities_by_property(DRAFT["name"], {"createdBy": "alice"})
    assert guid not in {each["guid"] for each in found}
    assert guid in {each["guid"] for each in alice.find_entities(DRAFT["name"], statuses=["DELETED"])}
    assert [each["status"] for each in alice.entity_history(guid)] == ["DELETED", "PROPOSED"]
    with pytest.raises(InvalidParameterError) as twice:
        alice.delete_entity(guid, type_name=DRAFT["name"])
    assert twice.value.code == "OMRS-REPOSITORY-400-045"
    for change in (
        lambda: alice.update_entity_properties(guid, {}, type_name=DRAFT["name"]),
        lambda: alice.classify(guid, "Confidentiality"),
        lambda: alice.update_entity_status(guid, "ACTIVE"),
    ):
        with pytest.raises(EntityNotKnownError):
            change()

    back = alice.restore_entity(guid)
    assert audit(back) == (3, "alice", ["alice"], "PROPOSED") and "statusOnDelete" not in back
    assert alice.get_entity(guid) == back

    alice.delete_entity(guid, type_name=DRAFT["name"])
    alice.purge_entity(guid, type_name=DRAFT["name"])
    assert alice.find_entity(guid) is None
    for lookup in (alice.get_entity, alice.entity_history):
        with pytest.raises(EntityNotKnownError) as unknown:
            lookup(guid)
        assert unknown.value.code == "OMRS-REPOSITORY-404-002"
    with pytest.raises(EntityNotKnownError):
        alice.restore_entity(guid)


def test_delete_and_purge_name_the_type(alice: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", TERM)["guid"]
    rest = pair.a.rest("alice")
    term = alice.type_guid("GlossaryTerm")
    for ids in ({}, {"typeDefGUID": term, "typeDefName": "ToDo"}, {"typeDefGUID": "x", "typeDefName": "GlossaryTerm"}):
        for action in ("delete", "purge"):
            answer = rest.post(f"/instances/entity/{guid}/{action}", json=ids)
            refused(answer, "OMRS-REPOSITORY-400-039", "TypeErrorException")
    with pytest.raises(TypeDefNotKnownError):
        alice.delete_entity(guid, type_name="NoSuchType")


def test_a_repeated_write_is_answered_as_before(alice: MetadataClient) -> None:
    """Every write can be sent again under its event id: the answer is the same and nothing is done twice."""
    guid = alice.add_entity("GlossaryTerm", TERM)["guid"]
    ids = {name: str(uuid4()) for name in ("update", "delete", "restore", "again", "purge")}
    updated = [alice.update_entity_properties(guid, {"displayName": "2"}, event_id=ids["update"]) for _ in range(2)]
    assert updated[0] == updated[1] and updated[0]["version"] == 2
    deleted = [alice.delete_entity(guid, type_name="GlossaryTerm", event_id=ids["delete"]) for _ in range(2)]
    assert deleted[0] == deleted[1] and deleted[0]["version"] == 3
    restored = [alice.restore_entity(guid, event_id=ids["restore"]) for _ in range(2)]
    assert restored[0] == restored[1] and restored[0]["version"] == 4
    alice.delete_entity(guid, type_name="GlossaryTerm", event_id=ids["again"])
    for _ in range(2):
        alice.purge_entity(guid, type_name="GlossaryTerm", event_id=ids["purge"])


# ---- revisions -------------------------------------------------------------------------------------------------------


def test_if_match_decides_between_two_writers(alice: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", TERM)["guid"]
    rest = pair.a.rest("alice")
    path = f"/instances/entity/{guid}"
    tag = rest.get(path).headers["etag"]
    body = {"class": "InstancePropertiesRequest", "instanceProperties": {"class": "InstanceProperties"}}
    first = rest.post(f"{path}/properties", json=body, headers={"If-Match": tag}).json()
    assert first["entity"]["version"] == 2
    answer = rest.post(f"{path}/properties", json=body, headers={"If-Match": tag})
    refused(answer, "OMRS-STREAMS-409-001", "InvalidParameterException", guid, "revision 2")
    assert answer.json()["relatedHTTPCode"] == 409
    newer = rest.get(path).headers["etag"]
    assert newer != tag
    assert rest.post(f"{path}/status", json="ACTIVE", headers={"If-Match": newer}).json()["entity"]["version"] == 3
    answer = rest.post(f"{path}/status", json="ACTIVE", headers={"If-Match": "yesterday"})
    assert "yesterday" in answer.json()["exceptionErrorMessage"]


def test_a_lost_write_stays_lost_when_it_is_repeated(alice: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", TERM)["guid"]
    rest = pair.a.rest("alice")
    headers = {"If-Match": '"7"', "X-Omrs-Event-Id": str(uuid4())}
    for _ in range(2):
        answer = rest.post(f"/instances/entity/{guid}/status", json="ACTIVE", headers=headers)
        refused(answer, "OMRS-STREAMS-409-001", "InvalidParameterException", guid)


# ---- history ---------------------------------------------------------------------------------------------------------


def test_history_forwards_backwards_paged_and_in_a_range(alice: MetadataClient, pair: Pair) -> None:
    guid = alice.add_entity("GlossaryTerm", {"displayName": "v1"})["guid"]
    for number in (2, 3, 4):
        alice.update_entity_properties(guid, {"displayName": f"v{number}"}, type_name="GlossaryTerm")
        time.sleep(0.002)  # versions one millisecond apart at least, so that each has a time of its own
    newest = alice.entity_history(guid)
    assert [values(found)["displayName"] for found in newest] == ["v4", "v3", "v2", "v1"]
    assert alice.entity_history(guid, oldest_first=True) == newest[::-1]
    assert alice.entity_history(guid, offset=1, page_size=2) == newest[1:3]
    assert alice.entity_history(guid, offset=9) == []
    second = newest[2]["updateTime"]
    assert [found["version"] for found in alice.entity_history(guid, from_time=second, to_time=second)] == [2]
    rest = pair.a.rest()
    for body, code in (
        ({"fromTime": second, "toTime": second - 1}, "OMRS-REPOSITORY-400-083"),
        ({"toTime": second + 10**9}, "OMRS-REPOSITORY-400-038"),
        ({"fromTime": second + 10**9}, "OMRS-REPOSITORY-400-038"),
        ({"pageSize": -1}, "OMRS-REPOSITORY-400-050"),
    ):
        answer = rest.post(f"/instances/entity/{guid}/history/all", json=body)
        exception = "PagingErrorException" if "pageSize" in body else "InvalidParameterException"
        refused(answer, code, exception)


def test_as_of_finds_each_version(alice: MetadataClient) -> None:
    made = alice.add_entity("GlossaryTerm", {"displayName": "v1"})
    guid = made["guid"]
    time.sleep(0.002)
    changed = alice.update_entity_properties(guid, {"displayName": "v2"}, type_name="GlossaryTerm")
    time.sleep(0.002)
    gone = alice.delete_entity(guid, type_name="GlossaryTerm")
    time.sleep(0.002)
    back = alice.restore_entity(guid)
    assert alice.get_entity(guid, as_of=made["createTime"]) == made
    assert alice.get_entity(guid, as_of=changed["updateTime"]) == changed
    assert alice.get_entity(guid, as_of=changed["updateTime"] - 1) == made
    with pytest.raises(EntityNotKnownError) as deleted:
        alice.get_entity(guid, as_of=gone["updateTime"])
    assert deleted.value.code == "OMRS-REPOSITORY-404-013"
    assert alice.get_entity(guid, as_of=back["updateTime"]) == back
    with pytest.raises(EntityNotKnownError) as unborn:
        alice.get_entity(guid, as_of=made["createTime"] - 1)
    assert unborn.value.code == "OMRS-REPOSITORY-404-002"
    with pytest.raises(InvalidParameterError) as future:
        alice.get_entity(guid, as_of=made["createTime"] + 10**9)
    assert future.value.code == "OMRS-REPOSITORY-400-038"


def test_refusals_have_the_omrs_form(pair: Pair) -> None:
    rest = pair.a.rest()
    guid = str(uuid4())
    for answer, code, exception in (
        (rest.get(f"/instances/entity/{guid}"), "OMRS-REPOSITORY-404-002", "EntityNotKnownException"),
        (rest.get(f"/instances/entity/{guid}/summary"), "OMRS-REPOSITORY-404-002", "EntityNotKnownException"),
        (rest.get(f"/instances/relationship/{guid}"), "OMRS-REPOSITORY-404-011", "RelationshipNotKnownException"),
    ):
        assert refused(answer, code, exception, guid)["relatedHTTPCode"] == 404
    assert rest.get(f"/instances/entity/{guid}/existence").json() == {
        "class": "EntityDetailResponse",
        "relatedHTTPCode": 200,
    }
    other = pair.a.rest().get(pair.a.url + "/servers/nobody/open-metadata/repository-services/users/u/types/all")
    assert other.json()["exceptionErrorMessageId"] == "OMAG-MULTI-TENANT-404-001"


def test_guids_are_text_of_any_kind(pair: Pair) -> None:
    """34 to 37 characters, mixed case, not hexadecimal: kept exactly as given."""
    rest = pair.a.rest()
    for guid in ("A7s2-NOT-hex-and-mixed-CASE-0123456", "x" * 37, "é" * 20):
        answer = rest.get(f"/instances/entity/{guid}")
        assert answer.json()["exceptionErrorMessageId"] == "OMRS-REPOSITORY-404-002"


def test_an_event_id_of_another_change_is_refused(pair: Pair, alice: MetadataClient) -> None:
    """Answering success for a change that was never made would be a lost write. Ids are remembered by partition."""
    made: list[dict] = []
    while len(made) < 3:
        each = alice.add_entity("GlossaryTerm", TERM)
        if partition_of(each["guid"], PARTITIONS) == 0:
            made.append(each)
    shared = str(uuid4())
    for number, each in enumerate(made):
        change = partial(alice.update_entity_properties, each["guid"], {"qualifiedName": "x"}, event_id=shared)
        if number == 0:
            assert change()["version"] == 2
            continue
        with pytest.raises(InvalidParameterError, match="was used for a change of another instance"):
            change()
    assert [alice.get_entity(each["guid"])["version"] for each in made] == [2, 1, 1]
