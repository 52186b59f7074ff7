"""Archives: header rules, unknown ends, types, refusals and five kinds of broken files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omrs_schemas.errors import ArchiveError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.archives import Archive, LoadPlan, plan_load, read_archive

Bean = dict[str, Any]

TYPES = TypeSystem.builtin()
LOCAL = "local-collection"
INSTANCES = "/archiveInstanceStore"


def instance_type(name: str) -> Bean:
    typedef = TYPES.require(name=name)
    return TYPES.instance_type(typedef)


def classification(name: str = "Confidentiality", **more: Any) -> Bean:
    return {"class": "Classification", "headerVersion": 1, "name": name, "type": instance_type(name), **more}


def entity(guid: str, name: str = "GlossaryTerm", **more: Any) -> Bean:
    bean = {"class": "EntityDetail", "headerVersion": 1, "guid": guid, "type": instance_type(name), "status": "ACTIVE"}
    return {**bean, **more}


def proxy(guid: str, name: str = "GlossaryTerm", **more: Any) -> Bean:
    return {**entity(guid, name, **more), "class": "EntityProxy"}


def link(guid: str, one: Bean, two: Bean, name: str = "SemanticAssignment", **more: Any) -> Bean:
    bean = {"class": "Relationship", "headerVersion": 1, "guid": guid, "type": instance_type(name), "status": "ACTIVE"}
    return {**bean, "entityOneProxy": one, "entityTwoProxy": two, **more}


def archive(kind: str = "CONTENT_PACK", types: Bean | None = None, **instances: list[Bean]) -> Bean:
    bean: Bean = {
        "class": "OpenMetadataArchive",
        "archiveProperties": {
            "class": "OpenMetadataArchiveProperties",
            "archiveGUID": "archive-guid",
            "archiveName": "Sample",
            "archiveType": kind,
            "originatorName": "Coco",
            "originatorLicense": "Apache-2.0",
            "creationDate": 5000,
        },
    }
    if instances:
        bean["archiveInstanceStore"] = {"class": "OpenMetadataArchiveInstanceStore", **instances}
    if types:
        bean["archiveTypeStore"] = {"class": "OpenMetadataArchiveTypeStore", **types}
    return bean


def read(bean: Any) -> Archive:
    return read_archive(json.dumps(bean).encode())


def nothing(guid: str) -> None:
    return None


def plan(bean: Bean, known: Callable[[str], Bean | None] = nothing, local: str = LOCAL) -> LoadPlan:
    return plan_load(read(bean), TYPES, local, "local server", known)


def section(event: Bean) -> Bean:
    found: Bean = event["instanceEventSection"]
    return found


def lines(plan_or_archive: LoadPlan | Archive) -> list[tuple[str, str | None, str]]:
    entries = plan_or_archive.report if isinstance(plan_or_archive, LoadPlan) else plan_or_archive.problems
    return [(entry.severity, entry.guid, entry.pointer) for entry in entries]


# Header rules

CAME = {
    "metadataCollectionId": "elsewhere",
    "metadataCollectionName": "Elsewhere",
    "createdBy": "peter",
    "createTime": 1,
    "instanceProvenanceType": "LOCAL_COHORT",
    "version": 3,
}
PACKED = {
    "metadataCollectionId": "archive-guid",
    "metadataCollectionName": "Sample",
    "createdBy": "Coco",
    "createTime": 5000,
    "instanceProvenanceType": "CONTENT_PACK",
    "instanceLicense": "Apache-2.0",
    "replicatedBy": LOCAL,
}


def fields(bean: Bean, names: Bean) -> Bean:
    return {name: bean.get(name) for name in names}


def test_content_packs_overwrite_the_header_of_everything_they_hold() -> None:
    held = entity("e", classifications=[classification(**CAME)], **CAME)
    extension = {"classification": classification(**CAME), "entityToClassify": proxy("e", **CAME)}
    ends = link("r", proxy("e", **CAME), proxy("far", **CAME), **CAME)
    loaded = plan(archive(entities=[held], relationships=[ends], classifications=[extension]))
    [first], [second], [third] = loaded.entities, loaded.relationships, loaded.classifications
    bean = section(first.event)["entity"]
    assert fields(bean, PACKED) == PACKED and fields(bean["classifications"][0], PACKED) == PACKED
    relationship = section(second.event)["relationship"]
    assert fields(relationship, PACKED) == PACKED
    assert fields(section(third.event)["classification"], PACKED) == PACKED
    # an end that is in the archive agrees with the entity; one that is not keeps the home it came with
    assert fields(relationship["entityOneProxy"], PACKED) == PACKED
    assert relationship["entityTwoProxy"]["metadataCollectionId"] == "elsewhere"
    assert fields(section(third.event)["entityProxy"], PACKED) == PACKED
    assert {event.kind for event in (first, second, third)} == {
        "UPDATED_ENTITY_EVENT",
        "UPDATED_RELATIONSHIP_EVENT",
        "RECLASSIFIED_ENTITY_EVENT",
    }


def test_exports_fill_only_what_is_null() -> None:
    loaded = plan(archive("METADATA_EXPORT", entities=[entity("full", **CAME), entity("bare")]))
    full, bare = (section(event.event)["entity"] for event in loaded.entities)
    assert fields(full, CAME) == CAME and full["instanceLicense"] == "Apache-2.0" and full["replicatedBy"] == LOCAL
    assert fields(bare, PACKED) == {**PACKED, "instanceProvenanceType": "EXPORT_ARCHIVE"}
    assert bare["version"] == 1


def test_backups_stay_as_they_are_but_for_version_zero() -> None:
    home = {**CAME, "metadataCollectionId": LOCAL}
    came = [entity("e", **home), entity("zero", **{**home, "version": 0})]
    loaded = plan(archive("REPOSITORY_BACKUP", entities=came))
    assert [section(event.event)["entity"] for event in loaded.entities] == [came[0], {**came[1], "version": 1}]
    assert [event.kind for event in loaded.entities] == ["UPDATED_ENTITY_EVENT", "NEW_ENTITY_EVENT"]


def test_events_come_from_the_archive() -> None:
    [event] = plan(archive(entities=[entity("e", version=1)])).entities
    assert event.event["originator"] == {
        "metadataCollectionId": "archive-guid",
        "serverName": "Sample",
        "serverType": "Open Metadata Archive",
        "organizationName": "Coco",
    }
    assert event.event["timestamp"] == 5000 and event.kind == "NEW_ENTITY_EVENT"
    assert section(event.event)["typeDefName"] == "GlossaryTerm" and "originalEntity" not in section(event.event)


def test_a_backup_of_another_collection_is_refused_with_advice() -> None:
    bean = archive("REPOSITORY_BACKUP", entities=[entity("e", **CAME)])
    with pytest.raises(ArchiveError, match="elsewhere") as caught:
        plan(bean)
    assert "metadata collection id elsewhere" in caught.value.help
    assert plan(bean, local="elsewhere").complete


def test_an_instance_that_gets_no_home_is_an_error() -> None:
    loaded = plan(archive("REPOSITORY_BACKUP", entities=[entity("e")]))
    assert lines(loaded) == [("error", "e", f"{INSTANCES}/entities/0/metadataCollectionId")]
    assert loaded.entities == [] and not loaded.complete


# Ends that are not here


def test_an_unknown_end_becomes_a_proxy_once_with_a_warning() -> None:
    far = proxy("far", **CAME)
    both = [link("r1", proxy("e"), far), link("r2", proxy("e"), far)]
    loaded = plan(archive(entities=[entity("e")], relationships=both))
    [stored] = loaded.proxies
    assert stored.guid == "far" and stored.kind == "NEW_ENTITY_EVENT"
    assert section(stored.event)["entityProxy"]["metadataCollectionId"] == "elsewhere"
    assert lines(loaded) == [("warning", "r1", f"{INSTANCES}/relationships/0/entityTwoProxy")]
    assert loaded.complete
    order = [event.guid for event in loaded.events()]
    assert order == ["e", "far", "r1", "r2"]


def test_a_known_end_needs_no_proxy() -> None:
    known = {"far": proxy("far", **CAME)}
    loaded = plan(archive(entities=[entity("e")], relationships=[link("r", proxy("e"), proxy("far"))]), known.get)
    assert loaded.proxies == [] and loaded.report == []


def test_an_extension_of_an_unknown_entity_is_kept_with_a_warning() -> None:
    extension = {"classification": classification(version=1), "entityToClassify": proxy("far", **CAME)}
    loaded = plan(archive(classifications=[extension]))
    assert [event.kind for event in loaded.classifications] == ["CLASSIFIED_ENTITY_EVENT"]
    assert lines(loaded) == [("warning", "far", f"{INSTANCES}/classifications/0/entityToClassify")]


def test_an_end_of_another_type_is_said() -> None:
    held = [entity("d", "DataFile"), entity("e")]
    ends = proxy("d", "DataFile"), proxy("e")
    assert plan(archive(entities=held, relationships=[link("r", *ends)])).report == []
    turned = plan(archive(entities=held, relationships=[link("r", *ends[::-1])]))
    assert lines(turned) == [("warning", "r", f"{INSTANCES}/relationships/0/entityTwoProxy")]
    assert "a DataFile where SemanticAssignment links a GlossaryTerm" in turned.report[0].message


# Loading again


def test_what_is_here_already_is_passed_over() -> None:
    bean = archive(
        entities=[entity("e", version=7)],
        relationships=[link("r", proxy("e"), proxy("e"), version=7)],
        classifications=[{"classification": classification(version=7), "entityToClassify": proxy("e")}],
    )
    first = plan(bean)
    store = {event.guid: section(event.event) for event in first.events()}
    stored = {"e": {**store["e"]["entityProxy"], "class": "EntityDetail"}, "r": store["r"]["relationship"]}
    stored["e"]["classifications"] = [store["e"]["classification"]]
    stored["e"]["version"] = 7
    again = plan(bean, stored.get)
    assert list(again.events()) == [] and again.unchanged == 3
    assert [entry.severity for entry in again.report] == ["info"]


def test_another_object_with_the_guid_is_an_error() -> None:
    stored = {"e": entity("e", **CAME)}
    loaded = plan(archive(entities=[entity("e", version=9)]), stored.get)
    assert lines(loaded) == [("error", "e", f"{INSTANCES}/entities/0")] and loaded.entities == []


# Types


def term_type(name: str = "SampleTerm", guid: str = "sample-type", base: str = "GlossaryTerm") -> Bean:
    return {
        "class": "EntityDef",
        "headerVersion": 1,
        "guid": guid,
        "name": name,
        "category": "ENTITY_DEF",
        "version": 1,
        "versionName": "1.0",
        "superType": {"name": base},
    }


def patch(name: str, guid: str, version: int) -> Bean:
    return {
        "headerVersion": 1,
        "typeDefGUID": guid,
        "typeDefName": name,
        "applyToVersion": version,
        "updateToVersion": version + 1,
        "newVersionName": "2.0",
        "updatedBy": "Coco",
        "updateTime": 1,
        "description": "patched",
    }


def test_new_types_are_planned_in_order_of_dependence_and_used_at_once() -> None:
    sub = term_type("SubTerm", "sub-type", "SampleTerm")
    bean = archive(
        types={"newTypeDefs": [sub, term_type()], "typeDefPatches": [patch("SampleTerm", "sample-type", 1)]},
        entities=[entity("e", type={"class": "InstanceType", "typeDefGUID": "sub-type", "typeDefName": "SubTerm"})],
    )
    loaded = plan(bean)
    assert [each["name"] for each in loaded.types.typedefs] == ["SampleTerm", "SubTerm"]
    assert loaded.types.patched["sample-type"]["version"] == 2
    assert loaded.complete and len(loaded.entities) == 1
    assert TYPES.typedef_by_name("SampleTerm") is None
    again = plan_load(loaded.archive, loaded.types.types, LOCAL, "local", nothing)
    assert (again.types.typedefs, again.types.patches, again.types.known) == ([], [], 3)


def test_types_that_cannot_be_added_are_reported_by_guid_and_the_rest_is_planned() -> None:
    conflict = {**term_type("GlossaryTerm", "another-guid"), "superType": {"name": "Referenceable"}}
    orphan = term_type("Orphan", "orphan", "NoSuchType")
    late = patch("GlossaryTerm", TYPES.require(name="GlossaryTerm")["guid"], 90)
    loaded = plan(archive(types={"newTypeDefs": [conflict, orphan, term_type()], "typeDefPatches": [late]}))
    assert [each["name"] for each in loaded.types.typedefs] == ["SampleTerm"]
    assert {entry[1:] for entry in lines(loaded)} == {
        ("another-guid", "/archiveTypeStore/newTypeDefs/0"),
        ("orphan", "/archiveTypeStore/newTypeDefs/1"),
        (late["typeDefGUID"], "/archiveTypeStore/typeDefPatches/0"),
    }


def test_attribute_types_with_other_descriptions_are_the_known_ones() -> None:
    known = TYPES.attribute_typedef_by_name("string")
    assert known is not None
    loaded = plan(archive(types={"attributeTypeDefs": [{**known, "description": "text"}]}))
    assert [entry[0] for entry in lines(loaded)] == ["warning"] and loaded.types.attribute_typedefs == []
    other = plan(archive(types={"attributeTypeDefs": [{**known, "primitiveDefCategory": "OM_PRIMITIVE_TYPE_INT"}]}))
    assert lines(other)[0] == ("error", known["guid"], "/archiveTypeStore/attributeTypeDefs/0")


def test_properties_that_the_type_does_not_define_are_kept_and_said() -> None:
    value = {
        "class": "PrimitivePropertyValue",
        "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
        "primitiveValue": "x",
    }
    held = {"class": "InstanceProperties", "instanceProperties": {"odd/name": value, "displayName": value}}
    loaded = plan(archive(entities=[entity("e", properties=held)]))
    assert lines(loaded) == [("warning", "e", f"{INSTANCES}/entities/0/properties/instanceProperties/odd~1name")]
    assert "odd/name" in section(loaded.entities[0].event)["entity"]["properties"]["instanceProperties"]


# Broken archives


def test_broken_json_names_line_and_column() -> None:
    text = json.dumps(archive(entities=[entity("e")]), indent=1)
    cut = text[: text.index('"entities"') + 20]
    with pytest.raises(ArchiveError, match="line") as caught:
        read_archive(cut.encode())
    assert caught.value.params["line"] == cut.count("\n") + 1
    with pytest.raises(ArchiveError, match=r"not UTF-8 at line 2, column 3"):
        read_archive(b'{\n "\xff"}')
    with pytest.raises(ArchiveError, match="line 1, column 1"):
        read_archive(b"")


@pytest.mark.parametrize(
    ("bean", "pointer"),
    [
        ([], ""),
        ({"class": "EntityDetail"}, ""),
        ({"class": "OpenMetadataArchive"}, "/archiveProperties"),
        ({"archiveProperties": {"archiveType": "CONTENT_PACK"}}, "/archiveProperties/archiveGUID"),
        ({"archiveProperties": {"archiveGUID": "g", "archiveType": "ZIP"}}, "/archiveProperties/archiveType"),
        (
            {"archiveProperties": {"archiveGUID": "g", "archiveType": "CONTENT_PACK", "creationDate": "today"}},
            "/archiveProperties/creationDate",
        ),
    ],
)
def test_what_is_no_archive_is_refused_with_its_place(bean: Any, pointer: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        read(bean)
    assert caught.value.params["pointer"] == pointer


def test_wrong_structure_is_reported_by_pointer_and_the_rest_is_read() -> None:
    odd = {"class": "PrimitivePropertyValue", "headerVersion": "x"}
    bean = archive(
        entities=[
            entity("good"),
            "text",
            entity("late", createTime="tomorrow"),
            entity("many", classifications={}),
            entity("value", properties={"instanceProperties": {"p": odd}}),
            {**entity("wrong"), "class": "Relationship"},
            entity("future", headerVersion=2),
            entity("negative", version=-1),
        ],
        classifications=[{"classification": classification()}],
    )
    bean["archiveInstanceStore"]["relationships"] = {}
    found = read(bean)
    assert [each.guid for each in found.entities] == ["good"]
    base = f"{INSTANCES}/entities"
    assert lines(found) == [
        ("error", None, f"{base}/1"),
        ("error", "late", f"{base}/2/createTime"),
        ("error", "many", f"{base}/3/classifications"),
        ("error", "value", f"{base}/4/properties/instanceProperties/p/headerVersion"),
        ("error", "wrong", f"{base}/5"),
        ("error", "future", f"{base}/6/headerVersion"),
        ("error", "negative", f"{base}/7/version"),
        ("error", None, f"{INSTANCES}/relationships"),
        ("error", None, f"{INSTANCES}/classifications/0"),
    ]


def test_missing_types_guids_and_ends_are_reported() -> None:
    untyped = entity("untyped")
    del untyped["type"]
    half = link("half", proxy("e"), proxy("e"))
    del half["entityTwoProxy"]
    found = read(
        archive(
            entities=[untyped, entity(""), entity("inner", classifications=[{"class": "Classification", "name": "C"}])],
            relationships=[half, link("r", proxy("e"), {**proxy("x"), "type": {}})],
        )
    )
    assert lines(found) == [
        ("error", "untyped", f"{INSTANCES}/entities/0/type"),
        ("error", None, f"{INSTANCES}/entities/1"),
        ("error", "inner", f"{INSTANCES}/entities/2/classifications/0/type"),
        ("error", "half", f"{INSTANCES}/relationships/0/entityTwoProxy"),
        ("error", "x", f"{INSTANCES}/relationships/1/entityTwoProxy/type"),
    ]


def test_unknown_types_are_reported_by_guid_of_the_instance_and_left_out() -> None:
    def typed(guid: str, name: str) -> Bean:
        return {"class": "InstanceType", "typeDefGUID": guid, "typeDefName": name}

    term = TYPES.require(name="GlossaryTerm")["guid"]
    loaded = plan(
        archive(
            entities=[
                entity("new", type=typed("no-such", "NoSuch")),
                entity("renamed", type=typed("no-such", "GlossaryTerm")),
                entity("mixed", type=typed(term, "Asset")),
                entity("inner", classifications=[classification(type=typed("c", "C"))]),
                entity("good"),
            ],
            relationships=[link("r", proxy("good"), proxy("x", type=typed("no-such", "NoSuch")))],
        )
    )
    assert [event.guid for event in loaded.events()] == ["good"]
    assert lines(loaded) == [
        ("error", "new", f"{INSTANCES}/entities/0/type"),
        ("error", "renamed", f"{INSTANCES}/entities/1/type"),
        ("error", "mixed", f"{INSTANCES}/entities/2/type"),
        ("error", "inner", f"{INSTANCES}/entities/3/classifications/0/type"),
        ("error", "r", f"{INSTANCES}/relationships/0/entityTwoProxy/type"),
    ]
    assert "no-such" in loaded.report[0].message and term in loaded.report[1].message


def test_equal_guids_are_reported_with_the_place_of_the_first() -> None:
    found = read(
        archive(
            types={"newTypeDefs": [term_type(), term_type()]},
            entities=[entity("e"), entity("e"), entity("e", version=2)],
            relationships=[link("e", proxy("e"), proxy("e"))],
            classifications=[{"classification": classification(), "entityToClassify": proxy("e")}] * 2,
        )
    )
    assert [each.pointer for each in found.entities] == [f"{INSTANCES}/entities/0"] and found.relationships == ()
    assert {entry[1:] for entry in lines(found)} == {
        ("sample-type", "/archiveTypeStore/newTypeDefs/1"),
        ("e", f"{INSTANCES}/entities/1"),
        ("e", f"{INSTANCES}/entities/2"),
        ("e", f"{INSTANCES}/relationships/0"),
        ("e", f"{INSTANCES}/classifications/1"),
    }
    messages = {entry.pointer: entry.message for entry in found.problems}
    assert "same content" in messages[f"{INSTANCES}/entities/1"]
    assert "other content" in messages[f"{INSTANCES}/entities/2"]


def test_names_that_appear_twice_in_an_object_are_reported() -> None:
    text = json.dumps(archive(entities=[entity("e")])).replace('"guid": "e"', '"guid": "first", "guid": "e"')
    assert lines(read_archive(text.encode())) == [("error", None, f"{INSTANCES}/entities/0")]


def test_broken_types_are_reported() -> None:
    nameless = {**term_type(), "name": None}
    found = read(archive(types={"newTypeDefs": [nameless], "typeDefPatches": [{"typeDefGUID": "x"}]}))
    assert found.typedefs == () and found.patches == ()
    assert [entry[1:] for entry in lines(found)] == [
        ("sample-type", "/archiveTypeStore/newTypeDefs/0"),
        ("x", "/archiveTypeStore/typeDefPatches/0"),
    ]


def test_an_empty_archive_says_so() -> None:
    assert lines(read(archive())) == [("warning", None, "")]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"no\.omarchive"):
        read_archive(tmp_path / "no.omarchive")
