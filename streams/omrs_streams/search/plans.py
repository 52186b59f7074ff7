"""How the plain property values of a type's instances go into columns; worked out once per type."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from omrs_schemas.codec.values import Canonical, plan_of
from omrs_schemas.typedefs.attributes import AttributeSpec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.search.columns import Column, Columns, Shape

TEXT: Final = 0
INTEGER: Final = 1
REAL: Final = 2
MAP: Final = 3
OTHER: Final = 4

_PREFIX: Final = "OM_PRIMITIVE_TYPE_"
_KINDS: Final = {
    **dict.fromkeys(("STRING", "CHAR"), TEXT),
    **dict.fromkeys(("BYTE", "SHORT", "INT", "LONG", "DATE"), INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE"), REAL),
}
_CONTENT: Final = {TEXT: "str", INTEGER: "int", REAL: "float"}


class Slot(NamedTuple):
    """`column` is where values of the kind go; every other value is made a bean by `canonical` first."""

    kind: int
    column: Column
    canonical: Canonical
    shape: Shape


Plan = Mapping[str, Slot]


class Plans:
    """The plans of all types that were met. `known` is what the file remembers of earlier ones."""

    def __init__(self, types: TypeSystem, columns: Columns) -> None:
        self._types = types
        self._columns = columns
        self._plans: dict[tuple[str, str | None], Plan] = {}
        self.kinds: dict[str, dict[str, str]] = {}
        """Type name → attribute → what its plain values are, of every type that a row was made by."""
        self.changed: set[str] = set()
        self.version = types.version

    def plan(self, owner: str, type_name: str | None) -> Plan:
        """The slots of a type's attributes that have a plain form; none for a type that is not known."""
        found = self._plans.get((owner, type_name))
        if found is None:
            found = self._plans[owner, type_name] = self._make(owner, type_name)
        return found

    def _make(self, owner: str, type_name: str | None) -> Plan:
        if type_name is None or self._types.typedef_by_name(type_name) is None:
            return {}
        attributes = self._types.attributes(type_name)
        conversions = plan_of(attributes)
        kinds = {name: _fingerprint(attributes[name]) for name in conversions}
        if self.kinds.get(type_name) != kinds:
            self.kinds[type_name] = kinds
            self.changed.add(type_name)
        return {name: self._slot(owner, attributes[name], canonical) for name, (_, canonical) in conversions.items()}

    def _slot(self, owner: str, spec: AttributeSpec, canonical: Canonical) -> Slot:
        primitive = (spec.primitive or "").removeprefix(_PREFIX)
        kind = MAP if _is_text_map(spec) else _KINDS.get(primitive, OTHER)
        column = self._columns.lazy(owner, spec.name, "n" if kind in (INTEGER, REAL) else "s")
        category = "MAP" if kind == MAP else "PRIMITIVE"
        shape: Shape = (category, spec.primitive, spec.type_guid, spec.type_name, _CONTENT.get(kind, ""))
        return Slot(kind, column, canonical, shape)

    def still_valid(self) -> bool:
        """Whether rows made so far say what the types say now; attributes and types that came since change nothing.

        Afterwards plans are made anew.
        """
        version = self._types.version
        valid = all(self._unchanged(name, kinds) for name, kinds in self.kinds.items())
        self._plans.clear()
        self.version = version
        return valid

    def _unchanged(self, type_name: str, kinds: Mapping[str, str]) -> bool:
        if self._types.typedef_by_name(type_name) is None:
            return False
        attributes = self._types.attributes(type_name)
        now = plan_of(attributes)
        return all(name in now and _fingerprint(attributes[name]) == kind for name, kind in kinds.items())


def _is_text_map(spec: AttributeSpec) -> bool:
    return spec.collection == "OM_COLLECTION_MAP" and spec.arguments[-1:] == (_PREFIX + "STRING",)


def _fingerprint(spec: AttributeSpec) -> str:
    said: list[Any] = [spec.category, spec.primitive, spec.collection, spec.arguments, spec.type_guid, spec.type_name]
    if spec.enum is not None:
        said.append(sorted((ordinal, element.get("value")) for ordinal, element in spec.enum.items()))
    return orjson.dumps(said).decode()
