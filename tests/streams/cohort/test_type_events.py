"""TypeDef events of other members: new types, patches, conflicts, who receives (OMRS types § 7, events § 4)."""

import pytest
from type_samples import (
    BUILTIN,
    NOW,
    OURS,
    THEIRS,
    THEM,
    US,
    Bean,
    Member,
    attribute,
    deleted,
    entity,
    enum,
    ids,
    new,
    patch,
    patched,
)

from omrs_schemas.codec.egeria_json import dumps, loads
from omrs_schemas.errors import OmrsError
from omrs_streams.cohort import type_beans as beans
from omrs_streams.cohort.type_events import TypeReceipt

# ---- new types -----------------------------------------------------------------------------------------------------


def test_a_new_type_is_learned_and_then_ignored() -> None:
    member = Member()
    first = member.take(new(entity("A")))
    assert (first.outcome, ids(first)) == ("learned", ["OMRS-AUDIT-0301"])
    assert first.audits[0][1] == {
        "cohort": "cohort",
        "server": "them",
        "collection_id": THEIRS,
        "type_name": "A",
        "type_guid": "guid-A",
        "version": 1,
    }
    assert not first.sends, "the learner does not announce it again"
    assert member.take(new(entity("A"))) == TypeReceipt("known")
    assert member.take(new(entity("A", version=7, versionName="7.0", description="other"))) == TypeReceipt("known")
    assert member.types.require(name="A")["version"] == 1


def test_a_new_attribute_type_is_learned_and_then_ignored() -> None:
    member = Member()
    assert ids(member.take(new(enum("E")))) == ["OMRS-AUDIT-0301"]
    assert member.take(new(enum("E", description="words", elementDefs=[]))) == TypeReceipt("known")
    assert member.types.attribute_typedef("guid-E") == enum("E")


def test_a_type_waits_for_its_super_type() -> None:
    member = Member()
    early = member.take(new(entity("B", "A")))
    assert (early.outcome, ids(early)) == ("waiting", ["OMRS-AUDIT-9018"])
    assert "A" in str(early.audits[0][1]["message"])
    assert member.types.typedef_by_name("B") is None
    assert member.take(new(entity("B", "A"))) == TypeReceipt("waiting"), "it is kept once"
    assert member.take(new(entity("A"))).outcome == "learned"
    assert member.types.supertypes("B") == ("B", "A") and not member.fold.waiting


@pytest.mark.parametrize(
    ("typedef", "audits"),
    [
        (None, []),
        ({**entity("A"), "guid": None}, ["OMRS-AUDIT-0308"]),
        ({**entity("A"), "name": ""}, ["OMRS-AUDIT-0309"]),
        ({**entity("A"), "category": "RELATIONSHIP_DEF"}, []),
        ({**entity("A"), "headerVersion": 2}, []),
    ],
)
def test_a_malformed_type_is_a_dead_letter(typedef: Bean | None, audits: list[str]) -> None:
    member = Member()
    event = beans.envelope("NEW_TYPEDEF_EVENT", THEM, NOW)
    if typedef is not None:
        event["typeDefEventSection"]["typeDef"] = typedef
    receipt = member.take(event)
    assert receipt.outcome == "dead" and isinstance(receipt.fault, OmrsError)
    assert ids(receipt) == audits and not receipt.records and not receipt.sends


def test_a_type_that_can_never_be_added_is_refused() -> None:
    member = Member(BUILTIN.copy())
    wrong = {**entity("A"), "superType": {"name": "Synonym", "guid": BUILTIN.require(name="Synonym")["guid"]}}
    receipt = member.take(new(wrong))
    assert (receipt.outcome, ids(receipt), receipt.records) == ("refused", ["OMRS-AUDIT-9018"], ())


