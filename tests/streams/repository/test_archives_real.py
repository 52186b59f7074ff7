"""The ten real archives: everything in them is planned, nothing is changed but the header."""

import json
from typing import Any

import pytest

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ArchiveError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.currency import ClassificationHeader, Header
from omrs_streams.fold.memory import MemoryFold
from omrs_streams.log.record import ORIGIN_ARCHIVE
from omrs_streams.repository.archives import LoadPlan, plan_load, read_archive
from omrs_streams.repository.events import log_record
from shared_data import require_shared

Bean = dict[str, Any]

LOCAL = "local-collection"
HEADER = {
    "metadataCollectionId",
    "metadataCollectionName",
    "createdBy",
    "createTime",
    "instanceProvenanceType",
    "instanceLicense",
    "replicatedBy",
    "version",
    "maintainedBy",
}

# entities, proxies, relationships, classifications
INSTANCES = {
    "CocoBusinessSystemsArchive": (80, 16, 164, 0),
    "CocoGovernanceProgramArchive": (109, 28, 114, 2),
    "SimpleAPICatalog": (10, 0, 8, 0),
    "SimpleCatalog": (28, 0, 34, 0),
    "SimpleDataCatalog": (10, 0, 7, 0),
    "SimpleEventCatalog": (7, 0, 5, 0),
    "SimpleGovernanceCatalog": (4, 14, 14, 0),
}
# attribute types, new types, patches
TYPES = {
    "CocoTypesArchive": (1, 3, 0),
    "OpenMetadataTypes": (50, 620, 32),
    "OpenMetadataTypes-4.2": (63, 667, 296),
}


def load(name: str, types: TypeSystem, stored: dict[str, Bean] | None = None) -> LoadPlan:
    archive = read_archive(require_shared("data", "archives", f"{name}.omarchive"))
    local = archive.guid if archive.type == "REPOSITORY_BACKUP" else LOCAL
    return plan_load(archive, types, local, "local server", (stored or {}).get)


def without_header(bean: Bean) -> Bean:
    kept = {field: value for field, value in bean.items() if field not in HEADER}
    for field in ("entityOneProxy", "entityTwoProxy"):
        if field in kept:
            kept[field] = without_header(kept[field])
    if "classifications" in kept:
        kept["classifications"] = [without_header(each) for each in kept["classifications"]]
    return kept


@pytest.mark.parametrize("name", INSTANCES)
def test_every_instance_is_planned_unchanged_but_for_its_header(name: str) -> None:
    plan = load(name, TypeSystem.builtin())
    assert plan.complete and not plan.archive.problems
    found = (len(plan.entities), len(plan.proxies), len(plan.relationships), len(plan.classifications))
    assert found == INSTANCES[name] and len(plan.entries("warning")) == INSTANCES[name][1]
    store = json.loads(require_shared("data", "archives", f"{name}.omarchive").read_bytes())["archiveInstanceStore"]
    for noun, source, planned in (
        ("entity", store["entities"], plan.entities),
        ("relationship", store["relationships"], plan.relationships),
    ):
        beans = [each.event["instanceEventSection"][noun] for each in planned]
        assert [without_header(bean) for bean in beans] == [without_header(bean) for bean in source]
        if plan.archive.type == "REPOSITORY_BACKUP":
            assert beans == source
        else:
            assert {bean["replicatedBy"] for bean in beans} == {LOCAL}
            assert {bean["metadataCollectionId"] for bean in beans} == {plan.archive.guid}


