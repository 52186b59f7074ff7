"""What each kind of find returns and refuses (OMRS queries § 3)."""

from typing import Any

import pytest
from find_samples import (
    TYPES,
    Bean,
    array,
    classification,
    condition,
    entity,
    enum,
    guid_of,
    integer,
    mapping,
    primitive,
    properties,
    relationship,
    search,
    string,
)

from omrs_schemas.errors import ClassificationError, InvalidParameterError, OmrsError, PropertyError, TypeDefError
from omrs_schemas.javaregex import quote
from omrs_streams.repository.matching import compile_find
from omrs_streams.repository.matching_request import FindRequest

TERM = guid_of("GlossaryTerm")
BEANS = [
    entity("g1", displayName=string("one"), description=string("first term")),
    entity("g2", displayName=string("two\nlines"), contentStatus=enum("ACTIVE", 15)),
    entity("g3", "DataFile", displayName=string("one.csv"), storeCreateTime=primitive("DATE", 5000)),
    entity("g4", header={"status": "DELETED"}, displayName=string("one")),
    entity("g5", header={"createdBy": "erin", "createTime": 2000}, aliases=array(string("uno"), string("eins"))),
    {**entity("g6", displayName=string("one")), "class": "EntityProxy"},
    entity(
        "g7",
        header={"classifications": [classification("Confidentiality", confidentialityLevel=integer(3))]},
        additionalProperties=mapping(colour=string("blue")),
    ),
    relationship("r1", confidence=integer(50), description=string("one to one")),
    relationship("r2", confidence=integer(90)),
]


def found(request: FindRequest) -> str:
    """The guids that match, in a row."""
    matches = compile_find(TYPES, request)
    return " ".join(bean["guid"] for bean in BEANS if matches(bean))


def by_conditions(*conditions: Bean, criteria: str | None = "ALL", kind: Any = "entity") -> str:
    return found(FindRequest.find(kind, {"matchProperties": search(*conditions, criteria=criteria)}))


def by_property(criteria: str | None = "ALL", **values: Bean) -> str:
    body = {"matchProperties": properties(**values), "matchCriteria": criteria}
    return found(FindRequest.by_property("entity", body))


def test_no_limits_is_everything_but_deleted_instances_and_proxies() -> None:
    assert found(FindRequest.find("entity", {})) == "g1 g2 g3 g5 g7"
    assert found(FindRequest.find("relationship", {})) == "r1 r2"
    assert found(FindRequest.by_property("entity", {})) == "g1 g2 g3 g5 g7"
    assert found(FindRequest.by_property("entity", {"matchProperties": properties()})) == "g1 g2 g3 g5 g7"


def test_types_include_their_subtypes() -> None:
    assert found(FindRequest.find("entity", {"typeGUID": TERM})) == "g1 g2 g5 g7"
    assert found(FindRequest.find("entity", {"typeGUID": guid_of("Asset")})) == "g3"
    both = {"typeGUID": guid_of("Referenceable"), "subtypeGUIDs": [guid_of("DataStore"), guid_of("Process")]}
    assert found(FindRequest.find("entity", both)) == "g3"
    assert found(FindRequest.find("entity", {"subtypeGUIDs": [guid_of("DataStore")]})) == "g3"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"typeGUID": "no-such-type"}, "OMRS-REPOSITORY-404-007"),
        ({"typeGUID": guid_of("SemanticAssignment")}, "OMRS-REPOSITORY-400-034"),
        ({"typeGUID": TERM, "subtypeGUIDs": [guid_of("Asset")]}, "OMRS-REPOSITORY-400-079"),
        ({"subtypeGUIDs": ["no-such-type"]}, "OMRS-REPOSITORY-404-007"),
    ],
)
def test_wrong_types_are_refused(body: Bean, code: str) -> None:
    with pytest.raises(TypeDefError) as caught:
        compile_find(TYPES, FindRequest.find("entity", body))
    assert caught.value.code == code


