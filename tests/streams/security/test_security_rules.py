"""The rule-based security connector: which rule decides, and what it makes of instances and events."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from omrs_schemas.errors import ConfigurationError, UserNotAuthorizedError
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.events import instance_event
from omrs_streams.security import MetadataSecurity, OpenSecurity, Operation, load_security

TYPES = TypeSystem.builtin()
Bean = dict[str, Any]


def rules(tmp_path: Path, text: str) -> MetadataSecurity:
    file = tmp_path / "security.yaml"
    file.write_text(text)
    return load_security(file, TYPES)


def entity(type_name: str = "CSVFile", *, zones: tuple[str, ...] = (), home: str = "mc-a", **properties: Any) -> Bean:
    classifications = [
        {
            "class": "Classification",
            "name": "ZoneMembership",
            "type": TYPES.instance_type(TYPES.require(name="ZoneMembership")),
            "properties": to_properties(TYPES, "ZoneMembership", {"zoneMembership": list(zones)}),
        }
    ]
    return {
        "class": "EntityDetail",
        "headerVersion": 1,
        "type": TYPES.instance_type(TYPES.require(name=type_name)),
        "metadataCollectionId": home,
        "guid": "g-1",
        "version": 1,
        "properties": to_properties(TYPES, type_name, {"qualifiedName": "q", **properties}),
        **({"classifications": classifications} if zones else {}),
    }


def relationship(one: Bean, two: Bean) -> Bean:
    proxies = [{**{k: v for k, v in end.items() if k != "properties"}, "class": "EntityProxy"} for end in (one, two)]
    return {
        "class": "Relationship",
        "type": TYPES.instance_type(TYPES.require(name="DataFlow")),
        "metadataCollectionId": "mc-a",
        "guid": "r-1",
        "entityOneProxy": proxies[0],
        "entityTwoProxy": proxies[1],
    }


def event(instance: Bean) -> Bean:
    return instance_event("NEW", instance, {"metadataCollectionId": "mc-a"}, 1_795_249_478_610)


def names(instance: Bean | None) -> set[str]:
    assert instance is not None
    return set(instance["properties"]["instanceProperties"])


STAFF = """
users: {erin: [steward], peter: [analyst]}
default: deny
requests:
  - {zones: [quarantine], roles: [steward], effect: allow}
  - {zones: [quarantine], effect: deny}
  - {operations: [read], effect: allow, hide: [description], roles: [analyst]}
  - {operations: [read], effect: allow}
  - {operations: [create, update, classify], roles: [steward], types: [Asset, Confidentiality], effect: allow}
"""


@pytest.mark.parametrize(
    ("user", "operation", "instance", "allowed"),
    [
        ("erin", "create", entity(), True),
        ("erin", "create", entity("GlossaryTerm"), False),
        ("erin", "delete", entity(), False),
        ("peter", "create", entity(), False),
        ("peter", "read", entity(), True),
        ("nobody", "read", entity(), True),
        ("peter", "read", entity(zones=("quarantine", "lake")), False),
        ("erin", "delete", entity(zones=("quarantine",)), True),
        ("peter", "read", relationship(entity(), entity(zones=("quarantine",))), False),
    ],
)
def test_the_first_rule_that_fits_decides(
    tmp_path: Path, user: str, operation: Operation, instance: Bean, allowed: bool
) -> None:
    security = rules(tmp_path, STAFF)
    if allowed:
        security.check(user, operation, instance)
        return
    with pytest.raises(UserNotAuthorizedError, match=f"{user} may not {operation}"):
        security.check(user, operation, instance)


def test_a_rule_may_name_the_classification_that_is_changed(tmp_path: Path) -> None:
    security = rules(tmp_path, STAFF)
    security.check("erin", "classify", entity("GlossaryTerm"), "Confidentiality")
    with pytest.raises(UserNotAuthorizedError, match="Retention of GlossaryTerm"):
        security.check("erin", "classify", entity("GlossaryTerm"), "Retention")


def test_reads_show_what_the_reader_may_see(tmp_path: Path) -> None:
    security = rules(tmp_path, STAFF)
    found = entity(description="d")
    assert names(security.readable("nobody", found)) == {"qualifiedName", "description"}
    assert names(security.readable("peter", found)) == {"qualifiedName"}
    assert names(found) == {"qualifiedName", "description"}, "the stored instance is not changed"
    assert security.readable("peter", entity(zones=("quarantine",))) is None


def test_types_are_decided_by_rules_without_zones_and_homes(tmp_path: Path) -> None:
    security = rules(tmp_path, STAFF)
    security.check_type("peter", "read", TYPES.require(name="Glossary"))
    security.check_type("erin", "update", TYPES.require(name="CSVFile"))
    with pytest.raises(UserNotAuthorizedError):
        security.check_type("erin", "delete", TYPES.require(name="CSVFile"))


EVENTS = """
send:
  - {cohorts: [partners], zones: [secret], effect: deny}
  - {cohorts: [partners], types: [Asset], effect: allow, hide: [description]}
receive:
  - {types: [GlossaryTerm], effect: deny}
save:
  - {homes: [mc-noisy], effect: deny}
