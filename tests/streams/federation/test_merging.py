"""One instance out of what several members say: examples of the rules, and the rules on what members could hold."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.federation.merging import Said, by_guid, chosen, maintainers, merged, rivals

Bean = dict[str, Any]
MEMBERS = ("a", "b", "c", "d")


def entity(version: int, home: str = "a", *classifications: Bean, **more: Any) -> Bean:
    bean = {
        "class": "EntityDetail",
        "guid": "g",
        "metadataCollectionId": home,
        "instanceProvenanceType": "LOCAL_COHORT",
        "version": version,
        "properties": {"v": version},
        **more,
    }
    return {**bean, "classifications": list(classifications)} if classifications else bean


def classification(name: str, version: int, home: str, **more: Any) -> Bean:
    return {"class": "Classification", "name": name, "version": version, "metadataCollectionId": home, **more}


def test_nobody_shows_it() -> None:
    assert merged([]) is None
    assert merged([Said("a"), Said("b", classifications=(classification("X", 1, "b"),))]) is None


def test_the_home_beats_a_higher_version() -> None:
    said = [Said("b", entity(9)), Said("a", entity(3))]
    assert merged(said) == entity(3)


def test_without_the_home_the_highest_version_and_the_first_of_equals() -> None:
    said = [Said("b", entity(2, x=1)), Said("c", entity(4, x=2)), Said("d", entity(4, x=3))]
    assert merged(said) == entity(4, x=2)


def test_a_replicator_speaks_for_an_external_home() -> None:
    external = entity(1, "tool", instanceProvenanceType="EXTERNAL_SOURCE", replicatedBy="c")
    said = [Said("b", {**external, "version": 5}), Said("c", external)]
    assert merged(said) == external
    assert maintainers(external) == {"tool", "c"}


def test_a_new_home_beats_the_old_one_that_knows_only_the_past() -> None:
    said = [Said("a", entity(3, "a")), Said("b", entity(7, "b"))]
    best = chosen(said)
    assert best is not None and best.member == "b"


def test_a_classification_of_which_the_home_of_the_entity_has_not_heard() -> None:
    said = [Said("a", entity(1)), Said("b", entity(1, "a", classification("X", 1, "b")))]
    assert merged(said) == entity(1, "a", classification("X", 1, "b"))


def test_a_classification_that_its_home_has_taken_back_does_not_come_from_a_copy() -> None:
    stale = entity(1, "a", classification("X", 4, "b"))
    assert merged([Said("a", stale), Said("b", entity(1)), Said("c", stale)]) == entity(1)
    assert merged([Said("a", stale), Said("b", classifications=())]) == entity(1)
    assert merged([Said("a", stale), Said("b")]) == stale, "b has said nothing about classifications"


def test_what_the_home_of_a_classification_says_beats_a_higher_version() -> None:
    said = [Said("a", entity(1, "a", classification("X", 9, "b"))), Said("b", None, (classification("X", 2, "b"),))]
    assert merged(said) == entity(1, "a", classification("X", 2, "b"))


def test_lists_are_joined_by_guid() -> None:
    found = by_guid([("a", [{"guid": "1", "v": 1}]), ("b", [{"guid": "2"}, {"guid": "1", "v": 2}])])
    assert {guid: [each.member for each in said] for guid, said in found.items()} == {"1": ["a", "b"], "2": ["b"]}


# ---- what members could hold ---------------------------------------------------------------------------------------


@dataclass
class World:
    """An entity at home in "a", classifications at home anywhere, and what each member holds of them: the home the
    truth, the others some state of the past."""

    truth: Bean
    said: list[Said]


@st.composite
def worlds(draw: st.DrawFn, every_home_answers: bool = True) -> World:
    version = draw(st.integers(1, 4))
    names = draw(st.lists(st.sampled_from("XYZ"), unique=True))
    homes = {name: draw(st.sampled_from(MEMBERS)) for name in names}
    latest = {name: draw(st.integers(1, 3)) for name in names}
    gone = {name for name in names if draw(st.booleans())}
    said = []
    for member in MEMBERS:
        carried = []
        for name in names:
            at_home = homes[name] == member
            if at_home and name in gone:
                continue
            if at_home or draw(st.booleans()):
                carried.append(classification(name, latest[name] if at_home else draw(st.integers(1, 3)), homes[name]))
        held = version if member == "a" else draw(st.integers(1, version))
        said.append(Said(member, entity(held, "a", *sorted(carried, key=lambda each: str(each["name"])))))
    if not every_home_answers:
        said = [each for each in said if draw(st.booleans())]
    kept = [classification(name, latest[name], homes[name]) for name in sorted(names) if name not in gone]
    return World(entity(version, "a", *kept), draw(st.permutations(said)))


def by_name(bean: Bean | None) -> Bean | None:
    """`bean` with its classifications in the order of their names: no order is promised."""
    if bean is None or "classifications" not in bean:
        return bean
    return {**bean, "classifications": sorted(bean["classifications"], key=lambda each: str(each["name"]))}


@given(worlds())
def test_when_every_home_answers_the_truth_comes_out(world: World) -> None:
    assert by_name(merged(world.said)) == world.truth


@given(worlds(every_home_answers=False), st.data())
def test_the_order_of_members_and_repetition_make_no_difference(world: World, data: st.DataObject) -> None:
    once = by_name(merged(world.said))
    assert by_name(merged(data.draw(st.permutations(world.said)))) == once
    assert by_name(merged([*world.said, *world.said])) == once


@given(worlds(every_home_answers=False))
def test_nothing_is_made_up_and_nothing_that_nobody_denies_is_lost(world: World) -> None:
    found = merged(world.said)
    shown = [each.bean for each in world.said if each.bean is not None]
    if found is None:
        assert not shown
        return
    names = {each["name"] for each in found.get("classifications", ())}
    carried = {each["name"]: each["metadataCollectionId"] for bean in shown for each in bean.get("classifications", ())}
    answering = {each.member for each in world.said}
    assert names <= set(carried)
    assert {name for name, home in carried.items() if home not in answering} <= names
    assert len(names) == len(found.get("classifications", ()))


def test_nobody_takes_over_what_is_at_home_here() -> None:
    ours = Said("a", entity(3, "a", classification("X", 1, "a")), local=True)
    for claim in (entity(99, "b", classification("X", 99, "b")), entity(99, "a", replicatedBy="b")):
        said = [Said("b", claim), ours]
        assert merged(said) == ours.bean and rivals(said) == ["b", "a"]


def test_rivals() -> None:
    external = entity(1, "a", replicatedBy="b")
    assert rivals([Said("a", external), Said("b", external)]) == [], "both maintain it"
    assert rivals([Said("a", entity(1)), Said("b", entity(9))]) == [], "a copy"
    assert rivals([Said("a", entity(1)), Said("b", entity(2, "b"))]) == ["a", "b"]