@pytest.mark.parametrize("name", INSTANCES)
def test_the_events_encode_fold_and_come_again_without_effect(name: str) -> None:
    plan = load(name, TypeSystem.builtin())
    codec = EventCodec(plan.types.types)
    records = [
        log_record(each.event, codec.encode, 1, event_id=f"{each.pointer}", origin=ORIGIN_ARCHIVE)
        for each in plan.events()
    ]
    for offset, record in enumerate(records):
        record.offset = offset
    assert [codec.decode(record.value or b"") for record in records] == [each.event for each in plan.events()]
    fold = MemoryFold()
    assert all(effect.effective for effect in fold.apply(records))

    def known(guid: str) -> Header | None:
        meta = fold.get_meta(guid)
        if meta is None:
            return None
        classified = {
            str(each.event["instanceEventSection"]["classification"]["name"]): ClassificationHeader.of(
                each.event["instanceEventSection"]["classification"]
            )
            for each in plan.classifications
            if each.guid == guid
        }
        typedef = plan.types.types.require(guid=meta.type_guid)
        return Header(
            version=meta.version,
            create_time=meta.create_time,
            home_id=meta.home_id,
            type_name=typedef["name"],
            type_guid=meta.type_guid,
            proxy=meta.proxy,
            classifications=classified,
        )

    again = plan_load(plan.archive, plan.types.types, str(plan.archive.guid), "local", known)
    assert list(again.events()) == [] and again.complete
    assert again.unchanged == sum(INSTANCES[name]) - INSTANCES[name][1]


@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_planned(name: str) -> None:
    plan = load(name, TypeSystem.builtin() if name == "CocoTypesArchive" else TypeSystem())
    assert plan.complete
    assert (len(plan.types.attribute_typedefs), len(plan.types.typedefs), len(plan.types.patches)) == TYPES[name]
    again = plan_load(plan.archive, plan.types.types, LOCAL, "local", {}.get)
    assert again.complete and again.types.known == sum(TYPES[name])


def test_the_release_that_is_built_in_loads_without_an_error() -> None:
    plan = load("OpenMetadataTypes", TypeSystem.builtin())
    assert plan.complete and plan.types.typedefs == [] and plan.types.patches == []
    assert (plan.types.alike, plan.types.known) == (638, 64)
    assert len(plan.entries("warning")) == 1


def test_another_release_of_the_types_is_a_conflict_that_says_so() -> None:
    plan = load("OpenMetadataTypes-4.2", TypeSystem.builtin())
    assert not plan.complete
    assert all(entry.pointer.startswith("/archiveTypeStore/") and entry.guid for entry in plan.entries("error"))


def stored_by(plan: LoadPlan) -> dict[str, Bean]:
    found: dict[str, Bean] = {}
    for each in plan.events():
        section = each.event["instanceEventSection"]
        if "classification" not in section:
            found[each.guid] = section.get("entity") or section.get("entityProxy") or section["relationship"]
    return found


def test_the_two_packs_with_one_guid_load_in_either_order() -> None:
    names = ["CocoBusinessSystemsArchive", "CocoGovernanceProgramArchive"]
    for first, second in (names, names[::-1]):
        types = TypeSystem.builtin()
        plan = load(second, types, stored_by(load(first, types)))
        assert plan.complete
        shared = "ac202586-4042-407b-ae51-8096dfda223e"  # the pack's own MetadataCollection entity, in both
        assert (shared in {each.guid for each in plan.entities}) is (second == names[0])
        assert plan.unchanged == (0 if second == names[0] else 1)


def test_the_pack_that_repeats_a_backup_conflicts_instance_by_instance() -> None:
    types = TypeSystem.builtin()
    plan = load("SimpleCatalog", types, stored_by(load("SimpleAPICatalog", types)))
    conflicts = plan.entries("error")
    assert len(conflicts) == 17 and plan.unchanged == 0
    assert all("9e594f24-2494-4000-ac20-59f374eaa0e6" in entry.message for entry in conflicts)
    assert len(plan.entities) + len(plan.relationships) == 28 + 34 - 17


def test_a_backup_is_refused_by_another_server() -> None:
    archive = read_archive(require_shared("data", "archives", "SimpleAPICatalog.omarchive"))
    with pytest.raises(ArchiveError, match="SimpleAPICatalog is a backup") as caught:
        plan_load(archive, TypeSystem.builtin(), LOCAL, "local server", {}.get)
    assert "9e594f24-2494-4000-ac20-59f374eaa0e6" in caught.value.help
