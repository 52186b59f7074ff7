"""The Data Engine Proxy against a metadata server in memory: what a refresh makes of an engine's definitions."""

import json
from pathlib import Path

import pytest
from data_engine_held import ORDERS, READ, WRITE, Folder, Json, named, nightly, ties, trial_of

from omrs_connectors.kit import ConnectorKit, Trial, checks
from omrs_connectors.kit.memory import MemoryServer
from omrs_connectors.sdk import PermittedSynchronization
from shared_data import require_shared


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "definitions")
    made.put(nightly())
    return made


def test_jobs_steps_ports_and_lineage(kit: ConnectorKit, folder: Folder) -> None:
    kit.client.add_entity("DataSet", {"qualifiedName": "shop.orders"})
    report = trial_of(kit, folder).refresh()
    assert report.counters() == {"processes": 3, "dataStores": 1}
    client = kit.client
    job = named(client, f"DataEngine::etl::{ORDERS}")
    assert (job.type_name, job.plain_properties["displayName"]) == ("DeployedSoftwareComponent", "Load orders")
    assert ties(client, "CapabilityAssetUse") == {("DataEngine::etl", each) for each in (ORDERS, READ, WRITE)}
    assert ties(client, "ProcessHierarchy") == {(ORDERS, READ), (ORDERS, WRITE)}
    assert ties(client, "ProcessPort") == {
        (ORDERS, f"{ORDERS}::port::in"),
        (READ, f"{READ}::port::in"),
        (READ, f"{READ}::port::out"),
    }
    assert ties(client, "PortDelegation") == {(f"{ORDERS}::port::in", f"{READ}::port::in")}
    assert ties(client, "DataFlow") == {
        ("shop.orders", f"{READ}::port::in"),
        (f"{READ}::port::out", WRITE),
        (WRITE, "dataStore::stage"),
    }
    assert ties(client, "ControlFlow") == {(READ, WRITE)}
    schema = f"{READ}::port::{{}}::schema::attribute::f2"
    assert ties(client, "DataMapping") == {(schema.format("in"), schema.format("out"))}
    [mapping] = client.iter_relationships("DataMapping")
    assert mapping.plain_properties["formula"] == "round(amount)"


def test_only_differences_are_written_and_all_of_them_are_reported(kit: ConnectorKit, folder: Folder) -> None:
    kit.client.add_entity("DataSet", {"qualifiedName": "shop.orders"})
    trial = trial_of(kit, folder)
    checks.check_report_is_complete(trial)
    checks.check_repeatable(trial)
    client = kit.client
    before = {name: named(client, f"DataEngine::etl::{name}").guid for name in (ORDERS, READ, WRITE)}

    changed = nightly()
    orders = changed["processes"][0]
    orders["processes"][0]["name"] = "Read all orders"
    orders["processes"][0]["lineage"][1]["formula"] = "amount"
    changed["processes"].append({**orders["processes"].pop(), "ports": [{"id": "done"}]})  # no step any more
    folder.put(changed)
    report = trial.refresh()
    [mapping] = client.iter_relationships("DataMapping")
    port = named(client, f"DataEngine::etl::{WRITE}::port::done")
    assert set(report.guids("updated")) == {before[READ], mapping.guid}
    assert mapping.plain_properties["formula"] == "amount"
    [held] = client.relationships_of(port.guid, "ProcessPort")
    assert set(report.guids("created")) == {port.guid, held.guid}
    assert len(report.guids("deleted")) == 1 and ties(client, "ProcessHierarchy") == {(ORDERS, READ)}
    assert {name: named(client, f"DataEngine::etl::{name}").guid for name in before} == before

    changed["processes"] = [each for each in changed["processes"] if each["id"] != "write"]
    changed["lineage"] = []
    folder.put(changed)
    report = trial.refresh()
    assert {before[WRITE], port.guid} <= set(report.guids("deleted"))
    assert not report.guids("created") and not report.guids("updated")
    assert ties(client, "DataFlow") == {("shop.orders", f"{READ}::port::in")}
    checks.check_repeatable(trial)


def test_another_id_of_the_same_process_keeps_the_elements(kit: ConnectorKit, folder: Folder) -> None:
    trial = trial_of(kit, folder)
    trial.refresh()
    inside = (READ, f"{READ}::port::in", f"{READ}::port::in::schema", f"{READ}::port::in::schema::attribute::f2")
    before = [named(kit.client, f"DataEngine::etl::{name}").guid for name in inside]
    folder.put(json.loads(json.dumps(nightly()).replace('"read"', '"extract"')))
    renamed = json.loads((folder.path / "engine.json").read_text())
    renamed["processes"][0]["processes"][0]["formerly"] = ["read"]
    folder.put(renamed)
    report = trial.refresh()
    after = [named(kit.client, f"DataEngine::etl::{name.replace('read', 'extract')}").guid for name in inside]
    assert after == before and set(before) <= set(report.guids("updated"))
    entities = {entity.guid for entity in kit.client.iter_entities()}
    assert not entities & set(report.guids("deleted")) and not entities & set(report.guids("created"))
    assert ties(kit.client, "ProcessHierarchy") == {(ORDERS, "process::extract"), (ORDERS, WRITE)}
    checks.check_repeatable(trial)


