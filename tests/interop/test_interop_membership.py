"""Registration between our servers and a real Egeria: any start order, restarts, leaving for good and coming back."""

from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from cohort_of_three import HOMES, Cohort, Founder
from member import Bean, Member, differences

from workers import eventually

pytestmark = [pytest.mark.interop, pytest.mark.kafka, pytest.mark.timeout(900)]  # the first test may build Egeria

SETTLE_S = 60.0  # a member that was away reads on at once; its consumer group may first wait for a session to end


def term(word: str) -> dict[str, Any]:
    return {"qualifiedName": f"Term:{word}:{uuid4()}", "displayName": word}


def arrives(bean: Bean, *members: Member) -> None:
    """Until every member holds exactly this entity."""
    for member in members:
        eventually(
            lambda m=member: not differences(bean, m.known("entity", bean["guid"])),
            f"{bean['guid']} arrives at {member}",
            within=SETTLE_S,
        )


def everybody_speaks(cohort: Cohort) -> None:
    """An entity of each member arrives at the others."""
    made = [member.add_entity("GlossaryTerm", term("hello")) for member in cohort.members]
    for bean in made:
        arrives(bean, *cohort.members)


def provenance(member: Member, bean: Bean) -> str:
    found = member.known("entity", bean["guid"])
    return "" if found is None else str(found["instanceProvenanceType"])


@pytest.mark.parametrize("order", list(permutations(HOMES)), ids="-".join)
def test_any_start_order(founder: Founder, order: tuple[str, ...]) -> None:
    """Each is there before the next one comes; in the end all have registered one another."""
    cohort = founder.cohort()
    with cohort.alive():
        for name in order:
            cohort.process(name).start()
        cohort.registered()
        times = {member.name: member.registration()["registrationTime"] for member in cohort.members}
        assert all(times.values()), times
        everybody_speaks(cohort)


@pytest.mark.parametrize("away", HOMES)
def test_a_member_that_was_away(cohort: Cohort, away: str) -> None:
    """It stays registered, gets what happened meanwhile, and is itself again when it is back."""
    process = cohort.process(away)
    others = cohort.others(process.member)
    before = process.member.registration()["registrationTime"]
    known = others[0].add_entity("GlossaryTerm", term("before"))
    arrives(known, *cohort.members)
    process.stop()
    for other in others:
        assert process.collection_id in other.members(), "who stops has not left"
    meanwhile = others[1].add_entity("GlossaryTerm", term("meanwhile"))
    changed = others[0].update("entity", known, term("changed meanwhile"))
    process.start()
    cohort.registered()
    assert process.member.registration()["registrationTime"] == before
    # Java: its repository is in memory, so it comes back empty; what happened meanwhile it reads from where it was.
    arrives(meanwhile, *cohort.members)
    arrives(changed, *cohort.members)
    everybody_speaks(cohort)


@pytest.mark.parametrize("killed", HOMES)
def test_a_member_killed_and_started_again(cohort: Cohort, killed: str) -> None:
    process = cohort.process(killed)
    process.kill()
    process.start()
    cohort.registered()
    everybody_speaks(cohort)


@pytest.mark.parametrize("leaver", HOMES)
def test_leaving_for_good_and_coming_back(cohort: Cohort, leaver: str) -> None:
    """The others forget the member and keep its instances, whose home is no more; until it is back."""
    leaving = cohort.process(leaver).member
    others = cohort.others(leaving)
    made, unread, taken = (leaving.add_entity("GlossaryTerm", term(word)) for word in ("read", "unread", "taken over"))
    for bean in (made, unread, taken):
        arrives(bean, *others)
    leaving.unregister()
    for other in others:
        eventually(lambda m=other: leaving.collection_id not in m.members(), f"{other} has forgotten {leaving}")
        eventually(lambda m=other: provenance(m, made) == "DEREGISTERED_REPOSITORY", f"{other} says that the home left")
    new_home, watcher = others
    rehomed = new_home.rehome("entity", taken)
    assert rehomed["metadataCollectionId"] == new_home.collection_id
    arrives(rehomed, new_home, watcher)

    leaving.connect()
    cohort.registered()
    # Java: what it has shown as DEREGISTERED_REPOSITORY it keeps so until the next version comes.
    for other in others:
        for bean in (unread,) if other.java else (unread, made):
            arrives(bean, other)
    arrives(leaving.update("entity", made, term("back")), *cohort.members)
    everybody_speaks(cohort)
