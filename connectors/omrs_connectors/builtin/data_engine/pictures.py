"""What metadata should say of a data engine: elements, each below its parent, and ties between them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from omrs_connectors.builtin.data_engine.definitions import (
    Attribute,
    DataStore,
    Definitions,
    Described,
    End,
    Engine,
    Lineage,
    Port,
    Process,
)
from omrs_connectors.builtin.data_engine.ties import DELEGATIONS, HIERARCHY, LINEAGE, MAPPINGS, USES, Tie
from omrs_connectors.builtin.picture import Key, Picture
from omrs_connectors.services.below import ASSET_SCHEMA, PORT_SCHEMA, PROCESS_PORT, SCHEMA_ATTRIBUTE
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.lineage_integrator import (
    ComponentProperties,
    HierarchyProperties,
    LineageIntegratorContext,
    PortProperties,
)
from omrs_connectors.services.schemas import (
    CapabilityProperties,
    DataSetProperties,
    NoProperties,
    SchemaAttributeProperties,
    SchemaTypeProperties,
    schema_attributes,
)
from omrs_connectors.services.uses import ControlProperties, FlowProperties, UseProperties

ENGINES = LineageIntegratorContext.engines
PROCESSES = LineageIntegratorContext.components
STORES = LineageIntegratorContext.datasets
PORTS = LineageIntegratorContext.ports
ALIASES = LineageIntegratorContext.port_aliases
SCHEMAS = ElementKind(
    "what passes a port, or is in a data store",
    SchemaTypeProperties,
    ("TabularSchemaType",),
    below=(ASSET_SCHEMA, PORT_SCHEMA),
    anchored=True,
)
ATTRIBUTES = schema_attributes("fields of such a schema", "TabularColumn")

KINDS = (ENGINES, PROCESSES, STORES, PORTS, ALIASES, SCHEMAS, ATTRIBUTES)
LINKS = (PROCESS_PORT, ASSET_SCHEMA, PORT_SCHEMA, SCHEMA_ATTRIBUTE)


class Naming:
    """Qualified names of one engine's elements, made of the engine's own ids."""

    def __init__(self, prefix: str, engine: str) -> None:
        self.engine: Key = f"{prefix}DataEngine::{_part(engine)}"
        self.below = f"{self.engine}::"
        self.processes = f"{self.below}process::"

    def process(self, identifier: str) -> Key:
        return f"{self.processes}{_part(identifier)}"

    def store(self, identifier: str) -> Key:
        return f"{self.below}dataStore::{_part(identifier)}"

    def port(self, process: str, identifier: str) -> Key:
        return below(self.process(process), "port", identifier)

    def end(self, end: End, process: str | None) -> Key | None:
        """`process`: that of the definition that the end stands in. None for a port of nothing."""
        if end.qualified_name:
            return end.qualified_name
        process = end.process or process
        if end.data_store:
            key = self.store(end.data_store)
        elif process is None:
            return None
        else:
            key = self.port(process, end.port) if end.port else self.process(process)
        return attribute_key(key, end.attribute) if end.attribute else key

    def mine(self, key: Key) -> bool:
        return key == self.engine or key.startswith(self.below)

    def owner(self, key: Key) -> Key:
        """The process or data store that an element belongs to: itself, for one of them."""
        rest = key.removeprefix(self.below)
        return self.below + "::".join(rest.split("::")[:2]) if rest != key else key


class Pictures:
    """Puts definitions into a picture; what leads nowhere is told to `message`."""

    def __init__(self, naming: Naming, message: Callable[[str], None]) -> None:
        self.picture = Picture()
        self.ties: list[Tie] = []
        self._naming = naming
        self._message = message

    def add(self, definitions: Definitions) -> None:
        for store in definitions.data_stores:
            self._store(store)
        for process, _ in definitions.processes:
            self._process(process)
        for process, parent in definitions.processes:
            self._tied(process, parent)
        for each in definitions.lineage:
            self._lineage(each, self._naming.engine, None)

    def engine(self, engine: Engine) -> None:
        self.picture.add(
            ENGINES,
            CapabilityProperties(
                qualified_name=self._naming.engine,
                display_name=engine.title,
                description=engine.description,
                deployed_implementation_type=engine.type,
                version_identifier=engine.version,
                source=engine.source,
                additional_properties=engine.additional_properties,
            ),
        )

    # ---- elements --------------------------------------------------------------------------------------------------

    def _store(self, store: DataStore) -> None:
        naming = self._naming
        key = self.picture.add(
            STORES,
            DataSetProperties(
                qualified_name=naming.store(store.id),
                display_name=store.title,
                description=store.description,
                additional_properties=store.additional_properties,
            ),
            formerly=tuple(map(naming.store, store.formerly)),
        )
        self._schema(key, store, store.attributes, [naming.store(each) for each in _ids(store)])

    def _process(self, process: Process) -> None:
        naming = self._naming
        names = [naming.process(each) for each in _ids(process)]
        key = self.picture.add(
            PROCESSES,
            ComponentProperties(
                qualified_name=names[0],
                display_name=process.title,
                description=process.description,
                version_identifier=process.version,
                deployed_implementation_type=process.type,
                formula=process.formula,
                formula_type=process.formula_type,
                implementation_language=process.language,
                additional_properties=process.additional_properties,
            ),
            formerly=tuple(names[1:]),
        )
        for port in process.ports:
            self._port(key, port, names)

    def _port(self, process: Key, port: Port, processes: Sequence[Key]) -> None:
        names = [below(each, "port", identifier) for each, identifier in product(processes, _ids(port))]
        key = self.picture.add(
            PORTS if port.delegates_to is None else ALIASES,
            PortProperties(
                qualified_name=names[0],
                display_name=port.title,
                description=port.description,
                port_type=port.type,
                additional_properties=port.additional_properties,
            ),
            process,
            formerly=tuple(names[1:]),
        )
        self._schema(key, port, port.attributes, names)

    def _schema(self, key: Key, of: Described, attributes: Sequence[Attribute], names: Sequence[Key]) -> None:
        if not attributes:
            return
        schema = self.picture.add(
            SCHEMAS,
            SchemaTypeProperties(qualified_name=schema_key(key), display_name=of.title),
            key,
            formerly=tuple(map(schema_key, names[1:])),
        )
        for position, attribute in enumerate(attributes):
            keys = [attribute_key(each, identifier) for each, identifier in product(names, _ids(attribute))]
            self.picture.add(
                ATTRIBUTES,
                SchemaAttributeProperties(
                    qualified_name=keys[0],
                    display_name=attribute.title,
                    description=attribute.description,
                    data_type=attribute.data_type,
                    position=position,
                    is_nullable=attribute.nullable,
                    additional_properties=attribute.additional_properties,
                ),
                schema,
                formerly=tuple(keys[1:]),
            )

    # ---- ties ------------------------------------------------------------------------------------------------------

    def _tied(self, process: Process, parent: str | None) -> None:
        naming = self._naming
        key = naming.process(process.id)
        self.ties.append(Tie(USES, naming.engine, key, UseProperties(use_type="OWNS"), key))
        if parent is not None:
            owned = HierarchyProperties(containment_type="OWNED")
            self.ties.append(Tie(HIERARCHY, naming.process(parent), key, owned, key))
        for port in process.ports:
            if port.delegates_to is not None:
                other = naming.port(port.delegates_to.process or process.id, port.delegates_to.port)
                self.ties.append(Tie(DELEGATIONS, naming.port(process.id, port.id), other, NoProperties(), key))
        for each in process.lineage:
            self._lineage(each, key, process.id)

    def _lineage(self, lineage: Lineage, owner: Key, process: str | None) -> None:
        ends = [self._naming.end(end, process) for end in (lineage.source, lineage.target)]
        if ends[0] is None or ends[1] is None:
            self._message(f"lineage {lineage.id or 'without id'} of {owner} names no process")
            return
        attributes = lineage.source.attribute or lineage.target.attribute
        kind = LINEAGE[lineage.type or (MAPPINGS if attributes else "DataFlow")]
        label = f"{owner}#{lineage.id}"
        properties = FlowProperties(
            label=label, description=lineage.description, formula=lineage.formula, formula_type=lineage.formula_type
        )
        control = ControlProperties(label=label, description=lineage.description, guard=lineage.guard)
        chosen = control if lineage.type == "ControlFlow" else properties
        self.ties.append(Tie(kind, ends[0], ends[1], chosen, owner, label))


def below(key: Key, what: str, identifier: str) -> Key:
    return f"{key}::{what}::{_part(identifier)}"


def schema_key(key: Key) -> Key:
    return f"{key}::schema"


def attribute_key(key: Key, identifier: str) -> Key:
    return below(schema_key(key), "attribute", identifier)


def _ids(part: Described) -> Iterable[str]:
    return part.id, *part.formerly


def _part(identifier: str) -> str:
    """An id as a part of a qualified name, in which `::` and `#` have a meaning."""
    return identifier.replace("%", "%25").replace("::", "%3A%3A").replace("#", "%23")
