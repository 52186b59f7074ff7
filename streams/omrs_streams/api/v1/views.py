"""Beans as the API shows them: plain values, times as ISO-8601 text, types by name."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from omrs_schemas.model.values import from_properties
from omrs_streams.api.v1.base import PATH
from omrs_streams.api.v1.models import Classification, End, Entity, Graph, Home, Relationship
from omrs_streams.repository.local import Bean

_GREGORIAN_CYCLE = 146_097 * 86_400_000  # ms: after 400 years the calendar is the same again


def entity_url(guid: str) -> str:
    return f"{PATH}/entities/{quote(guid, safe='')}"


def relationship_url(guid: str) -> str:
    return f"{PATH}/relationships/{quote(guid, safe='')}"


def entity(bean: Bean, warnings: Iterable[str] = ()) -> Entity:
    """Of an EntityDetail, EntitySummary or EntityProxy."""
    return Entity(
        guid=bean["guid"],
        classifications=classifications(bean),
        re_identified_from=bean.get("reIdentifiedFromGUID"),
        proxy=True if bean["class"] == "EntityProxy" else None,
        url=entity_url(bean["guid"]),
        warnings=list(warnings) or None,
        **_audited(bean),
    )


def relationship(bean: Bean, warnings: Iterable[str] = ()) -> Relationship:
    return Relationship(
        guid=bean["guid"],
        end1=_end(bean["entityOneProxy"]),
        end2=_end(bean["entityTwoProxy"]),
        re_identified_from=bean.get("reIdentifiedFromGUID"),
        url=relationship_url(bean["guid"]),
        warnings=list(warnings) or None,
        **_audited(bean),
    )


def graph(bean: Bean | None, warnings: Iterable[str] = ()) -> Graph:
    """Of an InstanceGraph; what it does not hold is an empty list."""
    found = bean or {}
    return Graph(
        entities=[entity(each) for each in found.get("entityElementList") or found.get("entities") or ()],
        relationships=[
            relationship(each) for each in found.get("relationshipElementList") or found.get("relationships") or ()
        ],
        warnings=list(warnings) or None,
    )


def classifications(bean: Bean) -> list[Classification]:
    """By name."""
    return sorted(map(classification, bean.get("classifications") or ()), key=lambda each: each.name)


def classification(bean: Bean) -> Classification:
    return Classification(
        name=bean["name"],
        origin=bean.get("classificationOrigin"),
        origin_guid=bean.get("classificationOriginGUID"),
        **{**_audited(bean), "type": (bean.get("type") or {}).get("typeDefName") or bean["name"]},
    )


def moment(ms: int | None) -> str | None:
    """A time as text; with the sign of the year outside 1–9999."""
    if ms is None:
        return None
    within = _date(ms)
    if isinstance(within, str):
        return within
    cycles, rest = divmod(ms, _GREGORIAN_CYCLE)
    text = str(_date(rest))
    return f"{int(text[:4]) + 400 * cycles:+05d}{text[4:]}"


def _date(ms: int) -> str | int:
    """The value of a property; a number outside the years 1–9999, as such text is not taken."""
    try:
        return f"{datetime.fromtimestamp(ms // 1000, UTC).isoformat()[:19]}.{ms % 1000:03d}Z"
    except (OverflowError, ValueError, OSError):
        return ms


def _end(proxy: Bean) -> End:
    return End(
        guid=proxy["guid"],
        type=_type(proxy),
        properties=from_properties(proxy.get("uniqueProperties"), date=_date),
        url=entity_url(proxy["guid"]),
    )


def _type(bean: Bean) -> str:
    return str((bean.get("type") or {}).get("typeDefName") or "")


def _audited(bean: Bean) -> dict[str, Any]:
    properties = bean.get("properties") or bean.get("uniqueProperties") or {}
    return {
        "type": _type(bean),
        "status": bean.get("status") or "UNKNOWN",
        "status_before_delete": bean.get("statusOnDelete"),
        "version": bean.get("version") or 0,
        "properties": from_properties(properties, date=_date),
        "effective_from": moment(properties.get("effectiveFromTime")),
        "effective_to": moment(properties.get("effectiveToTime")),
        "home": Home(
            collection_id=bean.get("metadataCollectionId"),
            collection_name=bean.get("metadataCollectionName"),
            provenance=bean.get("instanceProvenanceType"),
            replicated_by=bean.get("replicatedBy"),
            license=bean.get("instanceLicense"),
            url=bean.get("instanceURL"),
        ),
        "created_by": bean.get("createdBy"),
        "create_time": moment(bean.get("createTime")),
        "updated_by": bean.get("updatedBy"),
        "update_time": moment(bean.get("updateTime")),
        "maintained_by": bean.get("maintainedBy"),
        "mapping_properties": bean.get("mappingProperties"),
    }
