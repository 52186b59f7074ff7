"""Members that receive the same TypeDef events agree, whatever the order; whole releases (OMRS types § 7)."""

from collections.abc import Callable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from type_samples import BUILTIN, NOW, THEM, Bean, Member, attribute, entity, enum, new, patch, patched

from omrs_schemas.codec import EventCodec
from omrs_schemas.codec.egeria_json import dumps, loads
from omrs_schemas.errors import OmrsError
from omrs_schemas.typedefs import TypeSystem
from omrs_schemas.typedefs.builtin import builtin_archive
from omrs_streams.cohort import type_changes
from omrs_streams.cohort.type_events import TypeReceipt
from omrs_streams.cohort.type_fold import TypeFold, record_key
from shared_data import require_shared

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
