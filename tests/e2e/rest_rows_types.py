"""The rows of the type paths (OMRS queries § 6, types § 4), and of what is no instance."""

from typing import Any
from uuid import uuid4

from e2e_samples import Bean
from rest_row import NO_INPUT, Call, Make, Never, Nothing, Refused, Row, Says, call, invalid, unreadable
from rest_world import NOWHERE, STRING, World, enum_def, guid_of

from omrs_schemas.codes import Code

FOREIGN_KEY = {"standard": "none", "organization": "nobody", "identifier": "nothing"}


def patch(typedef: Bean, **more: Any) -> Bean:
    return {
        "typeDefGUID": typedef["guid"],
        "typeDefName": typedef["name"],
        "applyToVersion": 1,
        "updateToVersion": 2,
        "newVersionName": "2.0",
        "updatedBy": "erin",
        "updateTime": 1_700_000_000_001,
        "description": "patched",
        **more,
    }


def renamed(typedef: Bean, name: str | None = None) -> Bean:
    return {
        "class": "TypeDefReIdentifyRequest",
        "originalTypeDefName": typedef["name"],
        "newTypeDefGUID": str(uuid4()),
        "newTypeDefName": f"Row{uuid4().hex[:10]}" if name is None else name,
    }


def _by(**criteria: str) -> Make:
    return lambda w: Call(query=criteria)


def _mapped(w: World) -> Call:
    name = f"Standard{uuid4().hex}"
    mapping = {"class": "ExternalStandardMapping", "headerVersion": 1, "standardName": name, "standardTypeName": "x"}
    w.post("/types/typedef", w.new_type(externalStandardMappings=[mapping]))
    return Call(query={"standard": name})


def _deleted(w: World) -> Call:
    found = w.type()
    return Call({"guid": found["guid"]}, {"name": found["name"]})


def _attribute_deleted(w: World) -> Call:
    found = w.attribute_type()
    return Call({"guid": found["guid"]}, {"name": found["name"]})


def _same_name(w: World) -> Call:
    """Another type of a name that is taken."""
    return call({**w.type(), "guid": str(uuid4())})


def _attribute_same_name(w: World) -> Call:
    return call({**w.attribute_type(), "guid": str(uuid4())})


def _reidentified(w: World) -> Call:
    found = w.type()
    return call(renamed(found), originalTypeDefGUID=found["guid"])


def _attribute_reidentified(w: World) -> Call:
    found = w.attribute_type()
    return call(renamed(found), originalAttributeTypeDefGUID=found["guid"])


def _unnamed(w: World) -> Call:
    found = w.type()
    return call(renamed(found, ""), originalTypeDefGUID=found["guid"])


def _attribute_unnamed(w: World) -> Call:
    found = w.attribute_type()
    return call(renamed(found, ""), originalAttributeTypeDefGUID=found["guid"])


NO_GUID = Never("any text is asked for as a guid; another server in the path is refused for every row")
NEW = Never("what is added is not known before")

