"""Exchange rules and metadata security between real servers: what is sent, taken in, kept, and who may see it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from omrs_schemas.errors import UserNotAuthorizedError
from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient, starts_with
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from workers import PARTITIONS, Fleet, Running, eventually, fleet, unique

pytestmark = pytest.mark.kafka

HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long


@dataclass
class Trio:
    """`sender` holds back Person and what is in zone secret; `choosy` takes in terms only; `learner` keeps what it asks
    for, and has rules for its users."""

    kafka: str
    cohort: str
    fleet: Fleet
    sender: Running
    choosy: Running
    learner: Running

    def sent(self) -> set[str]:
        """The guids of all that was ever sent, once the sender has published all that it holds."""

        def published() -> bool:
            status = self.sender.ask("/status")
            cursors = status["publishers"][f"cohort.{self.cohort}"]
            return all(cursors.get(str(p["partition"]), 0) >= p["next_offset"] for p in status["partitions"])

        eventually(published, "the sender published everything", within=HERE)
        conf = KafkaSettings(bootstrap_servers=self.kafka).bulk_consumer(unique("reader"))
        return {(m.key() or b"").decode() for m in read_all(conf, names.cohort_instances(self.cohort), PARTITIONS)}


@pytest.fixture(scope="module")
def trio(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trio]:
    root = tmp_path_factory.mktemp("trio")
    cohort = unique("rules")

    def config(name: str, **settings: object) -> Path:
        file = root / f"{name}.yaml"
        file.write_text(yaml.safe_dump({"server": name, **settings}))
        return file

    outward, inward = root / "outward.yaml", root / "inward.yaml"
    outward.write_text(
        """
send:
  - {zones: [secret], effect: deny}
  - {types: [GlossaryTerm], effect: allow, hide: [usage]}
"""
    )
    inward.write_text(
        """
users: {erin: [steward]}
requests:
  - {roles: [steward], effect: allow}
  - {operations: [read], zones: [secret], effect: deny}
  - {operations: [read], types: [GlossaryTerm], effect: allow, hide: [description]}
  - {types: [Person], effect: deny}
  - {zones: [open, secret], operations: [classify, update], effect: allow}
  - {operations: [delete, classify, update], effect: deny}
