"""Every recorded REST exchange of real Egeria servers goes through our beans without loss, either way."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from omrs_schemas.codec.egeria_json import from_json, to_json
from omrs_schemas.model import instances, requests, responses, types
from omrs_schemas.model.base import Bean
from omrs_schemas.model.dates import iso_dates, ms_dates
from omrs_schemas.model.enums import InstanceStatus
from recorded import exchanges

BEANS: dict[str, Any] = {
    kind.bean_class: kind
    for module in (requests, instances, types)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Bean) and kind.bean_class is not None
} | {"TypeDefPatch": types.TypeDefPatch}

ADDED = {
    ("headerVersion", 1): "a primitive in Java, 1 where nothing was sent",
    ("mapElementCount", 2): "computed from the map's values by Java as by us, never read",
    ("updateMultiLink", False): "a primitive in Java, false where nothing was sent",
    ("multiLink", False): "a primitive in Java, false where nothing was sent",
}
"""What a model says of a body that did not say it: name and value, and why it means the same."""

LEFT_OUT = {
    "TypeDefPatch/class": "Egeria's TypeDefPatch has no class and ignores it (OMRS observed § JSON)",
    "EntityFindRequest/matchProperties/class": "Egeria's SearchProperties has no class (OMRS observed § JSON)",
    "ProxyClassificationRequest/classificationProperties": "no field of that bean, its server reads instanceProperties",
}
"""What a model does not say again, by the body's class and the path in it, and why nothing is lost."""


def meant(value: Any) -> Any:
    """A body without the ways to say nothing: null, the empty list and the empty map are the absent field."""
    if isinstance(value, dict):
        kept = {name: meant(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None and inner not in ([], {})}
    return [meant(inner) for inner in value] if isinstance(value, list) else value


def changes(before: Any, after: Any, at: str) -> Iterator[tuple[str, Any, Any]]:
    """Path, value before and value after of every difference; an absent field is None."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() | after.keys():
            yield from changes(before.get(name), after.get(name), f"{at}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from changes(one, other, at)
    elif before != after:
        yield at, before, after


def test_every_recorded_body_is_read_and_written_without_loss() -> None:
    read, added, left_out = 0, set(), set()
    for exchange in exchanges():
        body = exchange.body
        if not isinstance(body, dict):
            continue
        bean = TypeAdapter(BEANS[body["class"]]).validate_python(body).to_bean()
        for path, before, after in changes(meant(ms_dates(body)), bean, body["class"]):
            if before is None:
                reason = (path.rpartition("/")[2], after)
                assert reason in ADDED, f"{exchange}: {path} became {after!r}"
                added.add(reason)
            else:
                assert after is None, f"{exchange}: {path} changed from {before!r} to {after!r}"
                assert path in LEFT_OUT, f"{exchange}: {path} {before!r} is lost"
                left_out.add(path)
        assert from_json(to_json(bean)) == bean
        read += 1
    assert read == 64
    assert (added, left_out) == (ADDED.keys(), LEFT_OUT.keys()), "a difference that is explained here is gone"


def test_every_recorded_body_that_is_no_bean_is_a_status_or_nothing() -> None:
    others = [exchange.body for exchange in exchanges() if not isinstance(exchange.body, dict)]
    assert {body for body in others if body is not None} <= {status.value for status in InstanceStatus}
    assert len(others) == 14


def test_every_recorded_answer_is_read_and_written_without_loss() -> None:
    read, unreadable = 0, []
    for exchange in exchanges():
        answer = exchange.response
        if "class" not in answer:
            unreadable.append(exchange.number)
            continue
        model: type[responses.OMRSAPIResponse] = getattr(responses, answer["class"])
        found = model.model_validate(answer)
        assert iso_dates(found.to_bean()) == meant(answer), exchange
        assert found.failed == (answer["relatedHTTPCode"] != 200)
        read += 1
    assert (read, unreadable) == (76, [75, 77]), "two were answered by Spring, before any bean was made"
