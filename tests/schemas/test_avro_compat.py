"""FULL_TRANSITIVE is held: deliberate breaks are caught with the path of the field and both types."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from omrs_schemas.avro.compat import check_full, incompatibilities
from omrs_schemas.avro.files import current
from omrs_schemas.errors import SchemaCompatibilityError

Schema = dict[str, Any]
Change = Callable[[Schema], None]


def named(schema: Any, name: str) -> Schema:
    """The definition of a named type inside a schema."""
    found = find(schema, name)
    assert found is not None, name
    return found


def find(node: Any, name: str) -> Schema | None:
    if isinstance(node, dict):
        if node.get("name") == name and node.get("type") in ("record", "enum"):
            return node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            found = find(item, name)
            if found is not None:
                return found
    return None


def field(schema: Schema, record: str, name: str) -> Schema:
    result: Schema = next(item for item in named(schema, record)["fields"] if item["name"] == name)
    return result


def remove(record: str, name: str) -> Change:
    def change(schema: Schema) -> None:
        named(schema, record)["fields"].remove(field(schema, record, name))

    return change


def retype(record: str, name: str, kind: Any) -> Change:
    def change(schema: Schema) -> None:
        field(schema, record, name)["type"] = kind

    return change


def add(record: str, **added: Any) -> Change:
    def change(schema: Schema) -> None:
        named(schema, record)["fields"].append(added)

    return change


def drop_symbol(enum: str, symbol: str) -> Change:
    def change(schema: Schema) -> None:
        named(schema, enum)["symbols"].remove(symbol)

    return change


def no_default(schema: Schema) -> None:
    enum = named(schema, "InstanceStatus")
    del enum["default"]


def new_branch(schema: Schema) -> None:
    field(schema, "InstanceProperties", "values")["type"]["values"].append({"type": "array", "items": "boolean"})
    field(schema, "InstanceProperties", "values")["type"]["values"].insert(1, "float")


BREAKS: dict[str, tuple[Change, str]] = {
    "a field without default is removed": (
        remove("TypedValue", "type"),
        r"version 1 cannot read current: InstanceEvent\.entity\.classifications\[\]\.properties\.values\{\}\.type: "
        r"not written and without default \(written as nothing, read as ValueType\)",
    ),
    "a field without default is added": (
        add("EventOriginator", name="region", type="string"),
        r"current cannot read version 1: InstanceEvent\.originator\.region: not written and without default",
    ),
    "a type changes": (
        retype("InstanceType", "typeDefVersion", "string"),
        r"InstanceEvent\.entity\.type\.typeDefVersion: the type differs \(written as long, read as string\)",
    ),
    "a type is promoted": (
        retype("InstanceType", "typeDefVersion", "double"),
        r"typeDefVersion: the type differs \(written as long, read as double\)",
    ),
    "a type in a union changes": (
        retype("EntityDetail", "createTime", ["null", "string"]),
        r"entity\.createTime: no branch of the union takes the type \(written as long, read as null \| string\)",
    ),
    "a nullable field becomes mandatory": (
        retype("EntityDetail", "guid", "string"),
        r"entity\.guid: the type differs \(written as null, read as string\)",
    ),
    "an enum symbol is removed": (
        drop_symbol("InstanceStatus", "STANDBY"),
        r"InstanceEvent\.entity\.status: the reader has lost the symbols STANDBY "
        r"\(written as InstanceStatus, read as InstanceStatus\)",
    ),
    "an enum loses its default symbol": (
        drop_symbol("InstanceStatus", "UNKNOWN"),
        r"entity\.status: the default UNKNOWN is no symbol",
    ),
    "a branch is added to the values": (
        new_branch,
        r"version 1 cannot read current: .*values\{\}: no branch of the union takes the type \(written as float",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_break_is_caught_and_named(case: str) -> None:
    change, message = BREAKS[case]
    changed = copy.deepcopy(current("InstanceEvent"))
    change(changed)
    with pytest.raises(SchemaCompatibilityError, match=message) as caught:
        check_full("InstanceEvent", current("InstanceEvent"), changed, "1")
    assert "InstanceEvent breaks released version 1" in caught.value.message
    assert "Add fields with a default" in caught.value.help


def add_symbol(schema: Schema) -> None:
    named(schema, "InstanceStatus")["symbols"].append("ARCHIVED")


ALLOWED: dict[str, Change] = {
    "nothing": lambda _: None,
    "a field with a default is added": add("EntityDetail", name="owner", type=["null", "string"], default=None),
    "a field with a default is removed": remove("EntityDetail", "instanceLicense"),
    "an enum symbol is added": add_symbol,
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_full_transitive_allows_passes(case: str) -> None:
    changed = copy.deepcopy(current("InstanceEvent"))
    ALLOWED[case](changed)
    check_full("InstanceEvent", current("InstanceEvent"), changed, "1")


def test_a_new_symbol_without_default_breaks_the_old_reader() -> None:
    old = copy.deepcopy(current("InstanceEvent"))
    no_default(old)
    new = copy.deepcopy(old)
    add_symbol(new)
    assert incompatibilities(old, new) == []
    faults = incompatibilities(new, old)
    assert faults
    assert "the reader has no default for the symbols ARCHIVED" in str(faults[0])


def test_another_record_is_another_schema() -> None:
    faults = incompatibilities(current("RegistryEvent"), current("InstanceEvent"))
    assert [fault.reason for fault in faults] == ["the name of the type differs"]
