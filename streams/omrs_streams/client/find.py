"""Searches: by type, properties, classification, value; pages and iteration over them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from omrs_schemas.model.values import to_value
from omrs_streams.client.calls import Calls, Moment, moment_ms, request
from omrs_streams.client.exchange import Request, segment
from omrs_streams.client.instances import Entity, Relationship, entities_of, relationships_of
from omrs_streams.client.plans import Page, Pages, Plan, operation, pages
from omrs_streams.client.search import (
    MatchCriteria,
    SearchProperties,
    SequencingOrder,
    attribute_of,
    classified_with,
    exact,
)
from omrs_streams.client.wire import Bean

PAGE = 500  # instances per page when iterating: about 1 MB of JSON, well under the request timeout

I = TypeVar("I", Entity, Relationship)  # noqa: E741

_ENTITIES, _RELATIONSHIPS = "/instances/entities", "/instances/relationships"


class FindCalls(Calls):
    """Text is a regular expression that must match whole values (see `search.exact` and friends).

    `statuses`: instances in one of these; without, all but deleted ones. `order`: a SequencingOrder; with
    `sort_property` (of the type, or of one of its subtypes) alone it is PROPERTY_ASCENDING. `page_size` 0 = everything.
    `as_of`: as it was at that time.
    """

    @operation
    def find_entities(
        self,
        type_name: str | None = None,
        *,
        properties: SearchProperties | None = None,
        subtypes: Sequence[str] | None = None,
        statuses: Sequence[str] | None = None,
        classifications: Sequence[str] | Bean | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Entity]]:
        """Entities of a type (with subtypes) that meet the conditions; `classifications`: all of the names."""
        matched = classifications if isinstance(classifications, dict) else classified_with(*classifications or ())
        fields = {
            "subtypeGUIDs": (yield from self._type_guids(subtypes)),
            "matchProperties": (yield from self._conditions(type_name, properties)),
            "matchClassifications": matched if classifications else None,
        }
        fields |= yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)
        find = yield from self._find(_ENTITIES, "EntityFindRequest", type_name, as_of, fields)
        return entities_of((yield find))

    @operation
    def find_entities_by_property(
        self,
        type_name: str | None,
        properties: Mapping[str, Any],
        match: MatchCriteria = "ALL",
        *,
        statuses: Sequence[str] | None = None,
        classifications: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Entity]]:
        """Strings are patterns, everything else compares equal; `classifications`: any one of the names."""
        fields = {
            "matchProperties": (yield from self._match(type_name, properties)),
            "matchCriteria": match,
            "limitResultsByClassification": list(classifications or ()) or None,
            **(yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)),
        }
        path = f"{_ENTITIES}/by-property"
        find = yield from self._find(path, "EntityPropertyFindRequest", type_name, as_of, fields)
        return entities_of((yield find))

    @operation
    def find_entities_by_classification(
        self,
        name: str,
        properties: Mapping[str, Any] | None = None,
        match: MatchCriteria = "ALL",
        *,
        type_name: str | None = None,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Entity]]:
        """Entities that carry the classification, and whose classification's properties match."""
        fields = yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)
        if properties:
            fields |= {"matchProperties": (yield from self._match(name, properties)), "matchCriteria": match}
        path = f"{_ENTITIES}/by-classification/{segment(name)}"
        find = yield from self._find(path, "PropertyMatchFindRequest", type_name, as_of, fields)
        return entities_of((yield find))

    @operation
    def find_entities_by_value(
        self,
        criteria: str,
        type_name: str | None = None,
        *,
        statuses: Sequence[str] | None = None,
        classifications: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Entity]]:
        """Entities with any string or enum value that the pattern matches; `classifications`: any one of the names."""
        fields = {
            "limitResultsByClassification": list(classifications or ()) or None,
            **(yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)),
        }
        path = f"{_ENTITIES}/by-property-value"
        query = {"searchCriteria": criteria}
        find = yield from self._find(path, "EntityPropertyFindRequest", type_name, as_of, fields, query)
        return entities_of((yield find))

    @operation
    def find_by_unique_name(self, type_name: str, attribute: str, value: str) -> Plan[Entity | None]:
        """The oldest entity of the type whose `attribute` is exactly `value`, or None (uniqueness is not enforced)."""
        found = yield from self.find_entities_by_property(
            type_name, {attribute: exact(value)}, page_size=1, order="CREATION_DATE_OLDEST"
        )
        return found[0] if found else None

    @pages
    def iter_entities(
        self,
        type_name: str | None = None,
        properties: Mapping[str, Any] | SearchProperties | None = None,
        *,
        statuses: Sequence[str] | None = None,
        classifications: Sequence[str] | None = None,
        as_of: Moment | None = None,
        page_size: int = PAGE,
    ) -> Pages[Entity]:
        """All entities of a type that match and carry any one of `classifications`, in guid order.

        Read page by page. What is there from the first page to the last is seen exactly once, whatever comes and goes
        in between; with `as_of` nothing does.
        """

        def fetch(offset: int, size: int) -> Plan[list[Entity]]:
            if isinstance(properties, Mapping) and properties:
                return self.find_entities_by_property(
                    type_name,
                    properties,
                    statuses=statuses,
                    classifications=classifications,
                    offset=offset,
                    page_size=size,
                    order="GUID",
                    as_of=as_of,
                )
            return self.find_entities(
                type_name,
                properties=properties if isinstance(properties, SearchProperties) else None,
                statuses=statuses,
                classifications=classified_with(*classifications, match="ANY") if classifications else None,
                offset=offset,
                page_size=size,
                order="GUID",
                as_of=as_of,
            )

        return in_guid_order(fetch, page_size)

    # ---- relationships ---------------------------------------------------------------------------------------------

    @operation
    def find_relationships(
        self,
        type_name: str | None = None,
        *,
        properties: SearchProperties | None = None,
        subtypes: Sequence[str] | None = None,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Relationship]]:
        """Relationships of a type (with subtypes) that meet the conditions."""
        fields = {
            "subtypeGUIDs": (yield from self._type_guids(subtypes)),
            "matchProperties": (yield from self._conditions(type_name, properties)),
            **(yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)),
        }
        find = yield from self._find(_RELATIONSHIPS, "InstanceFindRequest", type_name, as_of, fields)
        return relationships_of((yield find))

    @operation
    def find_relationships_by_property(
        self,
        type_name: str | None,
        properties: Mapping[str, Any],
        match: MatchCriteria = "ALL",
        *,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Relationship]]:
        """Strings are patterns, everything else compares equal."""
        fields = {
            "matchProperties": (yield from self._match(type_name, properties)),
            "matchCriteria": match,
            **(yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)),
        }
        path = f"{_RELATIONSHIPS}/by-property"
        find = yield from self._find(path, "PropertyMatchFindRequest", type_name, as_of, fields)
        return relationships_of((yield find))

    @operation
    def find_relationships_by_value(
        self,
        criteria: str,
        type_name: str | None = None,
        *,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: SequencingOrder | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> Plan[list[Relationship]]:
        """Relationships with any string or enum value that the pattern matches."""
        fields = yield from self._paging((type_name,), statuses, offset, page_size, order, sort_property)
        path = f"{_RELATIONSHIPS}/by-property-value"
        query = {"searchCriteria": criteria}
        find = yield from self._find(path, "TypeLimitedFindRequest", type_name, as_of, fields, query)
        return relationships_of((yield find))

    @pages
    def iter_relationships(
        self,
        type_name: str | None = None,
        properties: SearchProperties | None = None,
        *,
        statuses: Sequence[str] | None = None,
        as_of: Moment | None = None,
        page_size: int = PAGE,
    ) -> Pages[Relationship]:
        """All relationships of a type (None: of every type) that match; as `iter_entities`."""

        def fetch(offset: int, size: int) -> Plan[list[Relationship]]:
            return self.find_relationships(
                type_name,
                properties=properties,
                statuses=statuses,
                offset=offset,
                page_size=size,
                order="GUID",
                as_of=as_of,
            )

        return in_guid_order(fetch, page_size)

    # ---- pieces ----------------------------------------------------------------------------------------------------

    def _match(self, type_name: str | None, properties: Mapping[str, Any]) -> Plan[Bean]:
        types = yield from self._types_with(type_name)
        values = {name: to_value(attribute_of(types, type_name, name), value) for name, value in properties.items()}
        return {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": values}

    def _conditions(self, type_name: str | None, properties: SearchProperties | None) -> Plan[Bean | None]:
        if properties is None:
            return None
        types = yield from self._types_with(type_name)
        return properties.to_bean(types, type_name)

    def _find(
        self,
        path: str,
        name: str,
        type_name: str | None,
        as_of: Moment | None,
        fields: Mapping[str, Any],
        query: Mapping[str, str] | None = None,
    ) -> Plan[Request]:
        type_guid = None if type_name is None else (yield from self.type_guid(type_name))
        return finding(path, name, as_of, query, typeGUID=type_guid, **fields)


def finding(path: str, name: str, as_of: Moment | None, query: Mapping[str, str] | None, **fields: Any) -> Request:
    """The request of a find, now or as of a time."""
    if as_of is not None:
        path, name = f"{path}/history", name.replace("FindRequest", "HistoricalFindRequest")
        fields["asOfTime"] = moment_ms(as_of)
    return Request("POST", path, request(name, **fields), query or {})


def in_guid_order(fetch: Callable[[int, int], Plan[list[I]]], page_size: int) -> Pages[I]:
    """Every page of `fetch(offset, page size)`, which answers in the order of guids.

    Offsets move when instances come and go between two pages. So each page begins with the last instance of the one
    before: where another stands there that comes after it, some have gone, and the page before is read again. What has
    been seen is told by its guid.
    """
    last, offset = "", 0
    while True:
        start, size = max(0, offset - 1), page_size + (offset > 0)
        page = yield from fetch(start, size)
        if start > 0 and (not page or page[0].guid > last):
            offset = max(0, start - page_size)
            continue
        yield Page([instance for instance in page if instance.guid > last])
        if len(page) < size:
            return
        last, offset = max(last, page[-1].guid), start + len(page)
