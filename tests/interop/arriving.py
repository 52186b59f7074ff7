"""Waiting until what one member did has arrived at the others, and making what many tests begin with."""

from typing import Any
from uuid import uuid4

from cohort_of_three import Cohort
from member import Bean, Member, differences

from workers import eventually

ENTITY, RELATIONSHIP = "entity", "relationship"
SETTLE_S = 60.0  # a copy takes 30 ms, at Egeria 1 s; a member that was away first rejoins; the machine may be busy


def term(word: str = "term") -> dict[str, Any]:
    """Properties of a GlossaryTerm: texts, a map, letters of several alphabets."""
    return {
        "qualifiedName": f"Term:{word}:{uuid4()}",
        "displayName": f"{word} – Begriff – 用語",
        "additionalProperties": {"source": "interop", "empty": ""},
    }


def arrives(kind: str, bean: Bean, *members: Member) -> None:
    """Until every member holds exactly this bean."""
    for member in members:
        last: list[str] = []

        def equal(member: Member = member, last: list[str] = last) -> bool:
            last[:] = differences(bean, member.known(kind, bean["guid"]))
            return not last

        try:
            eventually(equal, "", within=SETTLE_S, every=0.05)
        except AssertionError:
            raise AssertionError(f"{kind} {bean['guid']} at {member} differs:\n" + "\n".join(last)) from None


def gone(kind: str, guid: str, *members: Member) -> None:
    """Until no member knows it any more."""
    for member in members:
        eventually(lambda m=member: m.known(kind, guid) is None, f"{member} has dropped {guid}", within=SETTLE_S)


def deleted(kind: str, guid: str, *members: Member) -> None:
    """Until every member either knows it as deleted or does not know it."""
    for member in members:

        def is_deleted(member: Member = member) -> bool:
            found = member.known(kind, guid)
            return found is None or found["status"] == "DELETED"

        eventually(is_deleted, f"{member} holds {guid} no more as active", within=SETTLE_S)


def new_term(home: Member, cohort: Cohort, word: str = "term") -> Bean:
    """A GlossaryTerm at `home` that the others have."""
    made = home.add_entity("GlossaryTerm", term(word))
    arrives(ENTITY, made, *cohort.members)
    return made


def new_link(home: Member, cohort: Cohort, *, ends_at: Member | None = None) -> Bean:
    """A Synonym at `home` between two terms, that the others have."""
    at = ends_at or home
    ends = [at.add_entity("GlossaryTerm", term(word)) for word in ("left", "right")]
    for end in ends:
        arrives(ENTITY, end, home)
    made = home.add_relationship("Synonym", ends[0]["guid"], ends[1]["guid"], {"description": "the same"})
    arrives(RELATIONSHIP, made, *cohort.members)
    for end in ends:
        arrives(ENTITY, end, *cohort.members)
    return made


def everybody_speaks(cohort: Cohort) -> None:
    """An entity of each member arrives at the others."""
    for bean in [member.add_entity("GlossaryTerm", term("hello")) for member in cohort.members]:
        arrives(ENTITY, bean, *cohort.members)
