"""TypeDef events of other members: all kinds, conflicts, order and repetition (OMRS types § 7, events § 4)."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps, loads
from omrs_schemas.errors import OmrsError
from omrs_schemas.typedefs import TypeSystem
from omrs_schemas.typedefs.builtin import builtin_archive
from omrs_streams.cohort import type_beans as beans
from omrs_streams.cohort import type_changes
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.cohort.type_events import TypeReceipt, TypeReceiver, asks_use, receive
from omrs_streams.cohort.type_fold import TypeFold, record_key
from shared_data import require_shared

Bean = dict[str, Any]

BUILTIN = TypeSystem.builtin()
STRING = BUILTIN.attribute_typedef_by_name("string") or {}
OURS, THEIRS = "collection-ours", "collection-theirs"
US = {"metadataCollectionId": OURS, "serverName": "us"}
THEM = {"metadataCollectionId": THEIRS, "serverName": "them"}
NOW = 1_750_000_000_000


def entity(name: str, above: str | None = None, **more: Any) -> Bean:
    bean: Bean = {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": f"guid-{name}",
        "name": name,
        "version": 1,
        "versionName": "1.0",
        "category": "ENTITY_DEF",
        **more,
    }
    return bean if above is None else {**bean, "superType": {"guid": f"guid-{above}", "name": above}}


def enum(name: str, **more: Any) -> Bean:
    return {
        "class": "EnumDef",
        "headerVersion": 1,
        "guid": f"guid-{name}",
        "name": name,
        "version": 1,
        "versionName": "1.0",
        "category": "ENUM_DEF",
        "elementDefs": [{"headerVersion": 1, "ordinal": 0, "value": "first"}],
        **more,
    }


def patch(name: str, version: int, **more: Any) -> Bean:
    return {
        "headerVersion": 1,
        "typeDefGUID": f"guid-{name}",
        "typeDefName": name,
        "applyToVersion": version,
        "updateToVersion": version + 1,
        "newVersionName": f"{version + 1}.0",
        "updatedBy": "them",
        "updateTime": NOW,
        "description": f"version {version + 1}",
        **more,
    }


def attribute(name: str, kind: Bean = STRING) -> Bean:
    return {
        "headerVersion": 1,
        "attributeName": name,
        "attributeType": kind,
        "attributeCardinality": "AT_MOST_ONE",
        "valuesMinCount": 0,
        "valuesMaxCount": 1,
        "unique": False,
        "indexable": True,
    }


def new(typedef: Bean) -> Bean:
    return beans.type_event(typedef, THEM, NOW)


def patched(update: Bean) -> Bean:
    return beans.patch_event(update, THEM, NOW)


def deleted(typedef: Bean) -> Bean:
    return beans.deleted_event(typedef, THEM, NOW)


def renamed(typedef: Bean, name: str) -> Bean:
    after = {**typedef, "guid": f"guid-{name}", "name": name, "version": typedef["version"] + 1}
    return beans.reidentified_event(typedef, after, THEM, NOW)


class Member:
    """A member without I/O: what `receive` decides is done at once."""

    def __init__(
        self,
        types: TypeSystem | None = None,
        repository: str = "native",
        mapped: tuple[str, ...] = (),
        rule: str = "ALL",
        used: tuple[str, ...] = (),
        release: tuple[str, ...] = (),
    ) -> None:
        self.fold = TypeFold(types or TypeSystem())
        self.repository = repository
        self.mapped = mapped
        self.rule = rule
        self.used = used
        self.release = release
        self.answered: set[Any] = set()
        self.kept: dict[str, Bean] = {}

    @property
    def types(self) -> TypeSystem:
        return self.fold.types

    def take(self, event: Bean) -> TypeReceipt:
        me = TypeReceiver(
            OURS if self.repository != "none" else None,
            US if self.repository != "none" else {"serverName": "us"},
            "cohort",
            self.repository,
            ExchangeRule(self.rule),
            lambda guid, name: self.repository == "native" or name in self.mapped,
            self.answered,
            lambda guid: guid in self.release,
        )
        version = self.types.version
        receipt = receive(event, self.fold, me, NOW, used=asks_use(event, self.fold) in self.used)
        assert self.types.version == version, "receive only reads"
        for record in receipt.records:
            self.kept.pop(record_key(record), None)
            self.kept[record_key(record)] = record
            assert not self.fold.apply(record), receipt
        if receipt.conflict is not None:
            self.answered.add(receipt.conflict)
        for sent in receipt.sends:
            EventCodec(self.types).encode(sent)
        return receipt

    def all(self, *events: Bean) -> list[TypeReceipt]:
        return [self.take(event) for event in events]

    def state(self) -> tuple[dict[str, Bean], dict[str, Bean]]:
        types = self.types.typedefs(), self.types.attribute_typedefs()
        definitions, kinds = ({each["guid"]: each for each in found} for found in types)
        return definitions, kinds


def ids(receipt: TypeReceipt) -> list[str]:
    return [message_id for message_id, _ in receipt.audits]


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


# ---- removal and new identities ------------------------------------------------------------------------------------


def test_a_type_is_removed_when_nothing_uses_it() -> None:
    member = Member(used=("guid-C",))
    member.all(new(entity("A")), new(entity("B", "A")), new(entity("C")), new(enum("E")))
    member.take(new(entity("D", propertiesDefinition=[attribute("e", enum("E"))])))
    for kept in (entity("A"), entity("C"), enum("E")):
        receipt = member.take(deleted(kept))
        assert (receipt.outcome, ids(receipt)) == ("refused", ["OMRS-AUDIT-9018"]), kept
    for gone in (entity("B", "A"), entity("A"), entity("D"), enum("E")):
        receipt = member.take(deleted(gone))
        assert (receipt.outcome, ids(receipt)) == ("removed", ["OMRS-AUDIT-0304"]), gone
        assert member.take(deleted(gone)) == TypeReceipt("known")
    assert list(member.state()[0]) == ["guid-C"] and not member.types.attribute_typedefs()
    assert member.take(new(entity("A"))).outcome == "learned", "it may come back"


def test_nobody_else_takes_away_what_the_release_has() -> None:
    member = Member(release=("guid-A", "guid-E"))
    member.all(new(entity("A")), new(enum("E")))
    for kept in (entity("A"), enum("E")):
        assert (member.take(deleted(kept)).outcome, ids(member.take(deleted(kept)))) == ("refused", ["OMRS-AUDIT-9018"])
    assert list(member.state()[0]) == ["guid-A"]


def test_a_removal_needs_guid_and_name_of_one_type() -> None:
    member = Member()
    member.all(new(entity("A")), new(entity("B")))
    assert member.take(deleted({**entity("A"), "name": "B"})) == TypeReceipt("known")
    assert member.take(beans.envelope("DELETED_TYPEDEF_EVENT", THEM, NOW, typeDefGUID="guid-A")).outcome == "dead"


def test_a_type_gets_another_identity_and_keeps_its_former_one() -> None:
    member = Member()
    member.all(new(entity("A")), new(entity("B", "A")))
    receipt = member.take(renamed(entity("A"), "Z"))
    assert (receipt.outcome, ids(receipt)) == ("updated", ["OMRS-AUDIT-0303"])
    assert member.types.supertypes("B") == ("B", "Z")
    assert member.types.require(guid="guid-A", name="A")["name"] == "Z"
    assert member.take(renamed(entity("A"), "Z")) == TypeReceipt("known")
    assert member.take(new(entity("A"))) == TypeReceipt("known"), "a member that took no notice starts again"
    assert member.take(patched(patch("A", 2))).outcome == "updated"
    assert member.types.require(name="Z")["version"] == 3


def test_a_new_identity_of_a_type_that_is_not_here_is_a_new_type() -> None:
    member = Member()
    assert member.take(renamed(entity("A"), "Z")).outcome == "learned"
    assert member.types.require(name="Z")["guid"] == "guid-Z"


def test_an_identity_that_is_taken_is_a_conflict() -> None:
    member = Member()
    member.all(new(entity("A")), new(entity("Z")), new(enum("E")), new(enum("F")))
    for event in (renamed(entity("A"), "Z"), renamed(enum("E"), "F")):
        receipt = member.take(event)
        assert receipt.outcome == "conflict" and receipt.sends and not receipt.records


def test_an_attribute_type_gets_another_identity() -> None:
    member = Member()
    member.all(new(enum("E")), new(entity("A", propertiesDefinition=[attribute("e", enum("E"))])))
    assert member.take(renamed(enum("E"), "F")).outcome == "updated"
    assert member.types.attributes("A")["e"].type_name == "F"
    assert member.take(new(enum("E"))) == TypeReceipt("known")


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


# ---- convergence ---------------------------------------------------------------------------------------------------

HISTORY = [
    new(enum("E")),
    new(entity("Top")),
    new(entity("Left", "Top")),
    new(entity("Leaf", "Left", propertiesDefinition=[attribute("e", enum("E"))])),
    patched(patch("Top", 1, propertyDefinitions=[attribute("a")])),
    patched(patch("Top", 2, propertyDefinitions=[attribute("b")])),
    patched(patch("Top", 3, typeDefStatus="DEPRECATED_TYPEDEF")),
    patched(patch("Leaf", 1, superType={"guid": "guid-Top", "name": "Top"})),
    patched(patch("Leaf", 2, propertyDefinitions=[attribute("c")])),
]


@settings(max_examples=300, deadline=None)
@given(
    st.permutations(range(len(HISTORY))),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, len(HISTORY) - 1)), max_size=12),
)
def test_any_order_and_repetition_gives_the_same_types(order: list[int], repeated: list[tuple[int, int]]) -> None:
    """Compared with the order of sending; and what was kept gives them again, as after a restart."""
    expected = Member()
    expected.all(*HISTORY)
    sequence = list(order)
    for position, event in repeated:
        sequence.insert(position % (len(sequence) + 1), event)
    member = Member()
    receipts = member.all(*(HISTORY[number] for number in sequence))
    assert member.state() == expected.state()
    assert not any(receipt.sends for receipt in receipts)
    restarted = TypeFold(TypeSystem())
    assert not restarted.apply_all(member.kept.values())
    assert {each["guid"]: each for each in restarted.types.typedefs()} == member.state()[0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["add", "patch", "delete", "rename"]), min_size=1, max_size=12), st.data())
def test_what_one_member_does_another_follows(steps: list[str], data: st.DataObject) -> None:
    """Everything the API can do to types, sent and received, ends in the same types; a restart keeps them."""
    here, there = TypeFold(BUILTIN.copy()), Member(BUILTIN.copy())
    kept: dict[str, Bean] = {}
    ours = ["ours0"]
    here.apply(new(entity("ours0")))
    there.take(new(entity("ours0")))
    kept["guid-ours0"] = new(entity("ours0"))
    for number, step in enumerate(steps, 1):
        name = data.draw(st.sampled_from(ours)) if ours else None
        if step == "add" or name is None:
            bean = entity(f"ours{number}", data.draw(st.sampled_from(ours)) if ours else None)
            change = type_changes.add(here.types, [], [bean], [], THEM, NOW)
            ours.append(bean["name"])
        else:
            known = here.types.require(name=name)
            if step == "patch":
                update = patch(name, known["version"], typeDefGUID=known["guid"])
                change = type_changes.update(here.types, update, THEM, NOW)
            elif step == "rename":
                target = f"again{number}"
                identities = known["guid"], name, f"guid-{target}", target
                change = type_changes.reidentify(here.types, *identities, THEM, NOW, attribute=False)
                ours[ours.index(name)] = target
            else:
                try:
                    change = type_changes.remove(here.types, known["guid"], name, THEM, NOW, attribute=False)
                except OmrsError:
                    continue  # another type is built on it
                ours.remove(name)
        for record in change.records:
            kept.pop(record_key(record), None)
            kept[record_key(record)] = record
            assert not here.apply(record)
        for tell in change.tells:
            assert there.take(tell).outcome in ("learned", "updated", "removed")
    definitions = {each["guid"]: each for each in here.types.typedefs()}
    assert there.state()[0] == definitions
    for records in (kept, there.kept):
        again = TypeFold(BUILTIN.copy())
        again.apply_all(records.values())
        assert {each["guid"]: each for each in again.types.typedefs()} == definitions


# ---- whole releases ------------------------------------------------------------------------------------------------


def announcements(archive: Bean) -> list[Bean]:
    """What a Java member sends at each start."""
    store = archive["archiveTypeStore"]
    types = [*store["attributeTypeDefs"], *store["newTypeDefs"]]
    return [*map(new, types), *map(patched, store["typeDefPatches"])]


def archive_4_2() -> Bean:
    found: Bean = orjson.loads((require_shared() / "data/archives/OpenMetadataTypes-4.2.omarchive").read_bytes())
    return found


def test_the_same_release_agrees_without_a_word() -> None:
    member = Member(BUILTIN.copy())
    assert {receipt.outcome for receipt in member.all(*announcements(builtin_archive()))} == {"known"}


def test_release_4_2_agrees_with_itself_without_a_word() -> None:
    archive = archive_4_2()
    member = Member(TypeSystem.from_archive(archive))
    for receipt in member.all(*announcements(archive)):
        assert receipt == TypeReceipt("known")


@pytest.mark.parametrize("archive", [builtin_archive, archive_4_2])
def test_a_member_without_types_learns_a_release(archive: Callable[[], Bean]) -> None:
    release = archive()
    expected = Member(TypeSystem.from_archive(release))
    member = Member()
    receipts = member.all(*announcements(release))
    assert not [receipt for receipt in receipts if receipt.sends or receipt.fault]
    assert not member.fold.waiting
    assert member.state() == expected.state()
    forgetful = Member()
    events = [loads(dumps(record)) for record in member.kept.values()]
    forgetful.fold.apply_all(EventCodec(member.types).decode(EventCodec(member.types).encode(each)) for each in events)
    assert forgetful.state()[0].keys() == expected.state()[0].keys()


def test_recorded_type_events_of_4_2_members_are_understood() -> None:
    """A sample of two real starts: each refers to types that are not in it, so much of it waits for those."""
    lines = (require_shared() / "data/egeria-events/types.jsonl").read_bytes().splitlines()
    events = [loads(orjson.dumps(orjson.loads(line)["value"])) for line in lines]
    for member in (Member(), Member(TypeSystem.from_archive(archive_4_2()))):
        for receipt in member.all(*events):
            assert receipt.fault is None and not receipt.sends, receipt
    for receipt in member.all(*events):
        assert receipt.outcome == "known", "what the release has, and what it learned of the second time"
