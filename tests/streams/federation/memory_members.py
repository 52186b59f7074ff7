"""Members that hold a few instances in memory, and a federation of them."""

import asyncio
import re
import selectors
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from omrs_schemas.errors import (
    EntityNotKnownError,
    EntityProxyOnlyError,
    FunctionNotSupportedError,
    InvalidParameterError,
    MemberUnavailableError,
    OmrsError,
    RelationshipNotKnownError,
    TypeDefError,
    UserNotAuthorizedError,
)
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.app import ROUTES
from omrs_streams.cohort.registry_events import Registration
from omrs_streams.federation.enterprise import Enterprise
from omrs_streams.federation.member import Asked, LocalMember, Operation
from omrs_streams.federation.merging import maintainers
from omrs_streams.federation.request import Federated
from omrs_streams.federation.settings import FederationSettings
from omrs_streams.repository.changes import find_classification, with_classification, without_classification
from omrs_streams.repository.services import Answer, Caller
from omrs_streams.worker.federation import RemoteMember

Bean = dict[str, Any]
TYPES = TypeSystem.builtin()
TERM = TYPES.instance_type(TYPES.require(name="GlossaryTerm"))
LINK = TYPES.instance_type(TYPES.require(name="Synonym"))
ROUTE_OF = {route.operation: route for route in ROUTES}
PATIENCE = 0.3  # seconds of a `Patient` loop that a federated read waits; members answer at once or never


def term(guid: str, home: str, version: int = 1, *classifications: Bean, **more: Any) -> Bean:
    bean = {
        "class": "EntityDetail",
        "guid": guid,
        "type": TERM,
        "metadataCollectionId": home,
        "instanceProvenanceType": "LOCAL_COHORT",
        "version": version,
        "status": "ACTIVE",
        "createTime": 1,
        **more,
    }
    return {**bean, "classifications": list(classifications)} if classifications else bean


def proxy(guid: str, home: str, *classifications: Bean) -> Bean:
    return {**term(guid, home, 1, *classifications), "class": "EntityProxy"}


def tag(name: str, home: str, version: int = 1, **properties: Any) -> Bean:
    bean = {"class": "Classification", "name": name, "metadataCollectionId": home, "version": version}
    return {**bean, "properties": properties} if properties else bean


def link(guid: str, home: str, one: str, other: str, version: int = 1) -> Bean:
    ends = {"entityOneProxy": proxy(one, home), "entityTwoProxy": proxy(other, home)}
    return {**term(guid, home, version), "class": "Relationship", "type": LINK, **ends}


