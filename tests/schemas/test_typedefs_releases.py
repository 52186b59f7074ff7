"""Whole releases: the 4.2 archive ends as a real Egeria 4.2 server shows it, extensions load on top, all or nothing."""

import json

import pytest

from omrs_schemas.errors import InvalidTypeDefError, TypeDefConflictError
from omrs_schemas.typedefs import TypeSystem
from shared_data import ARCHIVES, require_shared


def archive(name):
    require_shared("data", "archives", f"{name}.omarchive")
    return json.loads((ARCHIVES / f"{name}.omarchive").read_text(encoding="utf-8"))


def typedef_beans(value):
    if isinstance(value, dict):
        if value.get("class") in ("EntityDef", "RelationshipDef", "ClassificationDef"):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from typedef_beans(each)


def test_release_4_2_is_folded_to_what_a_real_server_answers():
    types = TypeSystem.from_archive(archive("OpenMetadataTypes-4.2"))
    assert (len(types.typedefs()), len(types.attribute_typedefs())) == (667, 63)
    calls = require_shared("data", "egeria-rest", "calls.jsonl").read_text(encoding="utf-8").splitlines()
    theirs = {bean["guid"]: bean for line in calls for bean in typedef_beans(json.loads(line)["response"])}
    compared = 0
    for bean in theirs.values():
        mine = types.typedef(bean["guid"])
        if mine is None or mine["version"] != bean["version"]:
            continue  # a type that was added by a call
        times = {"createTime", "updateTime"}  # ISO text in REST answers
        assert {k: v for k, v in mine.items() if k not in times} == {k: v for k, v in bean.items() if k not in times}
        compared += 1
    assert compared == 667


def test_types_that_real_servers_sent_verify_against_the_archive():
    types = TypeSystem.from_archive(archive("OpenMetadataTypes-4.2"))
    sent = require_shared("data", "egeria-events", "types.jsonl").read_text(encoding="utf-8").splitlines()
    version = types.version
    for line in sent:
        value = json.loads(line)["value"]
        section = (json.loads(value) if isinstance(value, str) else value)["typeDefEventSection"]
        if "typeDef" in section:
            assert types.verify_typedef(section["typeDef"])
        if "attributeTypeDef" in section:
            assert types.verify_attribute_typedef(section["attributeTypeDef"])
        if "typeDefPatch" in section:
            types.apply_patch(section["typeDefPatch"])
    assert types.version == version, "every patch was applied already"


def test_an_extension_loads_on_top_of_the_built_in_types():
    types = TypeSystem.builtin()
    coco = archive("CocoTypesArchive")
    types.load_archive(coco)
    added = [bean["name"] for bean in types.typedefs()[620:]]
    assert len(added) == 3
    for bean in coco["archiveTypeStore"]["newTypeDefs"]:
        assert types.require(guid=bean["guid"], name=bean["name"])["version"] == bean["version"]
    version = types.version
    types.load_archive(coco)
    assert types.version == version, "loading again changes nothing"


def test_an_extension_without_its_base_is_refused_and_leaves_nothing():
    types = TypeSystem()
    with pytest.raises(InvalidTypeDefError, match="not known") as caught:
        types.load_archive(archive("CocoTypesArchive"))
    assert "archive" in caught.value.help
    assert types.gallery() == {"headerVersion": 1} and types.version == 0


def test_two_releases_of_one_archive_conflict():
    types = TypeSystem.builtin()
    before = types.gallery()
    with pytest.raises(TypeDefConflictError):
        types.load_archive(archive("OpenMetadataTypes-4.2"))
    assert types.gallery() == before


def test_the_real_archive_loads_in_any_order():
    store = archive("OpenMetadataTypes")["archiveTypeStore"]
    forwards, backwards = TypeSystem(), TypeSystem()
    forwards.load_gallery(store["attributeTypeDefs"], store["newTypeDefs"], store["typeDefPatches"])
    backwards.load_gallery(store["attributeTypeDefs"][::-1], store["newTypeDefs"][::-1], store["typeDefPatches"][::-1])
    assert {bean["guid"]: bean for bean in forwards.typedefs()} == {bean["guid"]: bean for bean in backwards.typedefs()}


def test_an_archive_without_types_is_an_empty_system():
    assert TypeSystem.from_archive({}).typedefs() == []
    assert TypeSystem.from_archive({"archiveTypeStore": None}).attribute_typedefs() == []
