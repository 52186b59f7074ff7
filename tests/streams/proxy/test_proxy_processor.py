"""The event processor over a log in memory: whatever is told, the log holds what the technology has."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_log import LIMIT, LOCAL, MemoryLog, ends, entity_def, processor_of, running_loop

from omrs_schemas.errors import NotReadyError
from omrs_schemas.model.values import from_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.proxy import MappedEntity, MappedRelationship
from omrs_streams.proxy.interfaces import Mapped
from omrs_streams.proxy.plan import CONNECTOR, Planner, State, Told
from omrs_streams.proxy.processor import LogProcessor

TYPES = TypeSystem.builtin()
MAPPED = ("RelationalTable", "RelationalColumn", "NestedSchemaAttribute", "ForeignKey")


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with running_loop() as running:
        yield running


def table(name: str, **properties: Any) -> MappedEntity:
    return MappedEntity(f"t-{name}", "RelationalTable", {"qualifiedName": f"table {name}", **properties})


def column(name: str, **classifications: Any) -> MappedEntity:
    return MappedEntity(f"c-{name}", "RelationalColumn", {"qualifiedName": f"column {name}"}, classifications)


def nested(owner: MappedEntity, inner: MappedEntity, position: int = 0) -> MappedRelationship:
    return MappedRelationship(
        f"n-{owner.guid}-{inner.guid}", "NestedSchemaAttribute", owner.guid, inner.guid, {"position": position}
    )


class Proxy:
    """A processor and what it is told to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.log = MemoryLog(TYPES.copy())
        self.refused: list[str] = []
        self.says = self.session()

    def session(self) -> LogProcessor:
        return processor_of(self.log, self.loop, MAPPED, self.refused)

    def kinds(self, since: int) -> list[str]:
        return self.log.kinds(since)


@pytest.fixture
def proxy(loop: asyncio.AbstractEventLoop) -> Proxy:
    return Proxy(loop)


def test_first_told_then_the_same_then_changed_then_gone(proxy: Proxy) -> None:
    says, log = proxy.says, proxy.log
    one, inner = table("one"), column("a", PrimaryKey={"displayName": "pk"})
    says.reconcile([nested(one, inner), inner, one])
    assert sorted(log.kinds()) == ["NEW_ENTITY", "NEW_ENTITY", "NEW_RELATIONSHIP"]
    bean = log.bean("t-one")
    assert bean is not None
    assert (bean["version"], bean["createdBy"], bean["metadataCollectionId"]) == (1, "catalogue", LOCAL.collection_id)
    assert bean["mappingProperties"] == {CONNECTOR: "test-catalogue"}
    told = len(log.records)
    says.reconcile([one, inner, nested(one, inner)])
    says.process_batch([one])
    says.process_new_entity(one)
    assert log.kinds(told) == []
    says.reconcile([replace(one, properties={"qualifiedName": "table 1"}), inner, nested(one, inner, 3)], user="ann")
    assert log.kinds(told) == ["UPDATED_ENTITY", "UPDATED_RELATIONSHIP"]
    changed = log.bean("t-one")
    assert changed is not None and (changed["version"], changed["updatedBy"]) == (2, "ann")
    assert changed["createTime"] == bean["createTime"]
    told = len(log.records)
    says.reconcile([inner])
    assert log.kinds(told) == ["DELETED_RELATIONSHIP", "PURGED_RELATIONSHIP", "DELETED_ENTITY", "PURGED_ENTITY"]
    assert set(log.beans()) == {"c-a"}
    told = len(log.records)
    says.reconcile([one, inner])
    back = log.bean("t-one")
    assert log.kinds(told) == ["NEW_ENTITY"] and back is not None
    assert back["version"] == 1 and back["createTime"] > bean["createTime"], "another life of the guid"
    assert proxy.refused == [] and log.lost == 0


