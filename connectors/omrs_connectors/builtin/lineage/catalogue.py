"""`OpenLineageCatalogue`: jobs, their runs, data sets and the lineage between them, as metadata."""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any, ClassVar

from pydantic import Field

from omrs_connectors.builtin.lineage.events import Dataset, Job, LineageEvent, Run, facet
from omrs_connectors.builtin.lineage.listening import LineageListener, LineageOptions
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.services.elements import Elements
from omrs_connectors.services.lineage_integrator import (
    ComponentProperties,
    HierarchyProperties,
    ProcessProperties,
)
from omrs_connectors.services.schemas import DataSetProperties, SchemaAttributeProperties

JOB, RUN, DATASET = "OpenLineageJob", "OpenLineageRun", "OpenLineageDataset"

RUN_STATES = {
    "START": "IN_PROGRESS",
    "RUNNING": "IN_PROGRESS",
    "COMPLETE": "COMPLETED",
    "ABORT": "CANCELLED",
    "FAIL": "FAILED",
}
ENDED = frozenset({"COMPLETE", "ABORT", "FAIL"})
ALSO = "additional_properties"
LAST = "lastEventTime"
"""Additional property: the time (epoch ms) of the newest event that changed the element."""


class CatalogueOptions(LineageOptions):
    """What `open-lineage` can be told."""

    runs: bool = Field(True, description="catalogue runs too, not only jobs")
    columns: bool = Field(True, description="catalogue the columns of data sets, and the lineage between columns")
    qualified_name_prefix: str = Field("", description="keeps the same names of different platforms apart")