# ---- conflicts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theirs", [entity("A", guid="another"), entity("Another", guid="guid-A")])
def test_a_name_or_guid_of_another_type_is_a_conflict_told_once(theirs: Bean) -> None:
    member = Member()
    member.take(new(entity("A")))
    receipt = member.take(new(theirs))
    assert (receipt.outcome, ids(receipt)) == ("conflict", ["OMRS-AUDIT-9018", "OMRS-AUDIT-0203"])
    assert not receipt.records and receipt.fault is None
    (answer,) = receipt.sends
    error = answer["errorSection"]
    assert answer["typeDefEventSection"] == {"typeDefEventType": "TYPEDEF_ERROR_EVENT"}
    assert answer["originator"] == US
    assert error["errorCode"] == "CONFLICTING_TYPEDEFS" and error["targetMetadataCollectionId"] == THEIRS
    assert error["targetTypeDefSummary"] == beans.summary(theirs)
    assert error["otherTypeDef"] == entity("A") and error["otherMetadataCollectionId"] == OURS
    assert loads(dumps(answer)) == answer
    again = member.take(new(theirs))
    assert (ids(again), again.sends) == (["OMRS-AUDIT-9018"], ())
    other = member.take({**new(theirs), "originator": {"metadataCollectionId": "third"}})
    assert [each["errorSection"]["targetMetadataCollectionId"] for each in other.sends] == ["third"]


def test_attribute_types_conflict_in_their_own_words() -> None:
    member = Member()
    member.take(new(enum("E")))
    theirs = enum("E", guid="another")
    (answer,) = member.take(new(theirs)).sends
    assert answer["errorSection"]["errorCode"] == "CONFLICTING_ATTRIBUTE_TYPEDEFS"
    assert answer["errorSection"]["targetAttributeTypeDef"] == theirs
    assert answer["errorSection"]["otherAttributeTypeDef"] == enum("E")
    assert loads(dumps(answer)) == answer


def test_a_conflict_with_a_member_without_collection_is_not_answered() -> None:
    member = Member()
    member.take(new(entity("A")))
    receipt = member.take({**new(entity("A", guid="another")), "originator": {"serverName": "them"}})
    assert (receipt.outcome, receipt.sends) == ("conflict", ())


@pytest.mark.parametrize(
    ("code", "target", "audits"),
    [
        ("CONFLICTING_TYPEDEFS", OURS, ["OMRS-AUDIT-0201"]),
        ("CONFLICTING_ATTRIBUTE_TYPEDEFS", OURS, ["OMRS-AUDIT-0201"]),
        ("CONFLICTING_TYPEDEFS", "third", ["OMRS-AUDIT-0307"]),
        ("TYPEDEF_PATCH_MISMATCH", OURS, ["OMRS-AUDIT-0202"]),
        ("TYPEDEF_PATCH_MISMATCH", "third", []),
        ("UNKNOWN_ERROR_CODE", OURS, ["OMRS-AUDIT-8001"]),
    ],
)
def test_an_error_event_is_reported_and_never_answered(code: str, target: str, audits: list[str]) -> None:
    member = Member()
    member.take(new(entity("A")))
    event = beans.error_event(code, "they differ", target, THEM, NOW, targetTypeDefSummary=beans.summary(entity("A")))
    receipt = member.take(event)
    assert (ids(receipt), receipt.sends, receipt.records) == (audits, (), ())
    java = {**event, "typeDefEventSection": {"typeDefEventType": "UNKNOWN_TYPEDEF_EVENT"}}
    assert member.take(java) == receipt, "the error section tells"
    if audits and code != "UNKNOWN_ERROR_CODE":
        assert (receipt.audits[0][1]["type_name"], receipt.audits[0][1]["message"]) == ("A", "they differ")


# ---- patches -------------------------------------------------------------------------------------------------------


def test_patches_follow_one_another() -> None:
    member = Member()
    member.take(new(entity("A")))
    first = member.take(patched(patch("A", 1, propertyDefinitions=[attribute("x")])))
    assert (first.outcome, ids(first)) == ("updated", ["OMRS-AUDIT-0303"])
    assert first.audits[0][1]["version"] == 2
    assert set(member.types.attributes("A")) == {"x"}
    assert member.take(patched(patch("A", 1))) == TypeReceipt("known"), "it was applied before"
    assert member.types.require(name="A")["version"] == 2


def test_a_patch_for_a_later_version_is_skipped_until_that_is_here() -> None:
    member = Member()
    member.take(new(entity("A")))
    skipped = member.take(patched(patch("A", 2)))
    assert (skipped.outcome, ids(skipped)) == ("waiting", ["OMRS-AUDIT-0320"])
    assert member.types.require(name="A")["version"] == 1
    again = member.take(patched(patch("A", 2)))
    assert (ids(again), again.records) == (["OMRS-AUDIT-0320"], ())
    member.take(patched(patch("A", 1)))
    assert member.types.require(name="A")["version"] == 3 and not member.fold.waiting


