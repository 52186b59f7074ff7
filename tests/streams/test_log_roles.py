"""What a topic is, what is asked of a record before it is decoded, how long records stay."""

import pytest

from omrs_schemas.errors import ConfigurationError
from omrs_streams.cli.topics_ls import kept
from omrs_streams.cli.topics_tail import kinds_of, moment, origins_of
from omrs_streams.log import names
from omrs_streams.log.roles import owners, role_of
from omrs_streams.log.selection import Selection

JSON = role_of(names.egeria_types("c", "egeria.omag"))
LOG, TYPES = role_of(names.server_log("s")), role_of(names.cohort_types("c"))
STRANGER, LETTERS = role_of("orders"), role_of("omrs.server.s.dlq")


@pytest.mark.parametrize(
    ("topic", "kind", "owner"),
    [
        (names.server_log("s-1"), "log", "s-1"),
        (names.server_types("s"), "types", "s"),
        (names.server_cohorts("s"), "cohorts", "s"),
        (names.server_workers("s"), "workers", "s"),
        (names.server_out("s"), "out", "s"),
        (names.cohort_registration("c"), "registration", "c"),
        (names.cohort_types("c"), "types", "c"),
        (names.cohort_instances("c"), "instances", "c"),
        (names.daemon_reports("d"), "reports", "d"),
        (names.dead_letters(names.server_group("s")), "dead letters", "s"),
        (names.dead_letters(names.daemon_group("d")), "dead letters", "d"),
        (names.dead_letters("billing"), "dead letters", "billing"),
        (names.SCHEMAS_TOPIC, "schemas", ""),
        (names.egeria_registration("coco", "egeria.omag"), "registration", "coco"),
        (names.egeria_types("coco.east", "egeria.omag"), "types", "coco.east"),
        (names.egeria_instances("coco", "a.b"), "instances", "coco"),
        ("egeria.omag.openmetadata.repositoryservices.cohort.coco.OMRSTopic", "other", ""),
        ("omrs.server.a.b.log", "other", ""),
        ("__consumer_offsets", "other", ""),
    ],
)
def test_a_topic_is_known_by_its_name(topic: str, kind: str, owner: str) -> None:
    assert (role_of(topic).kind, role_of(topic).owner) == (kind, owner)


def test_owners_are_found_once() -> None:
    topics = [names.server_log("b"), names.server_out("b"), names.server_log("a"), names.cohort_types("c"), "x"]
    assert owners(topics, "server") == ["a", "b"]
    assert owners(topics, "cohort") == ["c"]


def headers(kind: str = "NEW_ENTITY_EVENT", type_guid: str = "t", origin: str = "home") -> list[tuple[str, bytes]]:
    return [
        ("kind", kind.encode()),
        ("type-guid", type_guid.encode()),
        ("omrs-meta", f"{origin}|1|0|1|0|0|ACTIVE".encode()),
    ]


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), True),
        (Selection(guid="g"), True),
        (Selection(guid="h"), False),
        (Selection(types=frozenset({"t", "u"})), True),
        (Selection(types=frozenset({"u"})), False),
        (Selection(kinds=frozenset({"NEW_ENTITY_EVENT"})), True),
        (Selection(kinds=frozenset({"NEW_RELATIONSHIP_EVENT"})), False),
        (Selection(origins=frozenset({"home", "copy"})), True),
        (Selection(origins=frozenset({"copy"})), False),
        (Selection(guid="g", types=frozenset({"t"}), kinds=frozenset({"UPDATED_ENTITY_EVENT"})), False),
    ],
)
def test_the_envelope_of_a_log_record_says_all(selection: Selection, wanted: bool) -> None:
    assert selection.verdict(LOG, b"g", headers()) is wanted


def test_what_only_the_content_tells_is_left_open() -> None:
    assert Selection(guid="g").verdict(STRANGER, b"k", None) is None
    assert Selection(guid="g").verdict(LETTERS, b"k", None) is None
    assert Selection(kinds=frozenset({"NEW_TYPEDEF_EVENT"})).verdict(TYPES, b"g", []) is None
    assert Selection(guid="h", kinds=frozenset({"NEW_TYPEDEF_EVENT"})).verdict(TYPES, b"g", []) is False
    assert Selection(types=frozenset({"g"})).verdict(TYPES, b"g", []) is True


