"""Whether an incoming change of a reference copy is newer than what is stored (OMRS instances, Currency rule).

The protocol's rule with the mending its known gaps need:
- A purge carries the version of the delete before it. So PURGED and DELETE_PURGED are accepted at the stored version,
  or copies would stay soft-deleted for ever.
- Classification changes leave the entity's version alone. So CLASSIFIED, RECLASSIFIED and DECLASSIFIED compare the
  classification's own creation time and version.
- A purge that carries ids only is accepted from the home of the stored copy, or from the member that replicates it
  for an external or archive home, from nobody else.
- A stored proxy does not stand in the way of the entity: it counts as absent when the entity itself arrives.

Everything is decided from headers; nothing is read and no clock is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal

Bean = Mapping[str, Any]
Outcome = Literal["accept", "stale", "conflict_instance", "conflict_type", "no_type"]

AUDIT_CONFLICTING_TYPE = "OMRS-AUDIT-8002"
AUDIT_NEW_HOME = "OMRS-AUDIT-8003"
AUDIT_NEW_TYPE = "OMRS-AUDIT-8004"

_EQUAL_IS_NEW = frozenset(
    {
        "PURGED_ENTITY_EVENT",
        "PURGED_RELATIONSHIP_EVENT",
        "DELETE_PURGED_ENTITY_EVENT",
        "DELETE_PURGED_RELATIONSHIP_EVENT",
    }
)
_RE_HOMED = frozenset({"RE_HOMED_ENTITY_EVENT", "RE_HOMED_RELATIONSHIP_EVENT"})


@dataclass(frozen=True, slots=True)
class ClassificationHeader:
    """What is compared of a classification: `version`, `create_time` (epoch ms, None = not told)."""

    version: int
    create_time: int | None = None

    @classmethod
    def of(cls, bean: Bean) -> "ClassificationHeader":
        return cls(int(bean.get("version") or 0), bean.get("createTime"))


@dataclass(frozen=True, slots=True)
class Header:
    """What is compared of an entity, proxy or relationship. Times are epoch milliseconds."""

    version: int
    create_time: int | None
    home_id: str | None
    type_name: str | None
    type_guid: str | None
    type_version: int = 0
    replicated_by: str | None = None
    proxy: bool = False
    classifications: Mapping[str, ClassificationHeader] = field(default_factory=dict)

    @classmethod
    def of(cls, bean: Bean) -> "Header":
        kind: Bean = bean.get("type") or {}
        return cls(
            version=int(bean.get("version") or 0),
            create_time=bean.get("createTime"),
            home_id=bean.get("metadataCollectionId"),
            type_name=kind.get("typeDefName"),
            type_guid=kind.get("typeDefGUID"),
            type_version=int(kind.get("typeDefVersion") or 0),
            replicated_by=bean.get("replicatedBy"),
            proxy=bean.get("class") == "EntityProxy",
            classifications={each["name"]: ClassificationHeader.of(each) for each in bean.get("classifications") or ()},
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome`, why in a few words, and the audit messages to log (ids only; the caller knows the instance)."""

    outcome: Outcome
    reason: str
    audit: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.outcome == "accept"


def judge(stored: Header | None, incoming: Header, event_type: str) -> Verdict:
    """The verdict on a single-instance event that carries the instance (OMRS instances, steps 1 to 8).

    `event_type` is the wire name, e.g. `UPDATED_ENTITY_EVENT`.
    """
    if stored is None:
        return Verdict("accept", "not stored yet")
    if stored.proxy and not incoming.proxy:
        return Verdict("accept", "only a proxy is stored")
    if not stored.type_name or not incoming.type_name:
        return Verdict("no_type", "an instance without a type")
    if stored.create_time != incoming.create_time:
        return Verdict("conflict_instance", "another creation time: two objects share the guid")
    if incoming.version < stored.version or (incoming.version == stored.version and event_type not in _EQUAL_IS_NEW):
        return Verdict("stale", f"version {incoming.version} is not above the stored version {stored.version}")
    if incoming.type_version < stored.type_version:
        return Verdict(
            "conflict_type",
            f"type version {incoming.type_version} is below the stored {stored.type_version}",
            (AUDIT_CONFLICTING_TYPE,),
        )
    audit: list[str] = []
    if stored.home_id != incoming.home_id:
        if event_type not in _RE_HOMED:
            return Verdict("conflict_instance", "another home, and the event is no re-home")
        audit.append(AUDIT_NEW_HOME)
    if stored.type_name != incoming.type_name:
        audit.append(AUDIT_NEW_TYPE)
    return Verdict("accept", "newer than what is stored", tuple(audit))


def judge_purge_by_id(stored: Header | None, originator_id: str | None) -> Verdict:
    """The verdict on a purge event that names the instance and does not carry it."""
    if stored is None:
        return Verdict("stale", "not stored")
    if originator_id and originator_id in (stored.home_id, stored.replicated_by):
        return Verdict("accept", "purged at its home")
    return Verdict("stale", "the sender is neither the home of the stored copy nor its replicator")


def judge_classification(
    stored: Header | None, entity: Header, name: str, incoming: ClassificationHeader, event_type: str
) -> Verdict:
    """The verdict on CLASSIFIED, RECLASSIFIED (with the new) or DECLASSIFIED (with the original) classification.

    `entity` is the header of the entity or proxy that the event carries.
    """
    removes = event_type == "DECLASSIFIED_ENTITY_EVENT"
    if stored is None:
        return Verdict("stale", "the entity is not stored") if removes else Verdict("accept", "entity not stored yet")
    if None not in (stored.create_time, entity.create_time) and stored.create_time != entity.create_time:
        return Verdict("conflict_instance", "another creation time of the entity: two objects share the guid")
    known = stored.classifications.get(name)
    if known is None:
        return Verdict("stale", "not classified so") if removes else Verdict("accept", "not classified so yet")
    if known.create_time is not None and incoming.create_time is not None and known.create_time != incoming.create_time:
        newer = incoming.create_time > known.create_time
        return Verdict("accept", "created later") if newer else Verdict("stale", "created earlier")
    if incoming.version > known.version or (removes and incoming.version == known.version):
        return Verdict("accept", "newer than what is stored")
    return Verdict("stale", f"version {incoming.version} is not above the stored version {known.version}")


def keeper(one: Header, other: Header) -> Header:
    """Who keeps the guid when two objects share it: the lower (creation time, home), the same at every member."""
    return min(one, other, key=age)


def age(header: Header) -> tuple[float, str]:
    """What decides of two objects with one guid. Who tells no real creation time was made later than all others."""
    created = header.create_time or 0
    return (created if created > 0 else inf, header.home_id or "")
