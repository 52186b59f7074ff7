"""TypeDef events that take a type, or its identity, away: of types that are here, and of types that still wait (OMRS
types § 4)."""

from type_samples import NOW, THEM, Member, attribute, deleted, entity, enum, ids, new, patch, patched, renamed

from omrs_streams.cohort import type_beans as beans
from omrs_streams.cohort.type_events import TypeReceipt


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


def test_a_type_that_waits_is_removed_too() -> None:
    """Otherwise it would be there as soon as its super type is, though everybody else has removed it."""
    member = Member()
    member.all(new(entity("B", "A")), patched(patch("B", 1)))
    receipt = member.take(deleted(entity("B", "A")))
    assert (receipt.outcome, ids(receipt)) == ("removed", ["OMRS-AUDIT-0304"])
    assert member.take(deleted(entity("B", "A"))) == TypeReceipt("known")
    member.take(new(entity("A")))
    assert list(member.state()[0]) == ["guid-A"] and not member.fold.waiting
    assert member.take(new(entity("B", "A"))).outcome == "learned", "it may come back"


def test_a_type_that_waits_gets_another_identity_too() -> None:
    member = Member()
    event = renamed(entity("B", "A"), "Z")
    member.take(new(entity("B", "A")))
    assert (member.take(event).outcome, member.take(event)) == ("waiting", TypeReceipt("waiting"))
    member.take(new(entity("A")))
    assert sorted(member.state()[0]) == ["guid-A", "guid-Z"] and not member.fold.waiting
    assert member.types.require(guid="guid-B", name="B")["name"] == "Z", "it answers to its former name"
    assert member.take(event) == TypeReceipt("known")


def test_what_waits_cannot_take_the_identity_of_another_type() -> None:
    member = Member()
    member.all(new(entity("B", "A")), new(entity("Z")))
    receipt = member.take(renamed(entity("B", "A"), "Z"))
    assert receipt.outcome == "conflict" and receipt.sends and not receipt.records


def test_a_type_that_waits_under_a_new_identity_is_removed_under_it() -> None:
    member = Member()
    after = entity("Z", "A", version=2)
    member.all(new(entity("B", "A")), renamed(entity("B", "A"), "Z"))
    assert member.take(deleted(after)).outcome == "removed"
    member.take(new(entity("A")))
    assert list(member.state()[0]) == ["guid-A"]