ROWS = [
    Row("getMetadataCollectionId", lambda w: call(), NO_INPUT, NO_INPUT),
    Row("getAllTypes", lambda w: call(), Never("a server always knows types"), NO_INPUT, shown="typeDefs"),
    Row(
        "findTypesByName",
        _by(name="Glossary.*"),
        Nothing(_by(name=NOWHERE)),
        invalid(Code.NO_TYPEDEF_NAME, _by()),
        shown="typeDefs",
    ),
    Row(
        "findTypeDefsByCategory",
        lambda w: call("ENTITY_DEF"),
        Nothing(lambda w: call("UNKNOWN_DEF")),
        invalid(Code.NO_TYPEDEF_CATEGORY, lambda w: call("ANIMAL_DEF")),
    ),
    Row(
        "findAttributeTypeDefsByCategory",
        lambda w: call("PRIMITIVE"),
        Nothing(lambda w: call("UNKNOWN_DEF")),
        invalid(Code.NO_ATTRIBUTE_TYPEDEF_CATEGORY, lambda w: call("ANIMAL")),
    ),
    Row(
        "findTypeDefsByProperty",
        lambda w: call({"class": "TypeDefProperties", "typeDefProperties": {"qualifiedName": None}}),
        Nothing(lambda w: call({"class": "TypeDefProperties", "typeDefProperties": {NOWHERE: None}})),
        invalid(Code.NO_MATCH_CRITERIA, lambda w: call({"class": "TypeDefProperties"})),
    ),
    Row(
        "findTypesByExternalID",
        _mapped,
        Nothing(_by(**FOREIGN_KEY)),
        invalid(Code.NO_EXTERNAL_ID, _by()),
    ),
    Row(
        "searchForTypeDefs",
        _by(searchCriteria=r"\QGlossary\E.*"),
        Nothing(_by(searchCriteria=NOWHERE)),
        invalid(Code.INVALID_SEARCH_CRITERIA, _by(searchCriteria="(")),
    ),
    Row(
        "getTypeDefByGUID",
        lambda w: call(guid=guid_of("Glossary")),
        Refused(Code.TYPEDEF_ID_NOT_KNOWN, "TypeDefNotKnownException", lambda w: call(guid=NOWHERE)),
        NO_GUID,
    ),
    Row(
        "getTypeDefByName",
        lambda w: call(name="Glossary"),
        Refused(Code.TYPEDEF_NAME_NOT_KNOWN, "TypeDefNotKnownException", lambda w: call(name=NOWHERE)),
        NO_GUID,
    ),
    Row(
        "getAttributeTypeDefByGUID",
        lambda w: call(guid=STRING["guid"]),
        Refused(Code.ATTRIBUTE_TYPEDEF_ID_NOT_KNOWN, "TypeDefNotKnownException", lambda w: call(guid=NOWHERE)),
        NO_GUID,
    ),
    Row(
        "getAttributeTypeDefByName",
        lambda w: call(name="map<string,string>"),
        Refused(Code.ATTRIBUTE_TYPEDEF_NAME_NOT_KNOWN, "TypeDefNotKnownException", lambda w: call(name=NOWHERE)),
        NO_GUID,
    ),
    Row(
        "addTypeDefGallery",
        lambda w: call({"class": "TypeDefGallery", "attributeTypeDefs": [enum_def()], "typeDefs": [w.new_type()]}),
        NEW,
        unreadable(lambda w: call([])),
        scope="L",
    ),
    Row(
        "addTypeDef",
        lambda w: call(w.new_type()),
        Refused(
            Code.INVALID_TYPEDEF,
            "InvalidTypeDefException",
            lambda w: call(w.new_type(superType={"guid": str(uuid4()), "name": NOWHERE})),
        ),
        Refused(Code.TYPEDEF_ALREADY_DEFINED, "TypeDefKnownException", lambda w: call(w.type())),
        scope="L",
    ),
    Row(
        "addAttributeTypeDef",
        lambda w: call(enum_def()),
        NEW,
        Refused(Code.ATTRIBUTE_TYPEDEF_ALREADY_DEFINED, "TypeDefKnownException", lambda w: call(w.attribute_type())),
        scope="L",
    ),
    Row(
        "verifyTypeDef",
        lambda w: call(w.type()),
        Says(False, lambda w: call(w.new_type())),
        Refused(Code.VERIFY_CONFLICT_DETECTED, "TypeDefConflictException", _same_name),
    ),
    Row(
        "verifyAttributeTypeDef",
        lambda w: call(w.attribute_type()),
        Says(False, lambda w: call(enum_def())),
        Refused(Code.VERIFY_CONFLICT_DETECTED, "TypeDefConflictException", _attribute_same_name),
    ),
    Row(
        "updateTypeDef",
        lambda w: call(patch(w.type())),
        Refused(Code.TYPEDEF_NOT_KNOWN, "TypeDefNotKnownException", lambda w: call(patch(w.new_type()))),
        Refused(
            Code.INCOMPATIBLE_PATCH_VERSION,
            "PatchErrorException",
            lambda w: call(patch(w.type(), applyToVersion=7, updateToVersion=8)),
        ),
        scope="L",
    ),
    Row(
        "deleteTypeDef",
        _deleted,
        Refused(
            Code.TYPEDEF_ID_NOT_KNOWN,
            "TypeDefNotKnownException",
            lambda w: Call({"guid": NOWHERE}, {"name": "Glossary"}),
        ),
        invalid(Code.NO_TYPEDEF_NAME, lambda w: call(guid=w.type()["guid"])),
        scope="L",
    ),
    Row(
        "deleteAttributeTypeDef",
        _attribute_deleted,
        Refused(
            Code.ATTRIBUTE_TYPEDEF_ID_NOT_KNOWN,
            "TypeDefNotKnownException",
            lambda w: Call({"guid": NOWHERE}, {"name": "string"}),
        ),
        invalid(Code.NO_ATTRIBUTE_TYPEDEF_NAME, lambda w: call(guid=w.attribute_type()["guid"])),
        scope="L",
    ),
    Row(
        "reIdentifyTypeDef",
        _reidentified,
        Refused(
            Code.TYPEDEF_ID_NOT_KNOWN,
            "TypeDefNotKnownException",
            lambda w: call(renamed({"name": "Glossary"}), originalTypeDefGUID=NOWHERE),
        ),
        invalid(Code.NULL_TYPEDEF_NAME, _unnamed),
        scope="L",
    ),
    Row(
        "reIdentifyAttributeTypeDef",
        _attribute_reidentified,
        Refused(
            Code.ATTRIBUTE_TYPEDEF_ID_NOT_KNOWN,
            "TypeDefNotKnownException",
            lambda w: call(renamed({"name": "string"}), originalAttributeTypeDefGUID=NOWHERE),
        ),
        invalid(Code.NULL_TYPEDEF_NAME, _attribute_unnamed),
        scope="L",
    ),
    Row("getSeverityList", lambda w: call(), Never("the severities are fixed"), NO_INPUT, scope="L"),
    Row(
        "getEnterpriseOMRSTopicConnection",
        lambda w: call(),
        Never("every server has an out topic"),
        NO_INPUT,
        scope="E",
    ),
    Row("getAuditLogReport", lambda w: call(), Never("every worker has a report"), NO_INPUT, scope="L"),
]
