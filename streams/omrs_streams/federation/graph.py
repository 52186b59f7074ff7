"""Graphs around entities: the union of what each member sees (OMRS queries § 5), every instance by the merge rules.

Each member walks over what it holds. A way that leads over relationships which no single member holds is not found.
"""

from omrs_streams.federation.finds import classified, known_here, require_answers, visible
from omrs_streams.federation.judging import judge_of
from omrs_streams.federation.member import Round
from omrs_streams.federation.merging import Said, by_guid
from omrs_streams.federation.request import Request
from omrs_streams.repository.changes import ends_of
from omrs_streams.repository.services import Answer

ENTITIES, RELATIONSHIPS = "entityElementList", "relationshipElementList"


async def graph(request: Request) -> Answer:
    """getEntityNeighborhood and getLinkingEntities, each at a time too."""
    replies = await request.all()
    require_answers(request, replies)
    entities, relationships = _parts(request, replies, ENTITIES), _parts(request, replies, RELATIONSHIPS)
    shown = {**entities, **relationships}
    judge = judge_of(request, replies, (guid for guid, said in shown.items() if any(each.local for each in said)))
    await judge.ask([*known_here(entities, judge), *known_here(relationships, judge)])
    nodes = visible(request, known_here(entities, judge), judge, "findEntities")
    nodes = visible(request, await classified(request, nodes, entities, replies, judge), judge, "findEntities")
    there = {bean["guid"] for bean in nodes}
    edges = visible(request, known_here(relationships, judge), judge, "findRelationships")
    edges = [bean for bean in edges if there.issuperset(ends_of(bean))]
    request.warn_of_rivals(shown[bean["guid"]] for bean in (*nodes, *edges))
    request.learn([*nodes, *edges], lambda guid: [said.member for said in shown[guid]])
    found = {ENTITIES: nodes, RELATIONSHIPS: edges}
    return request.answer({name: beans for name, beans in found.items() if beans})


def _parts(request: Request, replies: Round, name: str) -> dict[str, list[Said]]:
    parts = ((reply.member.collection_id, (reply.result or {}).get(name) or ()) for reply in replies.answers)
    return by_guid(parts, request.federated.local_id)
