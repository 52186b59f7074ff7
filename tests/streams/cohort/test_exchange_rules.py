"""The six exchange rules against every kind of event (OMRS events § 6)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_schemas.errors import ConfigurationError
from omrs_streams.cohort.rules import RULES, ExchangeRule, is_instance_error

LISTED, OTHER = "guid-listed", "guid-other"
REGISTRY = {"eventCategory": "REGISTRY", "registryEventSection": {"registryEventType": "REGISTRATION_EVENT"}}
TYPEDEF = {"eventCategory": "TYPEDEF", "typeDefEventSection": {"typeDefEventType": "NEW_TYPEDEF_EVENT"}}


def instance(type_guid: str | None, type_name: str | None = "T", kind: str = "NEW_ENTITY_EVENT") -> dict[str, Any]:
    section = {"eventType": kind, "typeDefGUID": type_guid, "typeDefName": type_name}
    return {"eventCategory": "INSTANCE", "instanceEventSection": {k: v for k, v in section.items() if v is not None}}


def batch(entities: list[str], relationships: list[str]) -> dict[str, Any]:
    def element(guid: str) -> dict[str, Any]:
        return {"guid": f"i-{guid}", "type": {"typeDefGUID": guid, "typeDefName": "T"}}

    graph: dict[str, Any] = {"class": "InstanceGraph"}
    if entities:
        graph["entities"] = [element(guid) for guid in entities]
    if relationships:
        graph["relationships"] = [element(guid) for guid in relationships]
    return {
        "eventCategory": "INSTANCE",
        "instanceEventSection": {"eventType": "BATCH_INSTANCES_EVENT", "instanceBatch": graph},
    }


@pytest.mark.parametrize(
    ("rule", "types", "listed", "other"),
    [
        ("REGISTRATION_ONLY", False, False, False),
        ("JUST_TYPEDEFS", True, False, False),
        ("SELECTED_TYPES", True, True, False),
        ("LEARNED_TYPES", True, True, False),
        ("DESELECTED_TYPES", True, False, True),
        ("ALL", True, True, True),
    ],
)
def test_what_each_rule_lets_through(rule: str, types: bool, listed: bool, other: bool) -> None:
    exchange = ExchangeRule.of(rule, [{"guid": LISTED, "name": "Listed"}])
    assert exchange.event(REGISTRY) is REGISTRY
    assert (exchange.event(TYPEDEF) is not None) is types
    assert (exchange.event(instance(LISTED)) is not None) is listed
    assert (exchange.event(instance(OTHER)) is not None) is other
    assert exchange.event(instance(None)) is None
    assert exchange.event(instance(OTHER, None)) is None
    assert exchange.event({"eventCategory": "GENERIC"}) is None


def test_no_rule_means_all() -> None:
    assert ExchangeRule.of(None).instance(OTHER, "T")


def test_unknown_rule_names_the_valid_ones() -> None:
    with pytest.raises(ConfigurationError, match="SELECTED_TYPES"):
        ExchangeRule.of("LOCAL_ONLY")


def test_errors_about_instances_pass_without_a_type() -> None:
    error = instance(None, None, "UNKNOWN_INSTANCE_EVENT") | {"errorSection": {"errorCode": "CONFLICTING_INSTANCES"}}
    assert is_instance_error(error)
    assert ExchangeRule.of("SELECTED_TYPES").event(error) is error
    assert ExchangeRule.of("JUST_TYPEDEFS").event(error) is None
    assert not is_instance_error(instance(None, None, "UNKNOWN_INSTANCE_EVENT"))


def test_only_learned_types_learns() -> None:
    for rule in RULES:
        learned = ExchangeRule.of(rule).learn(OTHER)
        assert (OTHER in learned.selected) is (rule == "LEARNED_TYPES")
    once = ExchangeRule.of("LEARNED_TYPES").learn(OTHER)
    assert once.learn(OTHER) is once and once.instance(OTHER, "T")


guids = st.lists(st.sampled_from([LISTED, OTHER, "third"]), max_size=6)


@settings(deadline=None)
@given(st.sampled_from(RULES), guids, guids)
def test_a_batch_keeps_exactly_the_elements_the_rule_lets_through(rule: str, one: list[str], two: list[str]) -> None:
    exchange = ExchangeRule.of(rule, [{"guid": LISTED}])
    event = batch(one, two)
    passed = exchange.event(event)
    kept = {
        name: [each for each in guids if exchange.instance(each, "T")]
        for name, guids in (("entities", one), ("relationships", two))
    }
    if not any(kept.values()):
        assert passed is None
        return
    assert passed is not None
    graph = passed["instanceEventSection"]["instanceBatch"]
    assert graph["class"] == "InstanceGraph"
    for name, wanted in kept.items():
        assert [each["type"]["typeDefGUID"] for each in graph.get(name, [])] == wanted
        assert graph.get(name) != []
