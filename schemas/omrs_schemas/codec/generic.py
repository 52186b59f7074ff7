"""Bean ⇄ Avro record for everything but instances, driven by what the schema says (`omrs.class`, `omrs.form`).

Registry, TypeDef and error sections are rare; they need no code of their own beside the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omrs_schemas.codec.binary import full_name
from omrs_schemas.codec.egeria_json import json_text, json_value
from omrs_schemas.errors import CodecError

Convert = Callable[[Any], Any]


class SchemaConverter:
    """The conversions of the types in one event schema, by field of the event record."""

    def __init__(self, schema: dict[str, Any], fields: frozenset[str]) -> None:
        """`fields`: the fields of the event record to convert; the others are not looked at."""
        self._names: dict[str, Any] = {}
        _collect(schema, self._names)
        self._records: dict[tuple[str, bool], Convert] = {}
        chosen = [field for field in schema["fields"] if field["name"] in fields]
        self._to_record = {field["name"]: self._compile(field["type"], to_bean=False) for field in chosen}
        self._to_bean = {field["name"]: self._compile(field["type"], to_bean=True) for field in chosen}

    def __contains__(self, field: object) -> bool:
        return field in self._to_record

    def to_record(self, field: str, bean: Any) -> Any:
        """The record form of a field's bean. Raises CodecError if it is not of the right shape."""
        convert = self._to_record[field]
        if convert is None or bean is None:
            return bean
        try:
            return convert(bean)
        except CodecError as error:
            raise CodecError(f"{field}: {error.message}", field=field) from error

    def to_bean(self, field: str, record: Any) -> Any:
        """The bean in a field of a record."""
        convert = self._to_bean[field]
        return record if convert is None or record is None else convert(record)

    def _compile(self, schema: Any, *, to_bean: bool) -> Convert | None:
        """The conversion of a type, or None where both forms are the same."""
        if isinstance(schema, str):
            schema = self._names.get(schema.rpartition(".")[2], schema)
        if isinstance(schema, list):
            branches = [branch for branch in schema if branch != "null"]
            return self._compile(branches[0], to_bean=to_bean) if len(branches) == 1 else None
        if isinstance(schema, str):
            return None
        if schema.get("omrs.form") == "json":
            return json_value if to_bean else json_text
        if schema["type"] == "array":
            item = self._compile(schema["items"], to_bean=to_bean)
            return None if item is None else _each(item)
        if schema["type"] == "record":
            return self._record(schema, to_bean=to_bean)
        return None

    def _record(self, schema: dict[str, Any], *, to_bean: bool) -> Convert:
        key = (full_name(schema), to_bean)
        if key in self._records:
            return self._records[key]
        nested: dict[str, Convert] = {}
        head = {"class": schema["omrs.class"]} if "omrs.class" in schema else {}

        def bean_of(record: dict[str, Any]) -> dict[str, Any]:
            bean = dict(head)
            for name, value in record.items():
                if value is not None:
                    bean[name] = nested[name](value) if name in nested else value
            return bean

        def record_of(bean: dict[str, Any]) -> dict[str, Any]:
            if not isinstance(bean, dict):
                raise CodecError(f"a {type(bean).__name__} where a {key[0]} is expected")
            record = dict(bean)
            for name, convert in nested.items():
                value = bean.get(name)
                if value is not None:
                    record[name] = convert(value)
            return record

        # Registered before its fields are compiled, because a record may contain itself.
        self._records[key] = bean_of if to_bean else record_of
        for field in schema["fields"]:
            convert = self._compile(field["type"], to_bean=to_bean)
            if convert is not None:
                nested[field["name"]] = convert
        return self._records[key]


def _each(convert: Convert) -> Convert:
    def convert_all(items: list[Any]) -> list[Any]:
        if not isinstance(items, list):
            raise CodecError(f"a {type(items).__name__} where a list is expected")
        return [convert(item) for item in items]

    return convert_all


def _collect(node: Any, names: dict[str, Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, names)
    elif isinstance(node, dict):
        if node.get("type") in ("record", "enum"):
            names[full_name(node)] = node
        for field in node.get("fields", ()):
            _collect(field["type"], names)
        for part in ("items", "values", "type"):
            if isinstance(node.get(part), dict | list):
                _collect(node[part], names)
