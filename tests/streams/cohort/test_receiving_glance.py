"""What record headers decide, the receiving core decides too: append the event as it is, or leave it out."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from receiving_samples import CODEC, Member, about, entity, kind, relationship

from omrs_streams.cohort.receiving import ACCEPTED, PLAIN, Append, glance, receive
from omrs_streams.log.record import ORIGIN_COPY
from omrs_streams.repository.events import log_record

Bean = dict[str, Any]

KINDS = ("NEW", "UPDATED", "UNDONE", "DELETED", "RESTORED", "PURGED", "RE_HOMED", "RETYPED", "REFRESHED")


@st.composite
def events(draw: st.DrawFn) -> Bean:
    more = {
        "status": draw(st.sampled_from(("ACTIVE", "DELETED"))),
        "type": kind(draw(st.sampled_from(("Asset", "Other"))), draw(st.integers(1, 2))),
    }
    if draw(st.booleans()):
        more["replicatedBy"] = draw(st.sampled_from(("me", "A")))
    make = draw(st.sampled_from((entity, relationship)))
    home = draw(st.sampled_from(("A", "B", "me")))
    bean = make(home, draw(st.integers(1, 4)), "g", draw(st.sampled_from((100, 200))), **more)
    return about(draw(st.sampled_from(KINDS)), bean, draw(st.sampled_from(("A", "B"))))


@settings(max_examples=500, deadline=None)
@given(st.lists(events(), max_size=6), events())
def test_a_glance_sees_what_the_core_sees(before: list[Bean], event: Bean) -> None:
    member = Member()
    for each in before:
        member.told(each)
    record = log_record(event, CODEC.encode, 1, event_id="x", origin=ORIGIN_COPY)
    verdict = glance(record, member.fold.get_meta("g"), "me", event["originator"]["metadataCollectionId"])
    receipt = receive(event, member.held, member.receiver, 0)
    if verdict is None:
        return
    assert receipt.outcome == verdict
    assert receipt == replace(receipt, sends=(), rebroadcast=(), audits=(), reidentify=())
    assert receipt.appends == ((Append("g", event),) if verdict == ACCEPTED else ())


def test_most_of_what_comes_is_plain() -> None:
    member = Member()
    for version, name in enumerate(("NEW", "UPDATED", "DELETED", "RESTORED", "UNDONE"), 1):
        event = about(name, entity(version=version))
        record = log_record(event, CODEC.encode, 1, event_id="x", origin=ORIGIN_COPY)
        assert record.kind in PLAIN
        assert glance(record, member.fold.get_meta("g"), "me") == "accepted"
        member.told(event)
        assert glance(record, member.fold.get_meta("g"), "me") == "stale"
