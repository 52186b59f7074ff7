"""Avro schemas from the models: the models are the one source of truth, the .avsc files are generated and reviewed.

| model | Avro |
|---|---|
| `str`, `bool`, `float`, integer, date | string, boolean, double, long, long (epoch milliseconds) |
| enum | enum whose default is its unknown-like symbol, so that a new symbol never breaks an old reader |
| nested bean | record of the same name, its `class` in `"omrs.class"`; `X | None` is a union with null first |
| a choice of beans by `class` | one record with the fields of all and an enum `class`: a new kind is a new symbol |
| anything (`Any`, a connection) | string that holds JSON text, marked `"omrs.form": "json"` |
| InstanceProperties | plain values by name (LOG.md § Plain property values) |
"""

from __future__ import annotations

import types
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from omrs_schemas.errors import SchemaCompatibilityError
from omrs_schemas.model.audit import AuditRecord
from omrs_schemas.model.base import Bean
from omrs_schemas.model.events import (
    ErrorSection,
    EventOriginator,
    InstanceEventSection,
    RegistryEventSection,
    TypeDefEventSection,
)
from omrs_schemas.model.instances import InstanceProperties, PrimitivePropertyValue
from omrs_schemas.model.reports import IntegrationReport

Schema = dict[str, Any]

NAMESPACE = "org.omrs.v1"
JSON_TEXT: Schema = {"type": "string", "omrs.form": "json"}
PLAIN = ["null", "boolean", "long", "double", "string", "bytes"]
"""What a plain property value, or an element of a plain array or map, can be."""

EVENTS: dict[str, tuple[str, type[Bean], int]] = {
    "RegistryEvent": ("REGISTRY", RegistryEventSection, 3),
    "TypeDefEvent": ("TYPEDEF", TypeDefEventSection, 4),
    "InstanceEvent": ("INSTANCE", InstanceEventSection, 8),
}
"""Event record → (eventCategory, the section flattened into it, how many of the section's fields are header)."""

RECORDS: dict[str, type[Bean]] = {"AuditRecord": AuditRecord, "IntegrationReport": IntegrationReport}
"""Records that are no events: name → the model they are built from."""

VALUE_TYPE_FIELDS = ("instancePropertyCategory", "typeGUID", "typeName", "primitiveDefCategory")
"""The fields of a property value that say what its type is: record ValueType."""

_CHOICES = {"PrimitivePropertyValue": "TypedValue", "PrimitiveDef": "AttributeTypeDef", "EntityDef": "TypeDef"}
"""First member of a choice → name of the record that stands for the choice."""


def record_schema(name: str) -> Schema:
    """The schema of one of `EVENTS` or `RECORDS`, self-contained: each named type is defined where it is first used."""
    if name in EVENTS:
        return _Builder().event(name)
    schema: Schema = _Builder().record(RECORDS[name])
    return schema


