"""What a listener wants, decided from a record's key and headers, and from the event where headers do not tell."""

from typing import Any

import pytest

from omrs_connectors.kit import ConnectorKit
from omrs_connectors.sdk import IntegrationConnector, Listener, Source
from omrs_connectors.sdk.listener import LINEAGE, listener_for
from omrs_schemas.errors import ConfigurationError, InvalidParameterError, TypeDefNotKnownError
from omrs_schemas.typedefs.system import TypeSystem

OUT = Source("omrs.server.s.out")
TYPES = TypeSystem.builtin()


def guid_of(type_name: str) -> str:
    return str(TYPES.require(name=type_name)["guid"])


def listener(**wanted: Any) -> Listener:
    return listener_for(TYPES, OUT, lambda event: None, **wanted)


@pytest.mark.parametrize(
    ("wanted", "kind", "type_name", "guid", "answer"),
    [
        ({}, "NEW_ENTITY_EVENT", "Topic", "g", True),
        ({"type_names": ["Asset"]}, "NEW_ENTITY_EVENT", "CSVFile", "g", True),
        ({"type_names": "Asset"}, "NEW_ENTITY_EVENT", "GlossaryTerm", "g", False),
        ({"kinds": "NEW"}, "NEW_RELATIONSHIP_EVENT", "Synonym", "g", True),
        ({"kinds": ["NEW"]}, "UPDATED_ENTITY_EVENT", "Topic", "g", False),
        ({"kinds": ["NEW_ENTITY_EVENT"]}, "NEW_RELATIONSHIP_EVENT", "Synonym", "g", False),
        ({"guids": ["g", "h"]}, "NEW_ENTITY_EVENT", "Topic", "g", True),
        ({"guids": "h"}, "NEW_ENTITY_EVENT", "Topic", "g", False),
    ],
)
def test_key_and_headers_decide(wanted: dict[str, Any], kind: str, type_name: str, guid: str, answer: bool) -> None:
    headers = {"kind": kind.encode(), "type-guid": guid_of(type_name).encode()}
    assert listener(**wanted).wants_record(guid.encode(), headers) is answer
    section = {"eventType": kind, "typeDefGUID": guid_of(type_name), "instanceGUID": guid}
    assert listener(**wanted).wants_event({"instanceEventSection": section}) is answer


def test_what_a_record_does_not_tell_is_handed_over() -> None:
    narrow = listener(type_names="Asset", kinds="NEW", guids="g")
    assert narrow.wants_record(None, {})
    assert narrow.wants_event({})


def test_unknown_types_and_kinds_are_refused() -> None:
    with pytest.raises(TypeDefNotKnownError):
        listener(type_names="NoSuchType")
    with pytest.raises(InvalidParameterError, match="no kind of event 'MOVED'"):
        listener(kinds="MOVED")


def test_sources_have_keys_of_their_own() -> None:
    sources = [OUT, LINEAGE, Source("omrs.server.s.out", None, "own"), Source("omrs.server.s.out", "other:9092", "own")]
    assert len({source.key for source in sources}) == 4


class ZoneListener(IntegrationConnector):
    """Hears of what is in the quarantine zone."""

    def start(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.listener = self.context.register_listener(self.on_event, zones="quarantine")

    def on_event(self, event: dict[str, Any]) -> None:
        section = event["instanceEventSection"]
        self.heard.append((section["eventType"], section["instanceGUID"]))


def test_zones_are_those_before_and_after_the_change(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(ZoneListener).start()
    client = memory_kit.client
    free = client.add_entity("Topic", {"qualifiedName": "free"}).guid
    held = client.add_entity("Topic", {"qualifiedName": "held"}).guid
    client.classify(held, "ZoneMembership", {"zoneMembership": ["quarantine", "lab"]})
    client.update_entity_properties(held, {"qualifiedName": "held", "displayName": "h"})
    client.add_relationship("SemanticAssignment", held, _term(client))
    client.reclassify(held, "ZoneMembership", {"zoneMembership": ["lab"]})
    client.update_entity_properties(held, {"qualifiedName": "held", "displayName": "out of it"})
    client.update_entity_properties(free, {"qualifiedName": "free", "displayName": "f"})
    trial.deliver()
    kinds = [kind for kind, _ in trial.connector.heard]
    assert kinds == [
        "CLASSIFIED_ENTITY_EVENT",
        "UPDATED_ENTITY_EVENT",
        "NEW_RELATIONSHIP_EVENT",
        "RECLASSIFIED_ENTITY_EVENT",
    ]
    assert free not in {guid for _, guid in trial.connector.heard}


def _term(client: Any) -> str:
    return str(client.add_entity("GlossaryTerm", {"qualifiedName": "t"})["guid"])


def test_a_listener_is_taken_away(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(ZoneListener).start()
    assert len(trial.listeners) == 1
    trial.context.unregister(trial.connector.listener)
    assert trial.listeners == ()
    memory_kit.client.add_entity("Topic", {"qualifiedName": "t"})
    assert trial.deliver() == 0


def test_a_topic_is_listened_to_or_refreshes(memory_kit: ConnectorKit) -> None:
    context = memory_kit.trial(ZoneListener).start().context
    with pytest.raises(ConfigurationError, match="give a handle, or refresh=True"):
        context.listen_to("queues", None)
    with pytest.raises(ConfigurationError, match="give a handle, or refresh=True"):
        context.listen_to("queues", print, refresh=True)
    assert context.listen_to("queues", None, refresh=True, bootstrap_servers="other:9092").source == Source(
        "queues", "other:9092", "own"
    )
