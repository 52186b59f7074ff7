"""The .avsc files are what the models say, are valid Avro, and are laid out as promised."""

import copy
from typing import Any

import fastavro
import orjson
import pytest

from omrs_schemas.avro import generate
from omrs_schemas.avro.build import NAMESPACE
from omrs_schemas.avro.compat import check_released
from omrs_schemas.avro.files import CURRENT, FILES, current, file_of, released, released_versions
from omrs_schemas.codec import FINGERPRINTS, fingerprint
from omrs_schemas.errors import SchemaCompatibilityError
from omrs_schemas.model.events import InstanceEventSection, RegistryEventSection, TypeDefEventSection

SECTIONS = {
    "RegistryEvent": RegistryEventSection,
    "TypeDefEvent": TypeDefEventSection,
    "InstanceEvent": InstanceEventSection,
}


def test_no_file_differs_from_the_models() -> None:
    assert generate.differing() == [], "run python -m omrs_schemas.avro.generate and review the change"
    assert generate.main(["--check"]) == 0


def test_a_difference_is_found_and_named(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for name in FILES:
        file_of(name, tmp_path).write_text(generate.render(name), encoding="utf-8")
    assert generate.differing(tmp_path) == []
    changed = file_of("TypeDefEvent", tmp_path)
    changed.write_text(changed.read_text(encoding="utf-8").replace("typeDefPatch", "patch"), encoding="utf-8")
    assert generate.differing(tmp_path) == [changed]


@pytest.mark.parametrize("name", FILES)
def test_they_are_valid_avro(name: str) -> None:
    parsed = fastavro.parse_schema(copy.deepcopy(current(name)))
    assert isinstance(parsed, dict)
    assert parsed["name"] == f"{NAMESPACE}.{name}"


@pytest.mark.parametrize("name", SECTIONS)
def test_fields_have_egerias_names(name: str) -> None:
    names = [field["name"] for field in current(name)["fields"]]
    envelope = {"timestamp", "originator", "protocolVersionId", "error"}
    assert set(names) - envelope == set(SECTIONS[name].model_fields)


def test_the_head_of_an_instance_event_comes_before_its_payload() -> None:
    names = [field["name"] for field in current("InstanceEvent")["fields"]]
    assert names[:3] == ["eventType", "timestamp", "originator"]
    assert names.index("protocolVersionId") < names.index("entity")
    entity = next(field for field in current("InstanceEvent")["fields"] if field["name"] == "entity")["type"][1]
    assert [field["name"] for field in entity["fields"]][-2:] == ["classifications", "properties"]


def enums(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in enums(item)]
    if not isinstance(node, dict):
        return []
    return ([node] if node.get("type") == "enum" else []) + [found for item in node.values() for found in enums(item)]


@pytest.mark.parametrize("name", FILES)
def test_every_enum_has_an_unknown_like_default(name: str) -> None:
    found = enums(current(name))
    assert found
    for enum in found:
        assert "UNKNOWN" in enum["default"], enum["name"]
        assert enum["default"] in enum["symbols"]


def test_every_released_version_can_be_read() -> None:
    assert released_versions()[0] == "1"
    assert check_released() == sum(len(list(released(name))) for name in FILES) >= len(SECTIONS)
    for name in FILES:
        assert fingerprint(current(name)) in FINGERPRINTS


def test_fingerprints_do_not_depend_on_documentation() -> None:
    schema = copy.deepcopy(current("RegistryEvent"))
    schema["doc"] = "Other words."
    assert fingerprint(schema) == fingerprint(current("RegistryEvent"))
    assert len(fingerprint(schema)) == 8


def test_the_fingerprint_is_the_one_of_the_avro_specification() -> None:
    """CRC-64-AVRO of the schema `"null"` is 63dd24e7cc258f8a; a record has it little-endian."""
    assert fingerprint("null").hex() == "8a8f25cce724dd63"


def test_releasing_keeps_the_files_once(tmp_path: Any) -> None:
    target = generate.release(1, tmp_path)
    for name in FILES:
        assert orjson.loads(file_of(name, target).read_bytes()) == current(name)
    with pytest.raises(SchemaCompatibilityError, match="version 1 is released already"):
        generate.release(1, tmp_path)


def test_the_files_ship_beside_the_code() -> None:
    assert sorted(path.name for path in CURRENT.glob("*.avsc")) == sorted(f"{file}.avsc" for file in FILES.values())
