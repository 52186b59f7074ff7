"""Finding instances: the union of what all members find, merged by guid, then sorted and cut (OMRS queries § 5).

Each member is asked from the first instance to the end of the page that is wanted: only so every page is a part of one
order, and no instance is on two pages. An order of ANY is asked for as GUID, which is what it means here.
"""

from collections.abc import Sequence
from dataclasses import replace

from omrs_schemas.errors import InvalidParameterError
from omrs_streams.federation.failures import combined
from omrs_streams.federation.judging import Judge, home_classifications, judge_of
from omrs_streams.federation.member import Asked, Member, Round
from omrs_streams.federation.merging import Said, by_guid, maintainers, merged
from omrs_streams.federation.request import Request
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching_request import check_paging
from omrs_streams.repository.sequencing import SortKey, sort_key, take
from omrs_streams.repository.services import Answer

MORE = 4  # times as many instances are asked for when too much of a page was hidden from the user


async def find(request: Request) -> Answer:
    """All finds, getRelationshipsForEntity and getRelatedEntities. Raises what is wrong with the request, else what
    `combined` makes of the errors when nobody answers."""
    body = request.asked.bean
    offset, size = body.get("offset") or 0, body.get("pageSize") or 0
    check_paging(offset, size)
    key = sort_key(body.get("sequencingOrder"), body.get("sequencingProperty"))
    wanted = asked_for = offset + size if size else 0
    replies = await request.all(_from_the_start(request.asked, wanted))
    require_answers(request, replies)
    judge = judge_of(request, replies)
    while True:
        parts = ((reply.member.collection_id, reply.result or ()) for reply in replies.answers)
        found = by_guid(parts, request.federated.local_id)
        judge.shown |= {guid for guid, said in found.items() if any(each.local for each in said)}
        while True:
            everything = known_here(found, judge)
            seen = visible(request, everything, judge)
            if not await judge.ask(take(seen, key, 0, wanted)):
                break
        if len(seen) == len(everything) or _reaches(seen, replies, key, asked_for, wanted):
            break
        asked_for *= MORE
        further = await request.all(_from_the_start(request.asked, asked_for))
        if not further.answers:
            break  # the time is up: the page may lack something, and the warnings say so
        replies = further
    page = [dict(bean) for bean in take(seen, key, offset, size)]
    request.warn_of_rivals(found[bean["guid"]] for bean in page)
    request.learn(page, lambda guid: [said.member for said in found[guid]])
    if not page or "Relationship" in request.asked.operation:
        return request.answer(page)
    return request.answer(visible(request, await classified(request, page, found, replies, judge), judge))


def known_here(found: dict[str, list[Said]], judge: Judge) -> list[Bean]:
    """The instances out of all that is said, with what the local repository says of those that it did not show."""
    merging = (merged([*said, judge.said[guid]] if guid in judge.said else said) for guid, said in found.items())
    return [bean for bean in merging if bean is not None]


def visible(request: Request, beans: Sequence[Bean], judge: Judge, operation: str | None = None) -> list[Bean]:
    """Those of `beans` that the user may see, by the rules here and by the word of the local repository."""
    seen: list[Bean] = request.view([bean for bean in beans if judge.refusal(bean) is None], operation)
    return seen


def _from_the_start(asked: Asked, size: int) -> Asked:
    body = dict(asked.bean)
    if not body:
        return asked
    body.update(offset=0, pageSize=size)
    if size and body.get("sequencingOrder") in (None, "ANY"):
        body["sequencingOrder"] = "GUID"
    return replace(asked, body=body)


def _reaches(seen: Sequence[Bean], replies: Round, key: SortKey, asked_for: int, wanted: int) -> bool:
    """Whether the first `wanted` of what the user may see are certain, though some was hidden: no member that has more
    than it was asked for could have one that comes before them."""
    if not wanted:
        return True
    more = [max(map(key, reply.result)) for reply in replies.answers if len(reply.result or ()) >= asked_for]
    return not more or sum(not min(more) < key(bean) for bean in seen) >= wanted


def require_answers(request: Request, replies: Round) -> None:
    """Raises when nobody has answered, or when the request is wrong: what the local repository says of a parameter
    holds, whatever others make of it."""
    local = replies.of(request.federated.local_id)
    if local is not None and isinstance(local.error, InvalidParameterError):
        raise local.error
    if not replies.answers:
        raise combined(replies.errors)


async def classified(
    request: Request, beans: Sequence[Bean], found: dict[str, list[Said]], replies: Round, judge: Judge
) -> list[Bean]:
    """`beans` with the classifications that members gave to entities which they have not shown.

    A member that showed an entity has said what it knows. First those are asked who are named as the home of a
    classification, for they may have taken it back; then the others, who may have given one that nobody else has heard
    of. No more than `classification_calls` in all; what the local repository says (`judge`) costs none.
    """
    limit = request.federated.settings.classification_calls
    members = [each.member for each in replies.answers if each.member.collection_id != request.federated.local_id]
    named: list[tuple[Member, str]] = []
    others: list[tuple[Member, str]] = []
    for bean in beans:
        shown = {each.member for each in found[bean["guid"]]}
        homes = {
            home for each in found[bean["guid"]] for carried in each.carried or () for home in maintainers(carried)
        }
        for member in members:
            if member.collection_id not in shown:
                (named if member.collection_id in homes else others).append((member, bean["guid"]))
    if len(named) > limit:
        request.warnings.append(
            f"classifications of {len(named) - limit} results were not checked with the members that gave them"
        )
    if len(named) + len(others) > limit:
        others = []
    wanted = [*named[:limit], *others]
    if not wanted:
        return list(beans)
    heard: dict[str, list[Said]] = {guid: [said] for guid, said in judge.said.items()}
    for guid, said in await home_classifications(request, wanted):
        heard.setdefault(guid, []).append(said)
    return [
        merged([*found[bean["guid"]], *heard[bean["guid"]]]) or bean if bean["guid"] in heard else bean
        for bean in beans
    ]
