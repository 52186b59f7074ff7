"""Every choice of every plan holds every match, and the cheapest choice is a cheap one."""

from typing import Any

from find_samples import (
    TYPES,
    Bean,
    array,
    classification,
    condition,
    entity,
    guid_of,
    integer,
    mapping,
    properties,
    relationship,
    search,
    string,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_schemas.javaregex import quote
from omrs_streams.repository.matching import compile_find
from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.repository.matching_text import leading_literal
from omrs_streams.repository.search import (
    ByClassification,
    ByPrefix,
    ByProperty,
    ByTypes,
    Everything,
    Lookup,
    plan_find,
)

NAMES = ["displayName", "description", "aliases", "additionalProperties", "createdBy"]
TEXTS = ["", "a", "ab", "ab.c", "b", "a\nb", "peter", "(ab)"]
EXPRESSIONS = [
    *TEXTS,
    "a.*",
    ".*b",
    ".*",
    "a|b",
    "ab?",
    "a+b*",
    "[ab]+",
    "(?i)AB",
    r"\Qab.c\E",
    r"\Qa\E.*|b",
    r"ab\.c",
    "a{2}",
]
TYPE_NAMES = ["GlossaryTerm", "DataFile", "Asset", "Referenceable"]


def holds(lookup: Lookup, bean: Bean) -> bool:
    """What an index would answer."""
    if isinstance(lookup, ByTypes):
        return bean["type"]["typeDefGUID"] in lookup.guids
    if isinstance(lookup, ByClassification):
        return any(each["name"] == lookup.name for each in bean.get("classifications", ()))
    if isinstance(lookup, Everything):
        return (bean["class"] == "Relationship") == (lookup.kind == "relationship")
    value = bean.get("properties", {}).get("instanceProperties", {}).get(lookup.name, {})
    if value.get("primitiveDefCategory") != "OM_PRIMITIVE_TYPE_STRING":
        return False
    if isinstance(lookup, ByPrefix):
        assert lookup.prefix
        return str(value["primitiveValue"]).startswith(lookup.prefix)
    return bool(value["primitiveValue"] == lookup.value)


texts = st.sampled_from(TEXTS).map(string)
values = st.one_of(
    texts,
    st.integers(0, 2).map(integer),
    st.lists(texts, max_size=2).map(lambda found: array(*found)),
    texts.map(lambda text: mapping(key=text)),
)
carried = st.lists(st.sampled_from(["Confidentiality", "Retention"]).map(classification), max_size=2)


@st.composite
def beans(draw: st.DrawFn) -> Bean:
    held = draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=4))
    if draw(st.booleans()):
        return relationship("r", **held)
    return entity("e", draw(st.sampled_from(TYPE_NAMES)), {"classifications": draw(carried)}, **held)


wanted = st.one_of(st.sampled_from(EXPRESSIONS).map(string), values)
simple = st.one_of(
    st.builds(condition, st.sampled_from(NAMES), st.sampled_from(["EQ", "NEQ", "IS_NULL", "NOT_NULL"]), values),
    st.builds(condition, st.sampled_from(NAMES), st.just("LIKE"), st.sampled_from(EXPRESSIONS).map(string)),
    st.builds(condition, st.sampled_from(NAMES), st.just("IN"), st.lists(values, max_size=3).map(lambda x: array(*x))),
)
criteria = st.sampled_from(["ALL", "ANY", "NONE"])
searches = st.recursive(
    st.builds(lambda found, by: search(*found, criteria=by), st.lists(simple, min_size=1, max_size=3), criteria),
    lambda inner: st.builds(
        lambda nested, one, by: search(*({"nestedConditions": each} for each in nested), *one, criteria=by),
        st.lists(inner, min_size=1, max_size=2),
        st.lists(simple, max_size=1),
        criteria,
    ),
    max_leaves=4,
)


