"""The repository services of all members together (OMRS queries § 5, § 6): the same paths below `/enterprise`."""

import json
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import Request as HttpRequest
from fastapi import Response

from omrs_streams.api.endpoint import Endpoint, body_of, bounded, call_of, check_server
from omrs_streams.api.replies import reply
from omrs_streams.api.route import Request, Route, parse_body
from omrs_streams.api.services import LocalServices, presented
from omrs_streams.federation.enterprise import STRATEGIES, Enterprise
from omrs_streams.federation.failures import not_offered
from omrs_streams.federation.learning import Learner
from omrs_streams.federation.member import LocalMember
from omrs_streams.federation.remote import FEDERATED, Remote
from omrs_streams.federation.request import Federated
from omrs_streams.log import names
from omrs_streams.repository.local import Bean
from omrs_streams.repository.services import Caller
from omrs_streams.worker.federation import RemoteMember

if TYPE_CHECKING:
    from omrs_streams.worker.worker import Worker

ENTERPRISE = "/enterprise"
WARNINGS = "x-omrs-warnings"
HEADER = 4_096  # characters of warnings; clients and proxies refuse an answer whose headers are much larger
MOST = 100  # warnings
REPORTED = 10_000  # audit messages that are not repeated; the oldest are forgotten first
REPOSITORY = ("/instances", "/types", "/metadata-collection-id")
"""How the paths of the metadata collection API begin; the others concern a server, not a repository."""


def make_enterprise(worker: "Worker", local: LocalServices) -> Enterprise:
    """The federation of a worker that has started; it ends with the worker."""
    settings, operations = worker.settings.federation, local.routes
    local_id = worker.local.collection_id if worker.has_repository else ""
    learner = Learner(local, partial(_keeps, worker), lambda home: worker.federation.member(home) is not None)
    reported: dict[tuple[str, ...], None] = {}

    def record_once(message_id: str, /, **params: object) -> None:
        said = (message_id, *map(str, params.values()))
        if said not in reported:
            reported[said] = None
            while len(reported) > REPORTED:
                del reported[next(iter(reported))]
            worker.audit.record(message_id, **params)

    def view(user: str, operation: Any, result: Any) -> Any:
        return presented(worker, user, operations[operation.operation], result)

    def connect(member: RemoteMember) -> Remote:
        return Remote(member, operations, settings, worker.audit.record, worker.settings.server)

    federated = Federated(
        worker.settings.server,
        local_id,
        operations,
        worker.types,
        settings,
        view,
        worker.audit.record,
        record_once,
        learner.learn if settings.learn else lambda beans, user: None,
    )
    own = LocalMember(local_id, worker.settings.server, local) if worker.has_repository else None
    enterprise = Enterprise(federated, own, worker.federation.members, connect)

    async def close() -> None:
        learner.close()
        await enterprise.close()

    worker.at_stop(close)
    return enterprise


def federated_routes(routes: Iterable[Route]) -> list[Route]:
    """Those that exist below `/enterprise`, the frequent ones in the order given."""
    return [route for route in routes if route.path.startswith(REPOSITORY)]


def offered(route: Route) -> bool:
    """Whether it is more than a refusal there."""
    return route.operation in STRATEGIES


def enterprise_endpoint(worker: "Worker", enterprise: Enterprise, route: Route) -> Endpoint:
    """`route` for all members together."""

    async def serve(http: HttpRequest) -> Response:
        check_server(worker, http)
        if FEDERATED in http.headers:
            raise not_offered(route.operation, worker.settings.server)  # it would come round again
        body = parse_body(route, await body_of(http))
        call = call_of(http)
        answer = await enterprise.call(
            route.operation,
            Caller(call.user, call.event_id, call.expected_revision),
            path=http.path_params,
            query=http.query_params,
            body=body,
        )
        found = reply(route.response, route.payload, answer.result, revision=answer.revision, asked=body)
        if answer.warnings:
            found.headers[WARNINGS] = header(answer.warnings)
        return found

    label = f"enterprise {route.operation}"
    return bounded(worker, route.operation, serve, response_class=route.response, label=label)


def header(warnings: Iterable[str]) -> str:
    """Warnings as a JSON list in ASCII, which is what an HTTP header holds; those that do not fit are counted."""
    found = list(warnings)
    shown = found[:MOST]
    while True:
        more = len(found) - len(shown)
        text = json.dumps([*shown, *([f"and {more} more"] if more else [])]).replace("\x7f", "\\u007f")
        if len(text) <= HEADER or not shown:
            return text
        shown.pop()


async def topic_connection(r: Request) -> Bean:
    """getEnterpriseOMRSTopicConnection: where everything that is visible at this server is published."""
    server = r.worker.settings.server
    topic = names.server_out(server)
    return {
        "class": "Connection",
        "headerVersion": 0,
        "qualifiedName": f"{server}.out",
        "displayName": f"Out topic of {server}",
        "description": "Avro records of all instances visible at the server, see docs/out-topic.md",
        "endpoint": {
            "class": "Endpoint",
            "headerVersion": 0,
            "qualifiedName": f"kafka://{quote(topic)}",
            "address": topic,
            "protocol": "kafka",
        },
        "configurationProperties": {"bootstrap.servers": r.worker.kafka.bootstrap_servers},
    }


REMOTE_TOPIC = Route(
    "GET",
    "/remote-topic-connection",
    "getEnterpriseOMRSTopicConnection",
    topic_connection,
    "ConnectionResponse",
    "connection",
)


def topic_endpoint(worker: "Worker") -> Endpoint:
    async def serve(http: HttpRequest) -> Response:
        check_server(worker, http)
        request = Request(worker, call_of(http), dict(http.path_params), dict(http.query_params))
        return reply(REMOTE_TOPIC.response, REMOTE_TOPIC.payload, await topic_connection(request))

    return bounded(worker, REMOTE_TOPIC.operation, serve, response_class=REMOTE_TOPIC.response)


def _keeps(worker: "Worker", bean: Bean) -> bool:
    """Whether a reference copy of it would be kept: the rule for saving has its type, or learns it from the answer."""
    kind, rule = bean.get("type") or {}, worker.saving.rule
    type_guid, type_name = str(kind.get("typeDefGUID")), str(kind.get("typeDefName"))
    wanted = rule.instance(type_guid, type_name) or rule.rule == "LEARNED_TYPES"
    return wanted and worker.server_types.active(type_guid, type_name)