def test_statuses_are_a_list_and_deleted_may_be_asked_for() -> None:
    assert found(FindRequest.find("entity", {"limitResultsByStatus": ["DELETED"]})) == "g4"
    assert found(FindRequest.find("entity", {"limitResultsByStatus": ["ACTIVE", "DELETED"]})) == "g1 g2 g3 g4 g5 g7"
    assert found(FindRequest.find("entity", {"limitResultsByStatus": ["DRAFT"]})) == ""


def test_any_one_of_the_limiting_classifications_is_enough() -> None:
    body = {"limitResultsByClassification": ["Retention", "Confidentiality"]}
    assert found(FindRequest.by_property("entity", body)) == "g7"


# By property


def test_strings_are_regular_expressions_that_match_the_whole_value() -> None:
    assert by_property(displayName=string("one")) == "g1"
    assert by_property(displayName=string("one.*")) == "g1 g3"
    assert by_property(displayName=string("on")) == ""
    assert by_property(displayName=string(".*")) == "g1 g3"  # a dot is no line break, so g2 is not
    assert by_property(displayName=string("(?i)ONE")) == "g1"
    assert by_property(displayName=string(quote("one.csv"))) == "g3"
    assert by_property(displayName=string("one.c[s]v|two")) == "g3"


def test_other_values_are_equal_as_a_whole() -> None:
    assert by_property(contentStatus=enum("ACTIVE", 15)) == "g2"
    assert by_property(contentStatus=enum("ACTIVE", 14)) == ""
    assert by_property(storeCreateTime=primitive("DATE", 5000)) == "g3"
    assert by_property(storeCreateTime=primitive("LONG", 5000)) == ""
    assert by_property(storeCreateTime=primitive("DATE", 5000, "date")) == "g3"


def test_types_of_values_count_where_both_have_one() -> None:
    bean = entity("x", usage=primitive("INT", 5, "int"))
    for type_name, expected in ((None, True), ("int", True), ("integer", False)):
        body = {"matchProperties": properties(usage=primitive("INT", 5, type_name)), "matchCriteria": "ALL"}
        assert compile_find(TYPES, FindRequest.by_property("entity", body))(bean) is expected


def test_collections_are_searched_by_their_text() -> None:
    assert by_property(aliases=string("uno")) == "g5"
    assert by_property(aliases=string("u.o|x")) == "g5"
    assert by_property(aliases=array(string("uno"), string("eins"))) == "g5"
    assert by_property(additionalProperties=mapping(colour=string("blue"))) == "g7"
    assert by_property(additionalProperties=string("colour=b.*")) == "g7"
    assert by_property(additionalProperties=mapping(colour=string("red"))) == ""


def test_match_criteria_count_the_properties_that_match() -> None:
    two = {"displayName": string("one"), "description": string("no")}
    assert by_property("ALL", **two) == ""
    assert by_property("ANY", **two) == "g1"
    assert by_property("NONE", **two) == "g2 g3 g5 g7"


def test_header_fields_are_found_by_name() -> None:
    assert by_property(createdBy=string("er.*")) == "g5"
    assert by_property(createTime=primitive("DATE", 2000)) == "g5"
    assert by_property(typeName=string("Data.*")) == "g3"
    assert by_property(typeGUID=string(TERM)) == "g1 g2 g5 g7"
    assert by_property(metadataCollectionId=string("home-1"), updatedBy=string(".*")) == ""
    dated = {**entity("x"), "properties": {"effectiveFromTime": 7}}
    body = {"matchProperties": properties(effectiveFromTime=primitive("DATE", 7)), "matchCriteria": "ALL"}
    assert compile_find(TYPES, FindRequest.by_property("entity", body))(dated)


def test_properties_without_criteria_are_refused() -> None:
    with pytest.raises(InvalidParameterError) as caught:
        by_property(None, displayName=string("one"))
    assert caught.value.code == "OMRS-REPOSITORY-400-011"


def test_properties_must_belong_to_the_type_or_its_subtypes() -> None:
    wanted = {"matchProperties": properties(fileName=string("a"), createdBy=string("b")), "matchCriteria": "ALL"}
    compile_find(TYPES, FindRequest.by_property("entity", {**wanted, "typeGUID": guid_of("Asset")}))
    with pytest.raises(PropertyError, match="fileName") as caught:
        compile_find(TYPES, FindRequest.by_property("entity", {**wanted, "typeGUID": TERM}))
    assert caught.value.code == "OMRS-REPOSITORY-400-028"


