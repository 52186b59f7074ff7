"""What the rule-based security connector lets subscribers of the out topic see."""

from pathlib import Path
from typing import Any

from test_security_rules import TYPES, entity, relationship, rules

from omrs_schemas.model.values import from_properties
from omrs_streams.repository.events import instance_event
from omrs_streams.security import MetadataSecurity, OpenSecurity

Bean = dict[str, Any]


def event(instance: Bean, kind: str = "UPDATED", **sections: Bean) -> Bean:
    made = instance_event(kind, instance, {"metadataCollectionId": "mc-a"}, 1_795_249_478_610)
    return {**made, "instanceEventSection": {**made["instanceEventSection"], **sections}}


def guid(type_name: str) -> str:
    return str(TYPES.require(name=type_name)["guid"])


def told(security: MetadataSecurity, instance: Bean) -> str:
    """What subscribers are told of a change: all, part, nothing, or that the instance is gone."""
    before = event(instance)
    seen = security.published(before)
    if seen is None:
        return "gone" if security.withdraws_published(before) else "nothing"
    return "all" if seen is before else "part"


def test_without_a_user_everything_is_published_undecoded(tmp_path: Path) -> None:
    ruled = rules(tmp_path, "requests: [{types: [CSVFile], effect: deny}]\ndefault: deny\n")
    for security in (OpenSecurity(), ruled):
        assert not security.filters_published(guid("CSVFile"))
        assert told(security, entity()) == "all"


def test_only_types_that_rules_concern_are_looked_at(tmp_path: Path) -> None:
    security = rules(
        tmp_path,
        """
        out_topic_user: public
        requests:
          - {users: [public], types: [Person], effect: deny}
          - {users: [erin], types: [DataFile], effect: deny}
          - {operations: [delete], effect: deny}
        """,
    )
    assert security.filters_published(guid("Person")) and security.filters_published(guid("Synonym"))
    assert not security.filters_published(guid("CSVFile"))
    assert told(security, entity("Person")) == "nothing" and told(security, entity()) == "all"
    assert rules(tmp_path, "{out_topic_user: public, default: deny}").filters_published(guid("CSVFile"))


def test_parts_are_hidden(tmp_path: Path) -> None:
    security = rules(
        tmp_path,
        """
        out_topic_user: public
        requests:
          - {operations: [read], types: [DataFile], effect: allow, hide: [description]}
          - {operations: [read], types: [ZoneMembership], effect: deny}
        """,
    )
    held = entity(zones=("a",), description="secret")
    seen = security.published(event(held, originalEntity=held))
    assert seen is not None
    for name in ("entity", "originalEntity"):
        part = seen["instanceEventSection"][name]
        assert from_properties(part["properties"]) == {"qualifiedName": "q"} and "classifications" not in part
    assert told(security, entity("GlossaryTerm")) == "all"
    classified = event(held, "CLASSIFIED", classification=held["classifications"][0])
    assert security.published(classified) is None and not security.withdraws_published(classified)


def test_what_moved_into_a_hidden_zone_is_gone(tmp_path: Path) -> None:
    security = rules(tmp_path, "{out_topic_user: public, requests: [{zones: [secret], effect: deny}]}")
    assert told(security, entity(zones=("secret", "open"))) == "gone"
    assert told(security, entity(zones=("open",))) == "all"
    assert told(security, relationship(entity(zones=("secret",)), entity())) == "gone"


def test_what_left_the_zone_that_is_shown_is_gone(tmp_path: Path) -> None:
    text = """
        out_topic_user: public
        default: deny
        requests:
          - {operations: [read], types: [GlossaryTerm], zones: [open], effect: allow}
        """
    security = rules(tmp_path, text)
    assert told(security, entity("GlossaryTerm", zones=("open",))) == "all"
    assert told(security, entity("GlossaryTerm")) == "gone"
    assert told(security, entity("CSVFile")) == "nothing"  # no zone would show it
