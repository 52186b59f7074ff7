"""Patches: versions, replaced and merged fields, Java's order of attributes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_schemas.codes import Code
from omrs_schemas.errors import InvalidParameterError, InvalidTypeDefError, PatchError, TypeDefNotKnownError
from omrs_schemas.typedefs import TypeSystem
from omrs_schemas.typedefs.javahash import hash_map_order, string_hash
from omrs_schemas.typedefs.patch import difference

STRING = TypeSystem.builtin().attribute_typedef_by_name("string")
DATE = TypeSystem.builtin().attribute_typedef_by_name("date")


# The iteration order of a java.util.HashMap of Java 17, filled in the order of the tests.
JAVA_SEVEN = ["identifier", "qualifiedName", "displayName", "legal", "description", "category", "url"]
JAVA_TWENTY = [f"attribute{n}" for n in (19, 18, 17, 16, 15, 9, 8, 5, 4, 7, 6, 1, 14, 0, 13, 3, 12, 2, 11, 10)]


def attribute(name, kind=STRING, **more):
    return {
        "headerVersion": 1,
        "attributeName": name,
        "attributeType": kind,
        "attributeCardinality": "AT_MOST_ONE",
        **more,
    }


def patch_of(types, name, **fields):
    typedef = types.require(name=name)
    version = typedef["version"]
    return {
        "headerVersion": 1,
        "typeDefGUID": typedef["guid"],
        "typeDefName": name,
        "applyToVersion": version,
        "updateToVersion": version + 1,
        "newVersionName": f"{version + 1}.0",
        "updatedBy": "me",
        "updateTime": 1_700_000_000_000,
        **fields,
    }


@pytest.fixture
def types():
    return TypeSystem.builtin()


def own_names(bean):
    return [each["attributeName"] for each in bean.get("propertiesDefinition", [])]


def test_a_patch_moves_the_version_and_leaves_the_old_bean_alone(types):
    before = types.require(name="Glossary")
    copy_before = dict(before)
    after = types.apply_patch(patch_of(types, "Glossary", description="new", typeDefStatus="DEPRECATED_TYPEDEF"))
    assert (after["version"], after["versionName"], after["updatedBy"]) == (2, "2.0", "me")
    assert (after["description"], after["status"]) == ("new", "DEPRECATED_TYPEDEF")
    assert types.require(name="Glossary") is after is types.typedef(after["guid"])
    assert before == copy_before


def test_the_built_in_patches_were_applied(types):
    assert types.require(name="OpenMetadataRoot")["version"] == 2
    assert "legal" in types.attributes("CSVFile")
    assert types.require(name="AssetOwner")["status"] == "DEPRECATED_TYPEDEF"
    assert types.is_type_of("ActionRequester", "LineageRelationship")


def test_applying_a_patch_twice_changes_nothing(types):
    patch = patch_of(types, "Glossary", propertyDefinitions=[attribute("colour")])
    after = types.apply_patch(patch)
    version = types.version
    assert types.apply_patch(patch) is after
    assert types.version == version


def test_new_attributes_reach_the_types_below_at_once(types):
    assert "colour" not in types.attributes("CSVFile")
    types.apply_patch(patch_of(types, "Asset", propertyDefinitions=[attribute("colour")]))
    assert types.attributes("CSVFile")["colour"].type_name == "string"


def test_an_attribute_of_the_same_name_is_replaced_in_place(types):
    names = own_names(types.require(name="Referenceable"))
    changed = attribute("displayName", attributeStatus="DEPRECATED_ATTRIBUTE")
    after = types.apply_patch(patch_of(types, "Referenceable", propertyDefinitions=[changed]))
    assert sorted(own_names(after)) == sorted(names)
    assert types.attributes("Referenceable")["displayName"].status == "DEPRECATED_ATTRIBUTE"


def test_merged_attributes_come_in_the_order_of_a_java_hash_map(types):
    after = types.apply_patch(patch_of(types, "Referenceable", propertyDefinitions=[attribute("zzz")]))
    assert own_names(after) == hash_map_order([*own_names(TypeSystem.builtin().require(name="Referenceable")), "zzz"])
    assert own_names(after) != sorted(own_names(after))


def test_a_type_without_attributes_takes_the_list_of_the_patch_as_it_is(types):
    name = next(bean["name"] for bean in types.typedefs() if "propertiesDefinition" not in bean)
    order = ["zeta", "alpha", "mid"]
    after = types.apply_patch(patch_of(types, name, propertyDefinitions=[attribute(each) for each in order]))
    assert own_names(after) == order


def test_java_string_hash():
    assert string_hash("") == 0
    assert string_hash("Referenceable") == 0x8F116705
    assert string_hash("Aa") == string_hash("BB") == 2112
    assert string_hash("é") == 233
    assert string_hash("😀") == 31 * 0xD83D + 0xDE00


def test_hash_map_order_as_java_has_it():
    names = ["qualifiedName", "displayName", "description", "identifier", "url", "category", "legal"]
    assert hash_map_order(names) == JAVA_SEVEN
    many = [f"attribute{number}" for number in range(20)]
    assert hash_map_order(many) == JAVA_TWENTY
    assert hash_map_order(["BBBB", "AaBB", "AaAa", "BBAa"]) == ["BBBB", "AaBB", "AaAa", "BBAa"]


@given(st.lists(st.text(max_size=8), unique=True, max_size=200))
def test_hash_map_order_is_a_permutation_and_stable(names):
    ordered = hash_map_order(names)
    assert sorted(ordered) == sorted(names)
    assert hash_map_order(names) == ordered


def test_relationship_and_classification_fields(types):
    end = {**types.require(name="ResourceList")["endDef1"]}
    end["attributeName"] = "renamed"
    after = types.apply_patch(patch_of(types, "ResourceList", endDef1=end, multiLink=True))
    assert after["endDef1"]["attributeName"] == "renamed"
    before = TypeSystem.builtin().require(name="ResourceList")["multiLink"]
    assert after["multiLink"] == before, "multiLink moves only with updateMultiLink"
    flipped = types.apply_patch(patch_of(types, "ResourceList", updateMultiLink=True, multiLink=not before))
    assert flipped["multiLink"] is (not before)
    links = [{"guid": types.require(name="Asset")["guid"], "name": "Asset"}]
    assert types.apply_patch(patch_of(types, "MobileResource", validEntityDefs=links))["validEntityDefs"] == links


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({"updateToVersion": 1}, PatchError, Code.INVALID_PATCH_VERSION),
        ({"updateToVersion": "2"}, PatchError, Code.INVALID_PATCH_VERSION),
        ({"applyToVersion": 7, "updateToVersion": 8}, PatchError, Code.INCOMPATIBLE_PATCH_VERSION),
        ({"newVersionName": None}, PatchError, Code.NULL_MANDATORY_PATCH_FIELD),
        ({"updatedBy": ""}, PatchError, Code.NULL_MANDATORY_PATCH_FIELD),
        ({"updateTime": None}, PatchError, Code.NULL_MANDATORY_PATCH_FIELD),
        ({"propertyDefinitions": [attribute("usage", DATE)]}, PatchError, Code.INCOMPATIBLE_PROPERTY_PATCH),
        ({"typeDefGUID": "nobody"}, TypeDefNotKnownError, Code.TYPEDEF_NOT_KNOWN),
        ({"typeDefName": "Other"}, TypeDefNotKnownError, Code.TYPEDEF_NOT_KNOWN),
        ({"headerVersion": 2}, InvalidTypeDefError, Code.UNSUPPORTED_TYPE_HEADER_VERSION),
        ({"superType": {"name": "NoSuchType"}}, InvalidTypeDefError, Code.INVALID_TYPEDEF),
        ({"superType": {"name": "Glossary"}}, InvalidTypeDefError, Code.INVALID_TYPEDEF),
        ({"propertyDefinitions": [{"attributeName": "x"}]}, InvalidTypeDefError, Code.INVALID_TYPEDEF),
        ({"initialStatus": "NO_SUCH"}, InvalidTypeDefError, Code.INVALID_TYPEDEF),
    ],
)
def test_a_patch_that_cannot_be_applied_is_refused_and_changes_nothing(types, fields, error, code):
    version = types.version
    with pytest.raises(error) as caught:
        types.apply_patch(patch_of(types, "Glossary", **fields))
    assert caught.value.code == code
    assert types.version == version
    assert types.require(name="Glossary") is TypeSystem.builtin().require(name="Glossary")


def test_no_patch_at_all(types):
    with pytest.raises(InvalidParameterError) as caught:
        types.apply_patch(None)
    assert caught.value.code == Code.NULL_TYPEDEF_PATCH


def test_a_patch_cannot_make_a_circle(types):
    with pytest.raises(InvalidTypeDefError, match="its own super type"):
        types.apply_patch(patch_of(types, "Asset", superType={"name": "CSVFile"}))
    assert types.supertypes("CSVFile")[-1] == "OpenMetadataRoot"


def test_a_patch_may_move_a_type_below_another(types):
    asset = types.require(name="Asset")["guid"]
    assert types.require(name="Glossary")["guid"] not in types.subtype_guids(asset)
    types.apply_patch(patch_of(types, "Glossary", superType={"name": "Asset"}))
    assert types.require(name="Glossary")["guid"] in types.subtype_guids(asset)


@given(st.lists(st.sets(st.sampled_from("abcdefghij"), min_size=1), max_size=6), st.data())
def test_patches_in_sequence_are_idempotent_however_often_each_arrives(steps, data):
    types = TypeSystem.builtin()
    patches = []
    for names in steps:
        patches.append(patch_of(types, "Glossary", propertyDefinitions=[attribute(each) for each in sorted(names)]))
        types.apply_patch(patches[-1])
    final = types.require(name="Glossary")
    again = TypeSystem.builtin()
    for index, _ in enumerate(patches):
        for repeated in data.draw(st.lists(st.integers(0, index), max_size=3)):
            if repeated < index:
                again.apply_patch(patches[repeated])
        again.apply_patch(patches[index])
    assert again.require(name="Glossary") == final
    assert {each for names in steps for each in names} <= set(own_names(final))


def test_the_difference_of_two_versions_is_the_patch_between_them(types):
    before = types.require(name="Referenceable")
    patch = patch_of(
        types,
        "Referenceable",
        propertyDefinitions=[attribute("addedHere"), attribute("addedToo", DATE)],
        typeDefOptions={"a": "b"},
        typeDefStatus="DEPRECATED_TYPEDEF",
    )
    after = types.apply_patch(patch)
    again = difference(before, after)
    assert own_names({"propertiesDefinition": again.pop("propertyDefinitions")}) == ["addedToo", "addedHere"]
    assert again == {field: value for field, value in patch.items() if field != "propertyDefinitions"}
    assert TypeSystem.builtin().apply_patch(difference(before, after)) == after


def test_the_difference_of_a_relationship_type_says_whether_it_links_twice(types):
    before = types.require(name="SemanticAssignment")
    assert "updateMultiLink" not in difference(before, before)
    flag = not before.get("multiLink", False)
    after = {**before, "version": before["version"] + 1, "multiLink": flag}
    patch = difference(before, after)
    assert (patch["updateMultiLink"], patch["multiLink"]) == (True, flag)
    assert TypeSystem.builtin().apply_patch(patch)["multiLink"] == flag
