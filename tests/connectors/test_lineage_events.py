"""OpenLineage events become jobs, runs, data sets, columns and lineage, in whatever order they come."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from omrs_connectors.builtin.lineage.catalogue import OpenLineageCatalogue
from omrs_connectors.builtin.lineage.store import OpenLineageLog
from omrs_connectors.kit import ConnectorKit, Trial

Event = dict[str, Any]

CUSTOMER = {"name": "customer", "fields": [{"name": "email", "type": "text"}]}
SCHEMA = {"fields": [{"name": "id", "type": "int"}, CUSTOMER]}
TASK = {"namespace": "airflow", "name": "shop.orders_by_day"}


def dataset(name: str, **facets: Any) -> Event:
    return {"namespace": "postgres://shop", "name": name, "facets": facets}


def event(state: str, minute: int, **more: Any) -> Event:
    return {
        "eventType": state,
        "eventTime": f"2026-05-01T10:{minute:02d}:00.000Z",
        "producer": "https://example.org/airflow",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "0190f0b2-5a5e-7e2a-9d5c-6f6f3c1e0a01"},
        "job": TASK,
        **more,
    }


def day() -> list[Event]:
    """A run from start to end: what it reads, what it writes and how, and the job that it is a step of."""
    made_of = {"namespace": "postgres://shop", "name": "orders", "field": "id"}
    lineage = {"fields": {"count": {"inputFields": [made_of], "transformationType": "AGGREGATION"}}}
    written = dataset("orders_by_day", schema={"fields": [{"name": "count", "type": "int"}]}, columnLineage=lineage)
    parent = {"parent": {"run": {"runId": "1"}, "job": {"namespace": "airflow", "name": "shop"}}}
    sql = {"sql": {"query": "select count(id) from orders"}, "jobType": {"integration": "AIRFLOW", "jobType": "TASK"}}
    return [
        event("START", 0, run={"runId": "r1", "facets": parent}, inputs=[dataset("orders", schema=SCHEMA)]),
        event("RUNNING", 1, run={"runId": "r1"}, job={**TASK, "facets": sql}),
        event("COMPLETE", 2, run={"runId": "r1"}, inputs=[dataset("orders")], outputs=[written]),
    ]


def send(trial: Trial, *events: Event) -> None:
    for each in events:
        trial.send_lineage(json.dumps(each))
    trial.deliver()


def named(kit: ConnectorKit, type_name: str) -> dict[str, dict[str, Any]]:
    """Properties and guid, by qualified name."""
    found = ({**entity.plain_properties, "guid": entity.guid} for entity in kit.client.iter_entities(type_name))
    return {each["qualifiedName"]: each for each in found}


def links(kit: ConnectorKit, type_name: str) -> set[tuple[str, str]]:
    """By the qualified names of their ends."""
    names = {each["guid"]: name for name, each in named(kit, "Referenceable").items()}
    found = kit.client.find_relationships(type_name)
    return {(names[link["entityOneProxy"]["guid"]], names[link["entityTwoProxy"]["guid"]]) for link in found}


def content(kit: ConnectorKit) -> tuple[Any, ...]:
    """Everything that was catalogued, without guids."""
    elements = {name: {**each, "guid": ""} for name, each in named(kit, "Referenceable").items()}
    return elements, *(links(kit, kind) for kind in ("DataFlow", "LineageMapping", "ProcessHierarchy"))


ORDERS, BY_DAY = "OpenLineageDataset::postgres://shop::orders", "OpenLineageDataset::postgres://shop::orders_by_day"
JOB, ABOVE = "OpenLineageJob::airflow::shop.orders_by_day", "OpenLineageJob::airflow::shop"


def test_a_run_is_catalogued_and_again_changes_nothing(kit: ConnectorKit) -> None:
    trial = kit.trial(OpenLineageCatalogue).start()
    send(trial, *day())
    jobs = named(kit, "DeployedSoftwareComponent")
    assert set(jobs) == {JOB, ABOVE}
    assert jobs[JOB]["formula"] == "select count(id) from orders"
    assert jobs[JOB]["additionalProperties"]["integration"] == "AIRFLOW"
    assert set(named(kit, "DataSet")) == {ORDERS, BY_DAY}
    columns = {f"{ORDERS}::{path}" for path in ("id", "customer", "customer.email")} | {f"{BY_DAY}::count"}
    assert columns <= set(named(kit, "SchemaAttribute"))
    assert links(kit, "DataFlow") == {(ORDERS, JOB), (JOB, BY_DAY)}
    assert links(kit, "LineageMapping") == {(f"{ORDERS}::id", f"{BY_DAY}::count")}
    assert (ABOVE, JOB) in links(kit, "ProcessHierarchy")
    [run] = named(kit, "TransientEmbeddedProcess").values()
    assert run["startTime"] < run["completionTime"]
    before, writes = content(kit), trial.writes
    send(trial, *day())
    assert (content(kit), trial.writes) == (before, writes), "what came again has changed something"


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_events_does_not_matter(kit: ConnectorKit, seed: int) -> None:
    events = [*day(), *day()]
    Random(seed).shuffle(events)
    trial = kit.trial(OpenLineageCatalogue).start()
    send(trial, *events)
    [run] = named(kit, "TransientEmbeddedProcess").values()
    assert (run["completionTime"] - run["startTime"]) == 2 * 60_000
    assert named(kit, "DeployedSoftwareComponent")[JOB]["formula"] == "select count(id) from orders"
    assert links(kit, "DataFlow") == {(ORDERS, JOB), (JOB, BY_DAY)}
    assert set(named(kit, "DataSet")) == {ORDERS, BY_DAY}


def test_an_older_event_does_not_overwrite_a_newer_one(kit: ConnectorKit) -> None:
    def said(minute: int, words: str) -> Event:
        facets = {"documentation": {"description": words}}
        return event("COMPLETE", minute, job={**TASK, "facets": facets})

    trial = kit.trial(OpenLineageCatalogue).start()
    send(trial, said(5, "newer"), said(1, "older"))
    assert named(kit, "DeployedSoftwareComponent")[JOB]["description"] == "newer"
    trial.restart()
    trial.start()
    send(trial, said(2, "older too"), said(6, "newest"))
    assert named(kit, "DeployedSoftwareComponent")[JOB]["description"] == "newest"


def test_columns_follow_renames_and_drops(kit: ConnectorKit) -> None:
    trial = kit.trial(OpenLineageCatalogue).start()
    send(trial, *day())
    guid = named(kit, "DataSet")[ORDERS]["guid"]
    column = named(kit, "SchemaAttribute")[f"{ORDERS}::id"]["guid"]
    before = {
        "previousIdentifier": {"namespace": "postgres://shop", "name": "orders"},
        "lifecycleStateChange": "RENAME",
    }
    schema = {"fields": [{"name": "id", "type": "bigint"}]}
    send(trial, event("COMPLETE", 10, outputs=[dataset("purchases", lifecycleStateChange=before, schema=schema)]))
    purchases = ORDERS.replace("orders", "purchases")
    assert named(kit, "DataSet")[purchases]["guid"] == guid and ORDERS not in named(kit, "DataSet")
    assert named(kit, "SchemaAttribute")[f"{purchases}::id"]["guid"] == column
    assert f"{purchases}::customer" not in named(kit, "SchemaAttribute")
    assert (f"{purchases}::id", f"{BY_DAY}::count") in links(kit, "LineageMapping")
    drop = {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}}
    send(trial, event("COMPLETE", 11, outputs=[dataset("purchases", **drop)]))
    assert set(named(kit, "DataSet")) == {BY_DAY}
    assert not [name for name in named(kit, "SchemaElement") if name.startswith(purchases)]


@pytest.mark.parametrize(
    "bad",
    [
        "[]",
        '{"eventTime": "2026-05-01T10:00:00Z"}',
        '{"eventTime": "yesterday", "job": {"namespace": "n", "name": "j"}}',
        '{"eventTime": "2026-05-01T10:00:00Z", "job": {"namespace": "n"}}',
        '{"eventTime": "2026-05-01T10:00:00Z", "eventType": "HALF", "job": {"namespace": "n", "name": "j"}}',
        '{"eventTime": "2026-05-01T10:00:00Z", "job": {"namespace": "n", "name": "j"}, "inputs": [{"name": 7}]}',
    ],
)
def test_what_is_no_event_fails_alone(kit: ConnectorKit, bad: str) -> None:
    trial = kit.trial(OpenLineageCatalogue).start()
    for text in (bad, json.dumps(event("START", 0))):
        trial.send_lineage(text)
    trial.deliver()
    [error] = trial.failed_events
    assert "no OpenLineage event" in str(error)
    assert set(named(kit, "DeployedSoftwareComponent")) == {JOB}


def test_facets_of_other_shapes_are_passed_over(kit: ConnectorKit) -> None:
    facets = {"schema": {"fields": "many"}, "columnLineage": {"fields": []}, "documentation": None, "own": [1]}
    trial = kit.trial(OpenLineageCatalogue).start()
    strange = event(
        "complete", 3, run={"runId": "r", "facets": {"parent": {"job": 3}}}, outputs=[dataset("d", **facets)]
    )
    send(trial, strange, event("OTHER", 4, inputs=None))
    assert not trial.failed_events
    assert links(kit, "DataFlow") == {(JOB, ORDERS.replace("orders", "d"))}


def test_raw_events_are_kept_byte_for_byte_once(kit: ConnectorKit, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    config = {"endpoint": {"networkAddress": str(folder)}, "permittedSynchronization": "TO_THIRD_PARTY"}
    trial = kit.trial(OpenLineageLog, **config).start()
    texts = [json.dumps(each, indent=3) + " " for each in day()]
    odd = json.dumps(
        event("START", 0, job={"namespace": "../..", "name": "/etc/passwd\u00e9" * 40}, run={"runId": ".."})
    )
    for text in (*texts, *texts, odd):
        trial.send_lineage(text)
    trial.deliver()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(path.read_text() for path in files) == sorted([*texts, odd])
    assert all(folder in path.parents for path in files)


def test_the_log_needs_leave_to_write(kit: ConnectorKit, tmp_path: Path) -> None:
    trial = kit.trial(OpenLineageLog, endpoint={"networkAddress": str(tmp_path)})
    trial.initialize()
    assert "permittedSynchronization" in (trial.failure or "")