@st.composite
def requests(draw: st.DrawFn) -> FindRequest:
    form = draw(st.sampled_from(["find", "property", "classification", "value"]))
    kind: Any = draw(st.sampled_from(["entity", "relationship"]))
    body: Bean = {}
    if kind == "entity" and draw(st.booleans()):
        body["typeGUID"] = guid_of(draw(st.sampled_from(TYPE_NAMES)))
    if form == "find":
        body["matchProperties"] = draw(st.one_of(st.none(), searches))
        names = st.sampled_from(["Confidentiality", "Retention"]).map(lambda name: {"name": name})
        conditions = draw(st.lists(names, max_size=2))
        body["matchClassifications"] = {"conditions": conditions, "matchCriteria": draw(criteria)}
        return FindRequest.find(kind, body)
    if form == "value":
        return FindRequest.by_property_value(kind, draw(st.sampled_from(EXPRESSIONS[1:])), body)
    if form == "classification":
        return FindRequest.by_classification(draw(st.sampled_from(["Confidentiality", "Retention"])), body)
    names = NAMES if "typeGUID" not in body else ["displayName", "description", "additionalProperties", "createdBy"]
    body["matchProperties"] = properties(**draw(st.dictionaries(st.sampled_from(names), wanted, max_size=3)))
    body["matchCriteria"] = draw(criteria)
    body["limitResultsByClassification"] = draw(st.lists(st.sampled_from(["Confidentiality", "Retention"]), max_size=2))
    return FindRequest.by_property(kind, body)


@settings(max_examples=800, deadline=None)
@given(requests(), st.lists(beans(), min_size=1, max_size=12))
def test_every_choice_holds_every_match(request: FindRequest, stored: list[Bean]) -> None:
    matches = compile_find(TYPES, request)
    plan = plan_find(TYPES, request)
    for bean in stored:
        if not matches(bean):
            continue
        assert plan.types is None or bean["type"]["typeDefGUID"] in plan.types
        for choice in plan.choices:
            assert any(holds(lookup, bean) for lookup in choice), choice


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(EXPRESSIONS), st.text(alphabet="ab.c(|\n", max_size=5))
def test_a_leading_literal_leads_every_match(pattern: str, text: str) -> None:
    literal, whole = leading_literal(pattern)
    body = {"matchProperties": properties(displayName=string(pattern)), "matchCriteria": "ALL"}
    if compile_find(TYPES, FindRequest.by_property("entity", body))(entity("e", displayName=string(text))):
        assert text == literal if whole else text.startswith(literal)


def cheapest(request: FindRequest) -> tuple[Lookup, ...]:
    return plan_find(TYPES, request).cheapest


def test_the_cheapest_choice() -> None:
    term = guid_of("GlossaryTerm")

    def by(**wanted: Bean) -> tuple[Lookup, ...]:
        body = {"typeGUID": term, "matchProperties": properties(**wanted), "matchCriteria": "ALL"}
        return cheapest(FindRequest.by_property("entity", body))

    assert by(displayName=string(quote("a.b"))) == (ByProperty("displayName", "a.b"),)
    assert by(displayName=string(r"\Qa.b\E.*")) == (ByPrefix("displayName", "a.b"),)
    assert by(displayName=string(".*b"), description=string("x")) == (ByProperty("description", "x"),)
    assert by(displayName=string(".*b")) == (ByTypes(frozenset({term})),)
    assert by(createdBy=string("peter")) == (ByTypes(frozenset({term})),)
    assert cheapest(FindRequest.by_property_value("entity", "a.*", {})) == (Everything("entity"),)
    assert cheapest(FindRequest.by_classification("Retention", {})) == (ByClassification("Retention"),)


def test_conditions_use_what_all_of_them_allow() -> None:
    one, two = (condition(name, "EQ", string("x")) for name in ("displayName", "description"))
    other = condition("displayName", "NEQ", string("x"))

    def by(*conditions: Bean, criteria: str) -> tuple[Lookup, ...]:
        return cheapest(FindRequest.find("entity", {"matchProperties": search(*conditions, criteria=criteria)}))

    assert by(one, other, criteria="ALL") == (ByProperty("displayName", "x"),)
    assert by(one, two, criteria="ANY") == (ByProperty("displayName", "x"), ByProperty("description", "x"))
    assert by(one, other, criteria="ANY") == (Everything("entity"),)
    assert by(one, criteria="NONE") == (Everything("entity"),)
    listed = condition("displayName", "IN", array(string("x"), string("y"), string("x")))
    assert by(listed, criteria="ALL") == (ByProperty("displayName", "x"), ByProperty("displayName", "y"))
    assert by(condition("displayName", "IN", array()), criteria="ALL") == ()