def test_a_bad_expression_names_itself() -> None:
    with pytest.raises(InvalidParameterError, match="unclosed group") as caught:
        by_property(displayName=string("(one"))
    assert caught.value.code == "OMRS-PROPERTIES-400-006"


def test_an_expression_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omrs_streams.repository.matching_text.SECONDS_PER_VALUE", 0.05)
    body = {"matchProperties": properties(displayName=string("(a|aa)+(b|a)+$x")), "matchCriteria": "ALL"}
    matches = compile_find(TYPES, FindRequest.by_property("entity", body))
    with pytest.raises(InvalidParameterError, match="on one value"):
        matches(entity("x", displayName=string("a" * 60)))


# By classification


def test_by_classification_looks_at_its_properties_and_header() -> None:
    assert found(FindRequest.by_classification("Confidentiality", {})) == "g7"
    assert found(FindRequest.by_classification("Retention", {})) == ""
    for value, expected in ((integer(3), "g7"), (integer(4), "")):
        body = {"matchProperties": properties(confidentialityLevel=value), "matchCriteria": "ALL"}
        assert found(FindRequest.by_classification("Confidentiality", body)) == expected
    body = {"matchProperties": properties(createdBy=string("erin")), "matchCriteria": "ALL"}
    assert found(FindRequest.by_classification("Confidentiality", body)) == "g7"


@pytest.mark.parametrize(
    ("name", "values", "kind", "code"),
    [
        (None, {}, InvalidParameterError, "OMRS-REPOSITORY-400-026"),
        ("NoSuch", {}, ClassificationError, "OMRS-REPOSITORY-400-005"),
        ("GlossaryTerm", {}, ClassificationError, "OMRS-REPOSITORY-400-005"),
        ("Confidentiality", {"displayName": string("x")}, PropertyError, "OMRS-REPOSITORY-400-028"),
    ],
)
def test_wrong_classifications_are_refused(name: str | None, values: Bean, kind: type[OmrsError], code: str) -> None:
    body = {"matchProperties": properties(**values), "matchCriteria": "ALL"}
    with pytest.raises(kind) as caught:
        compile_find(TYPES, FindRequest.by_classification(name, body))
    assert caught.value.code == code


# By value


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [("one", "g1"), ("ACTIVE", "g2"), ("eins", "g5"), ("blue", "g7"), ("displayName", ""), (".*s.*", "g1 g3 g5")],
)
def test_by_value_looks_into_every_text(criteria: str, expected: str) -> None:
    assert found(FindRequest.by_property_value("entity", criteria, {})) == expected


def test_by_value_of_relationships() -> None:
    assert found(FindRequest.by_property_value("relationship", "one.*", {})) == "r1"


@pytest.mark.parametrize(("criteria", "code"), [(None, "REPOSITORY-400-013"), ("*", "PROPERTIES-400-006")])
def test_by_value_needs_an_expression(criteria: str | None, code: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        found(FindRequest.by_property_value("entity", criteria, {}))
    assert caught.value.code == f"OMRS-{code}"


# Conditions


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (condition("displayName", "EQ", string("one")), "g1"),
        (condition("displayName", "EQ", string("one.*")), ""),
        (condition("displayName", "NEQ", string("one")), "g2 g3 g5 g7"),
        (condition("displayName", "LIKE", string("one.*")), "g1 g3"),
        (condition("displayName", "IN", array(string("one"), string("one.csv"))), "g1 g3"),
        (condition("displayName", "IN", array()), ""),
        (condition("displayName", "IS_NULL"), "g5 g7"),
        (condition("displayName", "NOT_NULL", string("ignored")), "g1 g2 g3"),
        (condition("storeCreateTime", "GT", primitive("LONG", 4999)), "g3"),
        (condition("storeCreateTime", "LT", primitive("DOUBLE", 5000.5)), "g3"),
        (condition("storeCreateTime", "GT", integer(5000)), ""),
        (condition("displayName", "GTE", integer(0)), ""),
        (condition("createTime", "GTE", primitive("DATE", 2000)), "g5"),
        (condition("createdBy", "LIKE", string("e.*")), "g5"),
        (condition("createdBy", "EQ", string("erin")), "g5"),
        (condition("updateTime", "IS_NULL"), "g1 g2 g3 g5 g7"),
    ],
)
def test_each_operator(one: Bean, expected: str) -> None:
    assert by_conditions(one) == expected


