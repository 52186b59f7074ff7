"""`IntegrationContext`: what the daemon hands to a connector (integration § 7)."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from itertools import islice
from typing import Any, Self

from omrs_connectors.sdk.config import IntegrationConnectorConfig, Partner, PermittedSynchronization
from omrs_connectors.sdk.discretion import handed_out
from omrs_connectors.sdk.governance import GovernanceContext
from omrs_connectors.sdk.listener import LINEAGE, Handle, Listener, Source, listener_for
from omrs_connectors.sdk.releases import TypeNames, type_names
from omrs_connectors.sdk.report import ActivityReport
from omrs_connectors.sdk.source import find_source, make_source
from omrs_connectors.sdk.targets import CatalogTarget, connector_of_registration, targets_of
from omrs_connectors.sdk.writes import Writes
from omrs_schemas.errors import ConfigurationError, UserNotAuthorizedError
from omrs_schemas.model.values import from_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import ExternalSource, MetadataClient
from omrs_streams.client.selection import Names
from omrs_streams.log.names import server_out

BOTH_DIRECTIONS = PermittedSynchronization.BOTH_DIRECTIONS


class IntegrationContext(Writes):
    """Reads by `client`; changes by the methods of `Writes`, which check the permitted direction, stamp the metadata
    source and record each change in the report of the pass in progress. Thread-safe.

    `stopping` is set when the daemon wants the connector to come to an end.
    """

    def __init__(
        self,
        config: IntegrationConnectorConfig,
        partner: Partner,
        client: MetadataClient,
        report: ActivityReport,
        *,
        default_permitted_synchronization: PermittedSynchronization = BOTH_DIRECTIONS,
        max_page_size: int = 500,
        stopping: threading.Event | None = None,
    ) -> None:
        self.partner = partner
        self.report = report
        self.max_page_size = max_page_size
        self.stopping = stopping or threading.Event()
        self.listeners: tuple[Listener, ...] = ()
        self.external_source: ExternalSource | None = None
        self.external_source_is_home = True
        self.active_report_publishing = True
        self._embedded: Sequence[Any] = ()
        self._revoked = threading.Event()
        self._configure(config, client, default_permitted_synchronization)

    def _configure(
        self, config: IntegrationConnectorConfig, client: MetadataClient, default: PermittedSynchronization
    ) -> None:
        user = client.as_user(config.connector_user_id) if config.connector_user_id else client
        self.config = config
        self.permitted_synchronization = config.permitted_synchronization or default
        self.client = user.guarded(lambda request: self._require_valid())

    # ---- what is configured ----------------------------------------------------------------------------------------

    @property
    def connector_name(self) -> str:
        return self.config.connector_name

    @property
    def network_address(self) -> str:
        """Where the third party technology is: the configured endpoint."""
        return self.config.network_address

    @property
    def configuration_properties(self) -> Mapping[str, Any]:
        return self.config.configuration_properties

    @property
    def metadata_source_qualified_name(self) -> str | None:
        return self.config.metadata_source_qualified_name

    @property
    def user_id(self) -> str:
        """Who the connector acts as: its own user, or the daemon's."""
        return self.client.user_id

    def secret(self, name: str) -> str:
        """A secret that the connection holds, or one of the secrets stores embedded in it (integration § 12).

        Ask when it is needed, and keep it nowhere. ConfigurationError where nobody has it.
        """
        self._require_valid()
        places = ["the connection"]
        for embedded in self._embedded:
            store = embedded.connector
            if hasattr(store, "secret"):
                place = store.place(store.collection, name) if hasattr(store, "place") else type(store).__name__
                places.append(f"{embedded.name} ({place})" if embedded.name else place)
                held = store.secret(store.collection, name)
                if held is not None:
                    return handed_out(str(held))
        held = self.config.connection.secret(name)
        if held is None:
            raise ConfigurationError(
                f"connector {self.connector_name} has no secret {name!r}: looked in {', '.join(places)}",
                help="embed a secrets store in its connection that has it, or put it into one that is there",
                name=name,
            )
        return handed_out(held)

    def use_embedded(self, embedded: Sequence[Any]) -> None:
        """The connectors inside the connector; it says so itself when it is given the context."""
        self._embedded = embedded

    # ---- open metadata ---------------------------------------------------------------------------------------------

    @property
    def governance(self) -> GovernanceContext:
        """Open metadata of any type, translations, to-dos and incidents, valid values, work for governance engines."""
        return GovernanceContext(self)

    @property
    def types(self) -> TypeSystem:
        return self.client.types

    @property
    def names(self) -> TypeNames:
        """The type and attribute names of the server's release of the open metadata types."""
        return type_names(self.client.types)

    def is_type_of(self, type_name: str, super_type: str) -> bool:
        """Whether a type is another one or extends it."""
        return self.types.is_type_of(type_name, super_type)

    def anchor_guid(self, guid: str) -> str | None:
        """The element that an element belongs to (its Anchors classification); None for one that is its own."""
        header = self.client.get_entity_summary(guid)
        for classification in header.get("classifications") or ():
            if classification["name"] == "Anchors":
                anchor = from_properties(classification.get("properties")).get("anchorGUID")
                return None if not anchor or anchor == guid else str(anchor)
        return None

    def catalog_targets(self, start: int = 0, page_size: int | None = None) -> list[CatalogTarget]:
        """One page of the elements that this connector is to catalogue. They may change at any time: ask in each
        refresh. Empty for a connector of the static configuration."""
        size = self.max_page_size if page_size is None else page_size
        targets = self.iter_catalog_targets()
        return list(islice(targets, start, start + size if size else None))

    def iter_catalog_targets(self) -> Iterator[CatalogTarget]:
        """All of them, read page by page; each once, whatever comes and goes meanwhile."""
        connector = connector_of_registration(self.client, self.config.connector_id)
        if connector is not None:
            yield from targets_of(self.client, connector, self.max_page_size)

    def for_target(self, target: CatalogTarget) -> Self:
        """This context as a catalog target changes it, for the pass in progress: configuration properties laid over the
        connector's own, direction and metadata source where the target names its own."""
        config = self.config.with_overrides(
            configuration_properties={**self.configuration_properties, **target.configuration_properties}
        )
        changed = {
            "permitted_synchronization": target.permitted_synchronization or self.permitted_synchronization,
            "metadata_source_qualified_name": target.metadata_source_qualified_name
            or self.metadata_source_qualified_name,
        }
        theirs = copy(self)
        theirs.reconfigure(config.model_copy(update=changed), self.client)
        return theirs

    # ---- the life of the context -----------------------------------------------------------------------------------

    def connect(self) -> None:
        """Reaches the metadata server: loads its types, finds or creates the metadata source. The daemon calls this."""
        type_names(self.client.types)
        qualified_name = self.metadata_source_qualified_name
        if not qualified_name:
            return
        found = find_source(self.client, qualified_name)
        if found is None:
            self._may_write(f"create metadata source {qualified_name}")
            found, made = make_source(self.client, qualified_name, self.connector_name)
            if made:
                self.report.created(found.guid)
        self.external_source = ExternalSource(found.guid, qualified_name)

    def reconfigure(
        self,
        config: IntegrationConnectorConfig,
        client: MetadataClient,
        default_permitted_synchronization: PermittedSynchronization = BOTH_DIRECTIONS,
    ) -> None:
        """Another schedule, user, direction or metadata source for a connector that goes on. The daemon calls this,
        between two passes; raises what `connect` does."""
        before = self.metadata_source_qualified_name
        self._configure(config, client, default_permitted_synchronization)
        if self.metadata_source_qualified_name != before:
            self.external_source = None
            self.connect()

    def set_active_report_publishing(self, active: bool) -> None:
        """Whether a report of each pass is published, where the configuration asks for reports at all."""
        self.active_report_publishing = active

    def revoke(self) -> None:
        """From now on every call raises UserNotAuthorizedError: the daemon has given the connector up."""
        self._revoked.set()
        self.listeners = ()
        self.stopping.set()

    @property
    def revoked(self) -> bool:
        return self._revoked.is_set()

    # ---- listening -------------------------------------------------------------------------------------------------

    def register_listener(
        self,
        handle: Handle,
        types: Names | None = None,
        kinds: Names | None = None,
        *,
        guids: Names | None = None,
        zones: Names | None = None,
    ) -> Listener:
        """From now on `handle(event)` is called with each event of the server's out topic about an instance of one of
        `types` (names; the subtypes known now included), of one of `kinds` ("NEW_ENTITY_EVENT", or its beginning
        "NEW"), with one of `guids`, in one of the governance `zones` (before or after the change); None = all.

        Calls come one at a time between refreshes, in the order of the topic's partitions; at least once each. An error
        that says it is retriable is tried again, any other sends the event to the daemon's dead letters.
        """
        return self._listen(self._out_listener(handle, types, kinds, guids, zones))

    def refresh_on(
        self,
        types: Names | None = None,
        kinds: Names | None = None,
        *,
        guids: Names | None = None,
        zones: Names | None = None,
    ) -> Listener:
        """Such events wake a refresh instead of calling anything; many events, few refreshes."""
        return self._listen(self._out_listener(None, types, kinds, guids, zones))

    def listen_to(
        self, topic: str, handle: Handle | None, *, bootstrap_servers: str | None = None, refresh: bool = False
    ) -> Listener:
        """From now on `handle(record)` is called with each TopicRecord of a topic of the technology's own, on the
        daemon's Kafka or another; with `refresh` a record wakes a refresh instead. The position is kept: the next life
        of the connector goes on where this one stopped."""
        if (handle is None) is not refresh:
            raise ConfigurationError(f"listening to {topic}: give a handle, or refresh=True", topic=topic)
        return self._listen(Listener(Source(topic, bootstrap_servers, "own"), handle, refresh=refresh))

    def register_lineage_listener(self, handle: Handle) -> Listener:
        """From now on `handle(text, event)` is called with each OpenLineage event that the daemon is sent: the JSON as
        it came, and parsed."""
        return self._listen(Listener(LINEAGE, handle))

    def unregister(self, listener: Listener) -> None:
        """What came by `listener` is not handed over any more."""
        self.listeners = tuple(each for each in self.listeners if each is not listener)
        self.listeners_changed()

    listeners_changed: Callable[[], None] = staticmethod(lambda: None)
    """Called when a connector adds or takes away a listener; the daemon sets it."""

    request_refresh: Callable[[], None] = staticmethod(lambda: None)
    """For a connector that hears of changes by itself, from any thread: wakes a refresh as soon as none runs; many
    calls, few refreshes. The daemon sets it."""

    def _listen(self, listener: Listener) -> Listener:
        self._require_valid()
        self.listeners = (*self.listeners, listener)
        self.listeners_changed()
        return listener

    def _out_listener(
        self,
        handle: Handle | None,
        types: Names | None,
        kinds: Names | None,
        guids: Names | None,
        zones: Names | None,
    ) -> Listener:
        return listener_for(
            self.types,
            Source(server_out(self.partner.name)),
            handle,
            type_names=types,
            kinds=kinds,
            guids=guids,
            zones=zones,
            refresh=handle is None,
        )

    # ---- what may be changed ---------------------------------------------------------------------------------------

    def check_third_party_write(self, action: str) -> None:
        """Call before changing the third party technology; UserNotAuthorizedError when that is not permitted."""
        self._require_valid()
        self.permitted_synchronization.check_third_party_write(self.connector_name, action)

    def _may_write(self, action: str) -> None:
        self._require_valid()
        self.permitted_synchronization.check_write(self.connector_name, action)

    @property
    def _source(self) -> ExternalSource | None:
        return self.external_source if self.external_source_is_home else None

    def _require_valid(self) -> None:
        if self._revoked.is_set():
            raise UserNotAuthorizedError(
                f"connector {self.connector_name} was given up by the daemon: its context is not valid any more",
                help="a call took longer than its deadline; see the connector's failingExceptionMessage",
                connector=self.connector_name,
            )
