"""The JSON form of a data engine's definitions (docs/connectors/data-engine-proxy.md)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from omrs_schemas.errors import CodecError

LineageType = Literal["DataFlow", "DataMapping", "LineageMapping", "ControlFlow", "ProcessCall"]
PortType = Literal["INPUT_PORT", "OUTPUT_PORT", "INOUT_PORT", "OUTIN_PORT", "OTHER"]


class _Part(BaseModel):
    """A name that is not known is refused: a slip of the pen would read as something that is not there any more."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)


class Described(_Part):
    """What has an id of the engine's own, by which it is told again whatever it is called. `formerly`: ids that it had
    before."""

    id: str = Field(min_length=1)
    name: str | None = None
    description: str | None = None
    formerly: tuple[str, ...] = ()
    additional_properties: dict[str, str] | None = None

    @property
    def title(self) -> str:
        return self.name or self.id


class Engine(Described):
    """The engine itself. `type`: what kind of software it is ("Apache Airflow")."""

    type: str | None = None
    version: str | None = None
    source: str | None = None


class Attribute(Described):
    """A field of a port's or a data store's schema."""

    data_type: str | None = None
    nullable: bool | None = None


class DataStore(Described):
    """Data that the engine keeps for itself, and that nobody else catalogues."""

    attributes: tuple[Attribute, ...] = ()


class PortName(_Part):
    """A port; without a process one of the process that the name stands in."""

    process: str | None = None
    port: str = Field(min_length=1)


class Port(Described):
    """Where data comes into a process or leaves it. `delegates_to`: the port of a sub-process that does the work."""

    type: PortType = "OTHER"
    attributes: tuple[Attribute, ...] = ()
    delegates_to: PortName | None = None


class End(_Part):
    """One end of lineage: a process, one of its ports, a data store, an attribute of either; or, by its qualified name,
    anything that is catalogued otherwise."""

    process: str | None = None
    port: str | None = None
    data_store: str | None = None
    attribute: str | None = None
    qualified_name: str | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> "End":
        named = [self.process or self.port, self.data_store, self.qualified_name]
        if sum(each is not None for each in named) > 1 or (self.qualified_name and self.attribute):
            raise ValueError("process and port, dataStore and qualifiedName exclude one another")
        if self.attribute and not (self.port or self.data_store):
            raise ValueError("an attribute is one of a port or of a dataStore")
        return self


class Lineage(_Part):
    """From where to where. Without a type: DataMapping where an attribute of ours is an end, else DataFlow."""

    id: str = ""
    source: End = Field(alias="from")
    target: End = Field(alias="to")
    type: LineageType | None = None
    description: str | None = None
    formula: str | None = None
    formula_type: str | None = None
    guard: str | None = None


class Process(Described):
    """A job, or a step of one. Sub-processes stand in `processes`, or name their `parent`."""

    version: str | None = None
    type: str | None = None
    formula: str | None = None
    formula_type: str | None = None
    language: str | None = None
    parent: str | None = None
    processes: "tuple[Process, ...] | None" = None
    ports: tuple[Port, ...] = ()
    lineage: tuple[Lineage, ...] = ()


class Removed(_Part):
    """Ids of what is gone, in an event."""

    processes: tuple[str, ...] = ()
    data_stores: tuple[str, ...] = ()


class Document(_Part):
    """A file, a page of an answer, or an event."""

    engine: Engine | None = None
    processes: tuple[Process, ...] = ()
    data_stores: tuple[DataStore, ...] = ()
    lineage: tuple[Lineage, ...] = ()
    removed: Removed | None = None
    next: str | None = None
    """Address of the following page."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """What all documents together say. `processes`: those of every depth, each with its parent's id."""

    engine: Engine
    processes: tuple[tuple[Process, str | None], ...]
    data_stores: tuple[DataStore, ...] = ()
    lineage: tuple[Lineage, ...] = ()


def document(data: bytes | str, address: str) -> Document:
    """CodecError that names every place that is wrong."""
    try:
        return Document.model_validate_json(data)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, each['loc'])) or 'all of it'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise CodecError(
            f"{address} holds no definitions of a data engine: {'; '.join(problems[:5])}{more}", address=address
        ) from None


def gathered(documents: Iterable[Document], address: str, engine_id: str = "") -> Definitions:
    """The documents of one engine as a whole. CodecError where they are of several engines or of none, or where two
    things of one kind have one id."""
    given = tuple(documents)
    engines = [each.engine for each in given if each.engine is not None]
    ids = sorted({each.id for each in engines} | ({engine_id} if engine_id else set()))
    if len(ids) != 1:
        raise CodecError(
            f"{address} is of {len(ids)} engines: {', '.join(ids)}" if ids else f"{address} names no engine",
            help="one connector looks after one engine; give it an engine.id (or the option engineId)",
            address=address,
        )
    # The one that says most: the others only name it.
    engine = max(engines, key=lambda each: len(each.model_fields_set), default=Engine(id=ids[0]))
    processes = tuple(pair for each in given for pair in flat(each.processes))
    stores = tuple(store for each in given for store in each.data_stores)
    _check_ids("process", (process.id for process, _ in processes), address)
    _check_ids("data store", (store.id for store in stores), address)
    for process, _ in processes:
        _check_ids(f"port of {process.id}", (port.id for port in process.ports), address)
        for port in process.ports:
            _check_ids(f"attribute of {process.id}, {port.id}", (each.id for each in port.attributes), address)
    for store in stores:
        _check_ids(f"attribute of {store.id}", (each.id for each in store.attributes), address)
    return Definitions(engine, processes, stores, tuple(each for document in given for each in document.lineage))


def flat(processes: Iterable[Process], parent: str | None = None) -> Iterator[tuple[Process, str | None]]:
    """Processes and those in them."""
    for process in processes:
        yield process, parent or process.parent
        yield from flat(process.processes or (), process.id)


def _check_ids(what: str, ids: Iterable[str], address: str) -> None:
    twice = sorted(each for each, count in Counter(ids).items() if count > 1)
    if twice:
        raise CodecError(f"{address}: {what} with the same id: {', '.join(twice[:5])}", address=address)
