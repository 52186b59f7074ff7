"""Instances that came by event or archive: what is checked, what is left alone, and every real one."""

import json

import pytest

from omrs_schemas.codes import Code
from omrs_schemas.errors import (
    ClassificationError,
    InvalidEntityError,
    InvalidParameterError,
    InvalidRelationshipError,
    TypeDefError,
    TypeDefNotKnownError,
)
from omrs_schemas.typedefs import TypeSystem
from omrs_schemas.typedefs.validate import (
    is_status,
    type_version_differs,
    validate_classification,
    validate_ends,
    validate_instance,
    validate_properties,
)
from shared_data import ARCHIVES, require_shared

TYPES = TypeSystem.builtin()


def instance(kind="EntityDetail", type_name="CSVFile", **more):
    bean = {
        "class": kind,
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name=type_name)),
        "metadataCollectionId": "home",
        "guid": "g-1",
    }
    if kind == "Relationship":
        bean |= {"entityOneProxy": {"guid": "e1"}, "entityTwoProxy": {"guid": "e2"}}
    if kind == "Classification":
        bean |= {"name": type_name}
    return {**bean, **more}


def typed(**fields):
    return {**TYPES.instance_type(TYPES.require(name="CSVFile")), **fields}


@pytest.mark.parametrize(
    "bean",
    [
        instance(),
        instance("EntitySummary"),
        instance("EntityProxy"),
        instance("Relationship", "AttachedRating"),
        instance("Classification", "MobileResource", guid=None),
        instance(headerVersion=0, status=None, version=None, properties={"instanceProperties": {"unknown": 1}}),
        instance(metadataCollectionId=None, instanceProvenanceType="CONFIGURATION"),
        instance(guid="0123456789-odd guid-ABCDEF-37 chars.."),
        instance(type=typed(typeDefVersion=99)),
    ],
)
def test_accepted_as_real_members_accept_it(bean):
    assert validate_instance(TYPES, bean)["guid"] == bean["type"]["typeDefGUID"]


@pytest.mark.parametrize(
    ("bean", "error", "code"),
    [
        (None, InvalidParameterError, Code.NULL_REFERENCE_INSTANCE),
        ("text", InvalidParameterError, Code.NULL_REFERENCE_INSTANCE),
        (instance("NoSuchClass"), InvalidEntityError, Code.INVALID_INSTANCE),
        (instance(headerVersion=2), InvalidEntityError, Code.UNSUPPORTED_INSTANCE_HEADER_VERSION),
        (instance(guid=None), InvalidEntityError, Code.NO_GUID),
        (instance("Relationship", "AttachedRating", guid=""), InvalidRelationshipError, Code.NO_GUID),
        (instance(metadataCollectionId=None), InvalidEntityError, Code.NULL_INSTANCE_METADATA_COLLECTION_ID),
        (
            instance("Relationship", "AttachedRating", entityTwoProxy=None),
            InvalidRelationshipError,
            Code.INVALID_INSTANCE,
        ),
        (
            instance("Relationship", "AttachedRating", entityOneProxy={}),
            InvalidRelationshipError,
            Code.INVALID_INSTANCE,
        ),
        (instance("Classification", "MobileResource", name=""), ClassificationError, Code.NULL_CLASSIFICATION_NAME),
        (instance(type=None), TypeDefError, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
        (instance(type=typed(typeDefGUID=None)), TypeDefError, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
        (instance(type=typed(typeDefName="")), TypeDefError, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
        (instance(type=typed(typeDefGUID="other")), TypeDefError, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
        (instance(type=typed(typeDefName="NoSuch")), TypeDefNotKnownError, Code.TYPEDEF_NOT_KNOWN_FOR_INSTANCE),
        (instance("EntityDetail", "AttachedRating"), TypeDefError, Code.BAD_TYPEDEF_ID_FOR_INSTANCE),
    ],
)
def test_refused_with_its_code(bean, error, code):
    with pytest.raises(error) as caught:
        validate_instance(TYPES, bean)
    assert type(caught.value) is error and caught.value.code == code
    assert caught.value.help


def test_archive_instances_may_wait_for_their_home():
    assert validate_instance(TYPES, instance(metadataCollectionId=None), home_required=False)["name"] == "CSVFile"


def test_another_type_version_is_only_worth_a_warning():
    assert not type_version_differs(TYPES, instance())
    assert type_version_differs(TYPES, instance(type=typed(typeDefVersion=99)))
    assert not type_version_differs(TYPES, instance(type=typed(typeDefName="NoSuch")))


def test_status_names():
    assert is_status("APPROVED_CONCEPT")
    assert not is_status("Approved") and not is_status(None)


@pytest.mark.parametrize(
    "name",
    [
        *("CocoBusinessSystemsArchive", "CocoGovernanceProgramArchive", "SimpleAPICatalog", "SimpleCatalog"),
        *("SimpleDataCatalog", "SimpleEventCatalog", "SimpleGovernanceCatalog"),
    ],
)
def test_every_instance_of_the_real_archives_fits(name):
    require_shared("data", "archives", f"{name}.omarchive")
    types = TypeSystem.builtin()
    types.load_archive(json.loads((ARCHIVES / "CocoTypesArchive.omarchive").read_text(encoding="utf-8")))
    store = json.loads((ARCHIVES / f"{name}.omarchive").read_text(encoding="utf-8"))["archiveInstanceStore"]
    for bean in (*store["entities"], *store["relationships"]):
        typedef = validate_instance(types, bean)
        validate_properties(types, typedef["name"], bean.get("properties"))
        for attached in bean.get("classifications", ()):
            assert validate_instance(types, attached)["name"] == attached["name"]
            validate_classification(types, attached["name"], typedef["name"])
            validate_properties(types, attached["name"], attached.get("properties"))
        if bean["class"] == "Relationship":
            ends = (bean[field]["type"]["typeDefName"] for field in ("entityOneProxy", "entityTwoProxy"))
            validate_ends(types, typedef, *ends)


def test_every_instance_that_real_servers_sent_fits_their_release():
    release = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    types = TypeSystem.from_archive(json.loads(release.read_text(encoding="utf-8")))
    lines = require_shared("data", "egeria-events", "instances.jsonl").read_text(encoding="utf-8").splitlines()
    seen = 0
    for line in lines:
        value = json.loads(line)["value"]
        section = (json.loads(value) if isinstance(value, str) else value).get("instanceEventSection") or {}
        for bean in (section.get("entity"), section.get("relationship")):
            if bean:
                typedef = validate_instance(types, bean)
                validate_properties(types, typedef["name"], bean.get("properties"))
                seen += 1
    assert seen > 1000