def test_classifications_come_change_and_go(proxy: Proxy) -> None:
    says, log = proxy.says, proxy.log
    says.process_new_entity(column("a"))
    says.process_classified_entity("c-a", "PrimaryKey", {"displayName": "pk"})
    says.process_reclassified_entity("c-a", "PrimaryKey", {"displayName": "key"})
    says.process_reclassified_entity("c-a", "PrimaryKey", {"displayName": "key"})
    bean = log.bean("c-a")
    assert bean is not None and bean["version"] == 1
    [key] = bean["classifications"]
    assert (key["version"], from_properties(key["properties"])) == (2, {"displayName": "key"})
    says.process_declassified_entity("c-a", "PrimaryKey")
    says.process_declassified_entity("c-a", "PrimaryKey")
    says.process_updated_entity(column("a", TypeEmbeddedAttribute={"dataType": "int"}))
    says.process_updated_entity(column("a", PrimaryKey={}))
    assert log.kinds() == [
        "NEW_ENTITY",
        "CLASSIFIED_ENTITY",
        "RECLASSIFIED_ENTITY",
        "DECLASSIFIED_ENTITY",
        "CLASSIFIED_ENTITY",
        "CLASSIFIED_ENTITY",
        "DECLASSIFIED_ENTITY",
    ]
    assert proxy.refused == []
    says.process_classified_entity("c-nobody", "PrimaryKey", {})
    says.process_classified_entity("c-a", "Confidentiality", {"nonsense": 1})
    assert len(proxy.refused) == 2


def test_deleted_restored_undone_purged(proxy: Proxy) -> None:
    says, log = proxy.says, proxy.log
    says.process_new_entity(table("one"))
    says.process_updated_entity(table("one", description="two"))
    says.process_undone_entity(table("one"))
    says.process_deleted_entity("t-one")
    says.process_deleted_entity("t-one")
    says.process_restored_entity(table("one"))
    says.process_delete_purged_entity("t-one")
    says.process_purged_entity("t-one")
    assert log.kinds() == [
        "NEW_ENTITY",
        "UPDATED_ENTITY",
        "UNDONE_ENTITY",
        "DELETED_ENTITY",
        "RESTORED_ENTITY",
        "DELETED_ENTITY",
        "PURGED_ENTITY",
    ]
    one, inner = table("1"), column("a")
    says.process_batch([one, inner])
    link = nested(one, inner)
    told = len(log.records)
    says.process_new_relationship(link)
    says.process_undone_relationship(replace(link, properties={"position": 4}))
    says.process_deleted_relationship(link.guid)
    says.process_restored_relationship(replace(link, properties={"position": 4}))
    says.process_delete_purged_relationship(link.guid)
    assert log.kinds(told) == [
        "NEW_RELATIONSHIP",
        "UNDONE_RELATIONSHIP",
        "DELETED_RELATIONSHIP",
        "RESTORED_RELATIONSHIP",
        "DELETED_RELATIONSHIP",
        "PURGED_RELATIONSHIP",
    ]
    assert proxy.refused == []


def test_a_guid_changes_and_its_relationships_follow(proxy: Proxy) -> None:
    says, log = proxy.says, proxy.log
    one, inner = table("one"), column("a")
    says.process_batch([one, inner, nested(one, inner)])
    told = len(log.records)
    says.process_reidentified_entity("t-one", replace(one, guid="t-new"))
    assert log.kinds(told) == ["RE_IDENTIFIED_ENTITY", "DELETED_ENTITY", "UPDATED_RELATIONSHIP"]
    new, old, link = log.bean("t-new"), log.bean("t-one"), log.bean(nested(one, inner).guid)
    assert new is not None and old is not None and link is not None
    assert (new["reIdentifiedFromGUID"], new["version"], old["status"]) == ("t-one", 2, "DELETED")
    assert ends(link) == ["t-new", "c-a"]
    assert [record.origin for record in log.records[told:]] == ["home", "consequence", "consequence"]
    says.process_reidentified_entity("t-one", replace(one, guid="t-new"))
    assert len(log.records) == told + 3 and proxy.refused == []
    says.process_reidentified_relationship(link["guid"], replace(nested(one, inner), guid="n-2", end1="t-new"))
    assert log.kinds(told + 3) == ["RE_IDENTIFIED_RELATIONSHIP", "DELETED_RELATIONSHIP"]
    says.process_reidentified_entity("t-nobody", table("taken"))
    assert len(proxy.refused) == 1


