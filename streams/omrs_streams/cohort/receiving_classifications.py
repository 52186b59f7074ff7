"""Classification events (OMRS events § 5): CLASSIFIED, RECLASSIFIED, DECLASSIFIED with an entity or a proxy in them.

The home of the entity sends the whole entity: it takes the place of what is held, at the same version too, because
classifications do not move it. What everybody else sends, with a proxy or with all of the entity, is a statement about
one classification, laid over the entity.
Of the statements about one name the newest counts (createTime, home, version, removed), so their order does not matter;
statements that are not visible now are kept too, since what hides them may go.

- What the home sent before the state that is held (same version, earlier on its clock) counts as a statement.
- Exchange rules do not keep away what others state about an entity that is at home here.
- A classification that was stated before by a proxy is also removed by a statement: the entity without it would not
  take the statement away.
"""

from collections.abc import Callable, Mapping
from typing import Any

from omrs_streams.cohort.instance_events import purged, statement
from omrs_streams.cohort.receiving_currency import Arrived, differ, rule, says_more
from omrs_streams.cohort.receiving_model import (
    ACCEPTED,
    CONFLICT,
    DEAD,
    FILTERED,
    FOREIGN,
    OWN,
    STALE,
    Append,
    Held,
    Receipt,
    Receiver,
)
from omrs_streams.cohort.receiving_save import ours, unstorable, wanted
from omrs_streams.cohort.receiving_speakers import originator_of, states, tells_all
from omrs_streams.fold.kinds import DECLASSIFIED
from omrs_streams.fold.overlay import newest_statements, statement_of
from omrs_streams.log.record import TEXT_LIMIT

Bean = dict[str, Any]


def classified(event: Bean, section: Bean, stored: Callable[[str], Held | None], me: Receiver, now: int) -> Receipt:
    """What a classification event does here."""
    kind = str(section["eventType"])
    entity: Bean | None = section.get("entity") or section.get("entityProxy")
    classification: Bean | None = _subject(section)
    server = (event.get("originator") or {}).get("serverName")
    if entity is None or classification is None or not classification.get("name"):
        params = {"kind": kind, "guid": section.get("instanceGUID"), "server": server}
        return Receipt(DEAD, audits=(("OMRS-AUDIT-0317", params),))
    if not entity.get("guid"):
        return Receipt(DEAD, audits=(("OMRS-AUDIT-0315", {"kind": kind, "server": server}),))
    guid = str(entity["guid"])
    wrong = unstorable(event, entity, classification)
    if wrong is not None:
        params = {"kind": kind, "guid": guid[:TEXT_LIMIT], "server": server, "message": wrong}
        return Receipt(DEAD, audits=(("OMRS-AUDIT-9015", params),))
    held = stored(guid)
    if me.collection_id in (classification.get("metadataCollectionId"), classification.get("replicatedBy")) and not (
        _forgotten(held, classification, kind, me)
    ):
        return Receipt(OWN, audits=(("OMRS-AUDIT-0028", {"kind": kind, "guid": guid, "server": server}),))
    refusal = wanted(event, entity, classification, kind, me)
    if refusal is not None and (refusal.outcome != FILTERED or not ours(held, me) or not me.may_save(entity)):
        return refusal
    sender = originator_of(event)
    if section.get("entity") is not None and tells_all(sender, entity, kind, held, me):
        return _with_entity(event, section, entity, classification, held, me, now)
    if not states(sender, classification, entity, held, me):
        return Receipt(FOREIGN)
    return _stated(event, section, entity, held, me)


def _subject(section: Mapping[str, Any]) -> Bean | None:
    if section.get("eventType") == DECLASSIFIED:
        return section.get("originalClassification") or section.get("classification")
    return section.get("classification")


