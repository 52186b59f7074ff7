"""One row of the REST table (OMRS queries § 6) with a request for each of its outcomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rest_world import World

from omrs_schemas.codes import Code, http_of

CASES = ("success", "not found", "bad input")
Case = Literal["success", "not found", "bad input"]


@dataclass(frozen=True)
class Call:
    """Path parameters by name, query parameters and the body of one request."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


Make = Callable[[World], Call]


def call(body: Any = None, query: Mapping[str, str] | None = None, /, **path: str) -> Call:
    return Call(path, query or {}, body)


@dataclass(frozen=True)
class Refused:
    """The error that `make` is answered with: id, and the simple name of the Java exception."""

    code: str
    exception: str
    make: Make

    @property
    def http(self) -> int:
        return http_of(self.code) or 0


@dataclass(frozen=True)
class Nothing:
    """`make` is answered with success and without the field: there is no such thing."""

    make: Make


@dataclass(frozen=True)
class Says:
    """`make` is answered with success and this value."""

    value: Any
    make: Make


@dataclass(frozen=True)
class Never:
    """This outcome cannot occur: why."""

    why: str


Outcome = Refused | Nothing | Says | Never


@dataclass(frozen=True)
class Row:
    """`shown`: the field that a success has ("" = none), where it is not the payload of the route.

    `federated`: outcomes at `/enterprise` that differ. `scope` as in the table: L = the local repository only (refused
    at `/enterprise`, 405-001), E = only there, LE = both.
    """

    operation: str
    success: Make
    missing: Outcome
    bad: Outcome
    shown: str | None = None
    federated: Mapping[Case, Outcome] = field(default_factory=dict)
    scope: Literal["L", "E", "LE"] = "LE"

    def outcome(self, case: Case, *, federated: bool = False) -> Outcome:
        usual = self.missing if case == "not found" else self.bad
        return self.federated.get(case, usual) if federated else usual


def unreadable(make: Make) -> Refused:
    """A body that is none: the only refusal that is a real HTTP 400 (observed.md)."""
    return Refused(Code.MALFORMED_REQUEST, "InvalidParameterException", make)


def entity_unknown(make: Make) -> Refused:
    return Refused(Code.ENTITY_NOT_KNOWN, "EntityNotKnownException", make)


def relationship_unknown(make: Make) -> Refused:
    return Refused(Code.RELATIONSHIP_NOT_FOUND, "RelationshipNotKnownException", make)


def invalid(code: str, make: Make) -> Refused:
    return Refused(code, "InvalidParameterException", make)


def homeless(make: Make) -> Refused:
    """A copy whose home is no member of the federation (OMRS queries § 5)."""
    return Refused(Code.NO_HOME_FOR_INSTANCE, "RepositoryErrorException", make)


ANY_TEXT = Never("any text is a guid, and another server in the path is refused for every row")
NO_INPUT = Never("it takes no input")
