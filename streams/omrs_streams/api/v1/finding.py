"""What is looked for, as the beans of the find operations (OMRS queries § 2, § 3)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.v1.base import Json, Model, Moment, Name
from omrs_streams.api.v1.beans import type_guid, type_guids
from omrs_streams.api.v1.models import Status
from omrs_streams.api.v1.paging import DEFAULT_LIMIT, MAX_LIMIT, Keep, Key, Mark, mark
from omrs_streams.api.v1.problems import at
from omrs_streams.client.search import Condition, attribute_of, contains, ends_with, starts_with
from omrs_streams.client.search import Operator as OmrsOperator
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching_values import elements, number_of, string_form
from omrs_streams.repository.sequencing import property_key, time_key

Kind = Literal["entity", "relationship"]
CATEGORY: dict[Kind, str] = {"entity": "ENTITY_DEF", "relationship": "RELATIONSHIP_DEF"}

Sort = Annotated[str, StringConstraints(pattern=r"^(guid|-?[A-Za-z_][A-Za-z0-9_]*)$", max_length=200)]
SORT_DESCRIPTION = "`createTime`, `updateTime` or a property; descending with `-` before it; `guid`"
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[A-Za-z0-9_-]+$")]

Operator = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "in", "null", "notNull", "matches", "contains", "startsWith", "endsWith"
]
_OPERATORS: Mapping[str, OmrsOperator] = {
    "eq": "EQ",
    "ne": "NEQ",
    "lt": "LT",
    "le": "LTE",
    "gt": "GT",
    "ge": "GTE",
    "in": "IN",
    "null": "IS_NULL",
    "notNull": "NOT_NULL",
    "matches": "LIKE",
    "contains": "LIKE",
    "startsWith": "LIKE",
    "endsWith": "LIKE",
}
_PATTERNS = {"contains": contains, "startsWith": starts_with, "endsWith": ends_with}


class Comparison(Model):
    """A property compared with a value."""

    property: Name = Field(description="of the type, or of the header: createTime, createdBy, typeName …")
    operator: Operator = Field("eq", description="`matches`: a Java regular expression for the whole text")
    value: Json = Field(None, description="a list for `in`, nothing for `null` and `notNull`")

    def to_bean(self, types: TypeSystem, type_name: str | None, pointer: str) -> Bean:
        value: Any = self.value
        with at(f"{pointer}/value"):
            if self.operator in _PATTERNS:
                value = _PATTERNS[self.operator](_text(value, self.operator))
            if self.operator == "in" and not isinstance(value, list):
                raise InvalidParameterError(f"{self.property}: `in` needs a list of values")
            if value is None and self.operator not in ("null", "notNull"):
                raise InvalidParameterError(f"{self.property}: `{self.operator}` needs a value")
        with at(f"{pointer}/property", exactly=True):
            attribute_of(types, type_name, self.property)
        with at(f"{pointer}/value", exactly=True):
            return Condition(self.property, _OPERATORS[self.operator], value).to_bean(types, type_name)


_CONDITIONS = Field(json_schema_extra={"minItems": 1})


class AllOf(Model):
    """All of these hold."""

    all: list["Where"] = _CONDITIONS


class AnyOf(Model):
    """Any of these holds."""

    any: list["Where"] = _CONDITIONS


class NoneOf(Model):
    """None of these holds."""

    none: list["Where"] = _CONDITIONS


def _form(value: Any) -> str:
    """Which of the forms of a condition it is meant to be."""
    if isinstance(value, Model):
        return type(value).__name__
    groups = {"all": "AllOf", "any": "AnyOf", "none": "NoneOf"}
    return next((groups[name] for name in groups if isinstance(value, dict) and name in value), "Comparison")


Where = Annotated[
    Annotated[Comparison, Tag("Comparison")]
    | Annotated[AllOf, Tag("AllOf")]
    | Annotated[AnyOf, Tag("AnyOf")]
    | Annotated[NoneOf, Tag("NoneOf")],
    Discriminator(_form),
]
"""A comparison, or a group of them."""
for _group in (AllOf, AnyOf, NoneOf):
    _group.model_rebuild()


def to_search(where: Where, types: TypeSystem, type_name: str | None, pointer: str) -> Bean:
    """A SearchProperties bean; a single comparison is a group of one."""
    if isinstance(where, Comparison):
        return {"conditions": [where.to_bean(types, type_name, pointer)], "matchCriteria": "ALL"}
    ((name, group),) = where
    if not group:
        with at(f"{pointer}/{name}"):
            raise InvalidParameterError(
                f"`{name}` of no conditions says nothing", help="give it a condition, or leave the group out"
            )
    conditions = []
    for index, each in enumerate(group):
        at_each = f"{pointer}/{name}/{index}"
        nested = not isinstance(each, Comparison)
        inner = to_search(each, types, type_name, at_each) if nested else each.to_bean(types, type_name, at_each)
        conditions.append({"nestedConditions": inner} if nested else inner)
    return {"conditions": conditions, "matchCriteria": name.upper()}


def _text(value: Any, operator: str) -> str:
    if not isinstance(value, str):
        raise InvalidParameterError(f"`{operator}` needs text, not {value!r}")
    return value


class Classified(Model):
    """An entity carries this classification, and its properties meet the conditions."""

    name: Name = Field(examples=["Confidentiality"])
    where: Where | None = None


class Search(Model):
    """What is looked for. Everything that is given must hold."""

    type: Name | None = Field(None, description="with its subtypes", examples=["GlossaryTerm"])
    subtypes: list[Name] | None = Field(None, description="only these of its subtypes")
    where: Where | None = Field(
        None, examples=[{"all": [{"property": "displayName", "operator": "contains", "value": "Customer"}]}]
    )
    status: list[Status] | None = Field(None, description="any of these; every status but DELETED where left out")
    sort: Sort | None = Field(None, description=SORT_DESCRIPTION, examples=["-updateTime"])
    as_of: Moment | None = Field(None, description="as it was at that time")
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = Field(None, description="of the page before")

    def to_bean(self, types: TypeSystem, kind: Kind) -> Bean:
        """An InstanceFindRequest (InstanceHistoricalFindRequest) bean without order and page."""
        bean: Bean = {}
        if self.type is not None:
            bean["typeGUID"] = type_guid(types, self.type, category=CATEGORY[kind])
        if self.subtypes:
            bean["subtypeGUIDs"] = type_guids(types, self.subtypes, "/subtypes")
        if self.where is not None:
            bean["matchProperties"] = to_search(self.where, types, self.type, "/where")
        return {**bean, **limits(types, kind, self.type, self.status, self.sort, self.as_of)}


class RelationshipSearch(Search):
    type: Name | None = Field(None, description="with its subtypes", examples=["RelatedTerm"])


class EntitySearch(Search):
    classifications: list[Classified] | None = None
    classification_match: Literal["all", "any", "none"] = "all"

    def to_bean(self, types: TypeSystem, kind: Kind) -> Bean:
        bean = super().to_bean(types, kind)
        if self.classifications:
            conditions = []
            for index, each in enumerate(self.classifications):
                pointer = f"/classifications/{index}"
                type_guid(types, each.name, f"{pointer}/name", "CLASSIFICATION_DEF")
                condition: Bean = {"name": each.name}
                if each.where is not None:
                    condition["matchProperties"] = to_search(each.where, types, each.name, f"{pointer}/where")
                conditions.append(condition)
            bean["matchClassifications"] = {
                "conditions": conditions,
                "matchCriteria": self.classification_match.upper(),
            }
        return bean


def limits(
    types: TypeSystem,
    kind: Kind,
    type_name: str | None,
    statuses: Sequence[Status] | None,
    sort: str | None,
    as_of: int | None,
) -> Bean:
    """The part of a request that every find has, but for its order and its page: `sort` is only looked at here."""
    bean: Bean = {}
    if statuses:
        bean["limitResultsByStatus"] = [status.value for status in statuses]
    _, name = ordered(sort)
    if name is not None:
        _require_property(types, kind, type_name, name)
    if as_of is not None:
        bean["asOfTime"] = as_of
    return bean


def _require_property(types: TypeSystem, kind: Kind, type_name: str | None, name: str) -> None:
    """A misspelt property is no order: InvalidParameterError."""
    names = [type_name] if type_name else [t["name"] for t in types.typedefs() if t["category"] == CATEGORY[kind]]
    subtypes = [t for each in names for t in _with_subtypes(types, each)]
    if not any(name in types.attributes(each) for each in subtypes):
        nobody = f"{type_name} has no" if type_name else f"no type of {kind} has a"
        raise InvalidParameterError(
            f"{nobody} property {name!r} to sort by",
            help="sort by createTime, updateTime, guid or a property; with - before it for descending",
            parameter="sort",
        )


def _with_subtypes(types: TypeSystem, name: str) -> list[str]:
    found = types.typedef_by_name(name)
    guids = types.subtype_guids(found["guid"]) if found else ()
    return [typedef["name"] for guid in guids if (typedef := types.typedef(guid)) is not None]


def ordered(sort: str | None) -> tuple[str, str | None]:
    """The SequencingOrder and the sequencingProperty of a `sort`."""
    if sort is None or sort == "guid":
        return "GUID", None
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name in ("createTime", "updateTime"):
        field = "CREATION_DATE" if name == "createTime" else "LAST_UPDATE"
        return f"{field}_{'RECENT' if down else 'OLDEST'}", None
    return f"PROPERTY_{'DESCENDING' if down else 'ASCENDING'}", name


def sorting(sort: str | None) -> tuple[Key, Keep]:
    """The total order of a `sort`, and what of a bean it needs."""
    order, name = ordered(sort)
    descending = order in ("PROPERTY_DESCENDING", "CREATION_DATE_RECENT", "LAST_UPDATE_RECENT")
    if name is not None:
        return (
            lambda last: property_key(last.number, last.text, last.guid, descending=descending),
            lambda bean: _property_mark(bean, name),
        )
    if order == "GUID":
        return lambda last: last.guid, lambda bean: Mark(bean["guid"])
    field = "createTime" if order.startswith("CREATION_DATE") else "updateTime"
    return (
        lambda last: time_key(last.time, last.guid, recent=descending),
        lambda bean: Mark(bean["guid"], time=bean.get(field)),
    )


def _property_mark(bean: Bean, name: str) -> Mark:
    guid, value = bean["guid"], elements(bean.get("properties")).get(name)
    if value is None:
        return Mark(guid)
    number = number_of(value)
    return mark(guid, string_form(value) if number is None else number)
