"""One description of a find, whatever call it came from: what `matching`, `search` and `sequencing` work on.

The four ways to search (OMRS queries § 1) differ in how the wanted content is written down, not in how a result is
limited, ordered and cut into pages. `FindRequest` keeps the first as `form` and shares the rest. It is built from the
JSON beans of OMRS queries § 6, checks nothing but paging, and is plain data: a worker can send it to another worker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from omrs_schemas.codes import Code
from omrs_schemas.errors import PagingError

Bean = Mapping[str, Any]
"""A JSON bean in the in-memory form: exact names, nulls absent, dates as epoch milliseconds."""

Kind = Literal["entity", "relationship"]
Form = Literal["search", "properties", "classification", "value"]
"""search: SearchProperties; properties: InstanceProperties + MatchCriteria; classification: the same, but against the
properties of the named classification; value: one regular expression over every text value."""

DEFAULT_ORDER = "ANY"


@dataclass(frozen=True, slots=True)
class FindRequest:
    """A find over entities or relationships.

    `match_properties` is a SearchProperties bean when `form` is "search", else an InstanceProperties bean.
    `statuses` None = every status but DELETED; `limit_classifications` None = no limit, else any one of the names.
    `offset` and `page_size` count instances (page size 0 = all); `as_of_time` is epoch milliseconds. `user`: who asks,
    and sees no more than the security connector lets him; None = the server itself.
    Raises PagingError (OMRS-REPOSITORY-400-050) for a negative offset or page size.
    """

    kind: Kind
    form: Form
    type_guid: str | None = None
    subtype_guids: tuple[str, ...] | None = None
    match_properties: Bean | None = None
    match_criteria: str | None = None
    match_classifications: Bean | None = None
    classification_name: str | None = None
    search_criteria: str | None = None
    limit_classifications: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    sequencing_order: str = DEFAULT_ORDER
    sequencing_property: str | None = None
    offset: int = 0
    page_size: int = 0
    as_of_time: int | None = None
    user: str | None = None

    def __post_init__(self) -> None:
        check_paging(self.offset, self.page_size)

    @classmethod
    def find(cls, kind: Kind, body: Bean) -> "FindRequest":
        """findEntities / findRelationships: an EntityFindRequest or InstanceFindRequest bean."""
        return cls(
            kind=kind,
            form="search",
            subtype_guids=_names(body.get("subtypeGUIDs")),
            match_properties=body.get("matchProperties"),
            match_classifications=body.get("matchClassifications") if kind == "entity" else None,
            **_limits(body),
        )

    @classmethod
    def by_property(cls, kind: Kind, body: Bean) -> "FindRequest":
        """findEntitiesByProperty / findRelationshipsByProperty: a PropertyMatchFindRequest bean or a subclass."""
        return cls(
            kind=kind,
            form="properties",
            match_properties=body.get("matchProperties"),
            match_criteria=body.get("matchCriteria"),
            limit_classifications=_names(body.get("limitResultsByClassification")) if kind == "entity" else None,
            **_limits(body),
        )

    @classmethod
    def by_classification(cls, classification_name: str | None, body: Bean) -> "FindRequest":
        """findEntitiesByClassification: the properties asked for are those of the classification."""
        return cls(
            kind="entity",
            form="classification",
            classification_name=classification_name,
            match_properties=body.get("matchProperties"),
            match_criteria=body.get("matchCriteria"),
            **_limits(body),
        )

    @classmethod
    def by_property_value(cls, kind: Kind, search_criteria: str | None, body: Bean) -> "FindRequest":
        """findEntitiesByPropertyValue / findRelationshipsByPropertyValue: the criteria travel beside the bean."""
        return cls(
            kind=kind,
            form="value",
            search_criteria=search_criteria,
            limit_classifications=_names(body.get("limitResultsByClassification")) if kind == "entity" else None,
            **_limits(body),
        )

    @classmethod
    def attached(cls, body: Bean) -> "FindRequest":
        """getRelationshipsForEntity: a TypeLimitedFindRequest bean."""
        return cls(kind="relationship", form="search", **_limits(body))

    @classmethod
    def related(cls, body: Bean, user: str | None) -> "FindRequest":
        """getRelatedEntities: what is asked for of all that is reached, a RelatedEntitiesFindRequest bean."""
        return cls(
            kind="entity",
            form="search",
            subtype_guids=_names(body.get("entityTypeGUIDs")),
            limit_classifications=_names(body.get("limitResultsByClassification")),
            user=user,
            **_limits(body),
        )


def check_paging(offset: int, page_size: int) -> None:
    """OMRS queries § 1 refuses negative page sizes; a negative offset is refused the same way."""
    for name, value in (("offset", offset), ("pageSize", page_size)):
        if value < 0:
            raise PagingError(
                f"{name} is {value}, it must not be negative",
                code=Code.NEGATIVE_PAGE_SIZE,
                help="Use an offset of 0 or more, and a page size of 1 or more, or 0 for everything.",
                parameter=name,
                value=value,
            )


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """An empty list limits nothing, as a missing one."""
    return tuple(names) if names else None


def _limits(body: Bean) -> dict[str, Any]:
    return {
        "type_guid": body.get("typeGUID") or None,
        "statuses": _names(body.get("limitResultsByStatus")),
        "sequencing_order": body.get("sequencingOrder") or DEFAULT_ORDER,
        "sequencing_property": body.get("sequencingProperty") or None,
        "offset": body.get("offset") or 0,
        "page_size": body.get("pageSize") or 0,
        "as_of_time": body.get("asOfTime"),
    }
