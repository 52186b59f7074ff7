"""A member that sends events of odd shapes on an egeria-json cohort: no event ends the worker, nor keeps it from
starting again; each is taken in as far as it goes, or is a dead letter."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import yaml
from confluent_kafka import Producer

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import ExternalSource
from omrs_streams.log import names
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.worker.federation import REST_CONNECTOR
from workers import Fleet, Running, eventually, fleet, unique

pytestmark = pytest.mark.kafka

HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long
ROOT = "egeria.omag"
TYPES = TypeSystem.builtin()
LONG = "h" * 70_000

Bean = dict[str, Any]


def instance(kind: str, type_name: str, **fields: Any) -> Bean:
    return {
        "class": kind,
        "guid": str(uuid4()),
        "type": TYPES.instance_type(TYPES.require(name=type_name)),
        "metadataCollectionId": "mallory",
        "instanceProvenanceType": "LOCAL_COHORT",
        "status": "ACTIVE",
        "createdBy": "m",
        "createTime": int(time.time() * 1000),
        "version": 1,
        **fields,
    }


def entity(**fields: Any) -> Bean:
    return instance("EntityDetail", "GlossaryTerm", **fields)


def link(change: Callable[[Bean], object] = lambda bean: None) -> Bean:
    ends = {name: instance("EntityProxy", "GlossaryTerm") for name in ("entityOneProxy", "entityTwoProxy")}
    bean = copy.deepcopy(instance("Relationship", "Synonym", **ends))
    change(bean)
    return bean


@dataclass
class Odd:
    """The server that receives, and a member without a server that sends what it likes."""

    fleet: Fleet
    cohort: str
    running: Running
    producer: Producer
    sent: list[str] = field(default_factory=list)

    def send(self, event: Bean, topic: str) -> None:
        whole = {
            "class": "OMRSEventV1",
            "timestamp": int(time.time() * 1000),
            "originator": {"metadataCollectionId": "mallory", "serverName": "M"},
            **event,
        }
        self.producer.produce(topic, json.dumps(whole).encode(), b"mallory")

    def instance(self, kind: str, bean: Bean, name: str) -> None:
        section = {
            "eventType": kind,
            "typeDefGUID": bean["type"]["typeDefGUID"],
            "typeDefName": bean["type"]["typeDefName"],
            "instanceGUID": bean["guid"],
            name: bean,
        }
        event = {"eventCategory": "INSTANCE", "instanceEventSection": section}
        self.send(event, names.egeria_instances(self.cohort, ROOT))

    def registers(self, server: str, connection: Any, **section: Any) -> None:
        event = {
            "originator": {"metadataCollectionId": f"id-{server}", "serverName": server},
            "eventCategory": "REGISTRY",
            "registryEventSection": {
                "registryEventType": "REGISTRATION_EVENT",
                "registrationTimestamp": 1,
                "remoteConnection": connection,
                **section,
            },
        }
        self.send(event, names.egeria_registration(self.cohort, ROOT))

    def goes_on(self) -> None:
        """A good entity and a good relationship arrive, the ends of the relationship included."""
        good, linked = entity(), link()
        self.instance("NEW_ENTITY_EVENT", good, "entity")
        self.instance("NEW_RELATIONSHIP_EVENT", linked, "relationship")
        assert self.producer.flush(20) == 0
        rest = self.running.rest()
        wanted = {
            "a good entity": f"/instances/entity/{good['guid']}/summary",
            "a good relationship": f"/instances/relationship/{linked['guid']}",
            "its first end": f"/instances/entity/{linked['entityOneProxy']['guid']}/summary",
            "its second end": f"/instances/entity/{linked['entityTwoProxy']['guid']}/summary",
        }
        for what, path in wanted.items():
            eventually(lambda path=path: rest.get(path).json()["relatedHTTPCode"] == 200, what, within=HERE)
        assert self.running.alive() and self.running.ask("/health")["status"] == "ok"

    def members(self) -> set[str]:
        (found,) = self.running.ask("/status")["cohorts"].values()
        return {each["metadataCollectionId"] for each in found}


@pytest.fixture(scope="module")
def odd(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Odd]:
    with fleet(tmp_path_factory.mktemp("odd"), kafka.bootstrap_servers) as ours:
        cohort, server = unique("odd"), unique("O")
        config = ours.root / f"{server}.yaml"
        config.write_text(yaml.safe_dump({"cohorts": [{"name": cohort, "encoding": "egeria-json"}]}))
        running = ours.await_url(ours.spawn(server, "w1", config=config)).wait_ready()
        producer = Producer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).librdkafka())
        yield Odd(ours, cohort, running, producer)


CONNECTIONS: dict[str, Any] = {
    "endpoint": {"class": "Connection", "endpoint": "http://x"},
    "connector": {"class": "Connection", "connectorType": "x", "endpoint": {"address": "http://127.0.0.1:9"}},
    "address": {"connectorType": {"connectorProviderClassName": REST_CONNECTOR}, "endpoint": {"address": {"a": 1}}},
    "list": {"connectorType": [1, {"a": None}], "endpoint": ["http://x", {}]},
    "nothing": {},
}


def without(end: str, name: str) -> Callable[[Bean], object]:
    return lambda bean: bean[end].pop(name)


LINKS: dict[str, Callable[[Bean], object]] = {
    "an end without guid": without("entityOneProxy", "guid"),
    "an end without type": without("entityTwoProxy", "type"),
    "an end without home": without("entityOneProxy", "metadataCollectionId"),
    "no end": lambda bean: bean.pop("entityTwoProxy"),
    "an end of a long home": lambda bean: bean["entityOneProxy"].update(metadataCollectionId=LONG),
    "an end of a long guid": lambda bean: bean["entityTwoProxy"].update(guid=LONG),
    "an end of a type nobody knows": lambda bean: bean["entityOneProxy"]["type"].update(typeDefGUID=str(uuid4())),
}

ENTITIES: dict[str, Bean] = {
    "a long home": {"metadataCollectionId": LONG},
    "a long replicator": {"replicatedBy": LONG},
    "a long guid": {"guid": LONG},
    "a version of the type beyond all": {"type": {**entity()["type"], "typeDefVersion": 2**62}},
}


def test_members_with_odd_connections_stay_registered(odd: Odd) -> None:
    for name, connection in CONNECTIONS.items():
        odd.registers(name, connection)
    odd.registers("late", None, registrationTimestamp=2**63 - 1)
    assert odd.producer.flush(20) == 0
    all_of_them = {f"id-{name}" for name in (*CONNECTIONS, "late")}
    eventually(lambda: all_of_them <= odd.members(), "the registrations", within=HERE)
    told = odd.running.rest().get(f"/metadata-highway/cohorts/{odd.cohort}/remote-members").json()
    assert told["relatedHTTPCode"] == 200
    assert all_of_them <= {each["metadataCollectionId"] for each in told["cohortMembers"]}
    odd.goes_on()


@pytest.mark.parametrize("what", LINKS)
def test_relationships_whose_ends_are_incomplete(odd: Odd, what: str) -> None:
    odd.instance("NEW_RELATIONSHIP_EVENT", link(LINKS[what]), "relationship")
    odd.goes_on()


@pytest.mark.parametrize("what", ENTITIES)
@pytest.mark.parametrize("kind", ["NEW", "PURGED", "RE_IDENTIFIED"])
def test_entities_that_no_store_holds(odd: Odd, what: str, kind: str) -> None:
    odd.instance(f"{kind}_ENTITY_EVENT", entity(**ENTITIES[what]), "entity")
    odd.goes_on()


def test_a_request_that_no_store_holds_is_refused(odd: Odd) -> None:
    with pytest.raises(InvalidParameterError, match="more than 1000 characters") as refused:
        odd.running.client().add_entity(
            "GlossaryTerm", {"qualifiedName": "z"}, external_source=ExternalSource(LONG, "n")
        )
    assert refused.value.http == 400
    odd.goes_on()


def test_the_worker_starts_again_after_all_that(odd: Odd) -> None:
    for name, connection in CONNECTIONS.items():
        odd.registers(f"{name}-2", connection)
    for change in LINKS.values():
        odd.instance("NEW_RELATIONSHIP_EVENT", link(change), "relationship")
    for fields in ENTITIES.values():
        odd.instance("NEW_ENTITY_EVENT", entity(**fields), "entity")
    odd.goes_on()
    odd.running.stop()
    config = odd.fleet.root / f"{odd.running.server}.yaml"
    odd.running = odd.fleet.await_url(odd.fleet.spawn(odd.running.server, "w1", config=config)).wait_ready()
    again = {f"id-{name}-2" for name in CONNECTIONS}  # a topic of their own: read before the stop, or only now
    eventually(lambda: again <= odd.members(), "the registrations", within=HERE)
    odd.goes_on()
