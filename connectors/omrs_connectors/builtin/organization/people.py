"""What a source says of an organization, in one form for LDAP and CSV."""

from collections import Counter
from dataclasses import dataclass, field

from omrs_schemas.errors import CodecError


@dataclass(frozen=True, slots=True)
class Person:
    """`id` never changes (an entryUUID, an employee's number); everything else may."""

    id: str
    name: str
    given_names: str | None = None
    surname: str | None = None
    job_title: str | None = None
    employee_number: str | None = None
    employee_type: str | None = None
    preferred_language: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    user_id: str | None = None
    distinguished_name: str | None = None
    manager: str | None = None
    """Id of another person."""


@dataclass(frozen=True, slots=True)
class Team:
    """`parent`, `leaders` and `members` are ids."""

    id: str
    name: str
    description: str | None = None
    parent: str | None = None
    leaders: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Organization:
    """`left_out`: what of the source cannot be catalogued, with the reason."""

    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    left_out: tuple[str, ...] = field(default=())

    def check(self, source: str) -> None:
        """CodecError where two have one id: nobody could tell them apart the next time."""
        for what, ids in (("people", [each.id for each in self.people]), ("teams", [each.id for each in self.teams])):
            twice = sorted(each for each, count in Counter(ids).items() if count > 1)
            if twice:
                raise CodecError(f"{source}: {what} with the same id: {', '.join(twice[:5])}", source=source)
