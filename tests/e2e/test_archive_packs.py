"""Real archives through `omrs archive load` into real servers: what was in the file is what every member answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from e2e_samples import has_type

from archive_load import Bean, Load, Reader, Source, differences, finish, load, start_load, with_times
from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.model.values import from_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.consumer import watermarks
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import server_log
from shared_data import require_shared
from workers import PARTITIONS, Fleet, Running, eventually, fleet, unique

CONFLICT_WORDS = (
    "conflict",
    "OMRS-AUDIT-9018",
    "OMRS-AUDIT-8002",
    "dead letter",
    "failed unexpectedly",
    "cannot be used",
)
COCO = "ac202586-4042-407b-ae51-8096dfda223e"
"""The home of both Coco packs, and the guid of the MetadataCollection entity in each of them."""


def source(name: str) -> Source:
    return Source.read(require_shared("data", "archives", f"{name}.omarchive"))


def collection_id(running: Running) -> str:
    return str(running.ask("/status")["metadata_collection_id"])


def log_ends(running: Running, workers: Fleet) -> list[int]:
    conf = KafkaSettings(bootstrap_servers=workers.bootstrap_servers).bulk_consumer("omrs.test")
    return [end for _, end in watermarks(conf, server_log(running.server), PARTITIONS)]


def homes_agree(one: Running, other: Running, homes: set[str]) -> bool:
    return all(one.ask("/digest", home=home) == other.ask("/digest", home=home) for home in homes)


def said_no_conflict(running: Running) -> None:
    lines = [line for line in running.log_text().splitlines() if any(word in line for word in CONFLICT_WORDS)]
    assert not lines, f"{running.server}: {lines[:5]}"


# ---- content packs ---------------------------------------------------------------------------------------------------

PACKS = ("CocoTypesArchive", "CocoBusinessSystemsArchive", "CocoGovernanceProgramArchive", "SimpleCatalog")


@dataclass
class Packs:
    """A and B in one cohort, A loaded with the packs; C alone, loaded with the same in another order."""

    workers: Fleet
    a: Running
    b: Running
    c: Running
    sources: dict[str, Source]
    loads: dict[str, Load] = field(default_factory=dict)
    loads_c: dict[str, Load] = field(default_factory=dict)


@pytest.fixture(scope="module")
def packs(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packs]:
    sources = {name: source(name) for name in PACKS}
    with fleet(tmp_path_factory.mktemp("packs"), kafka.bootstrap_servers) as workers:
        cohort = unique("packs")
        a, b = (workers.spawn(unique(f"packs{name}"), cohort=cohort) for name in "AB")
        c = workers.spawn(unique("packsC"))
        for running in (a, b, c):
            workers.await_url(running).wait_ready()
        found = Packs(workers, a, b, c, sources)
        for name, name_c in zip(PACKS, reversed(PACKS), strict=True):
            both = (
                start_load(workers, a.server, sources[name].path),
                start_load(workers, c.server, sources[name_c].path),
            )
            found.loads[name], found.loads_c[name_c] = (finish(each) for each in both)
            # Types travel on a topic of their own, and their instances wait only seconds for them.
            for bean in sources[name].types.get("newTypeDefs") or ():
                has_type(b, bean["name"])
        homes = {each.guid for each in sources.values()}
        eventually(lambda: homes_agree(a, b, homes), "B holds what A holds")
        yield found


def expected_packs(packs: Packs, local_id: str) -> list[Bean]:
    """All instances of all packs; of a guid that two packs have, the later version."""
    found: dict[str, Bean] = {}
    for each in packs.sources.values():
        for bean in each.expected(local_id):
            known = found.get(bean["guid"])
            if known is None or bean["version"] > known["version"]:
                found[bean["guid"]] = bean
    return list(found.values())


def test_the_packs_load_whole_and_say_what_they_stored(packs: Packs) -> None:
    assert [packs.loads[name].code for name in PACKS] == [0, 0, 0, 0]
    assert [packs.loads_c[name].code for name in PACKS] == [0, 0, 0, 0]
    assert {name: packs.loads[name].stored for name in PACKS} == {
        "CocoTypesArchive": (0, 0, 0, 0),
        "CocoBusinessSystemsArchive": (80, 16, 164, 0),
        "CocoGovernanceProgramArchive": (108, 28, 114, 2),  # its MetadataCollection is older than the other pack's
        "SimpleCatalog": (28, 0, 34, 0),
    }
    assert packs.loads_c["CocoGovernanceProgramArchive"].stored == (109, 28, 114, 2)
    assert packs.loads_c["CocoBusinessSystemsArchive"].stored == (80, 16, 164, 0)
    assert not any(each.of("error") for each in (*packs.loads.values(), *packs.loads_c.values()))


@pytest.mark.parametrize("name", ["a", "b"])
def test_every_instance_reads_back_equal_to_its_source(packs: Packs, name: str) -> None:
    """At A, which loaded them, and at B, which got them through the cohort: field by field."""
    expected = expected_packs(packs, collection_id(packs.a))
    assert len(expected) == 80 + 109 - 1 + 28 + 164 + 114 + 34
    assert differences(Reader(getattr(packs, name)), expected) == {}


def test_the_order_of_loading_makes_no_difference(packs: Packs) -> None:
    expected = expected_packs(packs, collection_id(packs.c))
    assert differences(Reader(packs.c), expected) == {}
    of_a, of_c = (
        {home: running.ask("/digest", home=home)["count"] for home in {each.guid for each in packs.sources.values()}}
        for running in (packs.a, packs.c)
    )
    assert of_a == of_c


def test_the_later_version_of_the_shared_entity_wins(packs: Packs) -> None:
    for running in (packs.a, packs.b, packs.c):
        held = Reader(running).entity(COCO)
        assert held is not None
        assert held["version"] == 1782573708352, running.server
        assert held["metadataCollectionName"] == "Coco Pharmaceuticals Business Systems"
    history = packs.c.client().entity_history(COCO)
    assert [each["version"] for each in history] == [1782573708352, 1782573704369]
    assert [each["version"] for each in packs.a.client().entity_history(COCO)] == [1782573708352]


def all_proxies(reader: Reader, guids: set[str]) -> bool:
    return all(reader.is_proxy(guid) for guid in guids)


def test_unknown_ends_are_proxies_with_a_warning(packs: Packs) -> None:
    for name in PACKS:
        missing = packs.sources[name].missing_ends
        warnings = packs.loads[name].of("warning")
        assert len(warnings) == len(missing), name
        for guid in missing:
            (warning,) = [each for each in warnings if guid in each["message"]]
            assert warning["pointer"].startswith("/archiveInstanceStore/relationships/")
            assert "proxy is stored" in warning["message"]
            assert warning["guid"] in {bean["guid"] for bean in packs.sources[name].relationships}
        for running in (packs.a, packs.b, packs.c):
            # At B a proxy follows from the copy of its relationship, in a record of its own.
            eventually(partial(all_proxies, Reader(running), missing), f"the proxies of {name} at {running.server}")


def test_loading_again_changes_nothing(packs: Packs) -> None:
    before = log_ends(packs.a, packs.workers)
    again = {name: start_load(packs.workers, packs.a.server, packs.sources[name].path) for name in PACKS}
    for name, loading in again.items():
        done = finish(loading)
        each = packs.sources[name]
        assert done.code == 0 and done.stored == (0, 0, 0, 0), name
        assert done.facts is not None
        assert (done.facts["types"], done.facts["stale"]) == (0, 0)
        assert done.facts["unchanged"] == len(each.entities) + len(each.relationships) + len(each.extensions)
    assert log_ends(packs.a, packs.workers) == before


def test_the_types_of_an_archive_reach_the_other_member(packs: Packs) -> None:
    types = packs.sources["CocoTypesArchive"].types
    assert packs.loads["CocoTypesArchive"].facts["types"] == 4
    for running in (packs.a, packs.b, packs.c):
        reader = Reader(running)
        for bean in types["newTypeDefs"]:
            assert with_times(reader.answer(f"/types/typedef/name/{bean['name']}")["typeDef"]) == bean
        for bean in types["attributeTypeDefs"]:
            found = reader.answer(f"/types/attribute-typedef/name/{bean['name']}")
            assert with_times(found["attributeTypeDef"]) == bean


def test_nobody_reports_a_conflict(packs: Packs) -> None:
    for running in (packs.a, packs.b, packs.c):
        said_no_conflict(running)
        assert running.alive()


# ---- repository backups ----------------------------------------------------------------------------------------------

BACKUPS = ("SimpleGovernanceCatalog", "SimpleAPICatalog", "SimpleDataCatalog", "SimpleEventCatalog")
"""The first needs entities of the other three: it is loaded first, so that they come as copies to where proxies are."""


@dataclass
class Backups:
    """One server for each backup, with the collection id it needs, and a receiver R; all in one cohort."""

    workers: Fleet
    homes: dict[str, Running]
    r: Running
    sources: dict[str, Source]
    loads: dict[str, Load] = field(default_factory=dict)
    refused: dict[str, Load] = field(default_factory=dict)
    differences: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def backups(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backups]:
    sources = {name: source(name) for name in BACKUPS}
    with fleet(tmp_path_factory.mktemp("backups"), kafka.bootstrap_servers) as workers:
        cohort = unique("backups")
        homes = {
            name: workers.spawn(unique(name), cohort=cohort, metadata_collection_id=each.guid)
            for name, each in sources.items()
        }
        r = workers.spawn(unique("backupsR"), cohort=cohort)
        for running in (*homes.values(), r):
            workers.await_url(running).wait_ready()
        found = Backups(workers, homes, r, sources)
        # Refused first, while nothing else can have been stored at R.
        trials = {name: start_load(workers, r.server, sources[name].path) for name in BACKUPS[:2]}
        found.refused = {name: finish(each) for name, each in trials.items()}
        assert log_ends(r, workers) == [0] * PARTITIONS, "nothing of a refused backup is stored"
        found.loads[BACKUPS[0]] = load(workers, homes[BACKUPS[0]].server, sources[BACKUPS[0]].path)
        loading = {name: start_load(workers, homes[name].server, sources[name].path) for name in BACKUPS[1:]}
        found.loads |= {name: finish(each) for name, each in loading.items()}
        for name, each in sources.items():
            eventually(partial(homes_agree, homes[name], r, {each.guid}), f"R holds {name}")
            # Compared here, before a test changes something.
            for running in (homes[name], r):
                found.differences[name, running.server] = differences(Reader(running), each.expected("unused"))
        yield found


@pytest.mark.conformance("RESTORE_FROM_BACKUP")
@pytest.mark.parametrize("name", BACKUPS)
def test_a_backup_is_restored_as_it_was(backups: Backups, name: str) -> None:
    """At its home and at the receiver: no header changes, at home in the collection that the server took over."""
    done, each = backups.loads[name], backups.sources[name]
    assert done.code == 0 and not done.of("error")
    assert done.stored == (len(each.entities), len(each.missing_ends), len(each.relationships), len(each.extensions))
    expected = each.expected("unused")
    assert expected == each.entities + each.relationships
    for running in (backups.homes[name], backups.r):
        assert backups.differences[name, running.server] == {}
    assert {bean["instanceProvenanceType"] for bean in expected} == {"LOCAL_COHORT"}
    assert collection_id(backups.homes[name]) == each.guid


@pytest.mark.conformance("RESTORE_FROM_BACKUP")
def test_a_restored_backup_belongs_to_its_server(backups: Backups) -> None:
    """It can be changed there, and nowhere else; the change reaches the copies."""
    each = backups.sources["SimpleAPICatalog"]
    guid = next(bean["guid"] for bean in each.entities if bean["type"]["typeDefName"] == "DeployedAPI")
    home, copy = backups.homes["SimpleAPICatalog"].client(), backups.r.client()
    with pytest.raises(InvalidParameterError) as refused:
        copy.update_entity_status(guid, "ACTIVE")
    assert refused.value.code == "OMRS-LOCAL-REPOSITORY-503-009"
    changed = home.update_entity_status(guid, "ACTIVE")
    assert (changed["version"], changed["metadataCollectionId"]) == (2, each.guid)
    eventually(lambda: copy.get_entity(guid) == changed, "the change reaches R")


def test_proxies_of_a_backup_give_way_to_the_copies(backups: Backups) -> None:
    """The governance catalog was loaded before the members that have its missing ends."""
    catalog = backups.sources["SimpleGovernanceCatalog"]
    assert len(backups.loads["SimpleGovernanceCatalog"].of("warning")) == len(catalog.missing_ends) == 14
    reader = Reader(backups.homes["SimpleGovernanceCatalog"])
    entities = [
        bean for name in BACKUPS[1:] for bean in backups.sources[name].entities if bean["guid"] in catalog.missing_ends
    ]
    assert len(entities) == 14
    eventually(lambda: all(reader.entity(bean["guid"]) for bean in entities), "copies in the place of proxies")
    for bean in entities:
        held = reader.entity(bean["guid"]) or {}
        assert held["metadataCollectionId"] == bean["metadataCollectionId"] != catalog.guid
        assert held["properties"] == bean["properties"]


@pytest.mark.parametrize("name", BACKUPS[:2])
def test_a_backup_is_refused_where_its_instances_are_not_at_home(backups: Backups, name: str) -> None:
    done = backups.refused[name]
    assert done.code == 1 and done.facts is None
    assert "backup" in done.stderr and backups.sources[name].guid in done.stderr
    assert "metadata collection id" in done.stderr


def test_no_member_of_the_backups_reports_a_conflict(backups: Backups) -> None:
    for running in (*backups.homes.values(), backups.r):
        said_no_conflict(running)


# ---- the types of release 4.2 ----------------------------------------------------------------------------------------

# type -> attributes; what came by patches is marked
ENTITIES_42: dict[str, dict[str, object]] = {
    "IntegrationReport": {"serverName": "ids1", "connectorName": "files", "refreshStartDate": 1_700_000_000_123},
    "SoftwareServerCapability": {"qualifiedName": "cap", "name": "c", "deployedImplementationType": "patched"},
    "KafkaTopic": {"qualifiedName": "topic", "partitions": 8, "replicas": 3},  # both patched
    "GlossaryCategory": {"qualifiedName": "cat", "displayName": "Category", "description": "of terms"},
    "EnterpriseAccessLayer": {"qualifiedName": "eal", "topicRoot": "t", "accessedMetadataCollectionId": "patched"},
    "OpenDiscoveryAnalysisReport": {"qualifiedName": "odar", "discoveryRequestStep": "patched"},
    "SubjectAreaDefinition": {"qualifiedName": "sad", "displayName": "Area", "subjectAreaName": "patched"},
    "DerivedSchemaAttribute": {"qualifiedName": "dsa", "aggregatingFunction": "patched"},
    "TableDataSet": {"qualifiedName": "tds", "name": "table", "additionalProperties": {"one": "1", "two": "2"}},
    "Asset": {"qualifiedName": "asset", "name": "asset"},
    "Connection": {"qualifiedName": "conn"},
    "Endpoint": {"qualifiedName": "endp", "networkAddress": "localhost:9092"},
    "ConnectorCategory": {"qualifiedName": "cc", "displayName": "Kafka"},
}
RELATIONSHIPS_42: dict[str, tuple[str, str, dict[str, object]]] = {
    "ConnectionToAsset": ("Connection", "Asset", {"assetSummary": "renamed later"}),
    "ConnectionEndpoint": ("Endpoint", "Connection", {}),
    "ServerAssetUse": ("SoftwareServerCapability", "Asset", {"minimumInstances": 1, "maximumInstances": 9}),  # patched
    "RelatedIntegrationReport": ("Asset", "IntegrationReport", {}),
    "DataContentForDataSet": ("Asset", "TableDataSet", {"queryId": "q1", "query": "select"}),  # patched
}
CLASSIFICATIONS_42: dict[str, tuple[str, dict[str, object]]] = {
    "AssetZoneMembership": ("Asset", {"zoneMembership": ["sales", "quarantine"]}),
    "AssetOrigin": ("TableDataSet", {"organizationPropertyName": "guid", "otherOriginValues": {"a": "b"}}),  # patched
    "RootCategory": ("GlossaryCategory", {}),
    "MobileAsset": ("KafkaTopic", {}),
}


@dataclass
class Release:
    """P and Q, both with the types of release 4.2; `made` are the instances that P made, read at P."""

    p: Running
    q: Running
    types: TypeSystem
    folded: tuple[dict[str, Bean], dict[str, Bean]]
    made: dict[str, Bean] = field(default_factory=dict)


@pytest.fixture(scope="module")
def release(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    path = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    with fleet(tmp_path_factory.mktemp("release"), kafka.bootstrap_servers) as workers:
        cohort = unique("release")
        p, q = (workers.spawn(unique(f"release{name}"), cohort=cohort, types=path) for name in "PQ")
        for running in (p, q):
            workers.await_url(running).wait_ready()
        found = Release(p, q, TypeSystem.from_archive(json.loads(path.read_bytes())), folded_types(path))
        client, made = p.client(types=found.types), found.made
        for name, properties in ENTITIES_42.items():
            made[name] = client.add_entity(name, properties)
        for name, (one, two, properties) in RELATIONSHIPS_42.items():
            made[name] = client.add_relationship(name, made[one]["guid"], made[two]["guid"], properties)
        for name, (entity, properties) in CLASSIFICATIONS_42.items():
            made[entity] = client.classify(made[entity]["guid"], name, properties)
        eventually(lambda: homes_agree(p, q, {collection_id(p)}), "Q holds what P made")
        yield found


def test_the_release_has_what_the_later_one_renamed_or_dropped() -> None:
    later = {typedef["name"] for typedef in TypeSystem.builtin().typedefs()}
    of_this = ENTITIES_42.keys() | RELATIONSHIPS_42.keys() | CLASSIFICATIONS_42.keys()
    assert len(of_this - later) == len(of_this) - len({"Asset", "Connection", "Endpoint"})


def test_instances_of_the_release_travel_whole(release: Release) -> None:
    here, there = Reader(release.p), Reader(release.q)
    beans = list(release.made.values())
    assert differences(here, beans) == {} == differences(there, beans)
    given = {**ENTITIES_42, **{name: properties for name, (_, _, properties) in RELATIONSHIPS_42.items()}}
    for name, properties in given.items():
        held = there.instance(release.made[name])
        assert held is not None and held["type"]["typeDefName"] == name
        assert held["type"]["typeDefVersion"] == release.folded[1][name]["version"]
        assert from_properties(held.get("properties")) == properties
    for name, (entity, properties) in CLASSIFICATIONS_42.items():
        held = there.instance(release.made[entity])
        (classification,) = [each for each in (held or {})["classifications"] if each["name"] == name]
        assert from_properties(classification.get("properties")) == properties


@pytest.mark.parametrize("name", ["p", "q"])
def test_every_type_of_the_release_is_the_archives_folded(release: Release, name: str) -> None:
    gallery = with_times(Reader(getattr(release, name)).answer("/types/all"))
    attribute_types, types = release.folded
    assert (len(gallery["attributeTypeDefs"]), len(gallery["typeDefs"])) == (63, 667)
    assert {bean["name"]: bean for bean in gallery["attributeTypeDefs"]} == attribute_types
    found = {bean["name"]: bean for bean in gallery["typeDefs"]}
    assert [name for name, bean in types.items() if found[name] != bean] == []


def test_the_members_agree_on_the_release(release: Release) -> None:
    for running in (release.p, release.q):
        said_no_conflict(running)


LINK = {"headerVersion", "guid", "name", "status", "replacedByTypeGUID", "replacedByTypeName"}
EVERY = {"description", "descriptionGUID", "superType", "externalStandardMappings", "validInstanceStatusList"}
EVERY |= {"initialStatus", "updatedBy", "updateTime"}
BY_CLASS = {"EntityDef": set(), "RelationshipDef": {"endDef1", "endDef2"}, "ClassificationDef": {"validEntityDefs"}}


def folded_types(path: Path) -> tuple[dict[str, Bean], dict[str, Bean]]:
    """The attribute types and types of an archive by name, its patches applied (OMRS types § 1, § 5).

    Written from that text, without the package's own type system. The archive's patches stand in order of versions.
    """
    store = json.loads(path.read_bytes())["archiveTypeStore"]
    types = {bean["name"]: bean for bean in store["newTypeDefs"]}
    for patch in store["typeDefPatches"]:
        bean = dict(types[patch["typeDefName"]])
        assert (bean["guid"], bean["version"]) == (patch["typeDefGUID"], patch["applyToVersion"])
        bean |= {name: patch[name] for name in EVERY | BY_CLASS[bean["class"]] if name in patch}
        bean |= {"version": patch["updateToVersion"], "versionName": patch["newVersionName"]}
        bean |= {"status": patch["typeDefStatus"]} if "typeDefStatus" in patch else {}
        bean |= {"options": patch["typeDefOptions"]} if "typeDefOptions" in patch else {}
        bean |= {"multiLink": patch["multiLink"]} if patch.get("updateMultiLink") else {}
        if "propertyDefinitions" in patch:
            bean["propertiesDefinition"] = merged(bean.get("propertiesDefinition"), patch["propertyDefinitions"])
        types[patch["typeDefName"]] = bean
    return {bean["name"]: bean for bean in store["attributeTypeDefs"]}, {n: linked(bean) for n, bean in types.items()}


def linked(bean: Bean) -> Bean:
    """Some links of the file carry the whole type that they point at; a TypeDefLink has only the fields of `LINK`."""
    bean = {**bean, "validEntityDefs": [only_link(each) for each in bean.get("validEntityDefs", [])]}
    if "superType" in bean:
        bean["superType"] = only_link(bean["superType"])
    for end in {"endDef1", "endDef2"} & bean.keys():
        bean[end] = {**bean[end], "entityType": only_link(bean[end]["entityType"])}
    return {name: value for name, value in bean.items() if value != []}


def only_link(bean: Bean) -> Bean:
    return {name: value for name, value in bean.items() if name in LINK}


def merged(known: list[Bean] | None, patch: list[Bean]) -> list[Bean]:
    """Attributes by name, in the order in which a Java HashMap of them is walked."""
    if known is None:
        return patch
    by_name = {bean["attributeName"]: bean for bean in (*known, *patch)}
    capacity = 16
    while len(by_name) > 0.75 * capacity:
        capacity *= 2

    def bucket(name: str) -> int:
        value = 0
        for character in name:
            value = (value * 31 + ord(character)) & 0xFFFFFFFF
        return (value ^ (value >> 16)) & (capacity - 1)

    return sorted(by_name.values(), key=lambda bean: bucket(bean["attributeName"]))