"""


def test_what_leaves_for_a_cohort(tmp_path: Path) -> None:
    security = rules(tmp_path, EVENTS)
    secret, plain = event(entity(zones=("secret",))), event(entity(description="d"))
    assert security.outbound("partners", secret) is None
    assert security.outbound("inner", secret) == secret
    sent = security.outbound("partners", plain)
    assert sent is not None
    assert names(sent["instanceEventSection"]["entity"]) == {"qualifiedName"}
    assert names(plain["instanceEventSection"]["entity"]) == {"qualifiedName", "description"}


def test_what_comes_from_a_cohort(tmp_path: Path) -> None:
    security = rules(tmp_path, EVENTS)
    term, asset = entity("GlossaryTerm"), entity()
    assert security.inbound("any", event(term)) is None
    assert security.inbound("any", event(asset)) == event(asset)
    batch = event(asset)
    batch["instanceEventSection"] = {
        "eventType": "BATCH_INSTANCES_EVENT",
        "instanceBatch": {"class": "InstanceGraph", "entities": [term, asset], "relationships": []},
    }
    passed = security.inbound("any", batch)
    assert passed is not None
    assert passed["instanceEventSection"]["instanceBatch"]["entities"] == [asset]


def test_which_copies_are_kept(tmp_path: Path) -> None:
    security = rules(tmp_path, EVENTS)
    assert security.may_save(entity())
    assert not security.may_save(entity(home="mc-noisy"))


def test_events_of_types_that_no_rule_concerns_are_not_looked_at(tmp_path: Path) -> None:
    security = rules(tmp_path, "send: [{cohorts: [partners], types: [Asset], effect: deny}]")
    csv, term = TYPES.require(name="CSVFile")["guid"], TYPES.require(name="GlossaryTerm")["guid"]
    assert security.filters_outbound("partners", csv)
    assert not security.filters_outbound("partners", term)
    assert not security.filters_outbound("inner", csv)
    assert not security.filters_inbound("partners", csv)
    assert not OpenSecurity().filters_outbound("partners", csv)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("requests: [{types: [Asett], effect: allow}]", "Asett"),
        ("requests: [{effect: perhaps}]", "effect"),
        ("requests: [{effect: allow, hide: [a]}]", "only what is read"),
        ("send: [{effect: deny, hide: [a]}]", "hide"),
        ("save: [{effect: allow, hide: [a]}]", "whole or not at all"),
        ("rules: []", "rules"),
        ("connector: ranger", "not installed"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(tmp_path: Path, text: str, reason: str) -> None:
    assert yaml.safe_load(text)
    with pytest.raises(ConfigurationError, match=reason):
        rules(tmp_path, text)


PEOPLE = """
default: allow
requests:
  - {operations: [read], types: [Person], roles: [hr], effect: allow}
  - {operations: [read], types: [Person], users: [eve], effect: deny}
  - {operations: [read], types: [Person], effect: allow, hide: [qualifiedName]}
  - {operations: [read], types: [Confidentiality], users: [eve], effect: deny}
send:
  - {types: [Confidentiality], effect: deny}
  - {types: [Person], effect: allow, hide: [qualifiedName]}
  - {types: [ToDo], effect: deny}
"""


def classified(bean: Bean, name: str, **properties: Any) -> Bean:
    found = {
        "class": "Classification",
        "name": name,
        "type": TYPES.instance_type(TYPES.require(name=name)),
        "properties": to_properties(TYPES, name, properties),
    }
    return {**bean, "classifications": [found]}


def linked(one: Bean, two: Bean) -> Bean:
    """A relationship whose ends carry a unique property, as they do on the wire."""
    bean = relationship(one, two)
    for end, source in (("entityOneProxy", one), ("entityTwoProxy", two)):
        bean[end] = {**bean[end], "uniqueProperties": source["properties"]}
    return bean


def test_the_ends_of_a_relationship_are_shown_as_their_own_rules_say(tmp_path: Path) -> None:
    security = rules(tmp_path, PEOPLE)
    bean = linked(entity("Person"), entity("GlossaryTerm"))
    assert security.readable("eve", bean) is None, "who may not read an end may not read what hangs on it"
    seen = security.readable("peter", bean)
    assert seen is not None
    assert seen["entityOneProxy"]["uniqueProperties"]["instanceProperties"] == {}
    assert seen["entityTwoProxy"] == bean["entityTwoProxy"]
    sent = security.outbound("partners", event(bean))
    assert sent is not None
    assert (
        sent["instanceEventSection"]["relationship"]["entityOneProxy"]["uniqueProperties"]["instanceProperties"] == {}
    )
    assert security.outbound("partners", event(linked(entity("ToDo"), entity()))) is None
    flow = TYPES.require(name="DataFlow")["guid"]
    assert security.filters_outbound("partners", flow), "any relationship may have such an end"


def test_a_rule_that_names_a_classification_takes_it_out(tmp_path: Path) -> None:
    security = rules(tmp_path, PEOPLE)
    bean = classified(entity(), "Confidentiality", notes="n")
    seen = security.readable("eve", bean)
    assert seen is not None and "classifications" not in seen
    assert security.readable("peter", bean) == bean
    sent = security.outbound("partners", event(bean))
    assert sent is not None and "classifications" not in sent["instanceEventSection"]["entity"]
    told = event(bean)
    told["instanceEventSection"]["classification"] = bean["classifications"][0]
    assert security.outbound("partners", told) is None
    assert security.filters_outbound("partners", bean["type"]["typeDefGUID"]), "any entity may carry it"


def test_what_a_zone_holds_back_is_withdrawn_and_what_a_type_holds_back_is_not(tmp_path: Path) -> None:
    security = rules(tmp_path, EVENTS + "  - {zones: [none], effect: deny}\n")
    assert security.withdraws("partners", event(entity(zones=("secret",))))
    assert not security.withdraws("partners", event(entity()))
    assert not rules(tmp_path, PEOPLE).withdraws("partners", event(entity("ToDo")))