def test_another_type_and_another_home(proxy: Proxy) -> None:
    says, log = proxy.says, proxy.log
    says.process_new_entity(MappedEntity("x", "SchemaAttribute", {"qualifiedName": "x"}))
    says.process_retyped_entity(MappedEntity("x", "RelationalColumn", {"qualifiedName": "x"}))
    bean = log.bean("x")
    assert bean is not None and bean["type"]["typeDefName"] == "RelationalColumn"
    event = log.codec.decode(log.records[-1].value or b"")["instanceEventSection"]
    assert event["eventType"] == "RETYPED_ENTITY_EVENT"
    assert event["originalTypeDefSummary"]["name"] == "SchemaAttribute"
    # A copy of another member's, whose guid the technology uses.
    elsewhere = Planner(replace(LOCAL, collection_id="elsewhere"), TYPES, "x")
    [step] = elsewhere.entity(table("far"), State(), Told("u", 5)).steps
    log._append(step.entry())
    says.process_updated_entity(table("far", description="mine?"))
    assert len(proxy.refused) == 1 and "elsewhere" in proxy.refused[0]
    says.process_rehomed_entity(table("far", description="mine"))
    assert log.kinds(3) == ["RE_HOMED_ENTITY", "UPDATED_ENTITY"]
    far = log.bean("t-far")
    assert far is not None and far["metadataCollectionId"] == LOCAL.collection_id
    event = log.codec.decode(log.records[3].value or b"")["instanceEventSection"]
    assert event["originalHomeMetadataCollectionId"] == "elsewhere"


def test_what_does_not_fit_is_left_out_and_the_rest_is_told(proxy: Proxy) -> None:
    says, log = proxy.says, proxy.log
    huge = table("huge", description="x" * (LIMIT + 1))
    wrong = table("wrong", nonsense=1)
    unknown = MappedEntity("u", "NoSuchType", {})
    dangling = nested(table("one"), column("nowhere"))
    says.reconcile([table("one"), huge, wrong, unknown, dangling, table("two")])
    assert set(log.beans()) == {"t-one", "t-two"}
    assert sorted(each.split(":")[0] for each in proxy.refused) == sorted(["t-huge", "t-wrong", "u", dangling.guid])


def test_what_others_told_is_not_taken_for_gone(proxy: Proxy) -> None:
    user = Planner(LOCAL, TYPES, "another-connector")
    [step] = user.entity(table("by hand"), State(), Told("u", 5)).steps
    proxy.log._append(step.entry())
    proxy.says.reconcile([table("one")])
    assert set(proxy.log.beans()) == {"t-one", "t-by hand"}


def test_another_writer_was_faster(proxy: Proxy) -> None:
    """The worker that ran the proxy before wakes up: its record counts, ours is planned again."""
    says, log = proxy.says, proxy.log
    says.process_new_entity(table("one"))
    bean = log.bean("t-one")
    planner = Planner(LOCAL, TYPES, "test-catalogue")
    stale = planner.entity(table("one", description="before"), State(1, bean), Told("w1", 9))
    log.interfere = [step.entry() for step in stale.steps]
    says.process_updated_entity(table("one", description="after"))
    found = log.bean("t-one")
    assert found is not None and from_properties(found["properties"])["description"] == "after"
    assert (found["version"], log.lost) == (3, 1)
    # Both tell the same: the event id is the same, and it counts once.
    log.interfere = [
        step.entry() for step in planner.entity(table("one", description="both"), State(3, found), Told("w1", 10)).steps
    ]
    says.process_updated_entity(table("one", description="both"))
    found = log.bean("t-one")
    assert found is not None and found["version"] == 4


