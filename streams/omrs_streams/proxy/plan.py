"""What has to be appended so that the log holds what the technology has now. Pure: time and states are handed in.

Each step expects the revision that the one before it leaves, so of two workers that both believe they run the proxy
one loses, and its event id follows from what it does, so a repetition after a crash changes nothing twice (LOG.md
§ Envelope).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omrs_schemas.errors import EntityNotKnownError, InvalidParameterError, OmrsError
from omrs_schemas.model.values import from_properties, to_properties
from omrs_schemas.typedefs import validate
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.event_ids import following_id
from omrs_streams.log.record import ORIGIN_CONSEQUENCE, ORIGIN_HOME
from omrs_streams.proxy.interfaces import MappedEntity, MappedRelationship
from omrs_streams.repository import changes
from omrs_streams.repository.events import instance_event
from omrs_streams.repository.local import Bean, LocalCollection

CONNECTOR = "omrs.proxy"
"""The mappingProperty by which a connector's own instances are known from others of the same type."""

_OF_THE_MOMENT = frozenset(
    {"createTime", "createdBy", "updateTime", "updatedBy", "maintainedBy", "instanceURL", "version"}
)


@dataclass(frozen=True, slots=True)
class State:
    """What the log holds of a guid: the revision, and the instance unless it was never there or is purged."""

    revision: int = 0
    bean: Bean | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Who changed it in the technology, and when it is told here (epoch ms)."""

    user: str
    now: int


@dataclass(frozen=True, slots=True)
class Step:
    """One record to append."""

    guid: str
    event_id: str
    expected_revision: int
    event: Bean
    cause: str | None = None

    def entry(self) -> Bean:
        """As `omrs_streams.worker.bulk` takes it."""
        origin = ORIGIN_CONSEQUENCE if self.cause else ORIGIN_HOME
        more = {"cause": self.cause} if self.cause else {}
        return {
            "event_id": self.event_id,
            "guid": self.guid,
            "event": self.event,
            "origin": origin,
            "expected_revision": self.expected_revision,
            **more,
        }


@dataclass(slots=True)
class Plan:
    """The steps for one guid, and the instance after them; `bean` is None when it is gone."""

    local: LocalCollection
    guid: str
    told: Told
    revision: int
    bean: Bean | None
    steps: list[Step] = field(default_factory=list)

    def add(self, kind: str, bean: Bean, *, cause: str | None = None, **more: object) -> str:
        """Append `kind` with `bean`; the event id of the step."""
        event = instance_event(kind, bean, self.local.originator(), self.told.now, **more)
        lasting = {name: value for name, value in bean.items() if name not in _OF_THE_MOMENT}
        content = hashlib.sha256(json.dumps([lasting, more], sort_keys=True, default=str).encode()).hexdigest()
        event_id = following_id(self.local.collection_id, self.guid, self.revision, kind, content)
        self.steps.append(Step(self.guid, event_id, self.revision, event, cause))
        self.revision += 1
        self.bean = bean
        return event_id


class Planner:
    """Plans for the instances of one connector, called `connector`."""

    def __init__(self, local: LocalCollection, types: TypeSystem, connector: str) -> None:
        self._local = local
        self._types = types
        self._connector = connector

    def ours(self, bean: Bean) -> bool:
        """Whether this connector told the instance."""
        tagged = (bean.get("mappingProperties") or {}).get(CONNECTOR) == self._connector
        return tagged and self._local.may_write(bean)

    # ---- what is there ---------------------------------------------------------------------------------------------

    def entity(
        self, wanted: MappedEntity, state: State, told: Told, *, change: str = "UPDATED", rehome: bool = False
    ) -> Plan:
        """`change`: the kind of event for new content, UPDATED or UNDONE; `rehome`: a copy becomes ours.

        Raises the errors of `validate.validate_new_entity`, InvalidParameterError for an instance of another home.
        """
        properties = to_properties(self._types, wanted.type_name, wanted.properties)
        classifications = {
            name: to_properties(self._types, name, values) for name, values in wanted.classifications.items()
        }
        typedef = validate.validate_new_entity(
            self._types,
            self._types.require(name=wanted.type_name)["guid"],
            properties,
            [{"name": name, "properties": values} for name, values in classifications.items()],
            None,
        )
        plan = Plan(self._local, wanted.guid, told, state.revision, state.bean)
        bean = state.bean
        if bean is None or bean["class"] != changes.ENTITY:
            attached = [self._classification(name, values, told) for name, values in classifications.items()]
            self._new(plan, changes.ENTITY, typedef, properties, wanted.mapping, classifications=attached)
            return plan
        self._content(plan, bean, typedef, properties, wanted.mapping, change, rehome=rehome)
        for name, values in classifications.items():
            self._classify(plan, name, values)
        for present in list((plan.bean or {}).get("classifications") or ()):
            if present["name"] not in classifications and self._local.may_write(present):
                self._declassify(plan, present)
        return plan

    def relationship(
        self,
        wanted: MappedRelationship,
        state: State,
        ends: Mapping[str, Bean],
        told: Told,
        *,
        change: str = "UPDATED",
        rehome: bool = False,
    ) -> Plan:
        """`ends`: the entities that are known, by guid. EntityNotKnownError when an end is not among them."""
        properties = to_properties(self._types, wanted.type_name, wanted.properties)
        typedef = validate.validate_new_relationship(
            self._types, self._types.require(name=wanted.type_name)["guid"], properties, None
        )
        plan = Plan(self._local, wanted.guid, told, state.revision, state.bean)
        bean = state.bean
        if bean is not None and [bean[end]["guid"] for end in _ENDS] == [wanted.end1, wanted.end2]:
            self._content(plan, bean, typedef, properties, wanted.mapping, change, rehome=rehome)
            return plan
        proxies = [self._end(wanted, guid, ends) for guid in (wanted.end1, wanted.end2)]
        validate.validate_ends(
            self._types, typedef, proxies[0]["type"]["typeDefName"], proxies[1]["type"]["typeDefName"]
        )
        joined = dict(zip(_ENDS, proxies, strict=True))
        if bean is None:
            self._new(plan, changes.RELATIONSHIP, typedef, properties, wanted.mapping, **joined)
            return plan
        self._content(plan, {**bean, **joined}, typedef, properties, wanted.mapping, change, force=True, rehome=rehome)
        return plan

    def _end(self, wanted: MappedRelationship, guid: str, ends: Mapping[str, Bean]) -> Bean:
        found = ends.get(guid)
        if found is None or found.get("status") == "DELETED":
            raise EntityNotKnownError(
                f"{wanted.type_name} {wanted.guid} has an end {guid} that is not known",
                help="tell the entity before its relationships",
                guid=guid,
            )
        return changes.proxy_of(self._types, found)

    # ---- what is gone, what has another guid -----------------------------------------------------------------------

    def gone(self, guid: str, state: State, told: Told, *, purge: bool) -> Plan:
        """Deleted, and purged if `purge`; nothing where it is so already."""
        plan = Plan(self._local, guid, told, state.revision, state.bean)
        bean = state.bean
        if bean is None:
            return plan
        self._require_ours(bean)
        if bean.get("status") != "DELETED":
            bean = changes.deleted(bean, told.user, told.now)
            plan.add("DELETED", bean)
        if purge:
            plan.add("PURGED", bean)
            plan.bean = None
        return plan

    def reidentified(self, original: State, state: State, before: str, guid: str, told: Told) -> tuple[Plan, Plan]:
        """The plans for the new guid and for the one `before` (OMRS instances § Reidentify).

        InvalidParameterError when the original is not ours, or the new guid is taken.
        """
        plan = Plan(self._local, guid, told, state.revision, state.bean)
        after = Plan(self._local, before, told, original.revision, original.bean)
        bean = original.bean
        done = state.bean is not None and state.bean.get("reIdentifiedFromGUID") == before
        if not done:
            if bean is None or state.bean is not None:
                raise InvalidParameterError(
                    f"{guid} is in use, or nothing is known of {before}, which is to have it", guid=guid
                )
            self._require_ours(bean)
            relationship = bean["class"] == changes.RELATIONSHIP
            renamed = {**changes.next_version(bean, told.user, told.now), "guid": guid, "reIdentifiedFromGUID": before}
            if "instanceURL" in bean:
                renamed["instanceURL"] = self._local.instance_url(guid, relationship=relationship)
            plan.add("RE_IDENTIFIED", renamed, originalInstanceGUID=before)
        if bean is not None and bean.get("status") != "DELETED":
            after.add("DELETED", changes.deleted(bean, told.user, told.now), cause=_cause(before, guid))
        return plan, after

    def repointed(self, state: State, before: str, entity: Bean, told: Told) -> Plan:
        """A relationship of ours whose end had the guid `before` and is `entity` now."""
        bean = state.bean
        if bean is None:
            raise InvalidParameterError("the relationship is not known", guid=before)
        self._require_ours(bean)
        proxy = changes.proxy_of(self._types, entity)
        moved = {end: proxy for end in _ENDS if bean[end]["guid"] == before}
        plan = Plan(self._local, bean["guid"], told, state.revision, bean)
        if moved:
            changed = {**changes.next_version(bean, told.user, told.now), **moved}
            plan.add("UPDATED", changed, cause=_cause(before, entity["guid"]))
        return plan

    def reclassified(self, guid: str, name: str, values: Mapping[str, Any] | None, state: State, told: Told) -> Plan:
        """One classification as it is now; `values` None: it is gone. Raises the errors of validation."""
        plan = Plan(self._local, guid, told, state.revision, state.bean)
        bean = state.bean
        if bean is None or bean["class"] != changes.ENTITY or bean.get("status") == "DELETED":
            raise EntityNotKnownError(f"{guid} is not known, so it cannot be classified", guid=guid)
        self._require_ours(bean)
        if values is None:
            present = changes.find_classification(bean, name)
            if present is not None:
                self._declassify(plan, present)
            return plan
        validate.validate_classification(self._types, name, bean["type"]["typeDefName"])
        self._classify(plan, name, to_properties(self._types, name, values))
        return plan

    # ---- parts -----------------------------------------------------------------------------------------------------

    def _new(
        self, plan: Plan, kind: str, typedef: Bean, properties: Bean, mapping: Mapping[str, str], **more: object
    ) -> None:
        status = self._types.initial_status(typedef["name"])
        told = plan.told
        header = changes.home_header(self._local, told.user, told.now, self._types.instance_type(typedef), status)
        header["mappingProperties"] = self._tagged(mapping)
        plan.add("NEW", changes.new_instance(kind, plan.guid, header, properties, self._local, **more))

    def _content(
        self,
        plan: Plan,
        bean: Bean,
        typedef: Bean,
        properties: Bean,
        mapping: Mapping[str, str],
        change: str,
        *,
        force: bool = False,
        rehome: bool = False,
    ) -> None:
        """Home, status, type, then properties: a step for each that differs."""
        told = plan.told
        if rehome and not self._local.may_write(bean):
            home = bean.get("metadataCollectionId")
            bean = {
                **changes.next_version(bean, told.user, told.now),
                "metadataCollectionId": self._local.collection_id,
                "metadataCollectionName": self._local.collection_name,
                "instanceProvenanceType": "LOCAL_COHORT",
                "mappingProperties": self._tagged(mapping),
            }
            bean.pop("replicatedBy", None)
            plan.add("RE_HOMED", bean, originalHomeMetadataCollectionId=home)
        self._require_writable(bean)
        if bean.get("status") == "DELETED":
            bean = changes.restored(bean, told.user, told.now)
            plan.add("RESTORED", bean)
        if bean["type"]["typeDefGUID"] != typedef["guid"]:
            before = self._types.require(guid=bean["type"]["typeDefGUID"])
            bean = {
                **changes.next_version(bean, told.user, told.now),
                "type": self._types.instance_type(typedef),
            }
            bean = changes.with_properties(bean, properties)
            plan.add("RETYPED", bean, originalTypeDefSummary=_summary(before))
        same = from_properties(bean.get("properties")) == from_properties(properties)
        if force or not same or bean.get("mappingProperties") != self._tagged(mapping):
            bean = changes.with_properties(changes.next_version(bean, told.user, told.now), properties)
            bean["mappingProperties"] = self._tagged(mapping)
            plan.add(change, bean)

    def _classify(self, plan: Plan, name: str, properties: Bean) -> None:
        """The entity's own version stays (OMRS instances § Creating, Classification add)."""
        entity = plan.bean or {}
        present = changes.find_classification(entity, name)
        if present is None:
            added = self._classification(name, properties, plan.told)
            plan.add("CLASSIFIED", changes.with_classification(entity, added), classification=added)
        elif self._local.may_write(present) and from_properties(present.get("properties")) != from_properties(
            properties
        ):
            told = plan.told
            updated = changes.with_properties(changes.next_version(present, told.user, told.now), properties)
            plan.add(
                "RECLASSIFIED",
                changes.with_classification(entity, updated),
                originalClassification=present,
                classification=updated,
            )

    def _declassify(self, plan: Plan, present: Bean) -> None:
        entity = plan.bean or {}
        plan.add(
            "DECLASSIFIED",
            changes.without_classification(entity, present["name"]),
            originalClassification=present,
        )

    def _classification(self, name: str, properties: Bean, told: Told) -> Bean:
        typedef = self._types.require(name=name)
        header = changes.home_header(self._local, told.user, told.now, self._types.instance_type(typedef), "ACTIVE")
        return changes.new_classification(name, header, properties)

    def _tagged(self, mapping: Mapping[str, str]) -> Bean:
        return {**mapping, CONNECTOR: self._connector}

    def _require_ours(self, bean: Bean) -> None:
        if not self.ours(bean):
            raise _foreign(bean)

    def _require_writable(self, bean: Bean) -> None:
        if not self._local.may_write(bean):
            raise _foreign(bean)


def _cause(before: str, guid: str) -> str:
    """What the records that follow from a re-identification name as their cause."""
    return following_id(before, guid)


def _foreign(bean: Bean) -> OmrsError:
    return InvalidParameterError(
        f"{bean['guid']} does not come from this proxy: its home is {bean.get('metadataCollectionId')}",
        code="OMRS-LOCAL-REPOSITORY-503-009",
        help="a connector's guids come from ProxyContext.guid, so that no other instance has them",
        guid=bean["guid"],
    )


_ENDS = ("entityOneProxy", "entityTwoProxy")


def _summary(typedef: Bean) -> Bean:
    """The TypeDefSummary of a definition."""
    names = ("headerVersion", "guid", "name", "status", "version", "versionName", "category")
    return {name: typedef[name] for name in names if name in typedef}
