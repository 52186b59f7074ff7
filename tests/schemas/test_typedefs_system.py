"""The type system: adding, verifying, looking up, inheritance, removal and new identities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    InvalidParameterError,
    InvalidTypeDefError,
    PatchError,
    TypeDefConflictError,
    TypeDefError,
    TypeDefInUseError,
    TypeDefKnownError,
    TypeDefNotKnownError,
)
from omrs_schemas.typedefs import TypeSystem

BUILTIN = TypeSystem.builtin()
STRING = BUILTIN.attribute_typedef_by_name("string")


def link(name, guid=None):
    return {"headerVersion": 1, "guid": guid or f"guid-{name}", "name": name}


def entity(name, super_type=None, **more):
    bean = {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": f"guid-{name}",
        "name": name,
        "version": 1,
        "versionName": "1.0",
        "category": "ENTITY_DEF",
        **more,
    }
    return bean if super_type is None else {**bean, "superType": link(super_type)}


def relationship(name, end1, end2, **more):
    ends = {
        f"endDef{number}": {"entityType": link(end), "attributeName": f"end{number}"}
        for number, end in ((1, end1), (2, end2))
    }
    return {**entity(name), "class": "RelationshipDef", "category": "RELATIONSHIP_DEF", **ends, **more}


def classification(name, *entities, **more):
    links = [link(each) for each in entities]
    header = {**entity(name), "class": "ClassificationDef", "category": "CLASSIFICATION_DEF"}
    return {**header, "validEntityDefs": links, **more}


def attribute(name, **more):
    return {"attributeName": name, "attributeType": STRING, **more}


@pytest.fixture
def types():
    system = TypeSystem()
    system.load_gallery([STRING], [entity("Root"), entity("Mid", "Root"), entity("Leaf", "Mid")])
    return system


# Inheritance


def test_supertypes_run_from_the_type_to_its_root(types):
    assert types.supertypes("Leaf") == ("Leaf", "Mid", "Root")
    assert types.is_type_of("Leaf", "Root") and types.is_type_of("Leaf", "Leaf")
    assert not types.is_type_of("Root", "Leaf")
    assert not types.is_type_of("Unknown", "Root") and not types.is_type_of("Leaf", "Unknown")
    with pytest.raises(TypeDefNotKnownError):
        types.supertypes("Unknown")


def test_subtypes_follow_every_change(types):
    assert types.subtype_guids("guid-Mid") == {"guid-Mid", "guid-Leaf"}
    types.add_typedef(entity("Second", "Mid"))
    assert types.subtype_guids("guid-Mid") == {"guid-Mid", "guid-Leaf", "guid-Second"}
    types.remove_typedef("guid-Leaf", "Leaf")
    assert types.subtype_guids("guid-Mid") == {"guid-Mid", "guid-Second"}


def test_attributes_are_inherited_and_the_nearest_definition_wins(types):
    types.add_typedef(entity("A", "Root", propertiesDefinition=[attribute("x", unique=True), attribute("y")]))
    own = attribute("x", attributeCardinality="ONE_ONLY")
    types.add_typedef(entity("B", "A", propertiesDefinition=[own, attribute("z")]))
    specs = types.attributes("B")
    assert list(specs) == ["x", "y", "z"]
    assert (specs["x"].defined_in, specs["x"].unique, specs["x"].cardinality) == ("B", False, "ONE_ONLY")
    assert (specs["y"].defined_in, specs["y"].cardinality) == ("A", "UNKNOWN")
    assert types.attributes("A")["x"].unique
    with pytest.raises(TypeError):
        specs["x"] = specs["y"]


def test_attribute_specs_say_what_the_attribute_type_says():
    specs = BUILTIN.attributes("CSVFile")
    name = specs["qualifiedName"]
    assert (name.category, name.primitive, name.type_name) == ("PRIMITIVE", "OM_PRIMITIVE_TYPE_STRING", "string")
    assert (name.unique, name.cardinality, name.enum, name.collection) == (True, "ONE_ONLY", None, None)
    extra = specs["additionalProperties"]
    assert (extra.category, extra.collection) == ("COLLECTION", "OM_COLLECTION_MAP")
    assert extra.arguments == ("OM_PRIMITIVE_TYPE_STRING", "OM_PRIMITIVE_TYPE_STRING")
    status = specs["contentStatus"]
    assert status.category == "ENUM_DEF" and status.primitive is None
    assert status.enum[0]["value"] == "DRAFT" and status.element("ACTIVE")["ordinal"] == 5
    assert status.element("NO_SUCH") is None and name.element("x") is None


def test_statuses_come_from_the_nearest_type_that_names_them(types):
    assert (types.valid_statuses("Leaf"), types.initial_status("Leaf")) == (("ACTIVE", "DELETED"), "ACTIVE")
    types.add_typedef(
        entity("D", "Root", validInstanceStatusList=["DRAFT", "ACTIVE", "DELETED"], initialStatus="DRAFT")
    )
    types.add_typedef(entity("E", "D"))
    assert (types.valid_statuses("E"), types.initial_status("E")) == (("DRAFT", "ACTIVE", "DELETED"), "DRAFT")


def test_instance_type_has_the_four_fields_of_the_wire():
    assert BUILTIN.instance_type(BUILTIN.require(name="Asset")) == {
        "class": "InstanceType",
        "headerVersion": 1,
        "typeDefCategory": "ENTITY_DEF",
        "typeDefGUID": BUILTIN.require(name="Asset")["guid"],
        "typeDefName": "Asset",
        "typeDefVersion": BUILTIN.require(name="Asset")["version"],
    }


@given(st.lists(st.integers(0, 30), min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_type_of_equals_a_naive_closure_whatever_the_order_of_loading(parents, random):
    names = [f"T{index}" for index in range(len(parents))]
    parent = {names[i]: names[p % i] if i and p % (i + 1) else None for i, p in enumerate(parents)}
    beans = [entity(name, parent[name]) for name in names]
    random.shuffle(beans)
    types = TypeSystem()
    types.load_gallery([], beans)
    above = {name: {name} for name in names}
    for _ in names:
        for name in names:
            if parent[name]:
                above[name] |= above[parent[name]]
    for name in names:
        assert set(types.supertypes(name)) == above[name]
        assert types.subtype_guids(f"guid-{name}") == {f"guid-{each}" for each in names if name in above[each]}
        assert all(types.is_type_of(name, other) == (other in above[name]) for other in names)


# Adding


def test_a_copy_is_independent_and_the_version_counts_changes(types):
    copy = types.copy()
    assert copy.version == types.version
    copy.add_typedef(entity("Extra"))
    assert copy.version == types.version + 1
    assert types.typedef_by_name("Extra") is None


def test_builtin_copies_do_not_leak_into_each_other():
    TypeSystem.builtin().add_typedef(entity("Extra"))
    assert TypeSystem.builtin().typedef_by_name("Extra") is None


def test_malformed_guids_are_kept_as_they_are():
    odd = [bean for bean in BUILTIN.typedefs() if len(bean["guid"]) != 36]
    assert {len(bean["guid"]) for bean in odd} == {35, 37}
    assert all(BUILTIN.typedef(bean["guid"]) is bean for bean in odd)


@pytest.mark.parametrize("bean", [entity("Root", guid="other"), entity("Other", guid="guid-Root")])
def test_a_name_or_guid_that_is_taken_is_refused(types, bean):
    with pytest.raises(TypeDefKnownError) as caught:
        types.add_typedef(bean)
    assert caught.value.code == Code.TYPEDEF_ALREADY_DEFINED


@pytest.mark.parametrize("fields", [{"guid": "other"}, {"name": "other"}])
def test_attribute_types_likewise(types, fields):
    with pytest.raises(TypeDefKnownError) as caught:
        types.add_attribute_typedef({**STRING, **fields})
    assert caught.value.code == Code.ATTRIBUTE_TYPEDEF_ALREADY_DEFINED


@pytest.mark.parametrize(
    ("bean", "code"),
    [
        (entity("X", guid=None), Code.NULL_TYPEDEF_IDENTIFIER),
        (entity("X", guid=7), Code.NULL_TYPEDEF_IDENTIFIER),
        ({**entity("X"), "name": ""}, Code.NULL_TYPEDEF_NAME),
        (entity("X", headerVersion=2), Code.UNSUPPORTED_TYPE_HEADER_VERSION),
        (entity("X", category=None), Code.INVALID_TYPEDEF),
        (entity("X", category="RELATIONSHIP_DEF"), Code.INVALID_TYPEDEF),
        ({**entity("X"), "class": "NoSuchDef"}, Code.INVALID_TYPEDEF),
        (entity("X", version="1"), Code.INVALID_TYPEDEF),
        (entity("X", "NoSuchType"), Code.INVALID_TYPEDEF),
        (entity("X", "X"), Code.INVALID_TYPEDEF),
        (entity("X", superType=link("Root", "another-guid")), Code.INVALID_TYPEDEF),
        (entity("X", superType={}), Code.INVALID_TYPEDEF),
        (entity("X", superType={"headerVersion": 1}), Code.INVALID_TYPEDEF),
        (entity("X", superType="Root"), Code.INVALID_TYPEDEF),
        (entity("X", validInstanceStatusList=["NO_SUCH"]), Code.INVALID_TYPEDEF),
        (entity("X", validInstanceStatusList=["ACTIVE"], initialStatus="DRAFT"), Code.INVALID_TYPEDEF),
        (entity("X", propertiesDefinition=[attribute("a"), attribute("a")]), Code.INVALID_TYPEDEF),
        (entity("X", propertiesDefinition=[{"attributeName": "a"}]), Code.INVALID_TYPEDEF),
        (entity("X", propertiesDefinition=[{"attributeType": STRING}]), Code.INVALID_TYPEDEF),
        (entity("X", propertiesDefinition="a"), Code.INVALID_TYPEDEF),
        (relationship("R", "Root", "NoSuchType"), Code.INVALID_TYPEDEF),
        (relationship("R", "Root", "Leaf", endDef1=None), Code.INVALID_TYPEDEF),
        (relationship("R", "Root", "Leaf", endDef1={"entityType": link("Root")}), Code.INVALID_TYPEDEF),
        (relationship("R", "Root", "Leaf", superType=link("Root")), Code.INVALID_TYPEDEF),
        (classification("C", "NoSuchType"), Code.INVALID_TYPEDEF),
        (classification("C", validEntityDefs=[None]), Code.INVALID_TYPEDEF),
    ],
)
def test_a_typedef_that_cannot_stand_is_refused_by_name_and_changes_nothing(types, bean, code):
    version = types.version
    with pytest.raises(InvalidTypeDefError) as caught:
        types.add_typedef(bean)
    assert caught.value.code == code
    assert str(bean["name"]) in caught.value.message and caught.value.help
    assert types.version == version


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"guid": ""}, Code.NULL_ATTRIBUTE_TYPEDEF_IDENTIFIER),
        ({"name": None}, Code.NO_ATTRIBUTE_TYPEDEF_NAME),
        ({"headerVersion": 9}, Code.UNSUPPORTED_TYPE_HEADER_VERSION),
        ({"category": "ENUM_DEF"}, Code.INVALID_ATTRIBUTE_TYPEDEF),
        ({"primitiveDefCategory": "TEXT"}, Code.INVALID_ATTRIBUTE_TYPEDEF),
        ({"class": "EnumDef", "category": "ENUM_DEF", "elementDefs": [{"value": "A"}]}, Code.INVALID_ATTRIBUTE_TYPEDEF),
        (
            {"class": "CollectionDef", "category": "COLLECTION", "collectionDefCategory": "OM_COLLECTION_MAP"},
            Code.INVALID_ATTRIBUTE_TYPEDEF,
        ),
        (
            {"class": "CollectionDef", "category": "COLLECTION", "collectionDefCategory": "BAG"},
            Code.INVALID_ATTRIBUTE_TYPEDEF,
        ),
        (
            {
                "class": "CollectionDef",
                "category": "COLLECTION",
                "collectionDefCategory": "OM_COLLECTION_ARRAY",
                "argumentTypes": ["string"],
            },
            Code.INVALID_ATTRIBUTE_TYPEDEF,
        ),
    ],
)
def test_an_attribute_typedef_that_cannot_stand_is_refused(fields, code):
    with pytest.raises(InvalidTypeDefError) as caught:
        TypeSystem().add_attribute_typedef({**STRING, **fields})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda types: types.add_typedef(None), Code.NULL_TYPEDEF),
        (lambda types: types.verify_typedef([]), Code.NULL_TYPEDEF),
        (lambda types: types.add_attribute_typedef("x"), Code.NULL_ATTRIBUTE_TYPEDEF),
    ],
)
def test_no_bean_at_all(types, call, code):
    with pytest.raises(InvalidParameterError) as caught:
        call(types)
    assert caught.value.code == code


def test_links_by_guid_alone_or_name_alone_are_enough(types):
    types.add_typedef(entity("ByGuid", superType={"guid": "guid-Mid"}))
    types.add_typedef(entity("ByName", superType={"name": "Mid"}))
    assert types.supertypes("ByGuid") == ("ByGuid", "Mid", "Root")
    assert types.subtype_guids("guid-Mid") >= {"guid-ByGuid", "guid-ByName"}


def test_a_whole_type_in_a_link_is_cut_down_to_the_link(types):
    types.add_typedef(entity("X", superType=types.require(name="Mid")))
    assert types.require(name="X")["superType"] == {"headerVersion": 1, "guid": "guid-Mid", "name": "Mid"}


def test_a_gallery_in_a_circle_is_refused_whole(types):
    before = types.gallery()
    with pytest.raises(InvalidTypeDefError):
        types.load_gallery([], [entity("Fine"), entity("One", "Two"), entity("Two", "One")])
    assert types.gallery() == before


def test_a_gallery_naming_a_type_twice_is_refused_or_the_same(types):
    types.load_gallery([], [entity("Twin"), entity("Twin")])
    with pytest.raises(TypeDefConflictError):
        types.load_gallery([], [entity("Pair"), entity("Pair", guid="other")])
    assert types.typedef_by_name("Pair") is None


# Verifying


def test_verify_looks_at_name_guid_and_version_name_only(types):
    assert not types.verify_typedef(entity("New"))
    assert types.verify_typedef(entity("Mid", "Root", version=9, description="other"))
    for other in (entity("Mid", guid="other"), entity("Mid", versionName="2.0")):
        with pytest.raises(TypeDefConflictError) as caught:
            types.verify_typedef(other)
        assert caught.value.code == Code.VERIFY_CONFLICT_DETECTED


def test_verify_of_attribute_types_wants_equality(types):
    assert types.verify_attribute_typedef(dict(STRING))
    assert not types.verify_attribute_typedef({**STRING, "name": "text", "guid": "g"})
    with pytest.raises(TypeDefConflictError, match="description"):
        types.verify_attribute_typedef({**STRING, "description": "other"})


# Looking up


def test_require_says_what_is_missing(types):
    assert types.require(guid="guid-Mid", name="Mid") is types.require(guid="guid-Mid") is types.require(name="Mid")
    for asked, error, code in (
        ({"guid": "nobody"}, TypeDefNotKnownError, Code.TYPEDEF_ID_NOT_KNOWN),
        ({"name": "Nobody"}, TypeDefNotKnownError, Code.TYPEDEF_NAME_NOT_KNOWN),
        ({"guid": "guid-Mid", "name": "Leaf"}, TypeDefError, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
        ({}, TypeDefError, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
    ):
        with pytest.raises(error) as caught:
            types.require(**asked)
        assert caught.value.code == code
    with pytest.raises(TypeDefNotKnownError) as caught:
        types.require_attribute_typedef(guid="nobody")
    assert caught.value.code == Code.ATTRIBUTE_TYPEDEF_ID_NOT_KNOWN


def test_the_gallery_has_everything_in_order(types):
    gallery = types.gallery()
    assert [bean["name"] for bean in gallery["typeDefs"]] == ["Root", "Mid", "Leaf"]
    assert gallery["attributeTypeDefs"] == [STRING]
    again = TypeSystem()
    again.load_gallery(gallery["attributeTypeDefs"], gallery["typeDefs"])
    assert again.gallery() == gallery
    assert TypeSystem().gallery() == {"headerVersion": 1}


# Replacing, removing, new identities


def test_a_later_definition_replaces_the_known_one(types):
    types.replace_typedef(entity("Mid", "Root", version=2, propertiesDefinition=[attribute("x")]))
    assert "x" in types.attributes("Leaf")
    with pytest.raises(PatchError):
        types.replace_typedef(entity("Mid", "Root", version=2))
    with pytest.raises(TypeDefConflictError):
        types.replace_typedef(entity("Renamed", guid="guid-Mid", version=3))
    with pytest.raises(TypeDefNotKnownError):
        types.replace_typedef(entity("Unknown", version=3))


def test_a_type_that_others_are_built_on_stays(types):
    types.add_typedef(relationship("R", "Leaf", "Leaf"))
    for name in ("Mid", "Leaf"):
        with pytest.raises(TypeDefInUseError) as caught:
            types.remove_typedef(f"guid-{name}", name)
        assert caught.value.code == Code.TYPEDEF_IN_USE
    types.remove_typedef("guid-R", "R")
    assert types.remove_typedef("guid-Leaf", "Leaf")["name"] == "Leaf"
    assert types.typedef("guid-Leaf") is None and types.typedef_by_name("Leaf") is None


def test_an_attribute_type_in_use_stays(types):
    types.add_typedef(entity("A", propertiesDefinition=[attribute("x")]))
    with pytest.raises(TypeDefInUseError, match=r"A\.x") as caught:
        types.remove_attribute_typedef(STRING["guid"], "string")
    assert caught.value.code == Code.ATTRIBUTE_TYPEDEF_IN_USE
    types.remove_typedef("guid-A", "A")
    types.remove_attribute_typedef(STRING["guid"], "string")
    assert types.attribute_typedefs() == []


def test_a_new_identity_reaches_every_link(types):
    types.add_typedef(relationship("R", "Mid", "Leaf"))
    types.add_typedef(classification("C", "Mid", "Root"))
    after = types.reidentify_typedef("guid-Mid", "Mid", "new-guid", "Centre")
    assert (after["guid"], after["name"], after["version"]) == ("new-guid", "Centre", 2)
    assert types.supertypes("Leaf") == ("Leaf", "Centre", "Root")
    assert types.require(name="R")["endDef1"]["entityType"]["guid"] == "new-guid"
    assert [each["name"] for each in types.require(name="C")["validEntityDefs"]] == ["Centre", "Root"]
    assert types.typedef_by_name("Mid") is types.typedef("guid-Mid") is after
    with pytest.raises(TypeDefKnownError):
        types.reidentify_typedef("new-guid", "Centre", "guid-Leaf", "Anything")


def test_a_new_identity_of_an_attribute_type_reaches_the_attributes(types):
    types.add_typedef(entity("A", propertiesDefinition=[attribute("x")]))
    types.reidentify_attribute_typedef(STRING["guid"], "string", "g", "text")
    assert (types.attributes("A")["x"].type_guid, types.attributes("A")["x"].type_name) == ("g", "text")
    assert types.require_attribute_typedef(guid="g", name="text")["version"] == STRING["version"] + 1
    assert types.attribute_typedef(STRING["guid"]) is types.attribute_typedef_by_name("string")
    assert types.attribute_typedef(STRING["guid"])["name"] == "text", "values made before name it as it was"
    assert [kind["name"] for kind in types.attribute_typedefs()] == ["text"]


def test_a_type_answers_to_what_it_was_called_before(types):
    """Instances, and members that take no notice, go on naming it so."""
    types.reidentify_typedef("guid-Mid", "Mid", "guid-2", "Second")
    now = types.reidentify_typedef("guid-2", "Second", "guid-3", "Third")
    for guid, name in (("guid-Mid", "Mid"), ("guid-2", "Second"), ("guid-3", "Third")):
        assert types.typedef(guid) is types.typedef_by_name(name) is types.require(guid=guid, name=name) is now
        assert types.is_type_of("Leaf", name) and types.is_type_of(name, "Root")
        assert types.attributes(name) == types.attributes("Third")
        assert types.verify_typedef({**now, "guid": guid, "name": name})
    assert types.subtype_guids("guid-2") == {"guid-Mid", "guid-2", "guid-3", "guid-Leaf"}
    assert [each["name"] for each in types.typedefs()] == ["Root", "Third", "Leaf"]
    with pytest.raises(TypeDefKnownError):
        types.add_typedef(entity("Mid"))
    types.add_typedef(entity("New", "Mid"))
    assert types.require(name="New")["superType"]["name"] == "Third"
    assert types.copy().typedef_by_name("Mid") == now


def test_a_type_can_take_its_former_name_back(types):
    types.reidentify_typedef("guid-Mid", "Mid", "guid-2", "Second")
    back = types.reidentify_typedef("guid-2", "Second", "guid-Mid", "Mid")
    assert types.require(guid="guid-2", name="Second") is back is types.require(guid="guid-Mid", name="Mid")
    types.remove_typedef("guid-Leaf", "Leaf")
    types.remove_typedef("guid-2", "Second")
    assert types.typedef("guid-2") is None and types.typedef_by_name("Mid") is None
    types.add_typedef(entity("Second"))
