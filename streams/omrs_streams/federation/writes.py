"""Changes through the federation (OMRS queries § 5): creates go to the first that takes them, the rest to the home.

A create is offered to the next member only when the one before has surely not made it. What a member does with a change
that is cut off is not known; such a request ends with an error that says so, and nothing else is tried.
"""

from collections.abc import Sequence
from functools import partial

from omrs_schemas.errors import (
    EntityNotDeletedError,
    EntityNotKnownError,
    EntityProxyOnlyError,
    OmrsError,
    RelationshipNotDeletedError,
)
from omrs_streams.federation.failures import combined
from omrs_streams.federation.member import Asked, Member
from omrs_streams.federation.request import Request
from omrs_streams.federation.routing import (
    carry_out,
    first_to,
    held,
    home_of,
    proxy_for,
    require_home,
    with_classifications,
)
from omrs_streams.log.event_ids import following_id
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer, Caller

ENDS = ("entityOneGUID", "entityTwoGUID")


async def create(request: Request) -> Answer:
    """addEntity, addExternalEntity, addEntityProxy: local, then the others in the order of their registration."""
    return _done(request, await first_to(request, request.members, partial(carry_out, request)))


async def create_relationship(request: Request) -> Answer:
    """addRelationship, addExternalRelationship: between any two entities of the federation; a member that does not have
    them is given proxies."""
    ends = [request.asked.bean.get(name) for name in ENDS]
    if not all(ends):
        return await create(request)  # refused by the first with what is wrong
    entities = [await with_classifications(request, str(guid)) for guid in dict.fromkeys(ends)]

    async def attempt(member: Member) -> Answer:
        await _make_known(request, member, entities)
        return await carry_out(request, member)

    # Both ends are there: who does not know one does not keep what it is told of it.
    made = await first_to(request, request.members, attempt, (EntityNotKnownError, EntityProxyOnlyError))
    return _done(request, made)


async def _make_known(request: Request, member: Member, entities: Sequence[Bean]) -> None:
    """Give `member` a proxy of each entity that it does not have."""
    for entity in entities:
        guid = entity["guid"]
        replies = await request.all(Asked("getEntitySummary", {"guid": guid}), [member])
        if not any(isinstance(error, EntityNotKnownError) for error in replies.errors):
            continue
        caller = Caller(request.caller.user, following_id(request.caller.event_id, guid))
        proxy = Asked("addEntityProxy", body=proxy_for(request, entity))
        await member.call(proxy, caller, request.write_deadline())


async def change(request: Request) -> Answer:
    """Updates, deletes, undo and status changes: at the home, and nowhere else."""
    asked = request.asked
    bean = await held(request, asked.guid, relationship="Relationship" in asked.operation)
    return _done(request, await carry_out(request, require_home(request, bean, asked.guid), guid=asked.guid))


async def change_deleted(request: Request) -> Answer:
    """Purge and restore: reads do not see what is deleted, so each member is tried until one does it; the home first,
    where the local repository knows it."""
    guid, relationship = request.asked.guid, "Relationship" in request.asked.operation
    first = await _home_of_deleted(request, guid, relationship=relationship)
    members = [each for each in request.members if each is not first]
    errors: list[OmrsError] = []
    for member in [first, *members] if first is not None else members:
        try:
            return _done(request, await carry_out(request, member, guid=guid))
        except OmrsError as error:
            errors.append(error)
    # The member that has it says more than those that do not.
    held_here = (each for each in errors if isinstance(each, (EntityNotDeletedError, RelationshipNotDeletedError)))
    raise next(held_here, None) or combined(errors)


async def _home_of_deleted(request: Request, guid: str, *, relationship: bool) -> Member | None:
    local = request.local()
    if local is None:
        return None
    operation = "isRelationshipKnown" if relationship else "isEntityKnown"
    replies = await request.all(Asked(operation, {"guid": guid}), [local])
    for reply in replies.answers:
        if reply.result is not None:
            return home_of(request, reply.result)
    return None


def _done(request: Request, answer: Answer) -> Answer:
    """The answer of the member that made the change, as the caller may see it."""
    return request.answer(request.view(answer.result), answer.revision)
