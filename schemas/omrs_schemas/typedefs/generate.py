"""Turn the bare facts of the open metadata types into the package data that `TypeSystem.builtin()` loads.

    python -m omrs_schemas.typedefs.generate <facts.json> [<output.json>]

The output is deterministic: an open metadata archive with one bean a line, so that a release reads as a diff. To keep
it small an attribute's type is written as the type's name; `builtin.expand` puts the whole AttributeTypeDef back.
"""

import json
import sys
from pathlib import Path
from typing import Any

from omrs_schemas.errors import ArchiveError
from omrs_schemas.typedefs.constants import COLLECTION, ENUM_DEF, OPEN_TYPES_ARCHIVE_GUID, PRIMITIVE, TYPEDEF_CLASSES

DATA_FILE = Path(__file__).parent / "data" / "open_metadata_types.json"
CREATED_BY = "Egeria"
VERSION_NAME = "1.0"
"""Patches keep it, as those of the real archives do: a peer that sends the base form of a patched type again would
otherwise be told that its type conflicts (OMRS types § 4, verifyTypeDef)."""
CREATE_TIME = 1588261366992  # creation of the first archive of these types, epoch ms (OMRS types § 6.1)
_HEADER = {"headerVersion": 1}
_NO_DEFAULT = {**_HEADER, "ordinal": 99}  # how Java writes an EnumElementDef that nobody filled in
_NEEDS_VALUE = frozenset({"ONE_ONLY", "AT_LEAST_ONE_ORDERED", "AT_LEAST_ONE_UNORDERED"})
_ONE_VALUE = frozenset({"AT_MOST_ONE", "ONE_ONLY"})
_MANY = 0x7FFFFFFF  # Java's Integer.MAX_VALUE: how an unlimited valuesMaxCount is written

Bean = dict[str, Any]


def generate(facts: Bean) -> Bean:
    """The open metadata archive bean (compact form) that the facts describe."""
    guids = {fact["name"]: fact["guid"] for kind in _KINDS.values() for fact in facts[kind]}
    return {
        "class": "OpenMetadataArchive",
        "archiveProperties": {
            "class": "OpenMetadataArchiveProperties",
            "archiveGUID": OPEN_TYPES_ARCHIVE_GUID,
            "archiveName": "Open Metadata Types",
            "archiveDescription": facts["source"],
            "archiveType": "CONTENT_PACK",
            "archiveVersion": "6.1",
            "originatorName": CREATED_BY,
            "originatorLicense": "Apache-2.0",
            "creationDate": CREATE_TIME,
        },
        "archiveTypeStore": {
            "class": "OpenMetadataArchiveTypeStore",
            "attributeTypeDefs": [
                *(_primitive(fact) for fact in facts["primitives"]),
                *(_collection(fact) for fact in facts["collections"]),
                *(_enum(fact) for fact in facts["enums"]),
            ],
            "newTypeDefs": [_typedef(kind, fact, guids) for kind, plural in _KINDS.items() for fact in facts[plural]],
            "typeDefPatches": [_patch(fact, guids) for fact in facts["patches"]],
        },
    }


_KINDS = {"EntityDef": "entities", "RelationshipDef": "relationships", "ClassificationDef": "classifications"}


def _attribute_header(java_class: str, category: str, fact: Bean) -> Bean:
    names = {"class": java_class, **_HEADER, "version": fact["version"], "versionName": VERSION_NAME}
    return {**names, "category": category, "guid": fact["guid"], "name": fact["name"]}


def _primitive(fact: Bean) -> Bean:
    return {**_attribute_header("PrimitiveDef", PRIMITIVE, fact), "primitiveDefCategory": fact["kind"]}


def _collection(fact: Bean) -> Bean:
    return {
        **_attribute_header("CollectionDef", COLLECTION, fact),
        "collectionDefCategory": fact["kind"],
        "argumentCount": len(fact["arguments"]),
        "argumentTypes": fact["arguments"],
    }


def _enum(fact: Bean) -> Bean:
    elements = [{**_HEADER, "ordinal": element["ordinal"], "value": element["value"]} for element in fact["elements"]]
    bean = {**_attribute_header("EnumDef", ENUM_DEF, fact), "elementDefs": elements}
    default = next((element for element in elements if element["value"] == fact["default"]), _NO_DEFAULT)
    return {**bean, "defaultValue": default}


