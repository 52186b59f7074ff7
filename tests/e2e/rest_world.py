"""A server that the table of REST rows is tried on: instances and types of every kind, made anew for whoever asks."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import httpx
from e2e_samples import Bean, entity_def

from omrs_schemas.typedefs.system import TypeSystem
from workers import Running

TYPES = TypeSystem.builtin()
NOWHERE = "nowhere"
"""A guid, or the name of a type, that nobody has."""

ELSEWHERE = "3e9a84a4-0000-4000-8000-111111111111"
"""The metadata collection of a member that no cohort has."""

MAP_OF_STRINGS, STRING = (TYPES.attribute_typedef_by_name(name) or {} for name in ("map<string,string>", "string"))


def guid_of(type_name: str) -> str:
    return str(TYPES.require(name=type_name)["guid"])


def typed(type_name: str) -> Bean:
    """A TypeDefValidationForRequest."""
    return {"class": "TypeDefValidationForRequest", "typeDefGUID": guid_of(type_name), "typeDefName": type_name}


def summary(type_name: str) -> Bean:
    """A TypeDefSummary."""
    found = TYPES.require(name=type_name)
    return {name: found[name] for name in ("guid", "name", "status", "version", "versionName", "category")}


def text(value: str) -> Bean:
    return {
        "class": "PrimitivePropertyValue",
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
        "primitiveValue": value,
    }


def properties(**values: str) -> Bean:
    """InstanceProperties of string values."""
    return {
        "class": "InstanceProperties",
        "instanceProperties": {name: text(value) for name, value in values.items()},
    }


def now_ms() -> int:
    return int(time.time() * 1000)


FUTURE = now_ms() + 10**9
"""No test runs as late as this."""


@dataclass
class World:
    """Makes what a row needs; every method answers something that no other row has."""

    running: Running

    @cached_property
    def http(self) -> httpx.Client:
        return self.running.rest("erin")

    @cached_property
    def collection_id(self) -> str:
        return str(self.running.ask("/status")["metadata_collection_id"])

    def post(self, path: str, body: Any = None) -> Bean:
        return self._done(self.http.post(path, json=body))

    def get(self, path: str) -> Bean:
        return self._done(self.http.get(path))

    @staticmethod
    def _done(answer: httpx.Response) -> Bean:
        bean: Bean = answer.json()
        assert bean["relatedHTTPCode"] == 200, bean
        return bean

    def moment(self) -> int:
        """A time at which all is there that was made before; two steps of the clock later."""
        time.sleep(0.002)
        return now_ms()

    # ---- entities --------------------------------------------------------------------------------------------------

    def entity(self, type_name: str = "GlossaryTerm", **values: str) -> str:
        """The guid of a new entity."""
        body = {"entityTypeGUID": guid_of(type_name), "initialProperties": properties(**(values or _named()))}
        return str(self.post("/instances/entity", body)["entity"]["guid"])

    def changed(self) -> str:
        """An entity in its second version."""
        guid = self.entity()
        self.post(f"/instances/entity/{guid}/properties", {"instanceProperties": properties(**_named())})
        return guid

    def deleted(self) -> str:
        guid = self.entity()
        self.post(f"/instances/entity/{guid}/delete", typed("GlossaryTerm"))
        return guid

    def confidential(self) -> str:
        """An entity with the classification Confidentiality."""
        guid = self.entity()
        self.post(f"/instances/entity/{guid}/classification/Confidentiality", {})
        return guid

    def proxy_of(self, guid: str) -> Bean:
        """An EntityProxy of an entity that is here."""
        kept = ("guid", "type", "version", "createTime", "createdBy", "status")
        bean = self.http.get(f"/instances/entity/{guid}").json()["entity"]
        return {**foreign("EntityProxy", "GlossaryTerm"), **{name: bean[name] for name in kept}, **self._home()}

    def _home(self) -> Bean:
        return {"metadataCollectionId": self.collection_id, "instanceProvenanceType": "LOCAL_COHORT"}

    def proxy(self) -> str:
        """The guid of an entity that is here as a proxy only."""
        bean = foreign("EntityProxy", "GlossaryTerm")
        self.post("/instances/entity-proxy", bean)
        return str(bean["guid"])

    def copy(self) -> Bean:
        """A reference copy of an entity whose home no cohort has."""
        bean = foreign("EntityDetail", "GlossaryTerm", properties=properties(**_named()))
        self.post("/instances/entities/reference-copy", bean)
        return bean

    # ---- relationships ---------------------------------------------------------------------------------------------

    def link(self, one: str | None = None, other: str | None = None, **values: str) -> str:
        """The guid of a new Synonym."""
        body = {
            "relationshipTypeGUID": guid_of("Synonym"),
            "entityOneGUID": one or self.entity(),
            "entityTwoGUID": other or self.entity(),
            "initialProperties": properties(**values) if values else None,
        }
        return str(self.post("/instances/relationship", body)["relationship"]["guid"])

    def changed_link(self) -> str:
        guid = self.link(description="first")
        self.post(
            f"/instances/relationship/{guid}/properties", {"instanceProperties": properties(description="second")}
        )
        return guid

    def deleted_link(self) -> str:
        guid = self.link()
        self.post(f"/instances/relationship/{guid}/delete", typed("Synonym"))
        return guid

    def foreign_link(self) -> Bean:
        """A relationship between two entities of the member that no cohort has; nothing of it is here."""
        ends = {f"entity{end}Proxy": foreign("EntityProxy", "GlossaryTerm") for end in ("One", "Two")}
        return foreign("Relationship", "Synonym", **ends)

    def link_copy(self) -> Bean:
        bean = self.foreign_link()
        self.post("/instances/relationships/reference-copy", bean)
        return bean

    # ---- types -----------------------------------------------------------------------------------------------------

    def new_type(self, **more: Any) -> Bean:
        """An EntityDef that is not known yet."""
        return entity_def(f"Row{uuid4().hex[:10]}", attribute="wording", **more)

    def type(self) -> Bean:
        found = self.new_type()
        self.post("/types/typedef", found)
        return found

    def attribute_type(self) -> Bean:
        found = enum_def()
        self.post("/types/attribute-typedef", found)
        return found


def _named() -> dict[str, str]:
    return {"qualifiedName": f"row-{uuid4().hex}"}


def enum_def() -> Bean:
    """An EnumDef that is not known yet."""
    return {
        "class": "EnumDef",
        "headerVersion": 1,
        "guid": str(uuid4()),
        "name": f"RowEnum{uuid4().hex[:10]}",
        "category": "ENUM_DEF",
        "version": 1,
        "versionName": "1.0",
        "elementDefs": [{"headerVersion": 1, "ordinal": 0, "value": "None", "description": "nothing"}],
    }


def foreign(kind: str, type_name: str, **more: Any) -> Bean:
    """An instance as its home, a member that no cohort has, would send it."""
    return {
        "class": kind,
        "headerVersion": 1,
        "guid": str(uuid4()),
        "type": TYPES.instance_type(TYPES.require(name=type_name)),
        "instanceProvenanceType": "LOCAL_COHORT",
        "metadataCollectionId": ELSEWHERE,
        "metadataCollectionName": "elsewhere",
        "createdBy": "far",
        "createTime": 1_700_000_000_000,
        "version": 1,
        "status": "ACTIVE",
        **more,
    }