class MemoryMember:
    """A repository of beans by guid. `hangs`: it answers nothing; `refuses`: operations and what it says to them."""

    def __init__(self, collection_id: str, *beans: Bean) -> None:
        self.collection_id = collection_id
        self.name = collection_id
        self.member = RemoteMember(Registration(collection_id, collection_id), ("c",))
        self.held = {bean["guid"]: bean for bean in beans}
        self.hangs = False
        self.refuses: dict[str, OmrsError] = {}
        self.asked: list[str] = []
        self.callers: list[Caller] = []

    async def close(self) -> None:
        """Nothing is open."""

    async def call(
        self,
        asked: Asked | str,
        caller: Caller,
        deadline: float = 0.0,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """As a member, and as `Services`."""
        if isinstance(asked, str):
            asked = Asked(asked, path or {}, query or {}, body)
        self.asked.append(asked.operation)
        self.callers.append(caller)
        if self.hangs:
            await asyncio.sleep(3600)
        if asked.operation in self.refuses:
            raise self.refuses[asked.operation]
        guid = asked.path.get("guid") or asked.path.get("entityGUID", "")
        return Answer(self._answer(asked), 7 if self.held.get(guid) else None)

    def _answer(self, asked: Asked) -> Any:
        operation, body = asked.operation, asked.bean
        match operation:
            case "isEntityKnown" | "isRelationshipKnown":
                found = self.held.get(asked.guid)
                return None if found is None or found["class"] == "EntityProxy" else found
            case "getEntityDetail" | "getRelationship" | "getEntitySummary":
                return self._get(asked.guid, operation)
            case "getHomeClassifications":
                found = self._get(asked.guid, "getEntitySummary")
                return [each for each in found.get("classifications", ()) if self.collection_id in maintainers(each)]
            case "findEntities" | "findEntitiesByPropertyValue":
                return self._page([bean for bean in self.held.values() if bean["class"] == "EntityDetail"], asked)
            case "getRelationshipsForEntity":
                self._get(asked.guid, "getEntitySummary")
                return self._page([bean for bean in self.held.values() if bean["class"] == "Relationship"], asked)
            case "getEntityNeighborhood":
                self._get(asked.guid, "getEntityDetail")
                return self._graph()
            case "addEntity":
                return self._keep(term(f"new-{self.collection_id}", self.collection_id))
            case "addEntityProxy":
                self._keep(body)
                return None
            case "addRelationship":
                ends = [
                    self._get(body[name], "getEntitySummary")["guid"] for name in ("entityOneGUID", "entityTwoGUID")
                ]
                return self._keep(link(f"new-{self.collection_id}", self.collection_id, *ends))
            case "updateEntityProperties" | "updateRelationshipProperties":
                return self._change(asked.guid)
            case "purgeEntity" | "restoreEntity":
                return self._change(asked.guid)
            case "classifyEntity" | "updateEntityClassification":
                given = tag(asked.path["classificationName"], self.collection_id, 2)
                return self._keep(with_classification(self._get(asked.path["entityGUID"], "getEntityDetail"), given))
            case "classifyEntityProxy" | "updateEntityProxyClassification":
                entity = self.held.get(body["entityProxy"]["guid"], body["entityProxy"])
                given = tag(asked.path["classificationName"], self.collection_id, 2)
                return find_classification(self._keep(with_classification(entity, given)), given["name"])
            case "declassifyEntity":
                entity = self._get(asked.path["entityGUID"], "getEntityDetail")
                return self._keep(without_classification(entity, asked.path["classificationName"]))
            case "declassifyEntityProxy":
                entity = self.held.get(body["guid"], body)
                self._keep(without_classification(entity, asked.path["classificationName"]))
                return find_classification(entity, asked.path["classificationName"])
            case "refreshEntityReferenceCopy" | "refreshRelationshipReferenceCopy":
                return None
            case _:
                raise FunctionNotSupportedError(f"{self.name} does not do {operation}")

    def _get(self, guid: str, operation: str) -> Bean:
        found = self.held.get(guid)
        if found is None:
            kind = RelationshipNotKnownError if "Relationship" in operation else EntityNotKnownError
            raise kind(f"{guid} is not known at {self.name}")
        if found["class"] == "EntityProxy" and operation == "getEntityDetail":
            raise EntityProxyOnlyError(f"only a proxy of {guid} is at {self.name}")
        return found

    def _page(self, beans: list[Bean], asked: Asked) -> list[Bean]:
        criteria = asked.query.get("searchCriteria", ".*")
        found = [bean for bean in beans if re.fullmatch(criteria, bean["guid"])]
        if asked.bean.get("sequencingOrder") == "GUID":
            found = sorted(found, key=lambda bean: str(bean["guid"]))
        size = asked.bean.get("pageSize") or len(found)
        return found[asked.bean.get("offset", 0) :][:size]

    def _graph(self) -> Bean:
        parts = {"entityElementList": "EntityDetail", "relationshipElementList": "Relationship"}
        return {name: [bean for bean in self.held.values() if bean["class"] == kind] for name, kind in parts.items()}

    def _change(self, guid: str) -> Bean:
        found = self._get(guid, "getEntitySummary")
        if self.collection_id not in maintainers(found):
            raise InvalidParameterError(f"{guid} is no instance of {self.name}")
        return self._keep({**found, "version": found["version"] + 1})

    def _keep(self, bean: Bean) -> Bean:
        self.held[bean["guid"]] = bean
        return bean


class Deadlined(MemoryMember):
    """A member that gives up at the deadline, as a remote one does."""

    async def call(self, asked: Asked | str, caller: Caller, deadline: float = 0.0, **more: Any) -> Answer:
        try:
            async with asyncio.timeout_at(deadline):
                return await super().call(asked, caller, deadline, **more)
        except TimeoutError:
            raise MemberUnavailableError(f"{self.name} does not answer", member=self.name, sent=True) from None


class Together:
    """A federation of members; the first is the local repository, where its id is `local`."""

    def __init__(self, *members: MemoryMember, hidden: Sequence[str] = (), **settings: Any) -> None:
        self.members = list(members)
        self.recorded: list[str] = []
        self.learned: list[str] = []
        self.hidden = set(hidden)
        local = next((each for each in members if each.collection_id == "local"), None)
        federated = Federated(
            "here",
            "local" if local is not None else "",
            ROUTE_OF,
            TYPES,
            FederationSettings(**{"deadline_s": PATIENCE, "write_s": PATIENCE, **settings}),
            self._view,
            self._record,
            self._record,
            lambda beans, user: self.learned.extend(bean["guid"] for bean in beans),
        )
        remote = {each.collection_id: each for each in members if each is not local}
        own = None if local is None else LocalMember("local", "local", local)
        self.enterprise = Enterprise(
            federated,
            own,
            lambda: [each.member for each in remote.values()],
            lambda member: remote[member.collection_id],
        )

    def __call__(self, operation: str, *, caller: Caller | None = None, body: Any = None, **path: str) -> Answer:
        """One call. What belongs into the query goes there by its route."""
        route = ROUTE_OF[operation]
        in_path = {name: value for name, value in path.items() if f"{{{name}}}" in route.path}
        query = {name: value for name, value in path.items() if name not in in_path}
        asking = self.enterprise.call(operation, caller or Caller("erin"), path=in_path, query=query, body=body)
        with asyncio.Runner(loop_factory=Patient) as runner:
            return runner.run(_ended(asking))

    def _view(self, user: str, operation: Operation, result: Any) -> Any:
        if isinstance(result, list):
            return [bean for bean in result if bean.get("guid") not in self.hidden]
        if isinstance(result, dict) and result.get("guid") in self.hidden:
            raise UserNotAuthorizedError(f"{user} may not read {result['guid']}")
        return result

    def _record(self, message_id: str, /, **params: object) -> None:
        self.recorded.append(message_id)


async def _ended(asking: Awaitable[Answer]) -> Answer:
    return await asking


class _Idle(selectors.DefaultSelector):
    """Where nothing is ready, the time that would be waited has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(None if timeout is None else 0)
        if timeout and not found:
            self.passed += timeout
        return found


class Patient(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing can be done: who answers at once is in time, however busy the
    machine is, and who hangs is not waited for."""

    def __init__(self) -> None:
        self._idle = _Idle()
        super().__init__(self._idle)

    def time(self) -> float:
        return self._idle.passed


Refusal = Callable[[str], OmrsError]
UNKNOWN_TYPE = TypeDefError("no such type here")
