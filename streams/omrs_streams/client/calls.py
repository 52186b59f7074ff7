"""What the groups of calls share: the transport, the server's types, request pieces."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.transport import Transport
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
    if isinstance(moment, datetime):
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    return moment


class ServerTypes:
    """The server's types, fetched once and shared by every client made from the first (`as_user`)."""

    def __init__(self, transport: Transport, types: TypeSystem | None = None) -> None:
        self._transport = transport
        self._types = types
        self._lock = threading.Lock()

    def get(self) -> TypeSystem:
        with self._lock:
            if self._types is None:
                self._types = self._fetch()
            return self._types

    def refresh(self) -> TypeSystem:
        types = self._fetch()
        with self._lock:
            self._types = types
        return types

    def _fetch(self) -> TypeSystem:
        gallery = self._transport.get("/types/all")
        types = TypeSystem()
        types.load_gallery(gallery.get("attributeTypeDefs") or [], gallery.get("typeDefs") or [], [])
        return types


class Calls:
    """Base of the client's groups of calls."""

    def __init__(self, transport: Transport, server_types: ServerTypes) -> None:
        self._transport = transport
        self._server_types = server_types

    @property
    def types(self) -> TypeSystem:
        """The server's types, fetched at first use and kept; `refresh_types()` asks again."""
        return self._server_types.get()

    def refresh_types(self) -> TypeSystem:
        """The server's types as they are now. Call it after a type was added while this client lived."""
        return self._server_types.refresh()

    def type_guid(self, type_name: str) -> str:
        """The guid of a type by its name. TypeDefNotKnownError when the server has no such type."""
        return str(self.types.require(name=type_name)["guid"])

    def _properties(self, type_name: str, properties: Mapping[str, Any] | None) -> Bean | None:
        """InstanceProperties of Python values; None where there are none. Values of None are left out."""
        given = {name: value for name, value in (properties or {}).items() if value is not None}
        return to_properties(self.types, type_name, given) if given else None

    def _classifications(self, given: Classifications | None) -> list[Bean] | None:
        if not given:
            return None
        named = given if isinstance(given, Mapping) else dict.fromkeys(given)
        return [self._classification(name, properties) for name, properties in named.items()]

    def _classification(self, name: str, properties: Mapping[str, Any] | None) -> Bean:
        bean: Bean = {
            "class": "Classification",
            "headerVersion": 1,
            "type": self.types.instance_type(self.types.require(name=name)),
            "name": name,
            "classificationOrigin": "ASSIGNED",
        }
        values = self._properties(name, properties)
        if values is not None:
            bean["properties"] = values
        return bean

    def _identify(self, bean: Bean) -> Bean:
        """The type identification that delete and purge ask for, from the instance itself."""
        return {
            "class": "TypeDefValidationForRequest",
            "typeDefGUID": bean["type"]["typeDefGUID"],
            "typeDefName": bean["type"]["typeDefName"],
        }


def request(name: str, **fields: Any) -> Bean:
    """A request bean: its class and the fields that are set."""
    return {"class": name, **{field: value for field, value in fields.items() if value is not None}}
