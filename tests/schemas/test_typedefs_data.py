"""The package data: complete, up to date with the facts, and the same types as the real archive's."""

import json

import pytest

from omrs_schemas.errors import ArchiveError
from omrs_schemas.typedefs import TypeSystem
from omrs_schemas.typedefs.builtin import builtin_archive
from omrs_schemas.typedefs.constants import OPEN_TYPES_ARCHIVE_GUID
from omrs_schemas.typedefs.generate import DATA_FILE, generate, main, render
from shared_data import ARCHIVES, require_shared

FACTS = ("data", "open-metadata-type-facts.json")
DESCRIPTIVE = {
    *("description", "descriptionGUID", "descriptionWiki", "attributeDescription", "attributeDescriptionGUID"),
    *("versionName", "newVersionName", "createdBy", "createTime", "updatedBy", "updateTime"),
}


def counted(beans: list[dict], key: str) -> dict[str, int]:
    return {name: sum(bean[key] == name for bean in beans) for name in dict.fromkeys(bean[key] for bean in beans)}


def test_counts_of_the_release():
    store = builtin_archive()["archiveTypeStore"]
    assert counted(store["attributeTypeDefs"], "class") == {"PrimitiveDef": 13, "CollectionDef": 9, "EnumDef": 28}
    expected = {"EntityDef": 340, "RelationshipDef": 196, "ClassificationDef": 84}
    assert counted(store["newTypeDefs"], "class") == expected
    assert len(store["typeDefPatches"]) == 32


def test_every_type_is_an_open_type_with_a_whole_header():
    for bean in builtin_archive()["archiveTypeStore"]["newTypeDefs"]:
        assert (bean["headerVersion"], bean["version"], bean["versionName"]) == (1, 1, "1.0")
        assert bean["origin"] == OPEN_TYPES_ARCHIVE_GUID
        assert bean["createdBy"] and bean["createTime"]


def test_data_is_up_to_date_with_the_facts():
    facts = json.loads(require_shared(*FACTS).read_text(encoding="utf-8"))
    assert render(generate(facts)) == DATA_FILE.read_text(encoding="utf-8"), (
        "run python -m omrs_schemas.typedefs.generate with the facts file"
    )


def test_the_command_writes_the_same_bytes_each_time(tmp_path):
    facts = str(require_shared(*FACTS))
    for name in ("one.json", "two.json"):
        assert main([facts, str(tmp_path / name)]) == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes() == DATA_FILE.read_bytes()


def test_unusable_facts_are_named(tmp_path):
    broken = tmp_path / "facts.json"
    broken.write_text('{"primitives": []}')
    with pytest.raises(ArchiveError, match=r"facts\.json"):
        main([str(broken), str(tmp_path / "out.json")])
    with pytest.raises(ArchiveError, match="no-such-file"):
        main([str(tmp_path / "no-such-file"), str(tmp_path / "out.json")])
    with pytest.raises(ArchiveError, match="one or two"):
        main([])


def stripped(value):
    """Without descriptions and the stamps of a release: what the facts are about."""
    if isinstance(value, dict):
        return {key: stripped(each) for key, each in value.items() if key not in DESCRIPTIVE and each != []}
    if isinstance(value, list):
        return [stripped(each) for each in value]
    return value


@pytest.mark.parametrize("field", ["attributeTypeDefs", "newTypeDefs", "typeDefPatches"])
def test_structure_equals_the_real_archive(field):
    require_shared("data", "archives")
    real = json.loads((ARCHIVES / "OpenMetadataTypes.omarchive").read_text(encoding="utf-8"))
    key = "typeDefGUID" if field == "typeDefPatches" else "guid"
    theirs = {bean[key]: stripped(bean) for bean in real["archiveTypeStore"][field]}
    mine = {bean[key]: stripped(bean) for bean in builtin_archive()["archiveTypeStore"][field]}
    assert mine.keys() == theirs.keys()
    for guid, bean in mine.items():
        assert bean == theirs[guid]


def test_the_data_is_loaded_once_and_shared_by_all_copies():
    first, later = TypeSystem.builtin(), TypeSystem.builtin()
    assert later is not first
    assert all(later.typedef(bean["guid"]) is bean for bean in first.typedefs())
    assert all(later.attribute_typedef(bean["guid"]) is bean for bean in first.attribute_typedefs())
