"""Handlers of the metadata highway's paths (OMRS cohort § 8): the cohorts of this server, who is registered there, and
connecting to and leaving them. All of them are GET, as Egeria has them; any worker takes them."""

from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import RepositoryError
from omrs_streams.api.route import Request, Route
from omrs_streams.cohort.registry_events import Registration
from omrs_streams.repository.local import Bean
from omrs_streams.worker.cohort import CohortMember, identity_of
from omrs_streams.worker.cohort_store import Wanted

KAFKA_TOPIC_CONNECTOR = (
    "org.odpi.openmetadata.adapters.eventbus.topic.kafka.KafkaOpenMetadataTopicProvider"  # as Egeria names it
)


async def descriptions(r: Request) -> Any:
    """Every cohort of the configuration, with how the server stands in it."""
    return [_description(member) for _, member in sorted(_cohorts(r).items())]


async def local_registration(r: Request) -> Any:
    """How this server presents itself, whatever the cohort."""
    return _bean(Registration.of_identity(identity_of(r.worker.local), None))


async def cohort_registration(r: Request) -> Any:
    """How this server is registered in one cohort; nothing when it is not."""
    return _bean(_member(r).registry.local)


async def remote_members(r: Request) -> Any:
    """The other members of a cohort, in the order in which they registered."""
    found = sorted(_member(r).remotes.values(), key=lambda each: (each.time or 0, each.collection_id))
    return [each.to_bean() for each in found]


async def connect(r: Request) -> Any:
    return await _become(r, "CONNECTED")


async def disconnect(r: Request) -> Any:
    return await _become(r, "DISCONNECTED")


async def unregister(r: Request) -> Any:
    return await _become(r, "UNREGISTERED")


async def _become(r: Request, wanted: Wanted) -> bool:
    await _member(r).ask(wanted, r.call.user)
    return True


def _cohorts(r: Request) -> dict[str, CohortMember]:
    """NO_METADATA_HIGHWAY where no cohort is configured."""
    found = r.worker.cohorts
    if not found:
        raise RepositoryError(
            f"server {r.worker.settings.server} has no cohorts",
            code=Code.NO_METADATA_HIGHWAY,
            help="configure `cohorts`, or start its workers with --cohort",
            server=r.worker.settings.server,
        )
    return found


def _member(r: Request) -> CohortMember:
    """COHORT_NOT_CONNECTED for a cohort that is not in the configuration."""
    name = r.path["cohort"]
    found = _cohorts(r).get(name)
    if found is None:
        raise RepositoryError(
            f"server {r.worker.settings.server} is not configured with cohort {name}",
            code=Code.COHORT_NOT_CONNECTED,
            help=f"its cohorts are {', '.join(sorted(r.worker.cohorts))}; a new one is added to `cohorts` in the "
            "configuration of its workers",
            cohort=name,
        )
    return found


def _description(member: CohortMember) -> Bean:
    """A CohortDescription; the connection names the topics, not how to log in to Kafka."""
    wire = member.wire
    topics = [wire.registration_topic, wire.types_topic, wire.instances_topic]
    return {
        "class": "CohortDescription",
        "cohortName": member.name,
        "connectionStatus": member.registry.standing.status,
        "topicConnection": {
            "class": "Connection",
            "headerVersion": 0,
            "displayName": f"Topics of cohort {member.name}",
            "connectorType": {
                "class": "ConnectorType",
                "headerVersion": 0,
                "connectorProviderClassName": KAFKA_TOPIC_CONNECTOR,
            },
            "endpoint": {"class": "Endpoint", "headerVersion": 0, "address": topics[0]},
            "configurationProperties": {"topics": topics, "encoding": member.settings.encoding},
        },
    }


def _bean(found: Registration | None) -> Bean | None:
    return None if found is None else found.to_bean()


_BASE = "/metadata-highway"
_COHORT = f"{_BASE}/cohorts/{{cohort}}"
_ONE, _MANY, _FLAG = "CohortMembershipResponse", "CohortMembershipListResponse", "BooleanResponse"

ROUTES: list[Route] = [
    Route(
        "GET", f"{_BASE}/cohort-descriptions", "getCohortDescriptions", descriptions, "CohortListResponse", "cohorts"
    ),
    Route("GET", f"{_BASE}/local-registration", "getLocalRegistration", local_registration, _ONE, "cohortMember"),
    Route("GET", f"{_COHORT}/local-registration", "getCohortRegistration", cohort_registration, _ONE, "cohortMember"),
    Route("GET", f"{_COHORT}/remote-members", "getRemoteRegistrations", remote_members, _MANY, "cohortMembers"),
    Route("GET", f"{_COHORT}/connect", "connectToCohort", connect, _FLAG, "flag"),
    Route("GET", f"{_COHORT}/disconnect", "disconnectFromCohort", disconnect, _FLAG, "flag"),
    Route("GET", f"{_COHORT}/unregister", "unregisterFromCohort", unregister, _FLAG, "flag"),
]
