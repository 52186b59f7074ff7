"""Types over all members: the union by guid; of two definitions of one guid the first, and a report."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from omrs_schemas.codes import Code
from omrs_schemas.errors import TypeDefConflictError
from omrs_streams.federation.failures import combined
from omrs_streams.federation.member import Reply, Round
from omrs_streams.federation.request import Request
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer

SHOWN = 5  # names of conflicting types in one warning; the audit log has all
_KINDS = ("attributeTypeDefs", "typeDefs")


async def collection_id(request: Request) -> Answer:
    """The id of the virtual collection: made from the server's own, and of no other use."""
    federated = request.federated
    return request.answer(str(uuid5(NAMESPACE_URL, f"{federated.local_id or federated.server}/enterprise")))


async def gallery(request: Request) -> Answer:
    """getAllTypes and findTypesByName."""
    replies = await _answered(request)
    found = {
        kind: _union(request, replies, [(reply, (reply.result or {}).get(kind)) for reply in replies.answers])
        for kind in _KINDS
    }
    return request.answer(request.view(found))


async def several(request: Request) -> Answer:
    """The finds that answer a list."""
    replies = await _answered(request)
    found = _union(request, replies, [(reply, reply.result) for reply in replies.answers])
    return request.answer(request.view(found))


async def single(request: Request) -> Answer:
    """By guid or name: the first that knows it. The others are asked only where the local repository does not."""
    local = request.local()
    replies = Round()
    if local is not None:
        replies = await request.all(members=[local])
    if not replies.answers:
        replies += await request.all(members=[each for each in request.members if each is not local])
    for reply in replies.answers:
        return request.answer(request.view(reply.result))
    raise combined(replies.errors)


async def verify(request: Request) -> Answer:
    """verifyTypeDef, verifyAttributeTypeDef: the first answer, but a conflict anywhere is a conflict."""
    replies = await request.all()
    for error in replies.errors:
        if isinstance(error, TypeDefConflictError):
            raise error
    for reply in replies.answers:
        return request.answer(reply.result)
    raise combined(replies.errors)


async def _answered(request: Request) -> Round:
    replies = await request.all()
    if not replies.answers:
        raise combined(replies.errors)
    return replies


def _union(request: Request, replies: Round, parts: Iterable[tuple[Reply, Sequence[Bean] | None]]) -> list[Bean]:
    known: dict[str, tuple[str, Bean]] = {}
    conflicts: dict[str, list[str]] = {}
    for reply, beans in parts:
        for bean in beans or ():
            first = known.setdefault(bean["guid"], (reply.member.name, bean))
            if first[1] is not bean and _differ(first[1], bean):
                conflicts.setdefault(reply.member.name, []).append(str(bean.get("name")))
                request.federated.record_once(
                    "OMRS-STREAMS-0041",
                    type_name=bean.get("name"),
                    type_guid=bean["guid"],
                    server=first[0],
                    other_server=reply.member.name,
                )
    for member, names in conflicts.items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        shown = ", ".join(names[:SHOWN])
        request.warnings.append(
            f"{member}: {Code.CONFLICTING_ENTERPRISE_TYPEDEFS} other definitions of {shown}{more} than elsewhere"
        )
    return [bean for _, bean in known.values()]


def _differ(one: Bean, other: Bean) -> bool:
    """Whether two definitions of one guid contradict each other; a later version of a type does not by itself."""
    same = ("name", "category") if one.get("version") != other.get("version") else _SHAPE
    return any(_shape(one, name) != _shape(other, name) for name in same)


_SHAPE = (
    "name",
    "category",
    "superType",
    "propertiesDefinition",
    "endDef1",
    "endDef2",
    "elementDefs",
    "validEntityDefs",
)


def _shape(bean: Bean, name: str) -> Any:
    """What of a field says how instances look: no descriptions."""
    value = bean.get(name)
    match name:
        case "superType":
            return (value or {}).get("guid")
        case "propertiesDefinition":
            return {(each.get("attributeName"), (each.get("attributeType") or {}).get("guid")) for each in value or ()}
        case "elementDefs":
            return {(each.get("ordinal"), each.get("value")) for each in value or ()}
        case "endDef1" | "endDef2":
            end = value or {}
            return (end.get("entityType") or {}).get("guid"), end.get("attributeName"), end.get("attributeCardinality")
        case "validEntityDefs":
            return {each.get("guid") for each in value or ()}
        case _:
            return value
