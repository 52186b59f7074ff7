"""Types at two servers of a cohort: added, patched, deleted, re-identified, in conflict; kept over restarts."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import yaml
from e2e_samples import Bean, entity_def, has_type, refused, typedef

from omrs_schemas.codec import EventCodec
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from shared_data import require_shared
from workers import Fleet, Running, eventually, fleet, unique

pytestmark = pytest.mark.kafka

CONFLICTS = ("OMRS-AUDIT-9018", "OMRS-AUDIT-0203", "OMRS-AUDIT-0204", "OMRS-AUDIT-0305", "OMRS-AUDIT-0320")


def start(workers: Fleet, server: str, cohort: str | None, encoding: str = "avro", **settings: Any) -> Running:
    """Not waiting. `settings` are those of the configuration file."""
    config = workers.root / f"{server}-{uuid4().hex[:6]}.yaml"
    cohorts = [{"name": cohort, "encoding": encoding, **settings.pop("joining", {})}] if cohort else []
    config.write_text(yaml.safe_dump({"cohorts": cohorts, **settings}))
    return workers.spawn(server, config=config)


def ready(workers: Fleet, *spawned: Running) -> None:
    for running in spawned:
        workers.await_url(running).wait_ready()


def fresh_name(prefix: str) -> str:
    return f"{prefix}{uuid4().hex[:10]}"


def ok(answer: Any) -> Bean:
    body: Bean = answer.json()
    assert body["relatedHTTPCode"] == 200, body
    return body


def patch_of(bean: Bean, **more: Any) -> Bean:
    version = bean["version"]
    return {
        "headerVersion": 1,
        "typeDefGUID": bean["guid"],
        "typeDefName": bean["name"],
        "applyToVersion": version,
        "updateToVersion": version + 1,
        "newVersionName": f"{version + 1}.0",
        "updatedBy": "e2e",
        "updateTime": 1_700_000_000_001,
        **more,
    }


def on_types_topic(kafka: Endpoint, cohort: str) -> list[Bean]:
    conf = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).bulk_consumer(unique("types-reader"))
    codec = EventCodec(TypeSystem())
    return [codec.decode(message.value() or b"") for message in read_all(conf, names.cohort_types(cohort), 1)]


def about(events: list[Bean], *guids: str) -> list[str]:
    """The kinds of the events that concern one of `guids`, in order."""
    return [
        e["typeDefEventSection"]["typeDefEventType"] for e in events if any(guid in json.dumps(e) for guid in guids)
    ]


def said(running: Running, message_id: str, *words: str) -> bool:
    lines = running.log_text().splitlines()
    return any(message_id in line and all(word in line for word in words) for line in lines)


class Two:
    """Servers A and B of one Avro cohort."""

    def __init__(self, workers: Fleet, cohort: str) -> None:
        self.workers = workers
        self.cohort = cohort
        self.a, self.b = (start(workers, unique(name), cohort) for name in "AB")
        ready(workers, self.a, self.b)


@pytest.fixture(scope="module")
def two(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with fleet(tmp_path_factory.mktemp("types"), kafka.bootstrap_servers) as ours:
        yield Two(ours, unique("types"))


def test_a_release_is_announced_about_once(two: Two, kafka: Endpoint) -> None:
    """Two members that start together: the later one sees what the other announced, unless both were too quick."""
    release = TypeSystem.builtin()
    count = len(release.typedefs()) + len(release.attribute_typedefs())
    eventually(lambda: len(on_types_topic(kafka, two.cohort)) >= count, "a release is announced")
    assert len(on_types_topic(kafka, two.cohort)) <= 2 * count + 20
    for running in (two.a, two.b):
        assert not [message_id for message_id in CONFLICTS if said(running, message_id)]


@pytest.mark.conformance("TYPEDEF_ADD", "TYPEDEF_MAINTENANCE")
def test_a_type_is_added_and_patched_everywhere(two: Two, kafka: Endpoint) -> None:
    name = fresh_name("Added")
    bean = entity_def(name, attribute="wording")
    rest = two.a.rest("maintainer")
    ok(rest.post("/types/typedef", json=bean))
    refused(rest.post("/types/typedef", json=bean), "OMRS-REPOSITORY-400-003", "TypeDefKnownException", name)
    assert has_type(two.b, name) == typedef(two.a, name)
    eventually(lambda: said(two.a, "OMRS-AUDIT-0306", name, "maintainer"), "A reports it")
    eventually(lambda: said(two.b, "OMRS-AUDIT-0301", name), "B reports the type")

    more = {**bean["propertiesDefinition"][0], "attributeName": "tone"}
    patched = ok(rest.post("/types/typedef/update", json=patch_of(bean, propertyDefinitions=[more])))["typeDef"]
    assert (patched["version"], {p["attributeName"] for p in patched["propertiesDefinition"]}) == (
        2,
        {"wording", "tone"},
    )
    assert has_type(two.b, name, 2) == patched
    eventually(lambda: said(two.b, "OMRS-AUDIT-0303", name), "B reports the patch")
    again = ok(rest.post("/types/typedef/update", json=patch_of(bean, propertyDefinitions=[more])))["typeDef"]
    assert again == patched, "it was applied before"
    refused(
        rest.post("/types/typedef/update", json=patch_of({**bean, "version": 7})),
        "OMRS-REPOSITORY-400-068",
        "PatchErrorException",
        name,
    )
    events = on_types_topic(kafka, two.cohort)
    assert about(events, bean["guid"]) == ["NEW_TYPEDEF_EVENT", "UPDATED_TYPEDEF_EVENT"]
    sections = [event["typeDefEventSection"] for event in events]
    (update,) = [each for each in sections if (each.get("typeDefPatch") or {}).get("typeDefGUID") == bean["guid"]]
    assert update.keys() == {"typeDefEventType", "typeDefPatch"}, "a patch event carries the patch only"

    made = two.b.client(types=known(patched)).add_entity(name, {"qualifiedName": unique("it"), "tone": "soft"})
    eventually(lambda: two.a.client(types=known(patched)).find_entity(made["guid"]), "A has the copy")


def known(*more: Bean) -> TypeSystem:
    types = TypeSystem.builtin()
    for each in more:
        types.add_typedef(each)
    return types


def test_a_gallery_is_added_everywhere(two: Two) -> None:
    enum_name, name = fresh_name("Shade"), fresh_name("Paint")
    enum = {
        "class": "EnumDef",
        "headerVersion": 1,
        "guid": str(uuid4()),
        "name": enum_name,
        "version": 1,
        "versionName": "1.0",
        "category": "ENUM_DEF",
        "elementDefs": [{"headerVersion": 1, "ordinal": 0, "value": "Light"}],
    }
    bean = entity_def(name, attribute="shade")
    bean["propertiesDefinition"][0]["attributeType"] = enum
    gallery = {"class": "TypeDefGallery", "headerVersion": 1, "attributeTypeDefs": [enum], "typeDefs": [bean]}
    ok(two.a.rest().post("/types", json=gallery))
    ok(two.a.rest().post("/types", json=gallery))
    assert has_type(two.b, name)["propertiesDefinition"][0]["attributeType"]["guid"] == enum["guid"]
    rest = two.b.rest()
    assert ok(rest.get(f"/types/attribute-typedef/name/{enum_name}"))["attributeTypeDef"] == enum
    assert ok(rest.post("/types/typedef/compatibility", json=bean))["flag"] is True
    assert ok(rest.post("/types/attribute-typedef/compatibility", json=enum))["flag"] is True
    refused(
        rest.post("/types/attribute-typedef/compatibility", json={**enum, "description": "another"}),
        "OMRS-REPOSITORY-400-059",
        "TypeDefConflictException",
        enum_name,
    )
    refused(
        two.a.rest().post(f"/types/attribute-typedef/{enum['guid']}/delete", params={"name": enum_name}),
        "OMRS-REPOSITORY-400-002",
        "TypeDefInUseException",
        name,
    )


def test_types_are_found(two: Two) -> None:
    rest = two.a.rest()
    found = ok(rest.get("/types/by-name", params={"name": "Glossary(Term)?|string"}))
    assert {each["name"] for each in found["typeDefs"]} == {"Glossary", "GlossaryTerm"}
    assert [each["name"] for each in found["attributeTypeDefs"]] == ["string"]
    assert "typeDefs" not in ok(rest.get("/types/by-name", params={"name": "NoSuchType"}))
    refused(rest.get("/types/by-name"), "OMRS-REPOSITORY-400-007", "InvalidParameterException")
    listed = ok(rest.post("/types/typedefs/by-category", json="CLASSIFICATION_DEF"))["typeDefs"]
    assert {each["category"] for each in listed} == {"CLASSIFICATION_DEF"} and len(listed) > 50
    kinds = ok(rest.post("/types/attribute-typedefs/by-category", json="PRIMITIVE"))["attributeTypeDefs"]
    assert len(kinds) == 13
    wanted = {"class": "TypeDefProperties", "typeDefProperties": {"qualifiedName": None, "additionalProperties": None}}
    owners = ok(rest.request("GET", "/types/typedefs/by-property", json=wanted))["typeDefs"]
    assert "Referenceable" in {each["name"] for each in owners}
    searched = ok(rest.get("/types/typedefs/by-property-value", params={"searchCriteria": "Data.*"}))["typeDefs"]
    assert searched and all(each["name"].startswith("Data") for each in searched)
    refused(rest.get("/types/typedefs/by-external-id"), "OMRS-REPOSITORY-400-012", "InvalidParameterException")


def test_a_type_is_deleted_once_nothing_uses_it(two: Two, kafka: Endpoint) -> None:
    name = fresh_name("Deleted")
    bean = entity_def(name, attribute="wording")
    rest, at = two.a.rest(), f"/types/typedef/{bean['guid']}/delete"
    ok(rest.post("/types/typedef", json=bean))
    has_type(two.b, name)
    client = two.a.client(types=known(bean))
    made = client.add_entity(name, {"qualifiedName": unique("it")})
    eventually(lambda: two.b.client(types=known(bean)).find_entity(made["guid"]), "B has the copy")
    refused(rest.post(at, params={"name": name}), "OMRS-REPOSITORY-400-001", "TypeDefInUseException", name)
    client.delete_entity(made["guid"])
    refused(rest.post(at, params={"name": name}), "OMRS-REPOSITORY-400-001", "TypeDefInUseException", name)
    client.purge_entity(made["guid"])
    eventually(lambda: two.b.client(types=known(bean)).find_entity(made["guid"]) is None, "B has purged the copy")
    refused(rest.post(at), "OMRS-REPOSITORY-400-007", "InvalidParameterException")
    ok(rest.post(at, params={"name": name}))
    assert typedef(two.a, name) is None
    eventually(lambda: typedef(two.b, name) is None, "B has removed it")
    assert about(on_types_topic(kafka, two.cohort), bean["guid"])[-1] == "DELETED_TYPEDEF_EVENT"
    for running in (two.a, two.b):
        eventually(lambda running=running: said(running, "OMRS-AUDIT-0304", name), f"{running.server} reports it")
    ok(rest.post("/types/typedef", json=bean))
    has_type(two.b, name)


def test_a_type_with_instances_elsewhere_stays_there(two: Two) -> None:
    """B holds an entity that A does not save: B refuses the removal and says why."""
    name = fresh_name("Kept")
    bean = entity_def(name, attribute="wording")
    ok(two.a.rest().post("/types/typedef", json=bean))
    has_type(two.b, name)
    client = two.b.client(types=known(bean))
    made = client.add_entity(name, {"qualifiedName": unique("it")})
    client.delete_entity(made["guid"])  # deleted, not purged: it can be restored
    refused(
        two.b.rest().post(f"/types/typedef/{bean['guid']}/delete", params={"name": name}),
        "OMRS-REPOSITORY-400-001",
        "TypeDefInUseException",
    )
    client.restore_entity(made["guid"])
    assert typedef(two.b, name) is not None


def test_a_type_gets_another_identity_everywhere(two: Two, kafka: Endpoint) -> None:
    old, new = fresh_name("Former"), fresh_name("Later")
    bean = entity_def(old, attribute="wording")
    below = {**entity_def(fresh_name("Below"), attribute="depth"), "superType": {"guid": bean["guid"], "name": old}}
    for each in (bean, below):
        ok(two.a.rest().post("/types/typedef", json=each))
    has_type(two.b, below["name"])
    made = two.b.client(types=known(bean)).add_entity(old, {"qualifiedName": unique("it")})
    eventually(lambda: two.a.client().find_entity(made["guid"]), "A has the copy")
    new_guid = str(uuid4())
    asked = {"originalTypeDefName": old, "newTypeDefGUID": new_guid, "newTypeDefName": new}
    request = {"class": "TypeDefReIdentifyRequest", **asked}
    after = ok(two.a.rest().post(f"/types/typedef/{bean['guid']}/identifier", json=request))["typeDef"]
    assert (after["guid"], after["name"], after["version"]) == (new_guid, new, 2)
    assert has_type(two.b, new) == after
    assert about(on_types_topic(kafka, two.cohort), new_guid) == ["RE_IDENTIFIED_TYPEDEF_EVENT"]
    for running in (two.a, two.b):
        rest = running.rest()
        assert ok(rest.get(f"/types/typedef/{bean['guid']}"))["typeDef"] == after, "it answers to its former guid"
        links = has_type(running, below["name"])["superType"]
        assert (links["guid"], links["name"]) == (new_guid, new)
        found = ok(rest.post("/instances/entities", json={"class": "EntityFindRequest", "typeGUID": new_guid}))
        assert [each["guid"] for each in found["entities"]] == [made["guid"]]
    types = TypeSystem.builtin()
    types.add_typedef(after)
    later = two.a.client(types=types).add_entity(new, {"qualifiedName": unique("it")})
    assert later["type"]["typeDefGUID"] == new_guid
    eventually(lambda: two.b.client(types=types).find_entity(later["guid"]), "B has the copy of the new one")
    two.b.client(types=known(bean)).update_entity_properties(
        made["guid"], {"qualifiedName": unique("it"), "wording": "as before"}
    )


def test_what_was_learned_outlives_a_restart(workers: Fleet, kafka: Endpoint) -> None:
    cohort = unique("restart")
    a, b = (start(workers, unique(name), cohort) for name in "AB")
    ready(workers, a, b)
    for running in (a, b):
        announced(running)
    stays, goes, moves, moved = (fresh_name(word) for word in ("Stays", "Goes", "Moves", "Moved"))
    beans = {name: entity_def(name, attribute="wording") for name in (stays, goes, moves)}
    rest = a.rest()
    for bean in beans.values():
        ok(rest.post("/types/typedef", json=bean))
    ok(rest.post("/types/typedef/update", json=patch_of(beans[stays], description="patched")))
    release = ok(rest.get("/types/typedef/name/Glossary"))["typeDef"]
    ok(rest.post("/types/typedef/update", json=patch_of(release, description="of glossaries")))
    ok(rest.post(f"/types/typedef/{beans[goes]['guid']}/delete", params={"name": goes}))
    request = {"originalTypeDefName": moves, "newTypeDefGUID": str(uuid4()), "newTypeDefName": moved}
    ok(rest.post(f"/types/typedef/{beans[moves]['guid']}/identifier", json=request))
    has_type(b, moved)
    before = ok(b.rest().get("/types/all"))
    assert a.stop() == 0 and b.stop() == 0
    offset = len(on_types_topic(kafka, cohort))

    b2 = start(workers, b.server, cohort)
    ready(workers, b2)
    assert same_types(ok(b2.rest().get("/types/all")), before)
    assert typedef(b2, moves) == typedef(b2, moved) and typedef(b2, goes) is None
    newcomer = start(workers, unique("C"), cohort)
    ready(workers, newcomer)
    has_type(newcomer, moved)
    eventually(lambda: same_types(ok(newcomer.rest().get("/types/all")), before), "a newcomer reads the history")
    for running in (b2, newcomer):
        assert announced(running) == 0
        assert not [message_id for message_id in CONFLICTS if said(running, message_id)]
    assert len(on_types_topic(kafka, cohort)) == offset, "nobody announces again what stands on the topic"


def announced(running: Running) -> int:
    """How many types it announced on joining; who stops before that leaves it to the next start."""
    pattern = re.compile(r": (\d+) types are announced")
    found = eventually(lambda: pattern.search(running.log_text()), f"{running.server} has announced its types")
    return int(found[1])


def same_types(one: Bean, other: Bean) -> bool:
    def by_guid(gallery: Bean) -> dict[str, Bean]:
        return {each["guid"]: each for field in ("attributeTypeDefs", "typeDefs") for each in gallery[field]}

    return by_guid(one) == by_guid(other)


def test_changes_made_outside_the_cohort_are_told_on_joining(workers: Fleet) -> None:
    """A was in no cohort when it changed types that B announced meanwhile."""
    cohort = unique("later")
    b = start(workers, unique("B"), cohort)
    a = start(workers, unique("A"), None)
    ready(workers, a, b)
    own = entity_def(fresh_name("Own"), attribute="wording")
    ok(a.rest().post("/types/typedef", json=own))
    glossary = ok(a.rest().get("/types/typedef/name/Glossary"))["typeDef"]
    ok(a.rest().post("/types/typedef/update", json=patch_of(glossary, description="of glossaries")))
    project = ok(a.rest().get("/types/typedef/name/PersonalProject"))["typeDef"]
    request = {
        "originalTypeDefName": project["name"],
        "newTypeDefGUID": str(uuid4()),
        "newTypeDefName": fresh_name("P"),
    }
    ok(a.rest().post(f"/types/typedef/{project['guid']}/identifier", json=request))
    a.stop()
    announced(b)
    a = start(workers, a.server, cohort)
    ready(workers, a)
    has_type(b, own["name"])
    assert has_type(b, "Glossary", glossary["version"] + 1)["description"] == "of glossaries"
    assert has_type(b, request["newTypeDefName"]) == typedef(b, "PersonalProject")
    for running in (a, b):
        assert not [message_id for message_id in CONFLICTS if said(running, message_id)]


@pytest.mark.conformance("TYPEDEF_CONFLICT_MANAGEMENT")
@pytest.mark.parametrize("encoding", ["avro", "egeria-json"])
def test_two_types_of_one_name_are_a_conflict_that_is_told(workers: Fleet, kafka: Endpoint, encoding: str) -> None:
    name = fresh_name("Twice")
    cohort = unique("conflict")
    a, b = (start(workers, unique(letter), None) for letter in "AB")
    ready(workers, a, b)
    beans = [{**entity_def(name, attribute="wording"), "guid": str(uuid4())} for _ in "AB"]
    for running, bean in zip((a, b), beans, strict=True):
        ok(running.rest().post("/types/typedef", json=bean))
        running.stop()
    a = start(workers, a.server, cohort, encoding)
    ready(workers, a)
    if encoding == "avro":
        announced(a)  # whoever is second finds the conflict
    b = start(workers, b.server, cohort, encoding)
    ready(workers, b)
    ids = [running.ask("/status")["metadata_collection_id"] for running in (a, b)]
    eventually(lambda: said(b, "OMRS-AUDIT-9018", name) and said(b, "OMRS-AUDIT-0203", name), "B finds the conflict")
    eventually(lambda: said(a, "OMRS-AUDIT-0201", name), "A is told")
    for running, bean in zip((a, b), beans, strict=True):
        assert (typedef(running, name) or {})["guid"] == bean["guid"], "each keeps its own"
        assert not running.ask("/status").get("dead_letters")
    if encoding == "avro":
        errors = [event for event in on_types_topic(kafka, cohort) if "errorSection" in event]
        assert len(errors) == 1 and errors[0]["originator"]["metadataCollectionId"] == ids[1]
        section = errors[0]["errorSection"]
        assert section["errorCode"] == "CONFLICTING_TYPEDEFS" and section["targetMetadataCollectionId"] == ids[0]
        assert section["targetTypeDefSummary"]["guid"] == beans[0]["guid"]
        assert section["otherTypeDef"]["guid"] == beans[1]["guid"]


@pytest.mark.parametrize("encoding", ["avro", "egeria-json"])
def test_two_servers_on_the_archive_of_4_2_agree(workers: Fleet, encoding: str) -> None:
    archive = require_shared() / "data" / "archives" / "OpenMetadataTypes-4.2.omarchive"
    cohort = unique("release")
    a, b = (start(workers, unique(name), cohort, encoding, types=str(archive)) for name in "AB")
    ready(workers, a, b)
    own = entity_def(fresh_name("Over42"), attribute="wording")
    ok(a.rest().post("/types/typedef", json=own))
    assert has_type(b, own["name"]) == typedef(a, own["name"])
    assert same_types(ok(a.rest().get("/types/all")), ok(b.rest().get("/types/all")))
    for running in (a, b):
        assert not [message_id for message_id in CONFLICTS if said(running, message_id)]


def test_rules_keep_types_back(workers: Fleet) -> None:
    """B does not send, C does not process: each of the others has what the rules let pass."""
    cohort = unique("rules")
    none = {"rule": "REGISTRATION_ONLY"}
    a = start(workers, unique("A"), cohort)
    b = start(workers, unique("B"), cohort, events_to_send=none)
    c = start(workers, unique("C"), cohort, joining={"events_to_process": none})
    ready(workers, a, b, c)
    of_a, of_b = (entity_def(fresh_name(f"Of{name}"), attribute="wording") for name in "AB")
    ok(b.rest().post("/types/typedef", json=of_b))
    ok(a.rest().post("/types/typedef", json=of_a))
    has_type(b, of_a["name"])
    eventually(lambda: "filtered" in metrics_of(c), "C passes it over")
    assert typedef(c, of_a["name"]) is None
    assert typedef(a, of_b["name"]) is None and typedef(c, of_b["name"]) is None


def metrics_of(running: Running) -> str:
    lines = running.ask_text("/metrics").splitlines()
    return "\n".join(line for line in lines if "omrs_cohort_events_total" in line and ".types" in line)


def test_every_worker_of_a_server_has_the_types(workers: Fleet) -> None:
    """One worker reads the cohort's types topic; what it learns, and what is added at either, both have."""
    cohort = unique("workers")
    server = unique("S")
    one = start(workers, server, cohort)
    ready(workers, one)
    two_workers = workers.spawn(server, "w2", cohort)
    other = start(workers, unique("O"), cohort)
    ready(workers, two_workers, other)
    at_two, at_other = (entity_def(fresh_name(word), attribute="wording") for word in ("AtTwo", "AtOther"))
    ok(two_workers.rest().post("/types/typedef", json=at_two))
    ok(other.rest().post("/types/typedef", json=at_other))
    for running in (one, two_workers, other):
        for bean in (at_two, at_other):
            has_type(running, bean["name"])
    ok(two_workers.rest().post(f"/types/typedef/{at_other['guid']}/delete", params={"name": at_other["name"]}))
    for running in (one, two_workers, other):
        eventually(
            lambda running=running: typedef(running, at_other["name"]) is None, f"{running.worker} has removed it"
        )


def test_without_a_repository_types_are_known_for_queries(workers: Fleet) -> None:
    cohort = unique("known")
    a = start(workers, unique("A"), cohort)
    n = start(workers, unique("N"), cohort, repository="none")
    ready(workers, a, n)
    bean = entity_def(fresh_name("Known"), attribute="wording")
    ok(a.rest().post("/types/typedef", json=bean))
    eventually(lambda: said(n, "OMRS-AUDIT-0319", bean["name"]), "N remembers the type")
    ok(a.rest().post("/types/typedef/update", json=patch_of(bean, description="patched")))
    eventually(lambda: said(n, "OMRS-AUDIT-0322", bean["name"]), "N remembers the patch")
    refused(
        n.rest().post("/types/typedef", json=entity_def(fresh_name("Own"), attribute="wording")),
        "OMRS-REST-API-503-001",
        "RepositoryErrorException",
    )
