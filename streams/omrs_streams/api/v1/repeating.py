"""A request that comes again with its `Idempotency-Key` is answered with what it made. Another one is told so."""

from typing import Any

from omrs_schemas.errors import InvalidParameterError, OmrsError
from omrs_schemas.model.values import from_properties
from omrs_streams.api.v1.asking import Changing
from omrs_streams.api.v1.instances import Noun
from omrs_streams.clock import now_ms
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Answer


async def create(ask: Changing, noun: Noun, operation: str, body: Bean) -> Answer:
    """What `operation` made of `body`, now or when it was first asked. InvalidParameterError where that was not the
    same: the type, a property that the user sees, or an end differs."""
    started = now_ms()
    answer = await ask.write(operation, body=body)
    if answer.result["createTime"] < started and not _same(body, await _as_made(ask, noun, answer.result)):
        raise InvalidParameterError(
            f"Idempotency-Key {ask.key!r} made the {noun.kind} {answer.result['guid']}, from another body than this",
            help="send a key of its own with each request; only a repetition of the same request has the same one",
            parameter="X-Omrs-Event-Id",
        )
    return answer


async def _as_made(ask: Changing, noun: Noun, bean: Bean) -> Bean | None:
    """The first version of an instance; None where it cannot be read."""
    if bean.get("version") == 1:
        return bean
    try:
        answer = await ask(f"get{noun.title}AsOf", path={"guid": bean["guid"]}, body={"asOfTime": bean["createTime"]})
    except OmrsError:
        return None
    return answer.result if answer.result.get("version") == 1 else None


def _same(asked: Bean, made: Bean | None) -> bool:
    if made is None:
        return True
    given, shown = from_properties(asked["initialProperties"]), from_properties(made.get("properties"))
    return (
        made["type"]["typeDefGUID"] == (asked.get("entityTypeGUID") or asked.get("relationshipTypeGUID"))
        and all(name in given and given[name] == value for name, value in shown.items())
        and all(_end(made, end) in (None, asked.get(f"{end}GUID")) for end in ("entityOne", "entityTwo"))
    )


def _end(made: Bean, end: str) -> Any:
    return (made.get(f"{end}Proxy") or {}).get("guid")
