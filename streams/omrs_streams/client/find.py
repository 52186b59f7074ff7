"""Searches: by type, properties, classification, value; pages and iteration over them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omrs_schemas.model.values import to_value
from omrs_streams.client.calls import Calls, Moment, moment_ms, request
from omrs_streams.client.search import MatchCriteria, SearchProperties, attribute_of, classified_with, exact
from omrs_streams.client.transport import segment
from omrs_streams.client.wire import Bean

PAGE = 500  # instances per page when iterating: about 1 MB of JSON, well under the request timeout


class FindCalls(Calls):
    """Text is a regular expression that must match whole values (see `search.exact` and friends)."""

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
        order: str | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> list[Bean]:
        """Entities of a type (with subtypes) that meet the conditions; `classifications`: all of the names."""
        matched = classifications if isinstance(classifications, dict) else classified_with(*classifications or ())
        body = self._find_request(
            "EntityFindRequest",
            type_name,
            statuses,
            (offset, page_size, order, sort_property),
            as_of,
            subtypeGUIDs=[self.type_guid(name) for name in subtypes] if subtypes else None,
            matchProperties=properties.to_bean(self.types, type_name) if properties else None,
            matchClassifications=matched if classifications else None,
        )
        return self._entities("/instances/entities", body, as_of)

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
        order: str | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> list[Bean]:
        """Strings are patterns, everything else compares equal; `classifications`: any one of the names."""
        body = self._find_request(
            "EntityPropertyFindRequest",
            type_name,
            statuses,
            (offset, page_size, order, sort_property),
            as_of,
            matchProperties=self._match(type_name, properties),
            matchCriteria=match,
            limitResultsByClassification=list(classifications) if classifications else None,
        )
        return self._entities("/instances/entities/by-property", body, as_of)

    def find_entities_by_classification(
        self,
        name: str,
        properties: Mapping[str, Any] | None = None,
        match: MatchCriteria = "ALL",
        *,
        type_name: str | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: str | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> list[Bean]:
        """Entities that carry the classification, and whose classification's properties match."""
        body = self._find_request(
            "PropertyMatchFindRequest",
            type_name,
            None,
            (offset, page_size, order, sort_property),
            as_of,
            matchProperties=self._match(name, properties) if properties else None,
            matchCriteria=match if properties else None,
        )
        return self._entities(f"/instances/entities/by-classification/{segment(name)}", body, as_of)

    def find_entities_by_value(
        self,
        criteria: str,
        type_name: str | None = None,
        *,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: str | None = None,
        as_of: Moment | None = None,
    ) -> list[Bean]:
        """Entities with any string or enum value that the pattern matches."""
        body = self._find_request(
            "EntityPropertyFindRequest", type_name, statuses, (offset, page_size, order, None), as_of
        )
        path = "/instances/entities/by-property-value" + ("" if as_of is None else "/history")
        return self._transport.post(path, body, searchCriteria=criteria).get("entities") or []

    def find_by_unique_name(self, type_name: str, attribute: str, value: str) -> Bean | None:
        """The oldest entity of the type whose `attribute` is exactly `value`, or None (uniqueness is not enforced)."""
        found = self.find_entities_by_property(
            type_name, {attribute: exact(value)}, page_size=1, order="CREATION_DATE_OLDEST"
        )
        return found[0] if found else None

    def iter_entities(
        self, type_name: str | None = None, properties: Mapping[str, Any] | None = None, *, page_size: int = PAGE
    ) -> Iterator[Bean]:
        """All entities of a type (None: of every type) that match, page by page in guid order."""
        offset = 0
        while True:
            if properties:
                page = self.find_entities_by_property(
                    type_name, properties, offset=offset, page_size=page_size, order="GUID"
                )
            else:
                page = self.find_entities(type_name, offset=offset, page_size=page_size, order="GUID")
            yield from page
            if len(page) < page_size:
                return
            offset += page_size

    def find_relationships(
        self,
        type_name: str | None = None,
        *,
        properties: SearchProperties | None = None,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: str | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> list[Bean]:
        body = self._find_request(
            "InstanceFindRequest",
            type_name,
            statuses,
            (offset, page_size, order, sort_property),
            as_of,
            matchProperties=properties.to_bean(self.types, type_name) if properties else None,
        )
        return self._relationships("/instances/relationships", body, as_of)

    def find_relationships_by_property(
        self,
        type_name: str | None,
        properties: Mapping[str, Any],
        match: MatchCriteria = "ALL",
        *,
        statuses: Sequence[str] | None = None,
        offset: int = 0,
        page_size: int = 0,
        order: str | None = None,
        sort_property: str | None = None,
        as_of: Moment | None = None,
    ) -> list[Bean]:
        body = self._find_request(
            "PropertyMatchFindRequest",
            type_name,
            statuses,
            (offset, page_size, order, sort_property),
            as_of,
            matchProperties=self._match(type_name, properties),
            matchCriteria=match,
        )
        return self._relationships("/instances/relationships/by-property", body, as_of)

    def iter_relationships(self, type_name: str | None = None, *, page_size: int = PAGE) -> Iterator[Bean]:
        """All relationships of a type (None: of every type), page by page in guid order."""
        offset = 0
        while True:
            page = self.find_relationships(type_name, offset=offset, page_size=page_size, order="GUID")
            yield from page
            if len(page) < page_size:
                return
            offset += page_size

    def _match(self, type_name: str | None, properties: Mapping[str, Any]) -> Bean:
        values = {
            name: to_value(attribute_of(self.types, type_name, name), value) for name, value in properties.items()
        }
        return {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": values}

    def _find_request(
        self,
        name: str,
        type_name: str | None,
        statuses: Sequence[str] | None,
        paging: tuple[int, int, str | None, str | None],
        as_of: Moment | None,
        **fields: Any,
    ) -> Bean:
        offset, page_size, order, sort_property = paging
        return request(
            name if as_of is None else name.replace("FindRequest", "HistoricalFindRequest"),
            typeGUID=None if type_name is None else self.type_guid(type_name),
            limitResultsByStatus=list(statuses) if statuses else None,
            offset=offset,
            pageSize=page_size,
            sequencingOrder=order or ("PROPERTY_ASCENDING" if sort_property else None),
            sequencingProperty=sort_property,
            asOfTime=None if as_of is None else moment_ms(as_of),
            **fields,
        )

    def _entities(self, path: str, body: Bean, as_of: Moment | None) -> list[Bean]:
        return self._transport.post(path if as_of is None else f"{path}/history", body).get("entities") or []

    def _relationships(self, path: str, body: Bean, as_of: Moment | None) -> list[Bean]:
        return self._transport.post(path if as_of is None else f"{path}/history", body).get("relationships") or []
