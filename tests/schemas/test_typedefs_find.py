"""The type queries: by name pattern, category, property and external id."""

import pytest

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs import TypeSystem, find

TYPES = TypeSystem.builtin()


def names(beans):
    return [bean["name"] for bean in beans]


def test_by_name_is_a_full_match_over_types_and_attribute_types():
    found = find.find_types_by_name(TYPES, "GlossaryTerm")
    assert names(found["typeDefs"]) == ["GlossaryTerm"] and "attributeTypeDefs" not in found
    both = find.find_types_by_name(TYPES, ".*Status.*")
    assert "ActivityStatus" in names(both["attributeTypeDefs"]) and both["typeDefs"]
    assert find.find_types_by_name(TYPES, "Glossary")["typeDefs"][0]["name"] == "Glossary"
    assert find.find_types_by_name(TYPES, "NoSuchType") == {"headerVersion": 1}
    assert names(find.find_types_by_name(TYPES, "(?i)glossaryterm")["typeDefs"]) == ["GlossaryTerm"]


def test_quoted_names_with_metacharacters():
    found = find.find_types_by_name(TYPES, r"\Qmap<string,string>\E")
    assert names(found["attributeTypeDefs"]) == ["map<string,string>"]


def test_search_looks_at_types_only():
    assert names(find.search_for_typedefs(TYPES, "Glossary.*"))[0].startswith("Glossary")
    assert find.search_for_typedefs(TYPES, "string") == []


def test_by_category():
    assert len(find.find_typedefs_by_category(TYPES, "ENTITY_DEF")) == 340
    assert len(find.find_attribute_typedefs_by_category(TYPES, "ENUM_DEF")) == 28
    assert find.find_typedefs_by_category(TYPES, "UNKNOWN_DEF") == []


def test_by_property_asks_for_own_definitions_of_all_names():
    found = find.find_typedefs_by_property(TYPES, {"typeDefProperties": {"qualifiedName": None, "displayName": 1}})
    assert names(found) == ["Referenceable", "TypeEmbeddedAttribute"]
    assert find.find_typedefs_by_property(TYPES, {"typeDefProperties": {"qualifiedName": 1, "nothing": 1}}) == []


def test_by_external_id_any_value_is_enough():
    types = TYPES.copy()
    mapping = {"headerVersion": 1, "standardName": "SN", "standardOrganization": "SO", "standardTypeName": "ST"}
    bean = {**types.require(name="Asset"), "guid": "g", "name": "Mapped", "externalStandardMappings": [mapping]}
    types.add_typedef(bean)
    assert names(find.find_types_by_external_id(types, "SN", "other", None)) == ["Mapped"]
    assert names(find.find_types_by_external_id(types, None, None, "ST")) == ["Mapped"]
    assert find.find_types_by_external_id(types, "other", None, None) == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: find.find_types_by_name(TYPES, None), Code.NO_TYPEDEF_NAME),
        (lambda: find.search_for_typedefs(TYPES, None), Code.NO_SEARCH_CRITERIA),
        (lambda: find.find_typedefs_by_category(TYPES, None), Code.NO_TYPEDEF_CATEGORY),
        (lambda: find.find_typedefs_by_category(TYPES, "NO_SUCH"), Code.NO_TYPEDEF_CATEGORY),
        (lambda: find.find_attribute_typedefs_by_category(TYPES, None), Code.NO_ATTRIBUTE_TYPEDEF_CATEGORY),
        (lambda: find.find_typedefs_by_property(TYPES, None), Code.NO_MATCH_CRITERIA),
        (lambda: find.find_types_by_external_id(TYPES, None, None, None), Code.NO_EXTERNAL_ID),
        (lambda: find.search_for_typedefs(TYPES, "[a"), Code.INVALID_SEARCH_CRITERIA),
        (
            lambda: find.search_for_typedefs(TYPES, "(?:(?:[A-Z]|[a-z]|[A-Za-z][A-Za-z])+)+[0-9!]"),
            Code.INVALID_SEARCH_CRITERIA,
        ),
    ],
)
def test_bad_input_is_refused_with_its_code(call, code):
    with pytest.raises(InvalidParameterError) as caught:
        call()
    assert caught.value.code == code
