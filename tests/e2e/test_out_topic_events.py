"""What stands on the out topic: every kind of event, of home instances and of copies; headers; what security leaves."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
import yaml
from confluent_kafka import Message
from e2e_samples import known_types

from omrs_schemas.codec import EventCodec
from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from workers import PARTITIONS, Pair, Running, eventually, fleet, purge_old, unique

pytestmark = pytest.mark.kafka

TYPES = known_types()
CODEC = EventCodec(TYPES)


class Out:
    """The out topic of a server, read whole each time."""

    def __init__(self, kafka: str, server: str) -> None:
        self._conf = KafkaSettings(bootstrap_servers=kafka).bulk_consumer(unique("out"))
        self._topic = names.server_out(server)

    def of(self, guid: str) -> list[Message]:
        return [m for m in read_all(self._conf, self._topic, PARTITIONS) if m.key() == guid.encode()]

    def kinds(self, guid: str) -> list[str]:
        return [headers(message)["kind"] for message in self.of(guid)]

    def has(self, guid: str, *kinds: str) -> None:
        """These are told of it, in this order, sooner or later; the beginnings of the kinds."""
        wanted = list(kinds)
        assert self._told(guid, lambda told: len(told) >= len(wanted)) == wanted

    def has_forgotten(self, guid: str) -> None:
        """A copy under a guid given up. Its home's DELETED and RE_IDENTIFIED have different keys: they come in any
        order, and after the second of them the copy is gone."""
        told = self._told(guid, lambda told: told[-1:] == ["PURGED"])
        assert told in (["NEW", "PURGED"], ["NEW", "DELETED", "PURGED"])

    def _told(self, guid: str, enough: Callable[[list[str]], bool]) -> list[str]:
        told = list[str]()

        def reached() -> bool:
            told[:] = [kind.removesuffix("_ENTITY_EVENT") for kind in self.kinds(guid)]
            return enough(told)

        eventually(reached, f"{self._topic} tells of {guid}", every=0.5)
        return told


def headers(message: Message) -> Mapping[str, str]:
    return {name: (value or b"").decode() for name, value in dict(message.headers() or ()).items()}


def section(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = CODEC.decode(message.value() or b"")["instanceEventSection"]
    return found


def test_every_kind_is_told_at_home_and_of_the_copies(
    alice: MetadataClient, bob: MetadataClient, pair: Pair, kafka: Endpoint
) -> None:
    """A life from the first word to the last, at its home A and at B, which has copies."""
    properties = {"qualifiedName": unique("term"), "displayName": "one"}
    term = alice.add_entity("GlossaryTerm", properties)["guid"]
    other = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("other")})["guid"]
    alice.update_entity_properties(term, {**properties, "description": "two"})
    alice.undo_entity(term)
    alice.classify(term, "Confidentiality", {"confidentialityLevel": 1})
    alice.reclassify(term, "Confidentiality", {"confidentialityLevel": 2})
    alice.declassify(term, "Confidentiality")
    link = alice.add_relationship("Synonym", term, other)["guid"]
    alice.update_relationship_properties(link, {"description": "alike"})
    alice.undo_relationship(link)
    alice.delete_relationship(link)
    alice.restore_relationship(link)
    alice.delete_entity(term)  # and the relationship with it
    alice.restore_entity(term)
    new = str(uuid4())
    alice.re_identify_entity(other, new)
    alice.delete_entity(term)
    alice.purge_entity(term)
    lives = {
        term: [
            *("NEW", "UPDATED", "UNDONE", "CLASSIFIED", "RECLASSIFIED", "DECLASSIFIED"),
            *("DELETED", "RESTORED", "DELETED", "PURGED"),
        ],
        new: ["RE_IDENTIFIED"],
    }
    for server in (pair.a, pair.b):
        out = Out(kafka.bootstrap_servers, server.server)
        if server is pair.a:
            out.has(other, "NEW", "DELETED")  # its home keeps it as deleted
        else:
            out.has_forgotten(other)
        for guid, life in lives.items():
            out.has(guid, *life)
        eventually(lambda out=out: "PURGED_RELATIONSHIP_EVENT" in out.kinds(link), "the link goes too", every=0.5)
        told = out.kinds(link)
        assert told[:5] == [
            f"{kind}_RELATIONSHIP_EVENT" for kind in ("NEW", "UPDATED", "UNDONE", "DELETED", "RESTORED")
        ]
        for message in out.of(term):
            assert headers(message)["home-id"] == pair.ids[0]
    purge_old(alice, other)


def test_changes_of_type_and_home(alice: MetadataClient, bob: MetadataClient, pair: Pair, kafka: Endpoint) -> None:
    file = alice.add_entity("DataFile", {"qualifiedName": unique("file")})["guid"]
    alice.re_type_entity(file, "CSVFile")
    eventually(lambda: (bob.find_entity(file) or {"type": {}})["type"].get("typeDefName") == "CSVFile", "retyped at B")
    bob.re_home_entity(file, pair.ids[1])
    for server in (pair.a, pair.b):
        out = Out(kafka.bootstrap_servers, server.server)
        out.has(file, "NEW", "RETYPED", "RE_HOMED")
        told = [headers(message) for message in out.of(file)]
        assert [each["type-name"] for each in told] == ["DataFile", "CSVFile", "CSVFile"]
        assert [each["home-id"] for each in told] == [pair.ids[0], pair.ids[0], pair.ids[1]]


def test_headers_say_what_a_stranger_needs(bob: MetadataClient, pair: Pair, kafka: Endpoint) -> None:
    made = bob.add_entity("GlossaryTerm", {"qualifiedName": unique("term")}, event_id=unique("load"))
    out = Out(kafka.bootstrap_servers, pair.b.server)
    [message] = eventually(lambda: out.of(made["guid"]), "it is told")
    told = headers(message)
    assert (told["type-name"], told["version"], told["type-guid"]) == (
        "GlossaryTerm",
        "1",
        TYPES.require(name="GlossaryTerm")["guid"],
    )
    assert told["ce_specversion"] == "1.0" and told["ce_subject"] == made["guid"]
    assert told["ce_id"] == told["event-id"] and told["ce_type"] == "org.omrs.NEW_ENTITY_EVENT"
    assert datetime.fromisoformat(told["ce_time"]).timestamp() * 1000 == pytest.approx(made["createTime"])
    assert "expected-revision" not in told
    value = message.value() or b""
    assert value[:2] == b"\xc3\x01" and value[2:10].hex() == told["schema-fingerprint"]


@pytest.fixture(scope="module")
def guarded(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose out topic is what user `public` may read."""
    root = tmp_path_factory.mktemp("guarded")
    name = unique("guarded")
    rules = {
        "out_topic_user": "public",
        "requests": [
            {"users": ["public"], "types": ["Person"], "effect": "deny"},
            {"users": ["public"], "zones": ["secret"], "effect": "deny"},
            {
                "users": ["public"],
                "operations": ["read"],
                "types": ["DataFile"],
                "effect": "allow",
                "hide": ["fileType"],
            },
        ],
    }
    (root / "rules.yaml").write_text(yaml.safe_dump(rules))
    (root / "server.yaml").write_text(yaml.safe_dump({"server": name, "security": str(root / "rules.yaml")}))
    with fleet(root / "fleet", kafka.bootstrap_servers) as ours:
        yield ours.start(name, config=root / "server.yaml")


