"""The local repository of one server, asked by the REST calls that the conformance suite makes (OMRS queries § 6)."""

import time
from dataclasses import dataclass
from typing import Any

import httpx

from omrs_schemas.errors import OmrsError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.wire import parse_answer
from workers import Running

Bean = dict[str, Any]

ENTITY, RELATIONSHIP = "entity", "relationship"
_MANY = {ENTITY: "entities", RELATIONSHIP: "relationships"}


class Repository:
    """Beans as they are in an answer, with dates in epoch milliseconds. A refusal is raised as the error it names.

    Each answer is held against what all have in common: HTTP 200, and null where a list would be empty.
    """

    def __init__(self, http: httpx.Client, server: str, collection_id: str, types: TypeSystem) -> None:
        self.http = http
        self.server = server
        self.collection_id = collection_id
        self.types = types

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Bean:
        """One call: the whole answer."""
        reply = self.http.request(method, path, params=query, json=body)
        assert reply.status_code == 200, reply.text
        answer = parse_answer(reply.content, reply.status_code, what=path)
        assert [] not in answer.values(), f"{path}: an empty list is left out"
        return answer

    def get(self, path: str, field: str, **query: str) -> Any:
        return self.ask("GET", path, **query).get(field)

    def post(self, path: str, body: Any, field: str = "", **query: str) -> Any:
        return self.ask("POST", path, body, **query).get(field)

    # ---- instances: `kind` is ENTITY or RELATIONSHIP -----------------------------------------------------------------

    def add_entity(self, type_name: str, properties: Bean | None, **more: Any) -> Bean:
        body = {"class": "EntityCreateRequest", "entityTypeGUID": self.guid_of(type_name), **more}
        path = "/instances/entity/external" if "metadataCollectionId" in more else "/instances/entity"
        made: Bean = self.post(path, body | _given("initialProperties", properties), ENTITY)
        return made

    def add_relationship(self, type_name: str, end1: str, end2: str, properties: Bean | None, **more: Any) -> Bean:
        body = {
            "class": "RelationshipCreateRequest",
            "relationshipTypeGUID": self.guid_of(type_name),
            "entityOneGUID": end1,
            "entityTwoGUID": end2,
            **more,
        }
        path = "/instances/relationship/external" if "metadataCollectionId" in more else "/instances/relationship"
        made: Bean = self.post(path, body | _given("initialProperties", properties), RELATIONSHIP)
        return made

    def known(self, kind: str, guid: str) -> Bean | None:
        """isEntityKnown, isRelationshipKnown."""
        found: Bean | None = self.get(f"/instances/{kind}/{guid}/existence", kind)
        return found

    def summary(self, guid: str) -> Bean:
        found: Bean = self.get(f"/instances/entity/{guid}/summary", ENTITY)
        return found

    def detail(self, kind: str, guid: str) -> Bean:
        """getEntityDetail, getRelationship."""
        found: Bean = self.get(f"/instances/{kind}/{guid}", kind)
        return found

    def detail_at(self, kind: str, guid: str, moment: int) -> Bean:
        found: Bean = self.post(f"/instances/{kind}/{guid}/history", {"asOfTime": moment}, kind)
        return found

    def history(self, kind: str, guid: str, **body: Any) -> list[Bean] | None:
        """Versions, newest first unless `sequencingOrder` says FORWARDS; null without any in the range."""
        range_ = {"class": "HistoryRangeRequest", "offset": 0, "pageSize": 0, **body}
        found: list[Bean] | None = self.post(f"/instances/{kind}/{guid}/history/all", range_, _MANY[kind])
        return found

    def relationships_of(self, guid: str, **body: Any) -> list[Bean] | None:
        found: list[Bean] | None = self.post(f"/instances/entity/{guid}/relationships", body, "relationships")
        return found

    def set_status(self, kind: str, guid: str, status: str) -> Bean:
        changed: Bean = self.post(f"/instances/{kind}/{guid}/status", status, kind)
        return changed

    def update(self, kind: str, guid: str, properties: Bean | None) -> Bean:
        body = _given("instanceProperties", properties)
        changed: Bean = self.post(f"/instances/{kind}/{guid}/properties", body, kind)
        return changed

    def undo(self, kind: str, guid: str) -> Bean:
        changed: Bean = self.get(f"/instances/{kind}/{guid}/previous", kind)
        return changed

    def delete(self, kind: str, bean: Bean) -> Bean:
        changed: Bean = self.post(f"/instances/{kind}/{bean['guid']}/delete", typed(bean), kind)
        return changed

    def purge(self, kind: str, bean: Bean) -> None:
        self.post(f"/instances/{kind}/{bean['guid']}/purge", typed(bean))

    def restore(self, kind: str, guid: str) -> Bean:
        changed: Bean = self.get(f"/instances/{kind}/{guid}/restore", kind)
        return changed

    def reidentify(self, kind: str, bean: Bean, guid: str) -> Bean:
        query = {f"new{kind.capitalize()}GUID": guid}
        changed: Bean = self.post(f"/instances/{kind}/{bean['guid']}/identity", typed(bean), kind, **query)
        return changed

    def retype(self, kind: str, bean: Bean, type_name: str) -> Bean:
        now, then = (self.types.require(name=name) for name in (bean["type"]["typeDefName"], type_name))
        body = {"class": "TypeDefChangeRequest", "currentTypeDef": now, "newTypeDef": then}
        changed: Bean = self.post(f"/instances/{kind}/{bean['guid']}/type", body, kind)
        return changed

    def rehome(self, kind: str, bean: Bean) -> Bean:
        """Take the instance over from the home that its header names."""
        changed: Bean = self.post(
            f"/instances/{kind}/{bean['guid']}/home/{bean['metadataCollectionId']}",
            typed(bean),
            kind,
            newHomeMetadataCollectionId=self.collection_id,
            newHomeMetadataCollectionName=self.server,
        )
        return changed

    # ---- classifications ---------------------------------------------------------------------------------------------

    def classify(self, guid: str, name: str, properties: Bean | None) -> Bean:
        body = _given("instanceProperties", properties)
        changed: Bean = self.post(f"/instances/entity/{guid}/classification/{name}", body, ENTITY)
        return changed

    def reclassify(self, guid: str, name: str, properties: Bean | None) -> Bean:
        body = _given("instanceProperties", properties)
        changed: Bean = self.post(f"/instances/entity/{guid}/classification/{name}/properties", body, ENTITY)
        return changed

    def declassify(self, guid: str, name: str) -> Bean:
        changed: Bean = self.post(f"/instances/entity/{guid}/classification/{name}/delete", {}, ENTITY)
        return changed

    # ---- reference copies --------------------------------------------------------------------------------------------

    def save_copy(self, kind: str, bean: Bean) -> None:
        self.post(f"/instances/{_MANY[kind]}/reference-copy", bean)

    def purge_copy(self, kind: str, bean: Bean) -> None:
        self.post(f"/instances/{_MANY[kind]}/reference-copy/purge", bean)

    def refresh_copy(self, kind: str, bean: Bean) -> None:
        path = f"/instances/{_MANY[kind]}/reference-copy/{bean['guid']}/refresh"
        self.post(path, typed(bean), homeMetadataCollectionId=bean["metadataCollectionId"])

    def add_proxy(self, bean: Bean) -> None:
        unique = {name: value for name, value in bean.items() if name != "properties"}
        self.post("/instances/entity-proxy", {**unique, "class": "EntityProxy"})

    # ---- search ------------------------------------------------------------------------------------------------------

    def find(self, kind: str, how: str, body: Bean, **query: str) -> list[Bean]:
        """`how`: the end of the path, such as `by-property`; with `history`, that of its historical form."""
        path = "/".join(part for part in (f"/instances/{_MANY[kind]}", how) if part)
        found: list[Bean] | None = self.post(path, body, _MANY[kind], **query)
        return found or []

    # ---- for the tests -----------------------------------------------------------------------------------------------

    def guid_of(self, type_name: str) -> str:
        guid: str = self.types.require(name=type_name)["guid"]
        return guid

    def gone(self, kind: str, guid: str) -> bool:
        """Whether the instance is not known, be it as deleted."""
        try:
            return self.known(kind, guid) is None
        except OmrsError as error:
            if error.http == 404:
                return True
            raise

    def remove(self, kind: str, *beans: Bean) -> None:
        """Delete and purge what a test has made."""
        for bean in beans:
            self.delete(kind, bean)
            self.purge(kind, bean)


@dataclass(frozen=True, slots=True)
class Lab:
    """The servers `tested` and `suite`, their repositories, and the cohort of both."""

    cohort: str
    tested: Running
    suite: Running
    repositories: tuple[Repository, Repository]


def typed(bean: Bean) -> Bean:
    kind = bean["type"]
    return {
        "class": "TypeDefValidationForRequest",
        "typeDefGUID": kind["typeDefGUID"],
        "typeDefName": kind["typeDefName"],
    }


def now_ms() -> int:
    return int(time.time() * 1000)


def _given(field: str, properties: Bean | None) -> Bean:
    return {} if properties is None else {field: properties}
