"""What is said about classifications: by the home with the entity, by others in a form of their own (events § 5)."""

from typing import Any

from receiving_samples import (
    NOW,
    Member,
    about,
    classification,
    entity,
    proxy,
)

Bean = dict[str, Any]


def names(member: Member) -> list[tuple[str, int]]:
    return sorted((each["name"], each["version"]) for each in (member.bean() or {}).get("classifications") or ())


def from_home(name: str, *carried: Bean, at: int = NOW, version: int = 1, **more: Bean) -> Bean:
    return about(name, entity(version=version, classifications=list(carried)), at=at, **more)


def from_other(name: str, sender: str = "C", version: int = 1, **more: Bean) -> Bean:
    return about(name, proxy(entity(version=version)), sender=sender, **more)


def test_classifications_of_the_home_come_with_the_entity() -> None:
    member, tag = Member(), classification()
    member.told(about("NEW", entity()))
    assert member.told(from_home("CLASSIFIED", tag, at=NOW + 1, classification=tag)).outcome == "accepted"
    assert names(member) == [("Tag", 1)]
    assert member.told(from_home("CLASSIFIED", tag, at=NOW + 1, classification=tag)).outcome == "stale"
    changed = classification(version=2)
    told = from_home("RECLASSIFIED", changed, at=NOW + 2, classification=changed, originalClassification=tag)
    assert member.told(told).outcome == "accepted"
    assert member.told(from_home("DECLASSIFIED", at=NOW + 3, originalClassification=changed)).outcome == "accepted"
    assert names(member) == []


def test_classifications_of_others_survive_an_update_of_the_home() -> None:
    member, tag = Member(), classification(home="C")
    member.told(about("NEW", entity()))
    member.told(from_other("CLASSIFIED", classification=tag))
    member.home(about("CLASSIFIED", proxy(entity()), classification=classification("Mark", "me")))
    member.told(about("UPDATED", entity(version=2)))
    assert names(member) == [("Mark", 1), ("Tag", 1)]


def test_a_removal_is_kept_although_nothing_is_there_to_be_removed() -> None:
    """The home may not have heard of it yet, and still send the classification."""
    member, tag = Member(), classification(home="C")
    member.told(about("NEW", entity()))
    assert member.told(from_other("DECLASSIFIED", originalClassification=tag)).outcome == "accepted"
    member.told(about("UPDATED", entity(version=2, classifications=[tag])))
    assert names(member) == []


def test_one_statement_is_kept_once() -> None:
    member, tag = Member(), classification(home="C")
    assert member.told(from_other("CLASSIFIED", classification=tag)).outcome == "accepted"  # of an unseen entity
    assert member.told(from_other("CLASSIFIED", classification=tag)).outcome == "stale"
    assert member.told(from_other("DECLASSIFIED", originalClassification=tag)).outcome == "accepted"
    assert member.told(from_other("CLASSIFIED", classification=tag)).outcome == "stale"


def test_what_is_ours_others_cannot_state() -> None:
    member = Member()
    member.told(about("NEW", entity()))
    assert member.told(from_other("CLASSIFIED", classification=classification(home="me"))).outcome == "own"


def test_others_classify_what_is_ours() -> None:
    member, tag = Member(), classification(home="C")
    member.home(about("NEW", entity("me")))
    told = about("CLASSIFIED", proxy(entity("me")), sender="C", classification=tag)
    assert member.told(told).outcome == "accepted"
    assert names(member) == [("Tag", 1)]
    assert (member.bean() or {})["metadataCollectionId"] == "me"


def test_events_of_the_home_that_overtook_one_another_add_up() -> None:
    member, tag, mark = Member(), classification(), classification("Mark", created=201)
    member.told(about("NEW", entity()))
    member.told(from_home("CLASSIFIED", tag, mark, at=NOW + 2, classification=mark))
    assert member.told(from_home("CLASSIFIED", tag, at=NOW + 1, classification=tag)).outcome == "accepted"
    assert names(member) == [("Mark", 1), ("Tag", 1)]
    member.told(from_home("DECLASSIFIED", mark, at=NOW + 3, originalClassification=tag))
    assert names(member) == [("Mark", 1)]


def test_what_the_home_put_there_others_neither_change_nor_remove() -> None:
    one, two = classification(home="A", created=200), classification(home="C", created=300)
    put = from_home("CLASSIFIED", one, classification=one)
    for other in (
        from_other("CLASSIFIED", classification=two),
        from_other("DECLASSIFIED", originalClassification=two),
    ):
        for order in ((put, other), (other, put)):
            member = Member()
            member.told(about("NEW", entity(), at=NOW - 1))
            for told in order:
                member.told(told)
            assert (member.bean() or {})["classifications"] == [one]


def test_of_two_others_that_classify_alike_the_later_counts_everywhere() -> None:
    told = [
        from_other("CLASSIFIED", sender, classification=classification(home=sender, created=created))
        for sender, created in (("B", 200), ("C", 300))
    ]
    for order in (told, told[::-1]):
        member = Member()
        member.told(about("NEW", entity(), at=NOW - 1))
        for each in order:
            member.told(each)
        carried = (member.bean() or {})["classifications"]
        assert [each["metadataCollectionId"] for each in carried] == ["C"]


def test_what_is_purged_is_not_classified() -> None:
    member = Member()
    member.told(about("PURGED", entity()))
    assert member.told(from_other("CLASSIFIED", classification=classification(home="C"))).outcome == "stale"
    assert member.told(from_home("CLASSIFIED", classification=classification())).outcome == "stale"


def test_classifications_of_another_object_are_refused() -> None:
    member = Member()
    member.told(about("NEW", entity(created=50)))
    told = about("CLASSIFIED", proxy(entity()), sender="C", classification=classification(home="C"))
    assert member.told(told).outcome == "conflict"
