"""`DataEngineProxyConnector`: keeps processes, ports and lineage equal to a data engine's definitions."""

from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from omrs_connectors.builtin.data_engine.definitions import (
    Definitions,
    Document,
    Engine,
    Removed,
    document,
    gathered,
)
from omrs_connectors.builtin.data_engine.options import DataEngineOptions
from omrs_connectors.builtin.data_engine.pictures import (
    ALIASES,
    ENGINES,
    KINDS,
    LINKS,
    PORTS,
    PROCESSES,
    STORES,
    Naming,
    Pictures,
)
from omrs_connectors.builtin.data_engine.sources import DefinitionSource
from omrs_connectors.builtin.data_engine.ties import HIERARCHY, Ties
from omrs_connectors.builtin.files.watch import FolderWatch
from omrs_connectors.builtin.mirror import Mirror, Scope
from omrs_connectors.builtin.picture import Key
from omrs_connectors.builtin.safety import Safety
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.sdk.listener import TopicRecord
from omrs_connectors.services.element import ends_of
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.lineage_integrator import LineageIntegratorConnector
from omrs_schemas.errors import CodecError, ConfigurationError, DeletionRefusedError


class DataEngineProxyConnector(LineageIntegratorConnector):
    """Catalogues the definitions of one data engine: those at `endpoint.networkAddress` (a folder, a file, a URL), or
    those that the events of its topic carry where there is no endpoint.

    With an endpoint a refresh compares all of it; clock, folder and events only wake it. Without, each event tells all
    about the processes that it names.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = DataEngineOptions
    options: DataEngineOptions
    _source: DefinitionSource | None = None
    _watch: FolderWatch | None = None

    def initialize(self) -> None:
        options, address = self.options, self.context.network_address
        if not address and not (options.event_topic and options.engine_id):
            raise ConfigurationError(
                f"connector {self.context.connector_name} has nowhere to learn of an engine from",
                help="set endpoint.networkAddress to a folder, a file or a URL; or eventTopic and engineId",
            )
        token = partial(self.context.secret, options.token_secret) if options.token_secret else None
        wait = self.context.stopping.wait
        self._source = DefinitionSource(address, options.pattern, token, wait) if address else None
        self._watch = FolderWatch(self.context.request_refresh) if options.watch else None

    def start(self) -> None:
        topic, kafka = self.options.event_topic, self.options.bootstrap_servers or None
        if topic and self._source is not None:
            self.context.listen_to(topic, None, bootstrap_servers=kafka, refresh=True)
        elif topic:
            self.context.listen_to(topic, self._event, bootstrap_servers=kafka)

    def refresh(self) -> None:
        """RepositoryError or CodecError where the definitions cannot be read whole: then nothing is changed."""
        if self._source is None:
            return
        folder = self._source.folder
        if self._watch is not None and folder is not None:
            self._watch.watch([folder])
        documents = self._source.documents()
        if any(each.removed is not None for each in documents):
            raise CodecError(f"{self._source.address}: removed is said in events; here, what is gone is left out")
        self._whole(gathered(documents, self._source.address, self.options.engine_id))

    def disconnect(self) -> None:
        if self._watch is not None:
            self._watch.close()
        if self._source is not None:
            self._source.close()

    # ---- everything ------------------------------------------------------------------------------------------------

    def _whole(self, definitions: Definitions) -> None:
        context, options = self.context, self.options
        context.report.count("processes", len(definitions.processes))
        context.report.count("dataStores", len(definitions.data_stores))
        naming = self._naming(definitions.engine.id)
        pictures = Pictures(naming, context.report.message)
        pictures.engine(definitions.engine)
        pictures.add(definitions)

        counted: dict[str, ElementKind[Any]] = {"processes": PROCESSES, "data stores": STORES}
        mirror = Mirror(context, Scope(naming.engine, KINDS, LINKS, counted, naming.mine), options.parallelism)
        try:
            mirror.write(pictures.picture, options.safety(f"data engine {definitions.engine.id}"))
        except DeletionRefusedError:
            self._ties(pictures, naming, mirror, None, remove=False)
            raise
        self._ties(pictures, naming, mirror, None)

    def _ties(
        self,
        pictures: Pictures,
        naming: Naming,
        mirror: Mirror,
        touched: frozenset[Key] | None,
        *,
        remove: bool = True,
    ) -> None:
        """`touched`: the processes and data stores that the picture is about; None: all of the engine's."""
        if self.context.stopping.is_set():
            return
        parts = pictures.picture.parts
        found: dict[Key, str | None] = {}

        def guid_of(key: Key) -> str | None:
            if key in parts:
                return mirror.held[key].guid
            if key not in found:
                ours = touched is None and key.startswith(naming.below)
                found[key] = None if ours else self._guid_of(key)
            return found[key]

        ties = Ties(self.context, naming.engine, guid_of, self.options.parallelism)
        about = {id(PROCESSES), id(PORTS), id(ALIASES)}
        elements = [mirror.held[key].guid for key, part in parts.items() if id(part.kind) in about]
        labelled = naming.engine if touched is None else _beginning(touched)
        ties.write(
            pictures.ties,
            lambda owner: naming.mine(owner) if touched is None else naming.owner(owner) in touched,
            elements,
            labelled,
            remove=remove,
        )

    def _guid_of(self, key: Key) -> str | None:
        found = self.context.client.find_by_unique_name("Referenceable", "qualifiedName", key)
        return None if found is None else found.guid

    # ---- what an event tells ---------------------------------------------------------------------------------------

    def _event(self, record: TopicRecord) -> None:
        """One that carries definitions; nothing, with a process's id as key: the process is gone."""
        if not record.value:
            removed = Removed(processes=((record.key or b"").decode(),)) if record.key else Removed()
            told = Document(removed=removed)
        else:
            told = document(record.value, f"{record.topic}@{record.offset}")
        if told.lineage or told.next is not None:
            raise CodecError(
                f"{record.topic}@{record.offset}: lineage of an event stands in its processes, and no page follows"
            )
        engine = self.options.engine_id
        if told.engine is not None and told.engine.id != engine:
            self.context.report.count("eventsOfOtherEngines")
            return
        self._part(gathered([told], record.topic, engine), told.removed or Removed(), told.engine)
        self.context.report.count("engineEvents")

    def _part(self, definitions: Definitions, removed: Removed, engine: Engine | None) -> None:
        """Of the processes and data stores that are named everything is as they say, everything else stays."""
        context, naming = self.context, self._naming(definitions.engine.id)
        pictures = Pictures(naming, context.report.message)
        pictures.add(definitions)
        whole = [
            naming.process(each)
            for process, _ in definitions.processes
            if process.processes is not None
            for each in (process.id, *process.formerly)
        ]
        gone = [naming.process(each) for each in removed.processes]
        named = {
            *(naming.process(each) for process, _ in definitions.processes for each in (process.id, *process.formerly)),
            *(naming.store(each) for store in definitions.data_stores for each in (store.id, *store.formerly)),
            *map(naming.store, removed.data_stores),
            *gone,
            *self._inside([*whole, *gone], naming),
        }
        self._engine(engine or definitions.engine, naming, said=engine is not None)
        if not named:
            return
        touched = frozenset(named)
        scope = Scope(_beginning(touched), KINDS, LINKS, {}, lambda key: naming.owner(key) in touched)
        mirror = Mirror(context, scope, self.options.parallelism)
        # The event says itself what is gone: nothing is concluded from what it does not say.
        mirror.write(pictures.picture, Safety(naming.engine, max_deleted_share=1))
        self._ties(pictures, naming, mirror, touched)

    def _engine(self, engine: Engine, naming: Naming, *, said: bool) -> None:
        pictures = Pictures(naming, self.context.report.message)
        pictures.engine(engine)
        known = self.context.engines.named(naming.engine)
        if known is None or (said and engine.model_fields_set - {"id"}):
            mirror = Mirror(self.context, Scope(naming.engine, (ENGINES,), (), {}, lambda key: key == naming.engine), 1)
            mirror.write(pictures.picture, Safety(naming.engine), remove=False)

    def _inside(self, processes: Iterable[Key], naming: Naming) -> set[Key]:
        """The processes that are held below some."""
        types = self.context.types
        type_name = HIERARCHY.link.type_name(types)
        found: set[Key] = set()
        level = {guid for key in processes if (guid := self._guid_of(key)) is not None}
        while level:
            below: set[str] = set()
            for guid in level:
                for relationship in self.context.client.relationships_of(guid, type_name):
                    first, second = HIERARCHY.link.ends(types, *ends_of(relationship))
                    if first != guid:
                        continue
                    name = str(self.context.client.get_entity(second).plain_properties["qualifiedName"])
                    if name.startswith(naming.processes) and name not in found:
                        found.add(name)
                        below.add(second)
            level = below
        return found

    def _naming(self, engine: str) -> Naming:
        return Naming(self.options.qualified_name_prefix, engine)


def _beginning(keys: frozenset[Key]) -> Key:
    """What all of them begin with."""
    first, last = min(keys), max(keys)
    length = next((index for index, letter in enumerate(first) if letter != last[index : index + 1]), len(first))
    return first[:length]
