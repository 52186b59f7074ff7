"""Who carries out a change: the home of the instance or classification (OMRS queries § 5)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    ClassificationError,
    EntityProxyOnlyError,
    FunctionNotSupportedError,
    InvalidParameterError,
    MemberUnavailableError,
    OmrsError,
    RepositoryError,
    TypeDefError,
    TypeDefNotKnownError,
    TypeDefNotSupportedError,
)
from omrs_streams.federation.failures import CREATES, combined
from omrs_streams.federation.member import Asked, Member
from omrs_streams.federation.reads import look_at
from omrs_streams.federation.request import Request
from omrs_streams.repository.changes import find_classification, proxy_of
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer

Done = TypeVar("Done")

NOT_HERE = (FunctionNotSupportedError, TypeDefError, TypeDefNotKnownError, TypeDefNotSupportedError)
"""A member that refuses so does not do this at all; another may."""

AGAIN = (
    "read the instance when the member is back, or repeat the request here with the same event id: it goes to that "
    "member again, and to no other"
)


def goes_on(error: OmrsError) -> bool:
    """Whether the next member may be tried: this one has done nothing, and its refusal says nothing of the request."""
    return isinstance(error, NOT_HERE) or (isinstance(error, MemberUnavailableError) and not error.sent)


def home_of(request: Request, header: Mapping[str, Any]) -> Member | None:
    """The member that maintains an instance or classification: its home, else who replicates it for its home."""
    local, home, replicator = request.federated.local_id, header.get("metadataCollectionId"), header.get("replicatedBy")
    if local and local in (home, replicator):
        return request.local()
    return request.member(home) or request.member(replicator)


def require_home(request: Request, header: Mapping[str, Any], what: str) -> Member:
    """RepositoryError NO_HOME_FOR_INSTANCE where no member that can be asked maintains it."""
    found = home_of(request, header)
    if found is None:
        raise RepositoryError(
            f"the home of {what}, metadata collection {header.get('metadataCollectionId')}, is no member that can be "
            "asked",
            code=Code.NO_HOME_FOR_INSTANCE,
            help="bring its server back into the cohort; if it has left for good, re-home the instance elsewhere",
            guid=str(header.get("guid", "")),
        )
    return found


async def held(request: Request, guid: str, *, relationship: bool) -> Bean:
    """An instance as the caller sees it, to find its home. Raises what reading it raises.

    The local repository is asked first: whatever copy it has, the copy names the home. Only what it does not know, or
    knows under a home that has gone, is looked for at all members.
    """
    operation = "getRelationship" if relationship else "getEntitySummary"
    local = request.local()
    if local is not None:
        replies = await request.all(Asked(operation, {"guid": guid}), [local])
        for reply in replies.answers:
            if home_of(request, reply.result) is not None:
                return dict(request.view(reply.result, operation))
    found = await look_at(request, operation, guid)
    if found is None:
        raise AssertionError  # only questions whether something exists are answered with nothing
    return dict(request.view(found[0], operation))


async def carry_out(request: Request, member: Member, asked: Asked | None = None, guid: str = "") -> Answer:
    """Let `member` make the change of `guid`, "" for a new one. MemberUnavailableError says whether it may have been
    made nevertheless."""
    asked = asked or request.asked
    caller = request.caller
    if guid and caller.revision is not None and member is not request.local():
        await _require_revisions(request, member, asked, guid)
    try:
        return await member.call(asked, caller, request.write_deadline())
    except MemberUnavailableError as error:
        if not error.sent:
            raise
        raise MemberUnavailableError(
            f"{error.message}; whether the change was made is not known",
            code=error.code,
            help=AGAIN,
            member=error.params.get("member"),
            sent=True,
        ) from error


async def first_to(
    request: Request,
    members: Iterable[Member],
    attempt: Callable[[Member], Awaitable[Done]],
    passing: tuple[type[OmrsError], ...] = (),
) -> Done:
    """What the first of `members` that takes the request answers to `attempt`.

    The next is tried only where one has surely done nothing; `passing` are more refusals that say so. A request that a
    member carried out before, or may have, goes to that member and not past it. Raises what `combined` makes of the
    refusals.
    """
    outcomes, change = request.federated.outcomes, (request.asked.operation, request.caller.event_id)
    before = outcomes.member(change)
    errors: list[OmrsError] = []
    ordered = sorted(dict.fromkeys(members), key=lambda member: member.collection_id != before)
    if before is not None and (not ordered or ordered[0].collection_id != before):
        raise _not_known(f"metadata collection {before} is no member that can be asked", member=before)
    for member in ordered:
        again = member.collection_id == before
        outcomes.given(change, member.collection_id)
        try:
            return await attempt(member)
        except MemberUnavailableError as error:
            if again and not error.sent:
                raise _not_known(error.message, member=member.name) from error
            errors.append(error)
            if error.sent:
                break
        except OmrsError as error:
            errors.append(error)
            if not goes_on(error) and not isinstance(error, passing):
                if not isinstance(error, RepositoryError):  # which may have failed after it was made
                    outcomes.surely_not(change)
                break
        outcomes.surely_not(change)
    raise combined(errors, CREATES)


def _not_known(why: str, member: object) -> MemberUnavailableError:
    return MemberUnavailableError(
        f"{why}; whether it has made the change before is not known", help=AGAIN, member=member, sent=True
    )


async def _require_revisions(request: Request, member: Member, asked: Asked, guid: str) -> None:
    """A member that does not answer with revisions would make the change whatever revision the caller expects."""
    operation = "getRelationship" if "Relationship" in asked.operation else "getEntitySummary"
    caller = replace(request.caller, revision=None)
    answer = await member.call(Asked(operation, {"guid": guid}), caller, request.write_deadline())
    if answer.revision is None:
        raise InvalidParameterError(
            f"the home of {guid}, {member.name}, counts no revisions; it cannot hold If-Match",
            help="leave If-Match out",
            guid=guid,
            parameter="If-Match",
        )


async def with_classifications(request: Request, guid: str) -> Bean:
    """The entity with all its classifications, or a proxy's summary, from all members."""
    try:
        found = await look_at(request, "getEntityDetail", guid)
    except EntityProxyOnlyError:
        found = await look_at(request, "getEntitySummary", guid)
    if found is None:
        raise AssertionError
    return dict(request.view(found[0], "getEntityDetail"))


def carried(entity: Bean, name: str) -> Bean:
    """The classification of this name; ClassificationError where the entity has none."""
    found = find_classification(entity, name)
    if found is None:
        raise ClassificationError(
            f"{entity['guid']} does not carry classification {name}",
            code=Code.ENTITY_NOT_CLASSIFIED,
            guid=entity["guid"],
        )
    return found


def proxy_for(request: Request, entity: Bean) -> Bean:
    """The proxy by which a member that does not have `entity` can know it."""
    types = request.federated.types
    if types.typedef_by_name(entity["type"]["typeDefName"]) is not None:
        return proxy_of(types, entity)
    return {**{name: value for name, value in entity.items() if name != "properties"}, "class": "EntityProxy"}