def test_numbers_compare_exactly_whatever_their_category() -> None:
    bean = relationship("x", confidence=primitive("BIGDECIMAL", "12345678901234567890.1"))
    for operator, expected in (("GT", True), ("LTE", False)):
        body = {
            "matchProperties": search(condition("confidence", operator, primitive("BIGINTEGER", 12345678901234567890)))
        }
        assert compile_find(TYPES, FindRequest.find("relationship", body))(bean) is expected


def test_conditions_nest() -> None:
    either = {
        "nestedConditions": search(
            *(condition("displayName", "EQ", string(x)) for x in ("one", "one.csv")), criteria="ANY"
        )
    }
    assert by_conditions(either, condition("typeName", "EQ", string("DataFile"))) == "g3"
    assert by_conditions(either, criteria="NONE") == "g2 g5 g7"
    assert by_conditions(condition("confidence", "GTE", integer(90)), kind="relationship") == "r2"


@pytest.mark.parametrize(
    ("one", "number"),
    [
        ({}, "074"),
        ({"property": "displayName"}, "074"),
        ({"operator": "EQ", "value": string("x")}, "074"),
        (condition("displayName", "EQ"), "074"),
        ({**condition("displayName", "EQ", string("x")), "nestedConditions": search(condition("x", "IS_NULL"))}, "074"),
        ({"nestedConditions": search()}, "074"),
        (condition("displayName", "BETWEEN", string("x")), "074"),
        (condition("displayName", "IN", string("x")), "076"),
        (condition("displayName", "LIKE", integer(1)), "077"),
        (condition("displayName", "LT", string("1")), "078"),
        (condition("displayName", "GTE", primitive("BOOLEAN", True)), "078"),
    ],
)
def test_wrong_conditions_are_refused_with_their_place(one: Bean, number: str) -> None:
    for wrong in (search(one), search({"nestedConditions": search(condition("a", "IS_NULL"), one)})):
        with pytest.raises(InvalidParameterError, match=r"matchProperties\.conditions\[0\]") as caught:
            compile_find(TYPES, FindRequest.find("entity", {"matchProperties": wrong}))
        assert caught.value.code == f"OMRS-REPOSITORY-400-{number}"


def test_conditions_need_criteria() -> None:
    with pytest.raises(InvalidParameterError) as caught:
        by_conditions(condition("displayName", "IS_NULL"), criteria=None)
    assert caught.value.code == "OMRS-REPOSITORY-400-011"


def test_search_classifications_combine() -> None:
    def classified(criteria: str, *conditions: Bean) -> str:
        wanted = {"conditions": list(conditions), "matchCriteria": criteria}
        return found(FindRequest.find("entity", {"matchClassifications": wanted}))

    high = {"name": "Confidentiality", "matchProperties": search(condition("confidentialityLevel", "GT", integer(2)))}
    low = {"name": "Confidentiality", "matchProperties": search(condition("confidentialityLevel", "LT", integer(2)))}
    assert classified("ALL", {"name": "Confidentiality"}, high) == "g7"
    assert classified("ALL", high, low) == ""
    assert classified("ANY", high, low) == "g7"
    assert classified("NONE", low) == "g1 g2 g3 g5 g7"
    assert classified("NONE", high) == "g1 g2 g3 g5"
    for name in (None, ""):
        with pytest.raises(InvalidParameterError) as caught:
            classified("ALL", {"name": name})
        assert caught.value.code == "OMRS-REPOSITORY-400-075"