def test_security_decides_what_is_shown(guarded: Running, kafka: Endpoint) -> None:
    client = guarded.client("erin")
    person = client.add_entity("Person", {"qualifiedName": unique("person")})["guid"]
    file = client.add_entity("CSVFile", {"qualifiedName": unique("file"), "fileType": "utf-8"})["guid"]
    secret = {"ZoneMembership": {"zoneMembership": ["secret"]}}
    hidden = client.add_entity("GlossaryTerm", {"qualifiedName": unique("h")}, classifications=secret)["guid"]
    moved = client.add_entity("GlossaryTerm", {"qualifiedName": unique("m")})["guid"]
    client.classify(moved, *secret.popitem())
    client.update_entity_properties(moved, {"qualifiedName": "secret now"})
    client.declassify(moved, "ZoneMembership")
    link = client.add_relationship("Synonym", hidden, moved)["guid"]
    last = client.add_entity("GlossaryTerm", {"qualifiedName": unique("last")})["guid"]

    out = Out(kafka.bootstrap_servers, guarded.server)
    out.has(moved, "NEW", "PURGED", "PURGED", "DECLASSIFIED")
    out.has(last, "NEW")
    [told] = eventually(lambda: out.of(file), "the file is told")
    assert set(from_properties(section(told)["entity"]["properties"])) == {"qualifiedName"}
    gone = out.of(moved)[1]
    assert "entity" not in section(gone) and headers(gone)["kind"] == section(gone)["eventType"]
    assert headers(gone)["type-name"] == "GlossaryTerm"
    assert [out.kinds(guid) for guid in (person, hidden, link)] == [[], [], []]
    assert client.get_entity(person)["guid"] == person  # at the server nothing changed for its users


def test_subscribers_follow_what_security_leaves(guarded: Running, kafka: Endpoint) -> None:
    client = guarded.client("erin")
    with client.subscribe(kafka=kafka.bootstrap_servers) as events:
        made = client.add_entity("GlossaryTerm", {"qualifiedName": unique("term")})["guid"]
        client.classify(made, "ZoneMembership", {"zoneMembership": ["secret"]})
        seen = []
        for event in events.events(idle=60):
            if event.guid == made:
                seen.append((event.kind, event.type_name, event.instance is None))
            if len(seen) == 2:
                break
    assert seen == [("NEW_ENTITY_EVENT", "GlossaryTerm", False), ("PURGED_ENTITY_EVENT", "GlossaryTerm", True)]