"""
    )
    with fleet(root / "fleet", kafka.bootstrap_servers) as ours:
        started = [
            ours.spawn(
                name := unique("sender"),
                config=config(
                    name,
                    cohorts=[cohort],
                    events_to_send={"rule": "DESELECTED_TYPES", "types": ["Person"]},
                    security=str(outward),
                ),
            ),
            ours.spawn(
                name := unique("choosy"),
                config=config(
                    name,
                    cohorts=[
                        {
                            "name": cohort,
                            "events_to_process": {"rule": "SELECTED_TYPES", "types": ["GlossaryTerm"]},
                        }
                    ],
                ),
            ),
            ours.spawn(
                name := unique("learner"),
                config=config(name, cohorts=[cohort], events_to_save={"rule": "LEARNED_TYPES"}, security=str(inward)),
            ),
        ]
        for running in started:
            ours.await_url(running).wait_ready()
        yield Trio(kafka.bootstrap_servers, cohort, ours, *started)


def shown(client: MetadataClient, guid: str) -> set[str]:
    return set(from_properties(client.get_entity(guid).get("properties")))


def test_what_the_send_rule_deselects_never_leaves(trio: Trio) -> None:
    client = trio.sender.client()
    person = client.add_entity("Person", {"qualifiedName": unique("p")})
    term = client.add_entity("GlossaryTerm", {"qualifiedName": unique("t")})
    sent = trio.sent()
    assert term["guid"] in sent
    assert person["guid"] not in sent


def test_security_holds_back_zones_and_properties(trio: Trio) -> None:
    client = trio.sender.client()
    secret = client.add_entity(
        "GlossaryTerm",
        {"qualifiedName": unique("t")},
        classifications={"ZoneMembership": {"zoneMembership": ["secret"]}},
    )
    term = client.add_entity("GlossaryTerm", {"qualifiedName": unique("t"), "description": "d", "usage": "inside"})
    sent = trio.sent()
    assert term["guid"] in sent
    assert secret["guid"] not in sent
    there = trio.choosy.client()
    eventually(lambda: there.find_entity(term["guid"]), "the term arrives", within=HERE)
    assert shown(there, term["guid"]) == {"qualifiedName", "description"}
    assert shown(client, term["guid"]) == {"qualifiedName", "description", "usage"}


def test_the_process_rule_takes_in_the_selected_types_only(trio: Trio) -> None:
    client, there = trio.sender.client(), trio.choosy.client()
    file = client.add_entity("CSVFile", {"qualifiedName": unique("f")})
    terms = [client.add_entity("GlossaryTerm", {"qualifiedName": unique("t")}) for _ in range(3 * PARTITIONS)]
    for term in terms:
        eventually(lambda guid=term["guid"]: there.find_entity(guid), "the terms arrive", within=HERE)
    assert file["guid"] in trio.sent()
    filtered = f'omrs_cohort_events_total{{outcome="filtered",topic="{names.cohort_instances(trio.cohort)}"}}'
    eventually(lambda: filtered in trio.choosy.ask_text("/metrics"), "the file was filtered", within=HERE)
    assert there.find_entity(file["guid"]) is None


def test_what_was_asked_for_is_learned(trio: Trio) -> None:
    client, there = trio.sender.client(), trio.learner.client("erin")
    first = client.add_entity("GlossaryTerm", {"qualifiedName": unique("t")})
    assert first["guid"] in trio.sent()
    home = first["metadataCollectionId"]
    path = f"/instances/entities/reference-copy/{first['guid']}/refresh"
    kind = {"typeDefGUID": first["type"]["typeDefGUID"], "typeDefName": "GlossaryTerm"}
    assert there.find_entity(first["guid"]) is None
    asked = trio.learner.rest("erin").post(path, params={"homeMetadataCollectionId": home}, json=kind).json()
    assert asked["relatedHTTPCode"] == 200, asked
    eventually(lambda: there.find_entity(first["guid"]), "the answer is kept", within=HERE)
    second = client.add_entity("GlossaryTerm", {"qualifiedName": unique("t")})
    eventually(lambda: there.find_entity(second["guid"]), "the type was learned", within=HERE)

    assert trio.learner.stop() == 0
    config = next(p for p in trio.fleet.root.parent.iterdir() if p.name == f"{trio.learner.server}.yaml")
    trio.learner = trio.fleet.start(trio.learner.server, config=config)
    third = client.add_entity("GlossaryTerm", {"qualifiedName": unique("t")})
    there = trio.learner.client("erin")
    eventually(lambda: there.find_entity(third["guid"]), "it is still known after a restart", within=HERE)


def test_users_see_and_do_what_the_rules_let_them(trio: Trio) -> None:
    erin, peter = trio.learner.client("erin"), trio.learner.client("peter")
    person = erin.add_entity("Person", {"qualifiedName": unique("p")})
    term = erin.add_entity("GlossaryTerm", {"qualifiedName": unique("t"), "description": "d"})
    assert shown(erin, term["guid"]) == {"qualifiedName", "description"}
    assert shown(peter, term["guid"]) == {"qualifiedName"}
    with pytest.raises(UserNotAuthorizedError, match="peter may not read Person"):
        peter.get_entity(person["guid"])
    with pytest.raises(UserNotAuthorizedError, match="peter may not delete"):
        peter.delete_entity(term["guid"])
    with pytest.raises(UserNotAuthorizedError, match="peter may not create"):
        peter.add_entity("Person", {"qualifiedName": unique("p")})
    assert person["guid"] in {found["guid"] for found in erin.find_entities("Person")}
    assert peter.find_entities("Person") == []
    assert {found["guid"] for found in peter.find_entities("GlossaryTerm")} >= {term["guid"]}


def test_who_sees_a_part_pages_finds_and_updates_that_part(trio: Trio) -> None:
    erin, peter = trio.learner.client("erin"), trio.learner.client("peter")
    mark = unique("page")
    visible = set()
    for number in range(7):
        for zone in ("open", "secret"):
            made = erin.add_entity(
                "GlossaryTerm",
                {"qualifiedName": f"{mark} {number}", "description": mark},
                classifications={"ZoneMembership": {"zoneMembership": [zone]}},
            )
            if zone == "open":
                visible.add(made["guid"])
    every = {"qualifiedName": starts_with(mark)}
    assert len(list(erin.iter_entities("GlossaryTerm", every, page_size=2))) == 14
    paged = [found["guid"] for found in peter.iter_entities("GlossaryTerm", every, page_size=2)]
    assert sorted(paged) == sorted(visible)
    assert len(erin.find_entities_by_property("GlossaryTerm", {"description": mark})) == 14
    assert peter.find_entities_by_property("GlossaryTerm", {"description": mark}) == []
    assert peter.find_entities_by_value(mark, "GlossaryTerm") == []

    guid = paged[0]
    peter.update_entity_properties(guid, {"qualifiedName": f"{mark} new"})
    assert from_properties(erin.get_entity(guid)["properties"]) == {"qualifiedName": f"{mark} new", "description": mark}
    peter.reclassify(guid, "ZoneMembership", {"zoneMembership": ["secret"]})
    with pytest.raises(UserNotAuthorizedError, match="peter may not read"):
        peter.get_entity(guid)
    assert erin.get_entity(guid)["version"] == 2
