"""What the groups of calls share: the server's types, properties and classifications as beans, request pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from omrs_schemas.errors import TypeDefNotKnownError
from omrs_schemas.model.dates import datetime_ms
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.exchange import Address, Answer, Request, Scope, segment
from omrs_streams.client.plans import NeedTypes, Plan, operation
from omrs_streams.client.search import SequencingOrder, sortable, unsortable
from omrs_streams.client.server_types import ServerTypes
from omrs_streams.client.wire import Bean

Moment = int | datetime
"""A time: epoch milliseconds, or a datetime (without an offset it is UTC)."""

Classifications = Sequence[str] | Mapping[str, Mapping[str, Any] | None]
"""Classification names, or names with their properties as Python values."""


@dataclass(frozen=True, slots=True)
class ExternalSource:
    """The element that stands for an external technology; what it stamps is homed there (EXTERNAL_SOURCE)."""

    guid: str
    name: str

    def stamp(self, body: Bean) -> Bean:
        return {**body, "metadataCollectionId": self.guid, "metadataCollectionName": self.name}


def moment_ms(moment: Moment) -> int:
    """Epoch milliseconds of either form."""
    return datetime_ms(moment) if isinstance(moment, datetime) else moment


class Calls:
    """Base of the groups of calls. Its methods are plans; the clients carry them out (see `plans`)."""

    _form = "plan"

    def __init__(self, address: Address, server_types: ServerTypes) -> None:
        self._address = address
        self._server_types = server_types

    @property
    def server(self) -> str:
        return self._address.server

    @property
    def user_id(self) -> str:
        return self._address.user_id

    @property
    def scope(self) -> Scope:
        """Whom calls ask: the server's own repository, or every member of its cohorts."""
        return self._address.scope

    @operation
    def refresh_types(self) -> Plan[TypeSystem]:
        """The server's types as they are now. Types that are named in a call and not known are fetched anyhow."""
        types: TypeSystem = yield NeedTypes(stale=self._server_types.current)
        return types

    @operation
    def type_guid(self, type_name: str) -> Plan[str]:
        """The guid of a type by its name, present or former. TypeDefNotKnownError when the server has no such type."""
        typedef = yield from self._typedef(type_name)
        return str(typedef["guid"])

    def _known_types(self) -> Plan[TypeSystem]:
        types = self._server_types.current
        if types is None:
            types = cast(TypeSystem, (yield NeedTypes()))
        return types

    def _types_with(self, *type_names: str | None) -> Plan[TypeSystem]:
        """Types that know all of these by name. A name that they do not know, the server is asked about."""
        types = yield from self._known_types()
        for name in type_names:
            if name is not None and types.typedef_by_name(name) is None:
                types = yield from self._types_after(types, name)
        return types

    def _types_after(self, types: TypeSystem, name: str) -> Plan[TypeSystem]:
        answer: Answer = yield Request("GET", f"/types/typedef/name/{segment(name)}")
        typedef = answer.bean.get("typeDef") or {}
        if types.typedef(str(typedef.get("guid"))) is None:
            types = yield NeedTypes(stale=types)
        if types.typedef_by_name(name) is None and types.typedef(str(typedef.get("guid"))) is not None:
            types = self._server_types.also_called(types, name, str(typedef["guid"]))
        if types.typedef_by_name(name) is None:
            raise TypeDefNotKnownError(
                f"server {self.server} knows type {name}, and not all that it is made of", type_name=name
            )
        return types

    def _typedef(self, type_name: str) -> Plan[Bean]:
        types = yield from self._types_with(type_name)
        return types.require(name=type_name)

    def _properties(self, type_name: str, properties: Mapping[str, Any] | None) -> Plan[Bean | None]:
        """InstanceProperties of Python values; None where there are none. Values of None are left out."""
        given = {name: value for name, value in (properties or {}).items() if value is not None}
        if not given:
            return None
        types = yield from self._types_with(type_name)
        if not self._server_types.fresh() and not given.keys() <= types.attributes(type_name).keys():
            types = yield NeedTypes(stale=types)  # a patch may have added them
        return to_properties(types, type_name, given)

    def _classifications(self, given: Classifications | None) -> Plan[list[Bean] | None]:
        if not given:
            return None
        beans = []
        for name, properties in (given if isinstance(given, Mapping) else dict.fromkeys(given)).items():
            beans.append((yield from self._classification(name, properties)))
        return beans

    def _classification(self, name: str, properties: Mapping[str, Any] | None) -> Plan[Bean]:
        types = yield from self._types_with(name)
        bean: Bean = {
            "class": "Classification",
            "headerVersion": 1,
            "type": types.instance_type(types.require(name=name)),
            "name": name,
            "classificationOrigin": "ASSIGNED",
        }
        values = yield from self._properties(name, properties)
        if values is not None:
            bean["properties"] = values
        return bean

    def _type_guids(self, type_names: Sequence[str] | None) -> Plan[list[str] | None]:
        if not type_names:
            return None
        types = yield from self._types_with(*type_names)
        return [str(types.require(name=name)["guid"]) for name in type_names]

    def _paging(
        self,
        type_names: Sequence[str | None],
        statuses: Sequence[str] | None,
        offset: int,
        page_size: int,
        order: SequencingOrder | None,
        sort_property: str | None,
    ) -> Plan[Bean]:
        """What finds have in common. InvalidParameterError for a `sort_property` that nothing of these types has."""
        if sort_property is not None:
            types = yield from self._types_with(*type_names)
            if not sortable(types, type_names, sort_property) and not self._server_types.fresh():
                types = yield NeedTypes(stale=types)  # a patch may have added it
            if not sortable(types, type_names, sort_property):
                raise unsortable(types, type_names, sort_property)
        return {
            "limitResultsByStatus": list(statuses or ()) or None,
            "offset": offset,
            "pageSize": page_size,
            "sequencingOrder": order or ("PROPERTY_ASCENDING" if sort_property else None),
            "sequencingProperty": sort_property,
        }

    def _replacing(
        self,
        type_name: str,
        properties: Mapping[str, Any],
        effective_from: Moment | None = None,
        effective_to: Moment | None = None,
    ) -> Plan[Bean]:
        """The request that replaces a whole property set, effectivity dates included."""
        values = (yield from self._properties(type_name, properties)) or {"class": "InstanceProperties"}
        dates = {"effectiveFromTime": effective_from, "effectiveToTime": effective_to}
        effective = {name: moment_ms(moment) for name, moment in dates.items() if moment is not None}
        return request("InstancePropertiesRequest", instanceProperties={**values, **effective})

    def _validation(self, type_name: str) -> Plan[Bean]:
        """The type identification that delete, purge and refresh ask for, from the type's name."""
        typedef = yield from self._typedef(type_name)
        return request("TypeDefValidationForRequest", typeDefGUID=typedef["guid"], typeDefName=typedef["name"])