def test_types_that_the_technology_brings(proxy: Proxy) -> None:
    new = entity_def("ProxyThing")
    proxy.says.process_new_typedef(new)
    proxy.says.process_new_typedef(new)
    assert proxy.log.types.typedef_by_name("ProxyThing") is not None and proxy.refused == []
    lost = {"guid": "x", "name": "NoSuchType"}
    proxy.says.process_new_typedef({**new, "superType": lost, "name": "Other", "guid": "o"})
    assert len(proxy.refused) == 1


def test_a_session_that_is_over_takes_nothing(proxy: Proxy) -> None:
    says = proxy.says
    says.failed(RuntimeError("gone"))
    with pytest.raises(NotReadyError):
        says.process_new_entity(table("one"))
    with pytest.raises(NotReadyError):
        says.await_synchronized()
    assert isinstance(says.error, RuntimeError) and proxy.log.records == []


def test_a_snapshot_that_breaks_off_changes_nothing(proxy: Proxy) -> None:
    proxy.says.reconcile([table("one"), table("two")])

    def broken() -> Iterator[Mapped]:
        yield table("one", description="changed")
        raise OSError("connection lost")

    with pytest.raises(OSError, match="connection lost"):
        proxy.says.reconcile(broken())
    assert len(proxy.log.records) == 2


names = st.sampled_from("abcd")
tables = st.dictionaries(
    names,
    st.tuples(
        st.sampled_from([None, "x", "y"]),
        st.dictionaries(names, st.tuples(st.booleans(), st.integers(0, 2)), max_size=3),
    ),
    max_size=4,
)
"""name → (comment, column → (is a key, position))"""


def mapped(state: dict[str, tuple[str | None, dict[str, tuple[bool, int]]]]) -> list[Mapped]:
    found: list[Mapped] = []
    for name, (comment, columns) in state.items():
        owner = table(name, description=comment)
        found.append(owner)
        for each, (key, position) in columns.items():
            inner = column(f"{name}.{each}", **({"PrimaryKey": {"displayName": name}} if key else {}))
            found += [nested(owner, inner, position), inner]
    return found


def content(bean: dict[str, Any]) -> Any:
    classifications = {
        each["name"]: from_properties(each.get("properties")) for each in bean.get("classifications") or ()
    }
    return bean["type"]["typeDefName"], from_properties(bean.get("properties")), classifications, ends(bean)


@settings(max_examples=100, deadline=None)
@given(states=st.lists(st.tuples(tables, st.booleans()), max_size=5))
def test_the_log_holds_the_last_snapshot(loop: asyncio.AbstractEventLoop, states: list[tuple[Any, bool]]) -> None:
    """Whatever came before; told in part or as a whole; by one session or the next; with another writer in between."""
    proxy = Proxy(loop)
    says = proxy.says
    before: set[str] = set()
    for state, again in states:
        present = mapped(state)
        if again:
            says = proxy.session()
            says.reconcile(present)
        else:
            says.reconcile(present, among=before)
        before = {each.guid for each in present}
        beans = proxy.log.beans()
        wanted = {each.guid: each for each in present}
        assert beans.keys() == wanted.keys()
        for guid, each in wanted.items():
            kind, properties, classifications, at = content(beans[guid])
            assert kind == each.type_name
            assert properties == {name: value for name, value in each.properties.items() if value is not None}
            if isinstance(each, MappedEntity):
                assert classifications == each.classifications
            else:
                assert at == [each.end1, each.end2]
        told = len(proxy.log.records)
        says.reconcile(present)
        assert len(proxy.log.records) == told
    assert proxy.refused == [] and proxy.log.lost == 0
