"""The rows that find instances and follow them (OMRS queries § 6); each has a twin that asks for the past."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from e2e_samples import Bean
from rest_row import Call, Make, Nothing, Outcome, Refused, Row, call, entity_unknown, invalid, unreadable
from rest_world import FUTURE, NOWHERE, World, guid_of, properties, text

from omrs_schemas.codes import Code

TERM, SYNONYM = guid_of("GlossaryTerm"), guid_of("Synonym")
_PAGED = Code.NEGATIVE_PAGE_SIZE, "PagingErrorException"
_TYPE = Code.TYPEDEF_ID_NOT_KNOWN, "TypeErrorException"

Ask = Callable[[World, Bean], Call]
"""A request with these fields added to its body."""


def _row(operation: str, success: Ask, missing: Ask, bad: Outcome, shown: str | None = None) -> list[Row]:
    """The row and its twin, which asks as of a moment after all was made, and may not ask for the future."""
    now: Row = Row(operation, _with(success), Nothing(_with(missing)), bad, shown)
    crystal = invalid(Code.REPOSITORY_NOT_CRYSTAL_BALL, lambda w: success(w, {"asOfTime": FUTURE}))
    then = Row(f"{operation}AsOf", _as_of(success), Nothing(_with(missing, asOfTime=1)), crystal, shown)
    return [now, then]


def _with(ask: Ask, **more: Any) -> Make:
    return lambda w: ask(w, more)


def _as_of(ask: Ask) -> Make:
    def make(w: World) -> Call:
        made = ask(w, {})
        return Call(made.path, made.query, {**made.body, "asOfTime": w.moment()})

    return make


def _all_of(type_guid: str, **values: str) -> Bean:
    return {"typeGUID": type_guid, "matchProperties": properties(**values), "matchCriteria": "ALL"}


def _conditions(type_guid: str, name: str, value: str, operator: str = "EQ") -> Bean:
    condition = {"property": name, "operator": operator, "value": text(value)}
    return {"typeGUID": type_guid, "matchProperties": {"conditions": [condition], "matchCriteria": "ALL"}}


def _term(w: World) -> str:
    name = uuid4().hex
    w.entity(qualifiedName=name)
    return name


def _synonym(w: World) -> str:
    description = uuid4().hex
    w.link(description=description)
    return description


def _by_value(w: World, criteria: str | None, body: Bean, type_guid: str) -> Call:
    return Call(query={} if criteria is None else {"searchCriteria": criteria}, body={"typeGUID": type_guid, **body})


def _classified(w: World, more: Bean, **values: str) -> Call:
    w.confidential()
    matched = {"matchProperties": properties(**values), "matchCriteria": "ALL"} if values else {}
    return call({**matched, **more}, classificationName="Confidentiality")


FINDS = [
    *_row(
        "findEntities",
        lambda w, more: call({**_conditions(TERM, "qualifiedName", _term(w)), **more}),
        lambda w, more: call({**_conditions(TERM, "qualifiedName", NOWHERE), **more}),
        invalid(Code.INVALID_NUMERIC_CONDITION, lambda w: call(_conditions(TERM, "qualifiedName", "x", operator="LT"))),
    ),
    *_row(
        "findEntitiesByProperty",
        lambda w, more: call({**_all_of(TERM, qualifiedName=_term(w)), **more}),
        lambda w, more: call({**_all_of(TERM, qualifiedName=NOWHERE), **more}),
        Refused(Code.BAD_PROPERTY_FOR_TYPE, "PropertyErrorException", lambda w: call(_all_of(TERM, colour="red"))),
    ),
    *_row(
        "findEntitiesByClassification",
        _classified,
        lambda w, more: _classified(w, more, notes=NOWHERE),
        Refused(
            Code.UNKNOWN_CLASSIFICATION,
            "ClassificationErrorException",
            lambda w: call({}, classificationName=NOWHERE),
        ),
    ),
    *_row(
        "findEntitiesByPropertyValue",
        lambda w, more: _by_value(w, rf"\Q{_term(w)}\E", more, TERM),
        lambda w, more: _by_value(w, NOWHERE, more, TERM),
        invalid(Code.NO_SEARCH_CRITERIA, lambda w: _by_value(w, None, {}, TERM)),
    ),
    *_row(
        "findRelationships",
        lambda w, more: call({**_conditions(SYNONYM, "description", _synonym(w)), **more}),
        lambda w, more: call({**_conditions(SYNONYM, "description", NOWHERE), **more}),
        Refused(*_TYPE, lambda w: call({"typeGUID": NOWHERE})),
    ),
    *_row(
        "findRelationshipsByProperty",
        lambda w, more: call({**_all_of(SYNONYM, description=_synonym(w)), **more}),
        lambda w, more: call({**_all_of(SYNONYM, description=NOWHERE), **more}),
        invalid(Code.NO_MATCH_CRITERIA, lambda w: call({"matchProperties": properties(description="x")})),
    ),
    *_row(
        "findRelationshipsByPropertyValue",
        lambda w, more: _by_value(w, _synonym(w), more, SYNONYM),
        lambda w, more: _by_value(w, NOWHERE, more, SYNONYM),
        Refused(*_PAGED, lambda w: _by_value(w, "x", {"offset": -1}, SYNONYM)),
    ),
]

FROM = [
    Row(
        "getRelationshipsForEntity",
        lambda w: call({"typeGUID": SYNONYM}, entityGUID=_linked(w)),
        entity_unknown(lambda w: call({}, entityGUID=NOWHERE)),
        Refused(*_PAGED, lambda w: call({"pageSize": -1}, entityGUID=NOWHERE)),
    ),
    Row(
        "getRelationshipsForEntityAsOf",
        lambda w: Call({"entityGUID": _linked(w)}, {}, {"asOfTime": w.moment()}),
        entity_unknown(lambda w: call({"asOfTime": 1}, entityGUID=_linked(w))),
        invalid(Code.REPOSITORY_NOT_CRYSTAL_BALL, lambda w: call({"asOfTime": FUTURE}, entityGUID=NOWHERE)),
    ),
    Row(
        "getLinkingEntities",
        lambda w: _between(w),
        entity_unknown(lambda w: Call({"startEntityGUID": w.entity()}, {"endEntityGUID": NOWHERE})),
        invalid(Code.NO_GUID, lambda w: call(startEntityGUID=NOWHERE)),
        shown="relationshipElementList",
    ),
    Row(
        "getLinkingEntitiesAsOf",
        lambda w: _between(w, then=True),
        entity_unknown(lambda w: Call({"startEntityGUID": w.entity()}, {"endEntityGUID": NOWHERE}, {"asOfTime": 1})),
        unreadable(lambda w: Call({"startEntityGUID": NOWHERE}, {"endEntityGUID": NOWHERE}, {"asOfTime": "soon"})),
        shown="relationshipElementList",
    ),
    Row(
        "getEntityNeighborhood",
        lambda w: Call({"entityGUID": _linked(w)}, {"level": "1"}, {"relationshipTypeGUIDs": [SYNONYM]}),
        entity_unknown(lambda w: Call({"entityGUID": NOWHERE}, {"level": "1"}, {})),
        Refused(*_TYPE, lambda w: Call({"entityGUID": NOWHERE}, {"level": "1"}, {"entityTypeGUIDs": [NOWHERE]})),
        shown="entityElementList",
    ),
    Row(
        "getEntityNeighborhoodAsOf",
        lambda w: Call({"entityGUID": _linked(w)}, {"level": "1"}, {"asOfTime": w.moment()}),
        entity_unknown(lambda w: Call({"entityGUID": _linked(w)}, {"level": "1"}, {"asOfTime": 1})),
        invalid(Code.INVALID_INSTANCE, lambda w: Call({"entityGUID": NOWHERE}, {"level": "far"}, {})),
        shown="entityElementList",
    ),
    Row(
        "getRelatedEntities",
        lambda w: call({"entityTypeGUIDs": [TERM], "pageSize": 1}, startEntityGUID=_linked(w)),
        entity_unknown(lambda w: call({}, startEntityGUID=NOWHERE)),
        Refused(*_PAGED, lambda w: call({"offset": -1}, startEntityGUID=NOWHERE)),
    ),
    Row(
        "getRelatedEntitiesAsOf",
        lambda w: call({"asOfTime": None}, startEntityGUID=_linked(w)),
        Nothing(lambda w: call({"offset": 9}, startEntityGUID=_linked(w))),
        invalid(Code.REPOSITORY_NOT_CRYSTAL_BALL, lambda w: call({"asOfTime": FUTURE}, startEntityGUID=NOWHERE)),
    ),
]


def _linked(w: World) -> str:
    """An entity with a relationship."""
    guid = w.entity()
    w.link(guid)
    return guid


def _between(w: World, *, then: bool = False) -> Call:
    start, end = w.entity(), w.entity()
    w.link(start, end)
    return Call({"startEntityGUID": start}, {"endEntityGUID": end}, {"asOfTime": w.moment()} if then else {})


ROWS = [*FINDS, *FROM]