def _with_entity(
    event: Bean, section: Bean, entity: Bean, classification: Bean, held: Held | None, me: Receiver, now: int
) -> Receipt:
    guid = str(entity["guid"])
    kind = str(section["eventType"])
    if held is None or held.bean is None or held.bean.get("class") == "EntityProxy":
        ruling = rule(held, Arrived(kind, entity), me)
        if ruling.outcome != "accept":
            return Receipt(STALE)
        appends = (Append(guid, event), *_removal(event, entity, classification, held, kind))
        return Receipt(ACCEPTED, appends)
    same = not differ(held.create_time, entity.get("createTime"))
    at_home = held.bean.get("metadataCollectionId") == entity.get("metadataCollectionId")
    if same and at_home and (entity.get("version") or 0) == held.version:
        if int(event.get("timestamp") or 0) < held.event_time:
            return _stated(event, section, entity, held, me)
        removal = _removal(event, entity, classification, held, kind)
        if not removal and not says_more(held, entity):
            return Receipt(STALE)
        return Receipt(ACCEPTED, (Append(guid, event), *removal))
    ruling = rule(held, Arrived(kind, entity), me)
    if ruling.outcome == "accept":
        return Receipt(ACCEPTED, (Append(guid, event), *_removal(event, entity, classification, held, kind)))
    if ruling.outcome == "yield" and held.bean.get("metadataCollectionId") != me.collection_id:
        away = Append(guid, purged(held.bean, me.sender(), now), held.revision, "displaced")
        return Receipt(ACCEPTED, (away, Append(guid, event, held.revision + 1)))
    if ruling.outcome == "stale":
        return Receipt(STALE)
    reidentify = (guid,) if ruling.outcome == "yield" and held.bean.get("status") != "DELETED" else ()
    params = {"guid": guid, "kind": kind, "message": ruling.reason}
    return Receipt(CONFLICT, audits=(("OMRS-AUDIT-8005", params),), reidentify=reidentify)


def _removal(event: Bean, entity: Bean, classification: Bean, held: Held | None, kind: str) -> tuple[Append, ...]:
    """The statement that takes away a classification which statements about it would bring back."""
    if kind != DECLASSIFIED or held is None:
        return ()
    known = newest_statements(held.statements, held.bean or {}).get(str(classification["name"]))
    if known is None or known[0] >= _age(classification, removed=True):
        return ()
    proxy = _proxy(entity)
    told = statement("DECLASSIFIED", proxy, classification, None, event.get("originator") or {}, _time(event))
    return (Append(str(entity["guid"]), told, None, "statement"),)


def _stated(event: Bean, section: Bean, entity: Bean, held: Held | None, me: Receiver) -> Receipt:
    """A statement: kept unless it, or a later one about the same classification, is there already."""
    kind = str(section["eventType"])
    guid = str(entity["guid"])
    if held is not None:
        if differ(held.create_time, entity.get("createTime")):
            params = {"guid": guid, "kind": kind, "message": "another creation time of the entity"}
            return Receipt(CONFLICT, audits=(("OMRS-AUDIT-8005", params),))
        if held.bean is None:
            return Receipt(STALE)
        classification = _subject(section) or {}
        if _known(held, classification, removed=kind == DECLASSIFIED):
            return Receipt(STALE)
    if section.get("entity") is None:
        return Receipt(ACCEPTED, (Append(guid, event),))
    bare = {name: value for name, value in section.items() if name not in ("entity", "originalEntity")}
    told = {**event, "instanceEventSection": {**bare, "entityProxy": _proxy(entity)}}
    return Receipt(ACCEPTED, (Append(guid, told),))


def _known(held: Held, classification: Mapping[str, Any], *, removed: bool) -> bool:
    """Another classification of the same name, however late, may go before this one does."""
    age = _age(classification, removed=removed)
    for section in held.statements:
        told = statement_of(section)
        same = told is not None and told.classification["name"] == classification.get("name")
        if told is not None and same and told.key[:2] == age[:2] and told.key >= age:
            return True
    return False


def _forgotten(held: Held | None, classification: Mapping[str, Any], kind: str, me: Receiver) -> bool:
    """Whether we removed the classification of a copy, and know it no more because the copy was purged meanwhile and
    came back."""
    if kind != DECLASSIFIED or held is None or held.bean is None or ours(held, me):
        return False
    return not _known(held, classification, removed=False)


def _proxy(entity: Bean) -> Bean:
    """The entity as a statement carries it: its header. Unique properties do not count there."""
    if entity.get("class") == "EntityProxy":
        return entity
    return {name: value for name, value in entity.items() if name != "properties"} | {"class": "EntityProxy"}


def _age(classification: Mapping[str, Any], *, removed: bool) -> tuple[int, str, int, bool]:
    return (
        classification.get("createTime") or 0,
        str(classification.get("metadataCollectionId") or ""),
        classification.get("version") or 0,
        removed,
    )


def _time(event: Mapping[str, Any]) -> int:
    return int(event.get("timestamp") or 0)