def test_lineage_of_others_stays_and_what_is_catalogued_later_is_tied_later(kit: ConnectorKit, folder: Folder) -> None:
    trial = trial_of(kit, folder)
    report = trial.refresh()
    assert report.counters()["unresolved"] == 1
    assert report.messages == ["shop.orders is not catalogued: nothing is tied to it yet"]
    client = kit.client
    orders, write = (
        client.add_entity("DataSet", {"qualifiedName": "shop.orders"}),
        named(client, f"DataEngine::etl::{WRITE}"),
    )
    drawn = client.add_relationship("DataFlow", orders.guid, write.guid, {"label": "drawn by hand"})
    report = trial.refresh()
    assert len(report.guids("created")) == 1 and report.counts() == {"created": 1, "updated": 0, "deleted": 0}
    folder.put({**nightly(), "lineage": []})
    trial.refresh()
    assert client.get_relationship(drawn.guid).plain_properties == {"label": "drawn by hand"}
    assert ties(client, "DataFlow") == {("shop.orders", WRITE), ("shop.orders", f"{READ}::port::in")}


def test_an_engine_that_is_away_or_suddenly_empty_deletes_nothing(kit: ConnectorKit, folder: Folder) -> None:
    away = folder.path.with_name("away")
    checks.check_source_down(trial_of(kit, folder), lambda: folder.path.rename(away), lambda: away.rename(folder.path))
    checks.check_empty_source(trial_of(kit, folder), lambda: folder.put({"engine": {"id": "etl"}}))
    folder.put(nightly())
    checks.check_empty_source(trial_of(kit, folder), lambda: (folder.path / "engine.json").unlink())
    assert ties(kit.client, "ProcessHierarchy") == {(ORDERS, READ), (ORDERS, WRITE)}


def test_more_than_a_share_is_not_deleted_and_the_rest_is_written(kit: ConnectorKit, folder: Folder) -> None:
    many = [{"id": f"job{number}"} for number in range(12)]
    folder.put({"engine": {"id": "etl"}, "processes": many})
    trial = trial_of(kit, folder, options={"maxDeletions": 2, "maxDeletedShare": 0.2})
    trial.refresh()
    flow = {"from": {"process": "job0"}, "to": {"process": "new"}}
    folder.put({"engine": {"id": "etl"}, "processes": [*many[:8], {"id": "new", "lineage": [flow]}]})
    report = trial.refresh(check=False)
    assert "would delete 4 of 12 processes" in str(trial.failure)
    assert not report.guids("deleted") and ties(kit.client, "DataFlow") == {("process::job0", "process::new")}
    folder.put({"engine": {"id": "etl"}, "processes": [*many[:10], {"id": "new"}]})
    assert trial.restart().refresh().counts()["deleted"] >= 2


@pytest.mark.parametrize("release", ["6.x", "4.x"])
def test_killed_in_the_middle_the_next_life_completes_it(folder: Folder, release: str) -> None:
    types = (
        str(require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")) if release == "4.x" else "builtin"
    )

    def make(kit: ConnectorKit) -> Trial:
        kit.client.add_entity("DataSet", {"qualifiedName": "shop.orders"})
        return trial_of(kit, folder)

    with ConnectorKit(MemoryServer(types=types)) as kit:
        assert checks.check_killed_in_the_middle(kit, make, deaths=5) == 40


def test_metadata_stays_where_only_the_engine_may_be_written(kit: ConnectorKit, folder: Folder) -> None:
    def make(other: ConnectorKit, direction: PermittedSynchronization) -> Trial:
        return trial_of(other, folder, permittedSynchronization=direction)

    checks.check_direction(kit, make)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"processes": []}, "names no engine"),
        ({"engine": {"id": "etl"}, "proceses": []}, "proceses: Extra inputs are not permitted"),
        ({"engine": {"id": "etl"}, "processes": [{"id": "a"}, {"id": "a"}]}, "process with the same id: a"),
        (
            {"engine": {"id": "etl"}, "processes": [{"id": "a", "ports": [{"id": "p", "type": "INPUT"}]}]},
            "ports.0.type",
        ),
        ({"engine": {"id": "etl"}, "lineage": [{"from": {"attribute": "x"}, "to": {}}]}, "an attribute is one of"),
    ],
)
def test_what_is_wrong_in_the_definitions_is_named(kit: ConnectorKit, folder: Folder, content: Json, said: str) -> None:
    trial = trial_of(kit, folder)
    trial.refresh()
    folder.put(content)
    assert not trial.refresh(check=False).changed
    assert said in str(trial.failure) and "engine.json" in str(trial.failure) + str(folder.path / "engine.json")


def test_several_files_are_one_engine(kit: ConnectorKit, folder: Folder) -> None:
    (folder.path / "notes.txt").write_text("no definitions")
    folder.put({"processes": [{"id": "report", "parent": "orders"}]}, "more.json")
    trial = trial_of(kit, folder)
    assert trial.refresh().counters()["processes"] == 4
    assert (ORDERS, "process::report") in ties(kit.client, "ProcessHierarchy")
    folder.put({"engine": {"id": "other"}}, "more.json")
    trial.refresh(check=False)
    assert "is of 2 engines: etl, other" in str(trial.failure)


def test_engines_with_names_like_one_another_leave_each_other_alone(kit: ConnectorKit, folder: Folder) -> None:
    first = trial_of(kit, folder)
    first.refresh()
    other = Folder(folder.path.with_name("other"))
    other.put({**nightly(), "engine": {"id": "etl2"}})
    second = trial_of(kit, other, name="second")
    second.refresh()
    before = kit.snapshot()
    assert not first.refresh().changed and not second.refresh().changed
    folder.put({"engine": {"id": "etl"}, "processes": [{"id": "orders"}]})
    first.refresh()
    assert not second.refresh().changed
    folder.put(nightly())
    first.refresh()
    assert not before.difference(kit.snapshot())
