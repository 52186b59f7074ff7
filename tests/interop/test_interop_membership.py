"""Members of ours and a real Egeria: restarts, kills, leaving for good and coming back."""

import pytest
from arriving import ENTITY, arrives, everybody_speaks, term
from cohort_of_three import HOMES, Cohort
from member import Bean, Member

from workers import eventually

pytestmark = [pytest.mark.interop, pytest.mark.kafka, pytest.mark.timeout(900)]  # the first test may build Egeria


def provenance(member: Member, bean: Bean) -> str:
    found = member.known(ENTITY, bean["guid"])
    return "" if found is None else str(found["instanceProvenanceType"])


@pytest.mark.parametrize("away", HOMES)
def test_a_member_that_was_away(cohort: Cohort, away: str) -> None:
    """It stays registered, gets what happened meanwhile, and is itself again when it is back."""
    process = cohort.process(away)
    others = cohort.others(process.member)
    before = process.member.registration()["registrationTime"]
    known = others[0].add_entity("GlossaryTerm", term("before"))
    arrives(ENTITY, known, *cohort.members)
    process.stop()
    for other in others:
        assert process.collection_id in other.members(), "who stops has not left"
    meanwhile = others[1].add_entity("GlossaryTerm", term("meanwhile"))
    changed = others[0].update(ENTITY, known, term("changed meanwhile"))
    process.start()
    cohort.registered()
    assert process.member.registration()["registrationTime"] == before
    # Java: its repository is in memory, so it comes back empty; what happened meanwhile it reads from where it was.
    arrives(ENTITY, meanwhile, *cohort.members)
    arrives(ENTITY, changed, *cohort.members)
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
        arrives(ENTITY, bean, *others)
    leaving.unregister()
    for other in others:
        eventually(lambda m=other: leaving.collection_id not in m.members(), f"{other} has forgotten {leaving}")
        eventually(lambda m=other: provenance(m, made) == "DEREGISTERED_REPOSITORY", f"{other} says that the home left")
    new_home, watcher = others
    rehomed = new_home.rehome(ENTITY, taken)
    assert rehomed["metadataCollectionId"] == new_home.collection_id
    arrives(ENTITY, rehomed, new_home, watcher)

    leaving.connect()
    cohort.registered()
    # Java: what it has shown as DEREGISTERED_REPOSITORY it keeps so until the next version comes.
    for other in others:
        for bean in (unread,) if other.java else (unread, made):
            arrives(ENTITY, bean, other)
    arrives(ENTITY, leaving.update(ENTITY, made, term("back")), *cohort.members)
    everybody_speaks(cohort)
