"""What a server has to store so that it holds an archive, decided before anything is written.

Order of storing: types (attribute types, new types, patches), entities, proxies of entities that are neither in the
archive nor known here, relationships, classification extensions. Each instance is an event as the inbound handlers take
it: NEW for version 1, else UPDATED without an original; extensions CLASSIFIED or RECLASSIFIED; the originator is the
archive. (OMRS instances, Archive loading; OMRS types § 6.)
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import ArchiveError, CodecError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort.currency import ClassificationHeader, Header, judge, judge_classification
from omrs_streams.log.kafka import MAX_VALUE_BYTES
from omrs_streams.repository.archives_headers import foreign_proxy, header_rule
from omrs_streams.repository.archives_read import Archive, JsonBean, Located
from omrs_streams.repository.archives_report import Entry, Severity, pointer
from omrs_streams.repository.archives_types import TypePlan, plan_types
from omrs_streams.repository.events import instance_event

Known = Callable[[str], Header | Mapping[str, Any] | None]
"""What is stored of a guid: the instance bean, or its `Header` (with its classifications); None = not stored here."""

ORIGINATOR_TYPE = "Open Metadata Archive"
_ENDS = (("entityOneProxy", "endDef1"), ("entityTwoProxy", "endDef2"))


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """An OMRSEventV1 bean ready to encode, the guid it is about and where it comes from."""

    guid: str
    pointer: str
    event: JsonBean

    @property
    def kind(self) -> str:
        """The wire name of the event type."""
        return str(self.event["instanceEventSection"]["eventType"])


@dataclass(slots=True)
class LoadPlan:
    """Everything that loading an archive takes; `report` has the problems of reading it as well.

    `types.types` is the type system after the load: encode the events with it.
    """

    archive: Archive
    types: TypePlan
    entities: list[PlannedEvent] = field(default_factory=list)
    proxies: list[PlannedEvent] = field(default_factory=list)
    relationships: list[PlannedEvent] = field(default_factory=list)
    classifications: list[PlannedEvent] = field(default_factory=list)
    report: list[Entry] = field(default_factory=list)
    unchanged: int = 0

    def events(self) -> Iterator[PlannedEvent]:
        """In the order of storing."""
        return chain(self.entities, self.proxies, self.relationships, self.classifications)

    def entries(self, severity: Severity) -> list[Entry]:
        """The lines of the report of one severity."""
        return [each for each in self.report if each.severity == severity]

    @property
    def complete(self) -> bool:
        """Whether nothing of the archive is left out because of an error."""
        return not self.entries("error")


def plan_load(
    archive: Archive,
    types: TypeSystem,
    local_collection_id: str,
    local_name: str,
    known: Known,
    *,
    now: int | None = None,
) -> LoadPlan:
    """The plan of loading `archive` into the server `local_name` with that metadata collection.

    `now`: the events' time in epoch milliseconds; the archive's creation date when left out.
    Raises ArchiveError for a backup of another metadata collection.
    """
    _check_backup(archive, local_collection_id, local_name)
    return _Planner(archive, types, local_collection_id, known, now).plan()


def _check_backup(archive: Archive, local_collection_id: str, local_name: str) -> None:
    if archive.type != "REPOSITORY_BACKUP":
        return
    homes = Counter(
        each.bean.get("metadataCollectionId")
        for each in (*archive.entities, *archive.relationships)
        if each.bean.get("instanceProvenanceType") == "LOCAL_COHORT" and each.bean.get("metadataCollectionId")
    )
    del homes[local_collection_id]
    if homes:
        [(home, count), *_] = homes.most_common(1)
        raise ArchiveError(
            f"{archive.name} is a backup: {count} of its instances are at home in the metadata collection {home}, "
            f"{local_name} has {local_collection_id}",
            help=f"Start the server with the metadata collection id {home}, or load the archive into the server that "
            f"has it.",
            archive=archive.guid,
            homes=dict(homes),
            local=local_collection_id,
        )


class _Planner:
    def __init__(
        self, archive: Archive, types: TypeSystem, local_collection_id: str, known: Known, now: int | None
    ) -> None:
        self.archive, self.known = archive, known
        properties = archive.properties
        self.now = now if now is not None else int(properties.get("creationDate") or 0)
        self.header = header_rule(properties, local_collection_id)
        self.inside = {each.guid for each in archive.entities}
        self.load = LoadPlan(archive, plan_types(archive, types))
        self.load.report = [*archive.problems, *self.load.types.report]
        self.types = self.load.types.types
        self.codec = EventCodec(self.types)
        originator = {
            "metadataCollectionId": archive.guid,
            "serverName": archive.name,
            "serverType": ORIGINATOR_TYPE,
            "organizationName": properties.get("originatorName"),
        }
        self.originator = {name: value for name, value in originator.items() if value is not None}

    def plan(self) -> LoadPlan:
        for each in self.archive.entities:
            self._entity(each)
        self.stored = {each.guid for each in self.load.entities}
        self.left_out = {entry.guid for entry in self.load.entries("error")}
        for each in self.archive.relationships:
            self._relationship(each)
        for each in self.archive.classifications:
            self._extension(each)
        if self.load.unchanged:
            message = f"{self.load.unchanged} instances are stored here already in this version or a later one"
            self._say("info", None, "/archiveInstanceStore", message)
        return self.load

    def _say(self, severity: Severity, guid: str | None, where: str, message: str) -> None:
        self.load.report.append(Entry(severity, guid, where, message))

    def _entity(self, each: Located) -> None:
        bean = self.header(each.bean)
        good = self._type_known(each.guid, each.pointer, bean, "ENTITY_DEF") and self._homed(each, bean)
        if good and self._newer(each, bean):
            event = self._event(bean)
            if self._storable(each.guid, each.pointer, event):
                self._note_properties(each.guid, each.pointer, bean)
                self.load.entities.append(PlannedEvent(each.guid, each.pointer, event))

    def _relationship(self, each: Located) -> None:
        ends = {end: self._proxy(each.bean[end]) for end, _ in _ENDS}
        bean = {**self.header(each.bean), **ends}
        good = self._type_known(each.guid, each.pointer, bean, "RELATIONSHIP_DEF")
        for end, proxy in ends.items():
            good = self._type_known(each.guid, f"{each.pointer}/{end}", proxy, "ENTITY_DEF") and good
        if not good or not self._homed(each, bean) or not self._newer(each, bean):
            return
        event = self._event(bean)
        if not self._storable(each.guid, each.pointer, event):
            return
        self._note_properties(each.guid, each.pointer, bean)
        typedef = self.types.require(guid=bean["type"]["typeDefGUID"])
        for end, definition in _ENDS:
            proxy, where = ends[end], f"{each.pointer}/{end}"
            wanted, given = typedef[definition]["entityType"]["name"], proxy["type"]["typeDefName"]
            if not self.types.is_type_of(given, wanted):
                self._say("warning", each.guid, where, f"a {given} where {typedef['name']} links a {wanted}")
            self._store_unknown(proxy, where, each.guid)
        self.load.relationships.append(PlannedEvent(each.guid, each.pointer, event))

    def _extension(self, each: Located) -> None:
        classification = self.header(each.bean["classification"])
        proxy = self._proxy(each.bean["entityToClassify"])
        guid, name = str(proxy["guid"]), str(classification["name"])
        where = f"{each.pointer}/entityToClassify"
        good = self._type_known(guid, where, proxy, "ENTITY_DEF")
        if (
            not self._type_known(guid, f"{each.pointer}/classification", classification, "CLASSIFICATION_DEF")
            or not good
        ):
            return
        kind = "CLASSIFIED" if classification["version"] == 1 else "RECLASSIFIED"
        stored = self._stored(guid)
        verdict = judge_classification(
            stored, Header.of(proxy), name, ClassificationHeader.of(classification), f"{kind}_ENTITY_EVENT"
        )
        if verdict.outcome == "stale":
            self.load.unchanged += 1
            return
        if not verdict.accepted:
            self._say("error", guid, each.pointer, f"the classification {name} cannot be stored: {verdict.reason}")
            return
        if stored is None and guid not in self.stored:
            self._say("warning", guid, where, "the entity is not here; the classification is kept with its proxy")
        event = instance_event(kind, proxy, self.originator, self.now, classification=classification)
        self._plan(self.load.classifications, guid, each.pointer, event)

    def _proxy(self, proxy: JsonBean) -> JsonBean:
        """An end as it is stored; see `archives_headers` for which header it gets."""
        if proxy["guid"] in self.inside:
            return self.header(proxy)
        return foreign_proxy(self.archive.properties, proxy)

    def _store_unknown(self, proxy: JsonBean, where: str, relationship: str) -> None:
        guid = str(proxy["guid"])
        if guid in self.stored or self.known(guid) is not None:
            return
        self.stored.add(guid)
        why = "is left out" if guid in self.left_out else "is neither in the archive nor here"
        message = (
            f"the {proxy['type']['typeDefName']} {guid} {why}; its proxy is stored, "
            f"at home in {proxy['metadataCollectionId']}"
        )
        self._say("warning", relationship, where, message)
        self._plan(self.load.proxies, guid, where, instance_event("NEW", proxy, self.originator, self.now))

    def _event(self, bean: JsonBean) -> JsonBean:
        return instance_event("NEW" if bean["version"] == 1 else "UPDATED", bean, self.originator, self.now)

    def _plan(self, stage: list[PlannedEvent], guid: str, where: str, event: JsonBean) -> None:
        if self._storable(guid, where, event):
            stage.append(PlannedEvent(guid, where, event))

    def _storable(self, guid: str, where: str, event: JsonBean) -> bool:
        """Whether a log can hold the event: found here, it is one instance's error and not the end of a load."""
        try:
            size = len(self.codec.encode(event))
        except CodecError as fault:
            self._say("error", guid, where, fault.message)
            return False
        if size > MAX_VALUE_BYTES:
            self._say("error", guid, where, f"takes {size} bytes, a log holds at most {MAX_VALUE_BYTES} of an instance")
            return False
        return True

    def _stored(self, guid: str) -> Header | None:
        found = self.known(guid)
        return found if found is None or isinstance(found, Header) else Header.of(found)

    def _newer(self, each: Located, bean: JsonBean) -> bool:
        """Whether the currency rule lets the instance in; a conflict is an error of the archive on this server."""
        stored, incoming = self._stored(each.guid), Header.of(bean)
        verdict = judge(stored, incoming, "UPDATED_ENTITY_EVENT")
        if verdict.outcome == "stale" and stored is not None and stored.home_id == incoming.home_id:
            self.load.unchanged += 1
        elif not verdict.accepted:
            home = "" if stored is None else f", at home in {stored.home_id}"
            self._say("error", each.guid, each.pointer, f"an instance with this guid is here{home}: {verdict.reason}")
        return verdict.accepted

    def _homed(self, each: Located, bean: JsonBean) -> bool:
        """An instance without a home cannot be kept; only configuration has none."""
        if bean.get("metadataCollectionId") or bean.get("instanceProvenanceType") == "CONFIGURATION":
            return True
        where = f"{each.pointer}/metadataCollectionId"
        self._say("error", each.guid, where, f"names no home, and a {self.archive.type} does not give it one")
        return False

    def _type_known(self, guid: str, where: str, bean: JsonBean, category: str) -> bool:
        kind = bean["type"]
        type_guid, name = kind["typeDefGUID"], kind["typeDefName"]
        typedef = self.types.typedef(type_guid)
        if typedef is None:
            other = self.types.typedef_by_name(name)
            hint = f"; {name} is {other['guid']} here" if other is not None else ""
            self._say("error", guid, f"{where}/type", f"the type {name} ({type_guid}) is not known{hint}")
            return False
        if typedef["name"] != name or typedef["category"] != category:
            message = f"{type_guid} is the {typedef['category']} {typedef['name']} here, not the {category} {name}"
            self._say("error", guid, f"{where}/type", message)
            return False
        good = True
        for index, each in enumerate(bean.get("classifications") or ()):
            good = self._type_known(guid, f"{where}/classifications/{index}", each, "CLASSIFICATION_DEF") and good
        return good

    def _note_properties(self, guid: str, where: str, bean: JsonBean) -> None:
        """Properties that the type does not define are stored as they came, and said."""
        held = (bean.get("properties") or {}).get("instanceProperties") or {}
        unknown = held.keys() - self.types.attributes(bean["type"]["typeDefName"]).keys()
        for name in sorted(unknown):
            message = f"{bean['type']['typeDefName']} defines no property {name}; it is stored as it came"
            self._say("warning", guid, where + pointer("properties", "instanceProperties", name), message)