def test_the_key_of_a_json_record_says_who_sent_it() -> None:
    assert JSON.root == "egeria.omag"
    assert not TYPES.root
    for selection in (Selection(guid="g"), Selection(types=frozenset({"g"})), Selection(kinds=frozenset({"X"}))):
        assert selection.verdict(JSON, b"sender", []) is None
        assert not selection.refuses_key(JSON, b"sender")
        assert selection.verdict(role_of(names.egeria_instances("c", "r")), b"sender", []) is None


def test_a_log_record_without_headers_is_found_by_its_key_only() -> None:
    assert Selection(guid="g").verdict(LOG, b"g", None) is True
    assert Selection(kinds=frozenset({"NEW_ENTITY_EVENT"})).verdict(LOG, b"g", None) is False
    assert Selection(origins=frozenset({"home"})).verdict(LOG, b"g", None) is False


def test_a_classification_type_asks_for_the_classification_events() -> None:
    wanted = Selection(types=frozenset({"conf"}), classifications=frozenset({"Confidentiality"}))
    assert wanted.verdict(LOG, b"g", headers()) is False
    assert wanted.verdict(LOG, b"g", headers("CLASSIFIED_ENTITY_EVENT")) is None
    section = {
        "eventType": "CLASSIFIED_ENTITY_EVENT",
        "typeDefGUID": "t",
        "classification": {"name": "Confidentiality"},
    }
    event = {"eventCategory": "INSTANCE", "instanceEventSection": section}
    assert wanted.accepts(event)
    section["classification"] = {"name": "Criticality"}
    assert not wanted.accepts(event)


@pytest.mark.parametrize(
    ("event", "guid"),
    [
        ({"eventCategory": "REGISTRY", "originator": {"metadataCollectionId": "g"}, "registryEventSection": {}}, "g"),
        ({"eventCategory": "TYPEDEF", "typeDefEventSection": {"typeDef": {"guid": "g"}}}, "g"),
        ({"eventCategory": "TYPEDEF", "typeDefEventSection": {"typeDefPatch": {"typeDefGUID": "g"}}}, "g"),
        ({"eventCategory": "INSTANCE", "instanceEventSection": {"instanceGUID": "g"}}, "g"),
        ({"eventCategory": "INSTANCE", "instanceEventSection": {"relationship": {"guid": "g"}}}, "g"),
    ],
)
def test_the_guid_of_an_event_without_headers(event: dict[str, object], guid: str) -> None:
    assert Selection(guid=guid).accepts(event)
    assert not Selection(guid="other").accepts(event)


def test_kinds_may_be_short_and_wild() -> None:
    assert kinds_of(["new_entity"]) == {"NEW_ENTITY_EVENT"}
    assert kinds_of(["REFRESH_ENTITY_REQUEST"]) == {"REFRESH_ENTITY_REQUEST"}
    assert {"PURGED_ENTITY_EVENT", "DELETE_PURGED_RELATIONSHIP_EVENT"} <= kinds_of(["*PURGED*"])
    with pytest.raises(ConfigurationError, match="no event kind 'NEW'") as caught:
        kinds_of(["NEW"])
    assert "NEW_ENTITY_EVENT" in caught.value.help


def test_an_origin_that_does_not_exist_is_refused() -> None:
    assert origins_of(["copy"]) == {"copy"}
    with pytest.raises(ConfigurationError, match="no origin 'away'"):
        origins_of(["copy", "away"])


def test_times_to_start_from() -> None:
    assert moment("10m", 1_000_000_000) == 1_000_000_000 - 600_000
    assert moment("2d", 1_000_000_000) == 1_000_000_000 - 2 * 86_400_000
    assert moment("2026-01-31T12:00:00+00:00", 0) == 1_769_860_800_000
    assert moment("2026-01-31T12:00:00Z", 0) == 1_769_860_800_000
    with pytest.raises(ConfigurationError, match="neither an offset nor a time"):
        moment("soon", 0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}, "for ever"),
        ({"cleanup.policy": "delete", "retention.ms": "604800000"}, "7 days"),
        ({"cleanup.policy": "delete", "retention.ms": "10800000"}, "3 hours"),
        ({"cleanup.policy": "delete", "retention.ms": "5000"}, "5 s"),
        ({"cleanup.policy": "compact"}, "last of each key"),
        (
            {"cleanup.policy": "compact,delete", "retention.ms": "86400000", "retention.bytes": "1000000"},
            "last of each key, 24 hours, 1 MB a partition",
        ),
    ],
)
def test_retention_in_words(settings: dict[str, str], words: str) -> None:
    assert kept(settings) == words