class _Builder:
    """Builds one self-contained schema; knows which named types are defined already."""

    def __init__(self) -> None:
        self.defined: set[str] = set()

    def event(self, name: str) -> Schema:
        """Flat header first, payload last: a reader that routes decodes only the head."""
        category, section, head = EVENTS[name]
        self.defined.add(name)
        info = list(section.model_fields.items())
        fields = [
            self.field(*info[0]),
            _nullable("timestamp", "long"),
            _nullable("originator", self.record(EventOriginator)),
            *(self.field(*item) for item in info[1:head]),
            _nullable("protocolVersionId", "string"),
            *(self.field(*item) for item in info[head:]),
            _nullable("error", self.record(ErrorSection)),
        ]
        doc = f"An OMRS event of category {category}, flattened. {_doc(section)}"
        return {"type": "record", "name": name, "namespace": NAMESPACE, "doc": doc, "fields": fields}

    def field(self, name: str, info: FieldInfo) -> Schema:
        """One field with its default: null where it may be absent, else what Egeria takes for an absent one."""
        optional, kind = _split_optional(info.annotation)
        if optional:
            return _nullable(name, self.kind(kind))
        schema: Schema = {"name": name, "type": self.kind(kind)}
        if not info.is_required():
            default = info.get_default(call_default_factory=True)
            schema["default"] = default.value if isinstance(default, StrEnum) else default
        return schema

    def kind(self, kind: Any) -> Any:
        """The Avro type of a Python type annotation that is not optional."""
        origin = get_origin(kind)
        if origin is Annotated:
            return self.kind(get_args(kind)[0])
        if origin in (Union, types.UnionType):
            return self.choice([_bare(member) for member in get_args(kind)])
        if origin is list:
            return {"type": "array", "items": self.kind(get_args(kind)[0])}
        if origin is dict:
            values = get_args(kind)[1]
            return dict(JSON_TEXT) if values is Any else {"type": "map", "values": self.kind(values)}
        if kind is Any:
            return dict(JSON_TEXT)
        if kind in _SCALARS:
            return _SCALARS[kind]
        if issubclass(kind, StrEnum):
            return self.enum(kind)
        if kind is InstanceProperties:
            return self.properties()
        if issubclass(kind, Bean):
            return self.record(kind)
        raise SchemaCompatibilityError(f"no Avro form for the model type {kind!r}")

    def enum(self, kind: type[StrEnum]) -> Any:
        """An enum with a default: its UNKNOWN-like member, or a further symbol UNKNOWN where it has none."""
        symbols = [member.value for member in kind]
        default = next((symbol for symbol in symbols if "UNKNOWN" in symbol), "UNKNOWN")
        if default not in symbols:
            symbols.append(default)
        return self.named(kind.__name__, lambda: {"type": "enum", "symbols": symbols, "default": default}, _doc(kind))

    def record(self, model: type[Bean]) -> Any:
        """The record of a bean."""

        def build() -> Schema:
            marker = {} if model.bean_class is None else {"omrs.class": model.bean_class}
            return {"type": "record", **marker, "fields": [self.field(*item) for item in model.model_fields.items()]}

        return self.named(model.__name__, build, _doc(model))

    def choice(self, members: list[type[Bean]]) -> Any:
        """One record for a choice of beans: `class`, what all have, then what only some have (nullable)."""
        name = _CHOICES[members[0].__name__]
        if members[0] is PrimitivePropertyValue:
            return self.typed_value(members)

        def build() -> Schema:
            symbols = [str(member.bean_class) for member in members] + ["UNKNOWN"]
            kinds = {"type": "enum", "name": f"{name}Class", "symbols": symbols, "default": "UNKNOWN"}
            fields: list[Schema] = [{"name": "class", "type": kinds}]
            for field, (info, everywhere) in _merged(members).items():
                schema = self.field(field, info)
                if not everywhere and not isinstance(schema["type"], list):
                    schema = _nullable(field, schema["type"])
                fields.append(schema)
            return {"type": "record", "fields": fields}

        return self.named(name, build, f"One of {', '.join(str(member.bean_class) for member in members)}, by class.")

    def properties(self) -> Any:
        """InstanceProperties: values by name, plain wherever the TypeDef says what they are."""

        def build() -> Schema:
            values = [
                *PLAIN,
                {"type": "array", "items": PLAIN},
                {"type": "map", "values": PLAIN},
                self.choice([_bare(member) for member in _value_members()]),
            ]
            return {
                "type": "record",
                "omrs.class": "InstanceProperties",
                "fields": [
                    {"name": "headerVersion", "type": "long", "default": 1},
                    _nullable("effectiveFromTime", "long"),
                    _nullable("effectiveToTime", "long"),
                    {"name": "values", "type": {"type": "map", "values": values}, "default": {}},
                ],
            }

        doc = "Property values by name. A value whose bean is exactly what its TypeDef's attribute says is plain."
        return self.named("InstanceProperties", build, doc)

    def typed_value(self, members: list[type[Bean]]) -> Any:
        """A value that carries its own type; every field nullable, because it keeps exactly what came."""

        def build() -> Schema:
            symbols = [str(member.bean_class) for member in members] + ["UNKNOWN"]
            kinds = {"type": "enum", "name": "TypedValueClass", "symbols": symbols, "default": "UNKNOWN"}
            merged = {name: info for name, (info, _) in _merged(members).items()}
            # In a record of its own that is always there: so no plain map can be taken for a TypedValue by a reader
            # that sees both as a dict.
            own = {
                "type": "record",
                "name": "ValueType",
                "doc": "What a value says of its own type.",
                "fields": [_optional(name, self, merged.pop(name)) for name in VALUE_TYPE_FIELDS],
            }
            fields = [
                _nullable("class", kinds),
                _optional("headerVersion", self, merged.pop("headerVersion")),
                {"name": "type", "type": own},
            ]
            for name, info in merged.items():
                if name == "primitiveValue":
                    fields.append({"name": name, "type": PLAIN, "default": None})
                    fields.append(_nullable("primitiveJson", dict(JSON_TEXT)))
                else:
                    fields.append(_optional(name, self, info))
            return {"type": "record", "fields": fields}

        doc = "A value with its own type. primitiveJson holds numbers beyond long and double, exactly."
        return self.named("TypedValue", build, doc)

    def named(self, name: str, build: Any, doc: str) -> Any:
        """The definition of a named type where it first stands, its full name afterwards."""
        if name in self.defined:
            return f"{NAMESPACE}.{name}"
        self.defined.add(name)
        body: Schema = build()
        return {"type": body.pop("type"), "name": name, "namespace": NAMESPACE, "doc": doc, **body}


_SCALARS: dict[Any, str] = {str: "string", bool: "boolean", int: "long", float: "double"}


def _value_members() -> tuple[Any, ...]:
    values = InstanceProperties.model_fields["instanceProperties"].annotation
    return get_args(get_args(get_args(values)[1])[0])


def _merged(members: list[type[Bean]]) -> dict[str, tuple[FieldInfo, bool]]:
    """Field → (its info, whether every member has it), in the order of first appearance, shared fields first."""
    seen: dict[str, tuple[FieldInfo, bool]] = {}
    for member in members:
        for name, info in member.model_fields.items():
            if name not in seen:
                seen[name] = (info, all(name in other.model_fields for other in members))
    return dict(sorted(seen.items(), key=lambda item: not item[1][1]))


def _bare(annotation: Any) -> type[Bean]:
    bare: type[Bean] = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return bare


def _split_optional(annotation: Any) -> tuple[bool, Any]:
    """(whether None is allowed, the type without None)."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return False, annotation
    rest = [member for member in get_args(annotation) if member is not type(None)]
    optional = len(rest) < len(get_args(annotation))
    return optional, rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007 - built at run time


def _optional(name: str, builder: _Builder, info: FieldInfo) -> Schema:
    return _nullable(name, builder.kind(_split_optional(info.annotation)[1]))


def _nullable(name: str, kind: Any) -> Schema:
    return {"name": name, "type": ["null", kind], "default": None}


def _doc(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]