def test_a_patch_of_an_unknown_type_is_skipped_until_that_is_here() -> None:
    member = Member()
    assert ids(member.take(patched(patch("A", 1)))) == ["OMRS-AUDIT-0321"]
    member.take(new(entity("A")))
    assert member.types.require(name="A")["version"] == 2


def test_a_patch_that_cannot_be_applied_is_told_once() -> None:
    member = Member()
    member.all(new(entity("A", propertiesDefinition=[attribute("x")])), new(enum("E")))
    bad = patched(patch("A", 1, propertyDefinitions=[attribute("x", enum("E"))]))
    receipt = member.take(bad)
    assert ids(receipt) == ["OMRS-AUDIT-9018", "OMRS-AUDIT-0204"] and not receipt.records
    (answer,) = receipt.sends
    assert answer["errorSection"]["errorCode"] == "TYPEDEF_PATCH_MISMATCH"
    assert answer["errorSection"]["targetTypeDefSummary"]["version"] == 2
    assert loads(dumps(answer)) == answer
    assert member.take(bad).sends == ()


def test_a_patch_that_names_two_types_is_refused() -> None:
    member = Member()
    member.all(new(entity("A")), new(entity("B")))
    for guid, name in (("guid-A", "B"), ("guid-nobody", "B")):
        receipt = member.take(patched(patch("A", 1, typeDefGUID=guid, typeDefName=name)))
        assert (receipt.outcome, ids(receipt)) == ("refused", ["OMRS-AUDIT-0305"])
        assert receipt.audits[0][1]["other_type_guid"] in ("guid-A", "guid-B")


@pytest.mark.parametrize("wrong", [{"updateToVersion": 1}, {"newVersionName": ""}, {"updateTime": None}])
def test_a_malformed_patch_is_a_dead_letter(wrong: Bean) -> None:
    member = Member()
    member.take(new(entity("A")))
    assert member.take(patched({**patch("A", 1), **wrong})).outcome == "dead"
    assert member.take(beans.envelope("UPDATED_TYPEDEF_EVENT", THEM, NOW)).outcome == "dead"


# ---- who receives --------------------------------------------------------------------------------------------------


def test_without_a_local_repository_types_are_known_only() -> None:
    member = Member(repository="none")
    assert ids(member.take(new(entity("A")))) == ["OMRS-AUDIT-0319"]
    assert ids(member.take(new(enum("E")))) == ["OMRS-AUDIT-0319"]
    assert ids(member.take(patched(patch("A", 1)))) == ["OMRS-AUDIT-0322"]
    assert member.types.require(name="A")["version"] == 2


def test_a_proxy_supports_what_it_maps() -> None:
    member = Member(repository="proxy", mapped=("A", "B"))
    assert ids(member.take(new(entity("A")))) == ["OMRS-AUDIT-0301"]
    assert ids(member.take(new(entity("C")))) == ["OMRS-AUDIT-0302"]
    assert ids(member.take(new(enum("E")))) == ["OMRS-AUDIT-0301"]
    assert ids(member.take(patched(patch("C", 1)))) == ["OMRS-AUDIT-0321"]
    assert ids(member.take(patched(patch("A", 1)))) == ["OMRS-AUDIT-0303"]
    assert member.types.require(name="C")["version"] == 2, "the known definition follows"
    assert ids(member.take(deleted(entity("A")))) == ["OMRS-AUDIT-9018"]
    assert ids(member.take(deleted(entity("C")))) == ["OMRS-AUDIT-0304"]


def test_own_events_and_filtered_ones_do_nothing() -> None:
    assert Member().take({**new(entity("A")), "originator": US}) == TypeReceipt("own")
    assert Member(rule="REGISTRATION_ONLY").take(new(entity("A"))) == TypeReceipt("filtered")
    assert Member(rule="JUST_TYPEDEFS").take(new(entity("A"))).outcome == "learned"
    unknown = Member().take(beans.envelope("SOMETHING_ELSE", THEM, NOW))
    assert (unknown.outcome, ids(unknown)) == ("unknown", ["OMRS-AUDIT-8001"])
