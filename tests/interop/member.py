"""A member of the cohort by its REST API, ours and Egeria's alike: the same calls and beans (OMRS queries § 6)."""

from collections.abc import Mapping
from typing import Any

from omrs_schemas.errors import OmrsError
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.transport import Retry, Transport
from omrs_streams.client.wire import to_bean

Bean = dict[str, Any]


class Member:
    """Calls on the local repository of one member. Beans come back with dates in epoch milliseconds.

    A refusal is raised as the error that the server named (`omrs_schemas.errors`), whoever the server is.
    """

    def __init__(
        self, name: str, url: str, collection_id: str, cohort: str, types: TypeSystem, *, java: bool = False
    ) -> None:
        self.name = name
        self.url = url
        self.collection_id = collection_id
        self.cohort = cohort
        self.types = types
        self.java = java
        self._http = Transport(url, name, "garygeeke", retry=Retry(deadline=20))

    def __repr__(self) -> str:
        return self.name

    def close(self) -> None:
        self._http.close()

    # ---- registration ------------------------------------------------------------------------------------------------

    def members(self) -> dict[str, str]:
        """Server name by metadata collection id of every other member that this one has registered."""
        found = self._get("cohortMembers", f"/metadata-highway/cohorts/{self.cohort}/remote-members")
        return {each["metadataCollectionId"]: each["serverName"] for each in found or ()}

    def registration(self) -> Bean:
        """Its own registration in the cohort."""
        return self._bean("cohortMember", f"/metadata-highway/cohorts/{self.cohort}/local-registration")

    def unregister(self) -> None:
        """Leave the cohort for good."""
        assert self._get("flag", f"/metadata-highway/cohorts/{self.cohort}/unregister") is True

    def connect(self) -> None:
        """Join the cohort again."""
        assert self._get("flag", f"/metadata-highway/cohorts/{self.cohort}/connect") is True

    # ---- types -------------------------------------------------------------------------------------------------------

    def gallery(self) -> Bean:
        """Every TypeDef and attribute TypeDef."""
        gallery: Bean = to_bean(self._http.get("/types/all"))
        return gallery

    def add_typedef(self, typedef: Bean) -> None:
        self._http.write("/types/typedef", typedef)

    def typedef(self, name: str) -> Bean | None:
        return self._unless_unknown("typeDef", f"/types/typedef/name/{name}")

    # ---- entities and relationships: `kind` is "entity" or "relationship" --------------------------------------------

    def add_entity(
        self, type_name: str, properties: Mapping[str, Any], *, source: str | None = None, status: str | None = None
    ) -> Bean:
        body = self._create("EntityCreateRequest", type_name, properties, source, status)
        body["entityTypeGUID"] = self.types.require(name=type_name)["guid"]
        return self._write("entity", "/instances/entity" + ("/external" if source else ""), body)

    def add_relationship(
        self, type_name: str, end1: str, end2: str, properties: Mapping[str, Any], *, source: str | None = None
    ) -> Bean:
        body = self._create("RelationshipCreateRequest", type_name, properties, source, None)
        body |= {
            "relationshipTypeGUID": self.types.require(name=type_name)["guid"],
            "entityOneGUID": end1,
            "entityTwoGUID": end2,
        }
        return self._write("relationship", "/instances/relationship" + ("/external" if source else ""), body)

    def known(self, kind: str, guid: str) -> Bean | None:
        """The instance in whatever state it is, deleted too; None when it is unknown here."""
        return self._unless_unknown(kind, f"/instances/{kind}/{guid}/existence")

    def summary(self, guid: str) -> Bean | None:
        """The header of an entity, also where only a proxy is held."""
        return self._unless_unknown("entity", f"/instances/entity/{guid}/summary")

    def update(self, kind: str, bean: Bean, properties: Mapping[str, Any]) -> Bean:
        """Replace all properties."""
        return self._write(kind, f"/instances/{kind}/{bean['guid']}/properties", self._properties(bean, properties))

    def undo(self, kind: str, bean: Bean) -> Bean:
        return self._bean(kind, f"/instances/{kind}/{bean['guid']}/previous")

    def set_status(self, kind: str, bean: Bean, status: str) -> Bean:
        return self._write(kind, f"/instances/{kind}/{bean['guid']}/status", status)

    def delete(self, kind: str, bean: Bean) -> Bean:
        return self._write(kind, f"/instances/{kind}/{bean['guid']}/delete", _typed(bean))

    def restore(self, kind: str, bean: Bean) -> Bean:
        return self._bean(kind, f"/instances/{kind}/{bean['guid']}/restore")

    def purge(self, kind: str, bean: Bean) -> None:
        self._http.write(f"/instances/{kind}/{bean['guid']}/purge", _typed(bean))

    def reidentify(self, kind: str, bean: Bean, guid: str) -> Bean:
        query = {"newEntityGUID" if kind == "entity" else "newRelationshipGUID": guid}
        return self._write(kind, f"/instances/{kind}/{bean['guid']}/identity", _typed(bean), **query)

    def retype(self, kind: str, bean: Bean, type_name: str) -> Bean:
        now, then = (self.types.require(name=name) for name in (bean["type"]["typeDefName"], type_name))
        body = {"class": "TypeDefChangeRequest", "currentTypeDef": now, "newTypeDef": then}
        return self._write(kind, f"/instances/{kind}/{bean['guid']}/type", body)

    def rehome(self, kind: str, bean: Bean) -> Bean:
        """Take an instance over whose home this member is not."""
        path = f"/instances/{kind}/{bean['guid']}/home/{bean['metadataCollectionId']}"
        query = {"newHomeMetadataCollectionId": self.collection_id, "newHomeMetadataCollectionName": self.name}
        return self._write(kind, path, _typed(bean), **query)

    def history(self, kind: str, bean: Bean) -> list[Bean]:
        """Every version, newest first."""
        body = {"class": "HistoryRangeRequest", "offset": 0, "pageSize": 0, "sequencingOrder": "BACKWARDS"}
        answer = self._http.post(f"/instances/{kind}/{bean['guid']}/history/all", body)
        found: list[Bean] = to_bean(answer).get("entities" if kind == "entity" else "relationships") or []
        return found

    def relationships_of(self, guid: str, type_name: str) -> list[Bean]:
        body = {"class": "TypeLimitedFindRequest", "typeGUID": self.types.require(name=type_name)["guid"]}
        found: list[Bean] = to_bean(self._http.post(f"/instances/entity/{guid}/relationships", body)).get(
            "relationships", []
        )
        return found

    def find(self, type_name: str, criteria: str, *, federated: bool = False) -> list[Bean]:
        """Entities of a type with a text property that matches the regular expression."""
        body = {"class": "EntityPropertyFindRequest", "typeGUID": self.types.require(name=type_name)["guid"]}
        path = "/instances/entities/by-property-value"
        answer = self._http.post("/enterprise" * federated + path, body, searchCriteria=criteria)
        found: list[Bean] = to_bean(answer).get("entities", [])
        return found

    def refresh(self, kind: str, bean: Bean) -> None:
        """Ask the home for the instance by a REFRESH request event."""
        many = "entities" if kind == "entity" else "relationships"
        path = f"/instances/{many}/reference-copy/{bean['guid']}/refresh"
        self._http.write(path, _typed(bean), homeMetadataCollectionId=bean["metadataCollectionId"])

    def drop_copy(self, kind: str, bean: Bean) -> None:
        """Purge the reference copy held here."""
        many = "entities" if kind == "entity" else "relationships"
        path = f"/instances/{many}/reference-copy/{bean['guid']}/purge"
        self._http.write(path, _typed(bean), homeMetadataCollectionId=bean["metadataCollectionId"])

    # ---- classifications ---------------------------------------------------------------------------------------------

    def classify(self, bean: Bean, name: str, properties: Mapping[str, Any]) -> Bean:
        body = self._properties(name, properties)
        return self._write("entity", f"/instances/entity/{bean['guid']}/classification/{name}", body)

    def reclassify(self, bean: Bean, name: str, properties: Mapping[str, Any]) -> Bean:
        body = self._properties(name, properties)
        return self._write("entity", f"/instances/entity/{bean['guid']}/classification/{name}/properties", body)

    def declassify(self, bean: Bean, name: str) -> Bean:
        body = {"class": "OMRSAPIRequest"}
        return self._write("entity", f"/instances/entity/{bean['guid']}/classification/{name}/delete", body)

    def classify_copy(self, proxy: Bean, name: str, properties: Mapping[str, Any]) -> Bean:
        """Attach a classification of this member to an entity whose home is another; the classification."""
        given = to_properties(self.types, name, properties)
        # The member's server reads `instanceProperties`, its client sends `classificationProperties`.
        body = {"class": "ProxyClassificationRequest", "entityProxy": proxy, "instanceProperties": given}
        return self._write("classification", f"/instances/entity/classification/{name}", body)

    # ---- plumbing ----------------------------------------------------------------------------------------------------

    def _create(
        self, class_: str, type_name: str, properties: Mapping[str, Any], source: str | None, status: str | None
    ) -> Bean:
        body: Bean = {"class": class_, "initialProperties": to_properties(self.types, type_name, properties)}
        if source:
            body |= {"metadataCollectionId": source, "metadataCollectionName": f"name of {source}"}
        if status:
            body["initialStatus"] = status
        return body

    def _properties(self, of: Bean | str, properties: Mapping[str, Any]) -> Bean:
        type_name = of if isinstance(of, str) else of["type"]["typeDefName"]
        given = to_properties(self.types, type_name, properties)
        return {"class": "InstancePropertiesRequest", "instanceProperties": given}

    def _write(self, field: str, path: str, body: Any, **query: str) -> Bean:
        found: Bean = to_bean(self._http.write(path, body, **query)[field])
        return found

    def _get(self, field: str, path: str) -> Any:
        return to_bean(self._http.get(path)).get(field)

    def _bean(self, field: str, path: str) -> Bean:
        found: Bean = self._get(field, path)
        return found

    def _unless_unknown(self, field: str, path: str) -> Bean | None:
        try:
            return self._bean(field, path)
        except OmrsError as error:
            if error.http == 404:
                return None
            raise


def _typed(bean: Bean) -> Bean:
    kind = bean["type"]
    return {
        "class": "TypeDefValidationForRequest",
        "typeDefGUID": kind["typeDefGUID"],
        "typeDefName": kind["typeDefName"],
    }


def proxy_of(bean: Bean) -> Bean:
    """The proxy of an entity: its header, without properties."""
    return {**{name: value for name, value in bean.items() if name != "properties"}, "class": "EntityProxy"}


def differences(expected: Any, found: Any, at: str = "") -> list[str]:
    """Paths at which two JSON values differ, with both values. A field that is absent counts as null."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = sorted(expected.keys() | found.keys())
        return [line for name in names for line in differences(expected.get(name), found.get(name), f"{at}/{name}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = zip(expected, found, strict=True)
        return [line for i, (one, other) in enumerate(pairs) for line in differences(one, other, f"{at}/{i}")]
    return [] if expected == found else [f"{at or '/'}: {expected!r} became {found!r}"]
