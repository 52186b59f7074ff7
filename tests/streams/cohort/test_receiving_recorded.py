"""Every instance event that real Egeria members sent, received by a member that is not one of them."""

from typing import Any

import orjson
from receiving_samples import Member

from omrs_streams.fold.kinds import CLASSIFICATION_KINDS, PURGE_KINDS
from omrs_streams.store.canonical import canonical
from shared_data import require_shared

Bean = dict[str, Any]


def test_a_member_that_hears_everything_ends_with_what_the_homes_said_last() -> None:
    """The first event of a version counts (the peer's repository re-types an instance over and over in version 2),
    classifications, purges and refresh answers come at the version that is there."""
    path = require_shared("data", "egeria-events", "instances.jsonl")
    events = [orjson.loads(line)["value"] for line in path.read_bytes().splitlines()]
    member = Member(members={event["originator"]["metadataCollectionId"] for event in events})
    last: dict[str, tuple[str, Bean]] = {}
    outcomes = set()
    for number, event in enumerate(events):
        outcomes.add(member.told(event, f"recorded-{number}").outcome)
        section = event["instanceEventSection"]
        instance, kind = section.get("entity") or section.get("relationship"), section["eventType"]
        if instance is None:
            continue
        version = last[instance["guid"]][1]["version"] if instance["guid"] in last else 0
        level = kind in PURGE_KINDS or kind in CLASSIFICATION_KINDS or kind.startswith("REFRESHED")
        if instance["version"] > version or (level and instance["version"] == version):
            last[instance["guid"]] = kind, instance
    assert outcomes == {"accepted", "stale", "request"}
    wrong = []
    for guid, (kind, instance) in last.items():
        bean = member.bean(guid)
        if kind in PURGE_KINDS:
            wrong += [guid] if bean is not None else []
        elif bean is None or canonical(bean) != canonical(instance):
            wrong.append(guid)
    assert not wrong
    assert len(last) > 200
