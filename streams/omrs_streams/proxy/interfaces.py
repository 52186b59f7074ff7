"""What the author of a repository proxy implements, and what the runtime gives to it (OMRS cohort § 10).

A `RepositoryConnector` reads the whole catalogue of a technology as mapped instances. Its `EventMapper` notices
changes and tells them to the `EventProcessor`, which appends them to the server log; store, queries, cohorts, history
and replay follow from there. Nothing else is kept: the log is the truth of what was told.

Everything here is called on threads of the proxy, one session at a time: `EventMapper.start`, a snapshot that is
reconciled with what the log told before, then changes as they come. An error ends the session; after a pause that grows
up to half a minute the next one begins, with a snapshot again. So a change that was missed while the technology or the
worker was away is never lost, and nothing is deleted unless a snapshot was read to its end without it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import NAMESPACE_OID, uuid5

from omrs_schemas.typedefs.system import TypeSystem

Bean = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MappedEntity:
    """An object of the technology as an entity.

    `guid`: stable for the life of the object, see `ProxyContext.guid`. `properties` and those of `classifications` (by
    name) are Python values by attribute name, as `omrs_schemas.model.values` describes them. `mapping` is kept in the
    instance's mappingProperties: what the connector wants to find again. Version, times and home are not the
    connector's business.
    """

    guid: str
    type_name: str
    properties: Mapping[str, Any]
    classifications: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MappedRelationship:
    """A link between two objects; `end1` and `end2` are guids of entities, in the order of the RelationshipDef."""

    guid: str
    type_name: str
    end1: str
    end2: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)


Mapped = MappedEntity | MappedRelationship


@dataclass(frozen=True, slots=True)
class ProxyContext:
    """Where a connector works: our metadata collection, the server's types, the options of `proxy.options`.

    `audit(message_id, **params)` reports to the server's audit log, from any thread, without waiting.
    """

    server: str
    collection_id: str
    types: TypeSystem
    options: Mapping[str, Any]
    audit: Callable[..., None]

    def guid(self, *path: object) -> str:
        """The guid of the object at `path`: the same whenever and wherever it is asked in this metadata collection.

        A path of numbers that the technology never gives twice keeps the guid when the object is renamed.
        """
        return str(uuid5(NAMESPACE_OID, "/".join([self.collection_id, *map(str, path)])))


class EventProcessor(Protocol):
    """Takes what an event mapper learned. Each call returns when it is in the server log and folded.

    The methods are those of Egeria's repository event processor. Versions, and which events are due, follow from what
    the log holds: telling a state twice changes nothing, telling NEW of something known is an update. An instance that
    does not fit its type is left out and reported (OMRS-AUDIT-0035); the others are not held up by it. `user` is who
    made the change in the technology; without one it is the connector.

    Raises NotReadyError when the proxy moves to another worker: let it end the mapper's work.
    """

    def await_synchronized(self) -> None:
        """Wait until the session's snapshot is reconciled: what is read from the technology later is newer."""

    def failed(self, error: Exception) -> None:
        """End this session: the technology cannot be followed any more. The next one starts with a snapshot."""

    def reconcile(
        self, present: Iterable[Mapped], *, among: Collection[str] | None = None, purge: bool = True, user: str = ""
    ) -> None:
        """Make what the log holds equal to `present`.

        What is not in `present` any more is deleted, and purged if `purge`: of the guids in `among`, or of everything
        that this connector ever told when `among` is None. `present` is read to its end before anything is appended.
        """

    def process_batch(self, present: Iterable[Mapped], *, user: str = "") -> None:
        """Several instances at once, entities before the relationships at them; nothing is deleted."""

    def process_new_entity(self, entity: MappedEntity, *, user: str = "") -> None: ...
    def process_updated_entity(self, entity: MappedEntity, *, user: str = "") -> None: ...
    def process_undone_entity(self, entity: MappedEntity, *, user: str = "") -> None:
        """The technology went back to what was there before `entity` was changed last."""

    def process_classified_entity(
        self, guid: str, classification: str, properties: Mapping[str, Any], *, user: str = ""
    ) -> None: ...
    def process_declassified_entity(self, guid: str, classification: str, *, user: str = "") -> None: ...
    def process_reclassified_entity(
        self, guid: str, classification: str, properties: Mapping[str, Any], *, user: str = ""
    ) -> None: ...
    def process_deleted_entity(self, guid: str, *, user: str = "") -> None:
        """It can be restored."""

    def process_purged_entity(self, guid: str, *, user: str = "") -> None:
        """It was deleted before and is gone for ever now."""

    def process_delete_purged_entity(self, guid: str, *, user: str = "") -> None:
        """It is gone for ever."""

    def process_restored_entity(self, entity: MappedEntity, *, user: str = "") -> None: ...
    def process_reidentified_entity(self, original_guid: str, entity: MappedEntity, *, user: str = "") -> None:
        """`entity` is what had `original_guid` before; our relationships at that are moved."""

    def process_retyped_entity(self, entity: MappedEntity, *, user: str = "") -> None: ...
    def process_rehomed_entity(self, entity: MappedEntity, *, user: str = "") -> None:
        """An entity of another home, of which we have a copy, is ours from now on."""

    def process_new_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None: ...
    def process_updated_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None: ...
    def process_undone_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None: ...
    def process_deleted_relationship(self, guid: str, *, user: str = "") -> None: ...
    def process_purged_relationship(self, guid: str, *, user: str = "") -> None: ...
    def process_delete_purged_relationship(self, guid: str, *, user: str = "") -> None: ...
    def process_restored_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None: ...
    def process_reidentified_relationship(
        self, original_guid: str, relationship: MappedRelationship, *, user: str = ""
    ) -> None: ...
    def process_retyped_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None: ...
    def process_rehomed_relationship(self, relationship: MappedRelationship, *, user: str = "") -> None: ...

    def process_new_typedef(self, typedef: Bean) -> None:
        """A TypeDef that the technology brings along: added to the server's types and announced to its cohorts."""

    def process_new_attribute_typedef(self, typedef: Bean) -> None: ...
    def process_updated_typedef(self, patch: Bean) -> None: ...


class EventMapper(ABC):
    """Notices what changes in the technology and tells the processor. Made anew for each session."""

    @abstractmethod
    def start(self, processor: EventProcessor) -> None:
        """Begin to listen, and return. No change after that may go unnoticed: the snapshot is read after it.

        Changes are told from a thread of the mapper's own, which first calls `processor.await_synchronized()` and ends
        with `processor.failed(error)` when it cannot go on. Raises any error when listening is not possible.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop listening and end the thread; called once, from another thread, also after a failure."""


class RepositoryConnector(ABC):
    """Read-only access to the catalogue of a technology. Plugged in by an entry point in group `omrs.repositories`."""

    @abstractmethod
    def configure(self, context: ProxyContext) -> None:
        """Called once, before anything else. No I/O. ConfigurationError for options or types that do not do."""

    @property
    @abstractmethod
    def type_names(self) -> Collection[str]:
        """The types of the instances that `snapshot` may give: what a reconciliation looks for."""

    @abstractmethod
    def snapshot(self) -> Iterable[Mapped]:
        """Everything that is there now. An error while it is read means that nothing is known: nothing changes."""

    @abstractmethod
    def event_mapper(self) -> EventMapper:
        """A new mapper for a session."""