class OpenLineageCatalogue(LineageListener):
    """Jobs become deployed software components, data sets DataSets with their columns, what a job reads and writes
    DataFlows, column lineage data mappings, runs transient processes below their job.

    Only differences are written, so that events may come again and in any order: an older event never overwrites what a
    newer one said, and adds what only it knows. Lineage is added, and goes with the data set or job that goes
    (`lifecycleStateChange`: DROP); RENAME keeps the element.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = CatalogueOptions
    options: CatalogueOptions

    def take(self, text: str, event: LineageEvent) -> None:
        datasets = {each.key: self._dataset(each, event) for each in event.datasets}
        if event.job is None:
            return
        job = self._job(event.job, event)
        for each in event.inputs:
            self._flow(datasets[each.key], job)
        for each in event.outputs:
            self._flow(job, datasets[each.key])
            if self.options.columns:
                self._column_lineage(each, datasets[each.key])
        if event.run is not None:
            self._parent(event.run, job)
            if self.options.runs:
                self._run(event.run, event, job)

    def start(self) -> None:
        self._newest: dict[str, int] = {}
        super().start()

    # Elements

    def _job(self, job: Job, event: LineageEvent) -> str:
        kind, sql, source = (facet(job.facets, each) for each in ("jobType", "sql", "sourceCode"))
        properties = ComponentProperties(
            qualified_name=self._name(JOB, *job.key),
            display_name=job.name,
            description=_text(facet(job.facets, "documentation").get("description")),
            formula=_text(sql.get("query")) or _text(source.get("sourceCode")),
            formula_type="SQL" if sql.get("query") else None,
            implementation_language=_text(source.get("language")),
            additional_properties=_texts(
                namespace=job.namespace,
                producer=event.producer,
                integration=kind.get("integration"),
                processingType=kind.get("processingType"),
                jobType=kind.get("jobType"),
            ),
        )
        return self._bring(self.context.components, properties, event.time_ms)[0]

    def _dataset(self, dataset: Dataset, event: LineageEvent) -> str | None:
        """None for one that is gone."""
        name = self._name(DATASET, *dataset.key)
        change = facet(dataset.facets, "lifecycleStateChange")
        if change.get("lifecycleStateChange") == "RENAME":
            self._rename(change.get("previousIdentifier"), name)
        if change.get("lifecycleStateChange") == "DROP":
            self._drop(name, event.time_ms)
            return None
        source = facet(dataset.facets, "dataSource")
        properties = DataSetProperties(
            qualified_name=name,
            display_name=dataset.name,
            description=_text(facet(dataset.facets, "documentation").get("description")),
            additional_properties=_texts(
                namespace=dataset.namespace, sourceName=source.get("name"), sourceUri=source.get("uri")
            ),
        )
        guid, newest = self._bring(self.context.datasets, properties, event.time_ms)
        if self.options.columns:
            self._columns(dataset, guid, name, newest=newest)
        return guid

    def _bring(self, elements: Elements[Any], properties: Any, time_ms: int) -> tuple[str, bool]:
        """Makes the element, or brings it up to date: its guid, and whether this event is the newest about it.

        An event that leaves something out says nothing about it; one that is older than what is known adds what was not
        known at all.
        """
        name = properties.qualified_name
        known = elements.named(name)
        if known is None:
            stamped = {**(properties.additional_properties or {}), LAST: str(time_ms)}
            self._newest[name] = time_ms
            return elements.create(replace(properties, additional_properties=stamped)).guid, True
        held = dict(known.properties.additional_properties or {})
        newest = max(self._newest.get(name, 0), int(held.get(LAST, "0")))
        before = known.properties
        told = dict(properties.additional_properties or {})
        if time_ms < newest:
            gaps = {each: value for each, value in _said(properties) if getattr(before, each) is None}
            if gaps or told.keys() - held.keys():
                elements.update(known.guid, type(properties)(**gaps, **{ALSO: told | held}))
            return known.guid, False
        self._newest[name] = time_ms
        if any(getattr(before, each) != value for each, value in _said(properties)) or held | told != held:
            stamped = {**held, **told, LAST: str(time_ms)}
            elements.update(known.guid, replace(properties, additional_properties=stamped))
        return known.guid, True

    def _rename(self, previous: Any, name: str) -> None:
        """The data set keeps its guid, its columns their lineage."""
        if not isinstance(previous, dict) or not previous.get("name"):
            return
        before = self._name(DATASET, str(previous.get("namespace", "")), str(previous["name"]))
        known = self.context.datasets.named(before)
        if known is None or before == name or self.context.datasets.named(name) is not None:
            return
        self.context.datasets.update(known.guid, DataSetProperties(qualified_name=name))
        for column in self.context.schema_attributes.of(known.guid):
            moved = column.properties.qualified_name.replace(before, name, 1)
            self.context.schema_attributes.update(column.guid, SchemaAttributeProperties(qualified_name=moved))

    def _drop(self, name: str, time_ms: int) -> None:
        known = self.context.datasets.named(name)
        if known is not None and time_ms >= int((known.properties.additional_properties or {}).get(LAST, "0")):
            self.context.datasets.delete(known.guid)
            self._newest.pop(name, None)

    def _columns(self, dataset: Dataset, guid: str, name: str, *, newest: bool) -> None:
        """The fields of the schema facet; those it does not have any more go, if no newer event had a say."""
        wanted = facet(dataset.facets, "schema").get("fields")
        if not isinstance(wanted, list):
            return
        held = {each.properties.qualified_name: each for each in self.context.schema_attributes.of(guid)}
        if held and not newest:
            return
        named = set()
        for position, (path, field) in enumerate(_paths(wanted)):
            properties = SchemaAttributeProperties(
                qualified_name=f"{name}::{path}",
                display_name=path,
                description=_text(field.get("description")),
                data_type=_text(field.get("type")),
                position=position,
            )
            named.add(properties.qualified_name)
            known = held.get(properties.qualified_name)
            if known is None or known.properties != properties:
                self.context.schema_attributes.ensure(properties, parent=guid)
        for qualified_name, element in held.items():
            if qualified_name not in named:
                self.context.schema_attributes.delete(element.guid)

    # Lineage

    def _flow(self, first: str | None, second: str | None) -> None:
        if first is not None and second is not None:
            self.context.data_flows.ensure(first, second)

    def _column_lineage(self, dataset: Dataset, guid: str | None) -> None:
        """From the fields that a field is made of, where both are catalogued."""
        wanted = facet(dataset.facets, "columnLineage").get("fields")
        if guid is None or not isinstance(wanted, dict):
            return
        column = cache(self.context.schema_attributes.named)  # fields of one data set are made of the same few
        name = self._name(DATASET, *dataset.key)
        for field, made in wanted.items():
            target = column(f"{name}::{field}")
            if target is None or not isinstance(made, dict):
                continue
            for source in made.get("inputFields") or ():
                key = str(source.get("namespace", "")), str(source.get("name", ""))
                origin = column(f"{self._name(DATASET, *key)}::{source.get('field', '')}")
                if origin is not None:
                    self.context.lineage_mappings.ensure(origin.guid, target.guid)

    def _parent(self, run: Run, job: str) -> None:
        """The parent facet names the job that this one is a step of (an Airflow DAG of its task)."""
        found = facet(run.facets, "parent") or facet(run.facets, "parentRun")
        named = found.get("job")
        if not isinstance(named, dict) or not named.get("name"):
            return
        above = Job(namespace=str(named.get("namespace", "")), name=str(named["name"]))
        name = self._name(JOB, *above.key)
        known = self.context.components.named(name)
        guid = known.guid if known is not None else self._made(above)
        if guid != job:
            self.context.process_hierarchy.ensure(guid, job, HierarchyProperties(containment_type="OWNED"))

    def _made(self, job: Job) -> str:
        """A job that no event was about yet: the first that is says what it is."""
        properties = ComponentProperties(
            qualified_name=self._name(JOB, *job.key),
            display_name=job.name,
            additional_properties={"namespace": job.namespace, LAST: "0"},
        )
        return self.context.components.create(properties).guid

    def _run(self, run: Run, event: LineageEvent, job: str) -> None:
        """A run: begun by its oldest event, ended by COMPLETE, ABORT or FAIL; what came after that in time is not
        known to the specification."""
        name = self._name(RUN, run.run_id)
        known = self.context.runs.named(name)
        before = known.properties if known else ProcessProperties()
        ended = event.event_type in ENDED
        state = RUN_STATES.get(event.event_type)
        if known is not None and before.completion_time is not None and not ended:
            state = before.activity_status
        begun = [time for time in (before.start_time, event.time_ms) if time is not None]
        properties = ProcessProperties(
            qualified_name=name,
            display_name=run.run_id,
            start_time=min(begun),
            completion_time=event.time_ms if ended else before.completion_time,
            activity_status=state or before.activity_status,
        )
        guid = self.context.runs.ensure(properties, replace=False).guid
        if self.context.is_type_of(self.context.runs.type_name, "Process"):
            self.context.process_hierarchy.ensure(job, guid, HierarchyProperties(containment_type="USED"))
        else:
            self.context.process_calls.ensure(job, guid)

    def _name(self, kind: str, *parts: str) -> str:
        return "::".join([f"{self.options.qualified_name_prefix}{kind}", *parts])


def _paths(fields_of: list[Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Fields with the path of those that they are nested in: `customer.email`."""
    for field in fields_of:
        if isinstance(field, dict) and field.get("name"):
            path = f"{above}{field['name']}"
            yield path, field
            yield from _paths(field.get("fields") or [], f"{path}.")


def _said(properties: Any) -> Iterator[tuple[str, Any]]:
    """Fields that are set, but for the additional properties."""
    for each in fields(properties):
        value = getattr(properties, each.name)
        if value is not None and each.name not in (ALSO, "extended", "qualified_name"):
            yield each.name, value


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) and given else None


def _texts(**given: Any) -> dict[str, str]:
    return {name: str(value) for name, value in given.items() if value not in (None, "")}
