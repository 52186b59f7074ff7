"""The metadata server in memory answers as a real one does: the same calls, the same answers, the same events."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omrs_connectors.kit import ConnectorKit, MemoryServer
from omrs_connectors.kit.server import ServerProcess
from omrs_schemas.errors import OmrsError
from omrs_streams.client import ExternalSource, MetadataClient, exact, starts_with
from shared_data import require_shared

Answers = list[Any]


class Script:
    """Calls that are made at one server; answers in which guids, homes and times are replaced by what is the same."""

    def __init__(self, kit: ConnectorKit) -> None:
        self.client = kit.client
        self.kit = kit
        self.answers: Answers = []
        self.guids: dict[str, str] = {}

    def call(self, what: Callable[[MetadataClient], Any], name: str = "") -> Any:
        try:
            result = what(self.client)
        except OmrsError as error:
            self.answers.append((type(error).__name__, error.code, error.http, self.same(error.message)))
            return None
        if name:
            self.guids[result["guid"]] = name
        self.answers.append(self.same(result))
        return result

    def same(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: self.same(each)
                for key, each in value.items()
                if key not in ("createTime", "updateTime", "metadataCollectionId", "metadataCollectionName")
                and key not in ("replicatedBy", "instanceURL")
            }
        if isinstance(value, list | tuple):
            return [self.same(each) for each in value]
        if isinstance(value, str):
            for guid, name in self.guids.items():
                value = value.replace(guid, name)
            return value.replace(self.kit.world.partner.name, "SERVER")
        return value

    def found(self, what: Callable[[MetadataClient], list[Any]]) -> None:
        """A find whose order is not defined."""
        self.call(lambda client: sorted(what(client), key=lambda each: self.guids.get(each["guid"], each["guid"])))


def entities(script: Script) -> None:
    for number in range(3):
        properties = {
            "qualifiedName": f"term:{number}",
            "displayName": "same",
            "additionalProperties": {"n": str(number)},
        }
        script.call(lambda client, given=properties: client.add_entity("GlossaryTerm", given), f"term{number}")
    first, second, third = script.guids
    script.call(lambda client: client.add_entity("GlossaryTerm", {"notThere": "x"}))
    script.call(lambda client: client.add_entity("NoSuchType", {"qualifiedName": "x"}))
    script.call(lambda client: client.add_entity("GlossaryTerm", {"qualifiedName": "x"}, status="NOT_A_STATUS"))
    script.call(
        lambda client: client.update_entity_properties(first, {"qualifiedName": "term:0", "displayName": "new"})
    )
    script.call(lambda client: client.update_entity_status(second, "DELETED"))
    script.call(lambda client: client.undo_entity(first))
    script.call(lambda client: client.classify(first, "Confidentiality", {"confidentialityLevel": 3}))
    script.call(lambda client: client.classify(first, "Confidentiality", {"confidentialityLevel": 3}))
    script.call(lambda client: client.classify(first, "TypeEmbeddedAttribute"))
    script.call(lambda client: client.reclassify(first, "Confidentiality", {"confidentialityLevel": 4}))
    script.call(lambda client: client.get_entity(first))
    script.call(lambda client: client.declassify(first, "Confidentiality"))
    script.call(lambda client: client.declassify(first, "Confidentiality"))
    script.call(lambda client: client.delete_entity(third))
    script.call(lambda client: client.get_entity(third))
    script.call(lambda client: client.find_entity(third))
    script.call(lambda client: client.restore_entity(third))
    script.call(lambda client: client.restore_entity(third))
    script.call(lambda client: client.get_entity("no-such-guid"))
    script.call(lambda client: client.entity_history(first))


def relationships(script: Script) -> None:
    for name in ("a", "b", "c"):
        script.call(lambda client, called=name: client.add_entity("GlossaryTerm", {"qualifiedName": called}), name)
    a, b, c = list(script.guids)[-3:]
    link = script.call(lambda client: client.add_relationship("Synonym", a, b, {"description": "d"}), "a-b")["guid"]
    script.call(lambda client: client.add_relationship("Synonym", b, c), "b-c")
    script.call(lambda client: client.add_relationship("Synonym", a, "nobody"))
    script.call(lambda client: client.add_relationship("AttributeForSchema", a, b))
    script.call(lambda client: client.update_relationship_properties(link, {"description": "other"}))
    script.found(lambda client: client.relationships_of(b, "Synonym"))
    script.call(lambda client: client.neighborhood(a, 2).entities and len(client.neighborhood(a, 2).relationships))
    script.call(lambda client: client.delete_entity(b))
    script.call(lambda client: client.get_relationship(link))
    script.found(lambda client: client.relationships_of(a))
    script.call(lambda client: client.restore_entity(b))
    script.found(lambda client: client.relationships_of(b))
    script.call(lambda client: client.restore_relationship(link))
    script.call(lambda client: client.purge_entity(a))
    script.call(lambda client: client.delete_entity(a))
    script.call(lambda client: client.purge_entity(a))
    script.call(lambda client: client.find_relationship(link))


def finds(script: Script) -> None:
    for number in range(7):
        properties = {"qualifiedName": f"find:{number}", "description": "odd" if number % 2 else "even"}
        script.call(lambda client, given=properties: client.add_entity("Project", given), f"project{number}")
    script.call(lambda client: client.find_by_unique_name("Project", "qualifiedName", "find:3"))
    script.call(lambda client: client.find_by_unique_name("Project", "qualifiedName", "find:9"))
    script.found(lambda client: client.find_entities_by_property("Project", {"description": exact("odd")}))
    script.found(lambda client: client.find_entities_by_property("Project", {"qualifiedName": starts_with("find:")}))
    script.found(lambda client: client.find_entities_by_value(".*even.*", "Project"))
    script.call(lambda client: client.find_entities("Project", sort_property="qualifiedName", offset=2, page_size=3))
    script.call(lambda client: client.find_entities("Project", page_size=-1))
    script.call(lambda client: client.find_entities("Project", sort_property="nothing"))
    script.call(lambda client: [each["guid"] for each in sorted_by_name(client.iter_entities("Project", page_size=2))])


def sources(script: Script) -> None:
    """Provenance of an external source, and a request that is repeated."""
    home = script.call(lambda client: client.add_entity("SoftwareCapability", {"qualifiedName": "src"}), "source")
    external = ExternalSource(home["guid"], "src")
    topic = {"qualifiedName": "external topic"}
    made = script.call(lambda client: client.add_entity("Topic", topic, external_source=external), "topic")
    script.call(lambda client: client.update_entity_properties(made["guid"], {"qualifiedName": "renamed"}))
    script.call(lambda client: client.classify(made["guid"], "ZoneMembership", {"zoneMembership": ["z"]}))
    again = {"event_id": "the-same-request"}
    one = script.call(lambda client: client.add_entity("Topic", {"qualifiedName": "once"}, **again), "once")
    two = script.call(lambda client: client.add_entity("Topic", {"qualifiedName": "once"}, **again), "once")
    assert one["guid"] == two["guid"]


def sorted_by_name(found: Any) -> list[Any]:
    return sorted(found, key=lambda entity: entity.plain_properties["qualifiedName"])


def events_of(kit: ConnectorKit) -> dict[str, list[tuple[Any, ...]]]:
    """What the out topic told of each instance, in order: by the instance's name or ends."""
    records, _ = kit.world.events({})
    told: dict[str, list[tuple[Any, ...]]] = {}
    for record in records:
        headers = {name: value.decode() for name, value in record.headers.items()}
        said = (headers["kind"], headers["type-name"], headers["version"], sorted(headers))
        told.setdefault((record.key or b"").decode(), []).append(said)
    return told


@pytest.mark.kafka
@pytest.mark.parametrize("types", ["builtin", "4.2"])
def test_both_servers_answer_and_tell_the_same(types: str, kit_kafka: str, tmp_path: Path) -> None:
    release = "builtin"
    if types == "4.2":
        release = str(require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive"))
    scripts = []

    with (
        ConnectorKit(MemoryServer(types=release)) as memory,
        ConnectorKit(ServerProcess(tmp_path, kit_kafka, types=release)) as server,
    ):
        for kit in (memory, server):
            script = Script(kit)
            for part in (entities, relationships, finds, sources):
                part(script)
            scripts.append(script)
        for number, (here, there) in enumerate(zip(scripts[0].answers, scripts[1].answers, strict=True)):
            assert here == there, f"answer {number}"
        assert memory.snapshot() == server.snapshot()
        told = [
            {script.guids.get(guid, "?"): told for guid, told in events_of(kit).items()}
            for script, kit in zip(scripts, (memory, server), strict=True)
        ]
        assert told[0] == told[1]
        assert len(told[0]) > 15
