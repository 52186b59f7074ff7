"""Reading one instance: what its home says, else the newest copy (OMRS queries § 5)."""

from dataclasses import replace

from omrs_schemas.errors import (
    EntityNotKnownError,
    EntityProxyOnlyError,
    MemberUnavailableError,
    OmrsError,
    RelationshipNotKnownError,
    UserNotAuthorizedError,
)
from omrs_streams.federation.failures import combined
from omrs_streams.federation.judging import Judge, home_classifications, judge_of
from omrs_streams.federation.member import Asked, Round
from omrs_streams.federation.merging import Said, chosen, maintainers, merged
from omrs_streams.federation.request import Request
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer

NOT_KNOWN = (EntityNotKnownError, RelationshipNotKnownError)


async def read(request: Request) -> Answer:
    """getEntityDetail, getEntitySummary, getRelationship, each at a time too, isEntityKnown, isRelationshipKnown."""
    found = await look(request)
    if found is None:
        return request.answer(None)
    bean, revision = found
    return request.answer(request.view(bean), revision)


async def look(request: Request) -> tuple[Bean, int | None] | None:
    """The instance out of all answers, and its revision at its home where that is known.

    None where nobody knows it and the question was whether somebody does. Raises what `combined` makes of the errors.
    """
    replies = await request.all()
    local = request.federated.local_id
    said = [
        Said(
            reply.member.collection_id,
            reply.result,
            revision=reply.answer.revision,
            local=reply.member.collection_id == local,
        )
        for reply in replies
        if reply.answer is not None and reply.result is not None
    ]
    best = chosen(said)
    if best is None or best.bean is None:
        _raise_for_nobody(request, replies)
        return None
    judge = await _judged(request, replies, best.bean)
    denied = _denied(request, replies, best.bean)
    if denied is not None:
        if request.asked.operation.startswith("is"):
            return None
        raise denied
    shown = [each.member for each in said]
    request.warn_of_rivals([said])
    request.learn([best.bean], lambda _: shown)
    own = judge.said.get(best.bean["guid"])
    said += [own] if own is not None else []
    said += await _of_proxies(request, replies)
    return merged(said) or best.bean, best.revision if best.member in maintainers(best.bean) else None


async def _judged(request: Request, replies: Round, bean: Bean) -> Judge:
    """What the local repository says of `bean`. Raises its refusal: it is decisive."""
    own = replies.of(request.federated.local_id)
    if own is not None and isinstance(own.error, UserNotAuthorizedError):
        raise own.error
    judge = judge_of(request, replies, {bean["guid"]} if own is not None and own.result is not None else ())
    await judge.ask([bean])
    refusal = judge.refusal(bean)
    if refusal is not None:
        raise refusal
    return judge


def _raise_for_nobody(request: Request, replies: Round) -> None:
    """Nobody shows it: the error that says why, but where that is an answer."""
    errors = replies.errors
    if not any(not isinstance(error, (*NOT_KNOWN, EntityProxyOnlyError)) for error in errors):
        if request.asked.operation.startswith("is"):
            return
        raise combined(errors)
    error = combined(errors)
    if isinstance(error, MemberUnavailableError) and len(replies) > 1:
        raise MemberUnavailableError(
            f"{request.asked.guid} is not known to those that answered; {error.message}",
            code=error.code,
            help=error.help,
            member=error.params.get("member"),
            sent=error.sent,
        )
    raise error


def _denied(request: Request, replies: Round, bean: Bean) -> OmrsError | None:
    """The error of the home of a copy that is not there any more: copies can outlive their instance, homes do not.

    A home that cannot be reached denies nothing.
    """
    if any(reply.member.collection_id in maintainers(reply.result or {}) for reply in replies.answers):
        return None
    for home in maintainers(bean):
        reply = replies.of(home)
        if reply is None:
            continue
        if isinstance(reply.error, NOT_KNOWN):
            return reply.error
        if reply.error is None and reply.result is None:
            return EntityNotKnownError(f"{request.asked.guid} is not known at its home {reply.member.name}")
    return None


async def _of_proxies(request: Request, replies: Round) -> list[Said]:
    """What those remote members say of the entity's classifications that know it by a proxy only."""
    operation = request.asked.operation
    if "Entity" not in operation:
        return []
    asking = [
        reply.member
        for reply in replies
        if reply.member.collection_id != request.federated.local_id
        and (isinstance(reply.error, EntityProxyOnlyError) or (reply.error is None and reply.result is None))
    ]
    heard = await home_classifications(request, [(member, request.asked.guid) for member in asking])
    return [said for _, said in heard]


async def look_at(request: Request, operation: str, guid: str, name: str = "guid") -> tuple[Bean, int | None] | None:
    """`look` for another operation than the request's own; what it could not take into account is in the warnings."""
    other = replace(request, asked=Asked(operation, {name: guid}))
    return await look(other)