def _typedef(java_class: str, fact: Bean, guids: dict[str, str]) -> Bean:
    bean: Bean = {
        "class": java_class,
        **_HEADER,
        "guid": fact["guid"],
        "name": fact["name"],
        "status": "ACTIVE_TYPEDEF",
        "version": fact["version"],
        "versionName": VERSION_NAME,
        "category": TYPEDEF_CLASSES[java_class],
        "origin": OPEN_TYPES_ARCHIVE_GUID,
        "createdBy": CREATED_BY,
        "createTime": CREATE_TIME,
        "validInstanceStatusList": fact["validInstanceStatusList"],
        "initialStatus": fact["initialStatus"],
    }
    if "superType" in fact:
        bean["superType"] = _link(fact["superType"], guids)
    if fact["properties"]:
        bean["propertiesDefinition"] = [_attribute(attribute) for attribute in fact["properties"]]
    if java_class == "RelationshipDef":
        bean["propagationRule"] = fact["propagationRule"]
        bean["endDef1"], bean["endDef2"] = _end(fact["endDef1"], guids), _end(fact["endDef2"], guids)
        bean["multiLink"] = fact["multiLink"]
    if java_class == "ClassificationDef":
        bean["validEntityDefs"] = [_link(name, guids) for name in fact["validEntityDefs"]]
        bean["propagatable"] = fact["propagatable"]
    return bean


def _link(name: str, guids: dict[str, str]) -> Bean:
    return {**_HEADER, "guid": guids[name], "name": name, "status": "ACTIVE_TYPEDEF"}


def _end(fact: Bean, guids: dict[str, str]) -> Bean:
    names = {**_HEADER, "entityType": _link(fact["entityType"], guids), "attributeName": fact["attributeName"]}
    return {**names, "attributeCardinality": fact["cardinality"]}


def _attribute(fact: Bean) -> Bean:
    return {
        **_HEADER,
        "attributeName": fact["name"],
        "attributeType": fact["type"],
        "attributeStatus": fact.get("status", "ACTIVE_ATTRIBUTE"),
        "valuesMinCount": 1 if fact["cardinality"] in _NEEDS_VALUE else 0,
        "valuesMaxCount": 1 if fact["cardinality"] in _ONE_VALUE else _MANY,
        "indexable": True,
        "attributeCardinality": fact["cardinality"],
        "unique": fact.get("unique", False),
    }


def _patch(fact: Bean, guids: dict[str, str]) -> Bean:
    bean: Bean = {
        **_HEADER,
        "typeDefGUID": fact["typeDefGUID"],
        "typeDefName": fact["typeDefName"],
        "applyToVersion": fact["applyToVersion"],
        "updateToVersion": fact["updateToVersion"],
        "newVersionName": VERSION_NAME,
        "updatedBy": CREATED_BY,
        "updateTime": CREATE_TIME,
    }
    if "status" in fact:
        bean["typeDefStatus"] = fact["status"]
    if "superType" in fact:
        bean["superType"] = _link(fact["superType"], guids)
    if "properties" in fact:
        bean["propertyDefinitions"] = [_attribute(attribute) for attribute in fact["properties"]]
    return {**bean, "updateMultiLink": False, "multiLink": False}


def render(archive: Bean) -> str:
    """The archive as text: one bean a line, keys in the order of the bean, a final newline."""
    store = archive["archiveTypeStore"]
    lines = [
        "{",
        f'"class": {_text(archive["class"])},',
        f'"archiveProperties": {_text(archive["archiveProperties"])},',
    ]
    lines += ['"archiveTypeStore": {', f'"class": {_text(store["class"])},']
    names = [name for name in store if name != "class"]
    for name in names:
        beans = ",\n".join(_text(bean) for bean in store[name])
        lines.append(f'"{name}": [\n{beans}\n]{"," if name != names[-1] else ""}')
    return "\n".join([*lines, "}", "}", ""])


def _text(bean: object) -> str:
    return json.dumps(bean, ensure_ascii=False, separators=(",", ":"))


def main(arguments: list[str]) -> int:
    """Command line: read the facts, write the data, say how many of what. Errors: `ArchiveError` on unusable facts."""
    if len(arguments) not in (1, 2):
        raise ArchiveError(
            f"generate takes one or two file names, not {len(arguments)}",
            help="python -m omrs_schemas.typedefs.generate <facts.json> [<output.json>]",
        )
    source, target = Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else DATA_FILE
    try:
        archive = generate(json.loads(source.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        raise ArchiveError(
            f"The type facts {source} cannot be used: {type(error).__name__} {error}",
            help="Give a facts file with primitives, collections, enums, entities, relationships and classifications.",
        ) from error
    target.write_text(render(archive), encoding="utf-8")
    counts = {name: len(beans) for name, beans in archive["archiveTypeStore"].items() if name != "class"}
    sys.stdout.write(f"{target}: {counts}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
