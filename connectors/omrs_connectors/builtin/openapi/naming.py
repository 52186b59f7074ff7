"""Qualified names of an API and everything below it, and what elements of the same thing were called before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from omrs_connectors.builtin.openapi.model import Api, Operation
from omrs_connectors.builtin.picture import Key
from omrs_streams.client import Entity

OPERATION_ID = "operationId"
DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Naming:
    """`prefix` keeps equal addresses of different machines apart."""

    prefix: str

    def api(self, address: str) -> Key:
        return f"{self.prefix}OpenAPI::{address}"

    def operation(self, api: Key, name: str) -> Key:
        return f"{api}::{name}"


@dataclass(slots=True)
class Former:
    """Which held elements go on under other names: those of a document that has moved, and operations that kept their
    id under another path or method."""

    naming: Naming
    held: Mapping[Key, Entity]
    apis: dict[Key, Key] = field(default_factory=dict)
    operations: dict[Key, Key] = field(default_factory=dict)

    def learn(self, apis: list[Api]) -> None:
        here = {self.naming.api(api.address) for api in apis}
        titles = {
            entity.plain_properties.get("displayName") or entity.plain_properties.get("name"): key
            for key, entity in self.held.items()
            if entity.type_name == "DeployedAPI" and key not in here
        }
        for api in apis:
            key = self.naming.api(api.address)
            if key not in self.held and api.title in titles:
                self.apis[key] = titles.pop(api.title)
            self._learn_operations(key, api.operations)

    def _learn_operations(self, api: Key, operations: tuple[Operation, ...]) -> None:
        before = self.apis.get(api, api)
        names = {self.naming.operation(before, operation.name) for operation in operations}
        ids = {
            str((entity.plain_properties.get("additionalProperties") or {}).get(OPERATION_ID, "")): key
            for key, entity in self.held.items()
            if entity.type_name == "APIOperation" and key.startswith(f"{before}::") and key not in names
        }
        for operation in operations:
            now, old = self.naming.operation(api, operation.name), self.naming.operation(before, operation.name)
            if old not in self.held and operation.operation_id and operation.operation_id in ids:
                old = ids.pop(operation.operation_id)
            if old != now:
                self.operations[now] = old

    def of(self, key: Key, operation: Key = "", api: Key = "") -> tuple[Key, ...]:
        """The name that an element of an operation, or of an API, had before."""
        above, before = (operation, self.operations) if operation else (api, self.apis)
        old = before.get(above)
        return () if old is None else (old + key.removeprefix(above),)