def identify(bean: Bean) -> Bean:
    """The type identification that delete, purge and changes of identity ask for, from the instance itself."""
    kind = bean["type"]
    return request("TypeDefValidationForRequest", typeDefGUID=kind["typeDefGUID"], typeDefName=kind["typeDefName"])


def request(name: str, **fields: Any) -> Bean:
    """A request bean: its class and the fields that are set."""
    return {"class": name, **{field: value for field, value in fields.items() if value is not None}}


def reading(path: str, as_of: Moment | None) -> Request:
    """The read of one thing now, or as it was at `as_of`."""
    if as_of is None:
        return Request("GET", path)
    return Request("POST", f"{path}/history", request("HistoryRequest", asOfTime=moment_ms(as_of)))


def changing(
    path: str, body: Any, event_id: str | None, expected_revision: int | None, *, method: str = "POST", **query: str
) -> Request:
    """A change of one instance."""
    return Request.write(path, body, method=method, event_id=event_id, revision=expected_revision, query=query)


def history_body(
    from_time: Moment | None, to_time: Moment | None, offset: int, page_size: int, oldest_first: bool
) -> Bean:
    return request(
        "HistoryRangeRequest",
        fromTime=None if from_time is None else moment_ms(from_time),
        toTime=None if to_time is None else moment_ms(to_time),
        offset=offset,
        pageSize=page_size,
        sequencingOrder="FORWARDS" if oldest_first else "BACKWARDS",
    )
