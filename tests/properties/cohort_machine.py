"""Everything that can happen to a simulated cohort, as a hypothesis state machine."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from simulated_cohort import Cohort
from simulated_member import Member, authority
from simulated_types import CLASSIFICATIONS, LINK, NAMES, SPECIAL, THING, TYPE_GUIDS, properties

from omrs_streams.cohort import instance_events, registry
from omrs_streams.cohort.rules import ExchangeRule

Bean = dict[str, Any]

SIZE = 4
ENTITY, RELATIONSHIP = "EntityDetail", "Relationship"

members = st.integers(0, SIZE - 1)
picks = st.integers(0, 47)


class CohortMachine(RuleBasedStateMachine):
    """At the end, and whenever `settle` happens, the cohort comes to rest and must be of one mind."""

    cohort: Cohort

    @initialize(
        partitions=st.sampled_from((1, 3)), ids=st.booleans(), absent=st.integers(0, 1), furnished=st.booleans()
    )
    def begin(self, partitions: int, ids: bool, absent: int, furnished: bool) -> None:
        """`absent` members are not in the cohort yet; a `furnished` one has instances that everybody knows."""
        self.cohort = Cohort(SIZE, partitions, ids=ids)
        for member in self.cohort.members[absent:]:
            self.cohort.register(member, registry.Connect())
        if furnished:
            for number in range(SIZE):
                self.create_entity(number, number)
            self.cohort.until_quiet()
            for number in range(1, SIZE):
                self.create_relationship(number, number, number + 1)
                self.classify_copy(number, number, CLASSIFICATIONS[number % 2])
        self.cohort.until_quiet()

    def member(self, number: int) -> Member:
        return self.cohort.members[number]

    def user(self, number: int) -> Member:
        """The member as a user finds it: up."""
        member = self.member(number)
        self.cohort.start(member)
        return member

    def pick(self, member: Member, number: int, wanted: Callable[[Bean], bool]) -> Bean | None:
        """One of the instances at `member` that are wanted."""
        found = [bean for bean in member.beans() if bean["class"] != "EntityProxy" and wanted(bean)]
        return found[number % len(found)] if found else None

    def mine(self, number: int, pick: int, *, deleted: bool = False) -> tuple[Member, Bean | None]:
        member = self.user(number)
        return member, self.pick(
            member, pick, lambda bean: authority(bean) == member.id and (bean["status"] == "DELETED") == deleted
        )

    # ---- instances of one's own ------------------------------------------------------------------------------------

    @rule(number=members, pick=picks)
    def create_entity(self, number: int, pick: int) -> None:
        kind = (THING, SPECIAL)[pick % 2]
        classified = [{"name": CLASSIFICATIONS[0]}] if pick % 5 == 0 else None
        self.cohort.command(self.user(number), "add_entity", kind, properties(pick), classified, None)

    @rule(number=members, pick=picks)
    def create_external_entity(self, number: int, pick: int) -> None:
        external = (f"external-{number}", "a technology")
        self.cohort.command(self.user(number), "add_entity", THING, properties(pick), None, None, external)

    @rule(number=members, one=picks, two=picks)
    def create_relationship(self, number: int, one: int, two: int) -> None:
        member = self.user(number)
        ends = [
            self.pick(member, each, lambda bean: bean["class"] == ENTITY and bean["status"] != "DELETED")
            for each in (one, two)
        ]
        if ends[0] and ends[1]:
            self.cohort.command(
                member, "add_relationship", LINK, properties(one), ends[0]["guid"], ends[1]["guid"], None
            )

    @rule(number=members, pick=picks, value=picks)
    def update(self, number: int, pick: int, value: int) -> None:
        member, bean = self.mine(number, pick)
        if bean is not None:
            self.cohort.command(member, "update_properties", bean["guid"], bean["class"], properties(value))

    @rule(number=members, pick=picks)
    def change_status(self, number: int, pick: int) -> None:
        member, bean = self.mine(number, pick)
        if bean is not None:
            status = "DRAFT" if bean["status"] == "ACTIVE" else "ACTIVE"
            self.cohort.command(member, "update_status", bean["guid"], bean["class"], status)

    @rule(number=members, pick=picks)
    def undo(self, number: int, pick: int) -> None:
        member, bean = self.mine(number, pick)
        if bean is not None:
            self.cohort.command(member, "undo", bean["guid"], bean["class"])

    @rule(number=members, pick=picks)
    def delete(self, number: int, pick: int) -> None:
        member, bean = self.mine(number, pick)
        self._typed(member, "delete", bean)

    @rule(number=members, pick=picks)
    def restore(self, number: int, pick: int) -> None:
        member, bean = self.mine(number, pick, deleted=True)
        if bean is not None:
            self.cohort.command(member, "restore", bean["guid"], bean["class"])

    @rule(number=members, pick=picks)
    def purge(self, number: int, pick: int) -> None:
        member, bean = self.mine(number, pick, deleted=True)
        self._typed(member, "purge", bean)

    def _typed(self, member: Member, name: str, bean: Bean | None, *more: Any) -> None:
        if bean is not None:
            kind = bean["type"]
            self.cohort.command(
                member, name, bean["guid"], bean["class"], *more, kind["typeDefGUID"], kind["typeDefName"]
            )

    @rule(number=members, pick=picks)
    def delete_and_purge(self, number: int, pick: int) -> None:
        member, bean = self.mine(number, pick)
        self._typed(member, "delete", bean)
        self._typed(member, "purge", bean)

    @rule(number=members, pick=picks)
    def re_identify(self, number: int, pick: int) -> None:
        member, bean = self.mine(number, pick)
        if bean is None:
            return
        kind = bean["type"]
        new = self.cohort.fresh()
        done = self.cohort.command(
            member, "re_identify", bean["guid"], bean["class"], kind["typeDefGUID"], kind["typeDefName"], new
        )
        if done is not None:
            self.cohort.re_identified.add(bean["guid"])

    @rule(number=members, pick=picks)
    def re_type(self, number: int, pick: int) -> None:
        member = self.user(number)
        bean = self.pick(
            member, pick, lambda b: authority(b) == member.id and b["class"] == ENTITY and b["status"] != "DELETED"
        )
        if bean is not None:
            old = bean["type"]["typeDefGUID"]
            new = THING if old == SPECIAL else SPECIAL
            summaries = [{"guid": guid, "name": NAMES[guid]} for guid in (old, new)]
            self.cohort.command(member, "re_type", bean["guid"], ENTITY, *summaries)

    # ---- classifications -------------------------------------------------------------------------------------------

    @rule(number=members, pick=picks, name=st.sampled_from(CLASSIFICATIONS))
    def classify(self, number: int, pick: int, name: str) -> None:
        """An entity of one's own, or a copy."""
        member = self.user(number)
        bean = self.pick(member, pick, lambda b: b["class"] == ENTITY and b["status"] != "DELETED")
        if bean is not None:
            self.cohort.command(member, "classify", bean["guid"], name, properties(pick))

    @rule(number=members, pick=picks, name=st.sampled_from(CLASSIFICATIONS))
    def classify_copy(self, number: int, pick: int, name: str) -> None:
        member = self.user(number)
        bean = self.pick(
            member, pick, lambda b: b["class"] == ENTITY and authority(b) != member.id and b["status"] != "DELETED"
        )
        if bean is not None:
            self.cohort.command(member, "classify", bean["guid"], name, properties(pick))

    @rule(number=members, pick=picks, value=picks)
    def reclassify(self, number: int, pick: int, value: int) -> None:
        member, bean, name = self._classified(number, pick)
        if bean is not None:
            self.cohort.command(member, "reclassify", bean["guid"], name, properties(value))

    @rule(number=members, pick=picks)
    def declassify(self, number: int, pick: int) -> None:
        member, bean, name = self._classified(number, pick)
        if bean is not None:
            self.cohort.command(member, "declassify", bean["guid"], name)

    def _classified(self, number: int, pick: int) -> tuple[Member, Bean | None, str]:
        """An entity with a classification that `member` maintains."""
        member = self.user(number)
        found = [
            (bean, each["name"])
            for bean in member.beans()
            if bean["class"] == ENTITY
            for each in bean.get("classifications") or ()
            if authority(each) == member.id
        ]
        return (member, *found[pick % len(found)]) if found else (member, None, "")

    # ---- homes and guids -------------------------------------------------------------------------------------------

    def _orphan(self, member: Member, pick: int) -> Bean | None:
        """A copy whose home has left, as far as `member` knows."""
        self.cohort.hear_registry(member)
        return self.pick(
            member,
            pick,
            lambda b: (
                authority(b) not in member.registry.members
                and b["status"] != "DELETED"
                and b["instanceProvenanceType"] == "LOCAL_COHORT"
            ),
        )

    def _re_home(self, member: Member, bean: Bean) -> None:
        kind = bean["type"]
        member.lossy |= (
            bean["guid"] in member.filtered
        )  # it has to ask what it did not want to know while it was a copy
        self.cohort.command(
            member,
            "re_home",
            bean["guid"],
            bean["class"],
            bean["metadataCollectionId"],
            member.id,
            member.local.collection_name,
            kind["typeDefGUID"],
            kind["typeDefName"],
            members=member.registry.members,
        )

    @rule(number=members, pick=picks)
    def re_home(self, number: int, pick: int) -> None:
        member = self.user(number)
        bean = self._orphan(member, pick) if member.connected else None
        if bean is not None:
            self._re_home(member, bean)

    @rule(number=members, other=members, pick=picks)
    def leave_and_be_re_homed(self, number: int, other: int, pick: int) -> None:
        """The member may return one day, and with it what it had not published."""
        if number != other:
            self.leave_for_good(number)
            self.re_home(other, pick)

    @rule(number=members, pick=picks, value=picks)
    def re_home_race(self, number: int, pick: int, value: int) -> None:
        """Two members take over the same instance before they hear of each other; one goes on changing it."""
        first = self.user(number)
        bean = self._orphan(first, pick) if first.connected else None
        if bean is None:
            return
        for second in list(self.cohort.connected()):
            self.cohort.hear_registry(second)
            held = second.bean(bean["guid"])
            same = held is not None and held["class"] == bean["class"]
            orphaned = bean["metadataCollectionId"] not in second.registry.members
            if second is not first and same and orphaned:
                self._re_home(first, bean)
                self._re_home(second, bean)
                member = (first, second)[value % 2]
                self.cohort.command(member, "update_properties", bean["guid"], bean["class"], properties(value))
                return

    @rule(number=members, other=members, pick=picks)
    def guid_conflict(self, number: int, other: int, pick: int) -> None:
        """Two members create an entity with the same guid, a moment apart."""
        if number != other:
            event_id = self.cohort.fresh()
            for each in (self.member(number), self.member(other)):
                self.cohort.now += 1
                self.cohort.command(each, "add_entity", THING, properties(pick), None, None, event_id=event_id)

    # ---- the network -----------------------------------------------------------------------------------------------

    @rule(number=members, limit=st.integers(1, 6))
    def publish(self, number: int, limit: int) -> None:
        member = self.member(number)
        if member.connected:
            member.follow()
            self.cohort.publish(member, limit)

    @rule(number=members, pick=picks)
    def deliver(self, number: int, pick: int) -> None:
        """Some messages of one partition: the others are behind, so partitions get out of step."""
        member = self.member(number)
        if member.connected:
            self.cohort.hear(member, pick % self.cohort.partitions, 1 + pick // 3)

    @rule(number=members)
    def deliver_all(self, number: int) -> None:
        member = self.member(number)
        if member.connected:
            self.cohort.hear_registry(member)
            for partition in range(self.cohort.partitions):
                self.cohort.hear(member, partition)

    @rule(number=members)
    def deliver_registry(self, number: int) -> None:
        member = self.member(number)
        if member.running and member.stored_local is not None:
            self.cohort.hear_registry(member, 1)

    @rule(number=members, pick=picks)
    def deliver_again(self, number: int, pick: int) -> None:
        member = self.member(number)
        if member.connected:
            name = f"instances-{pick % self.cohort.partitions}"
            member.cursor[name] = max(0, member.cursor.get(name, 0) - 1 - pick // 3)

    @rule(number=members, pick=picks)
    def lose(self, number: int, pick: int) -> None:
        """Messages never arrive; the member will ask the homes what it missed."""
        member = self.member(number)
        partition = pick % self.cohort.partitions
        name = f"instances-{partition}"
        here, end = member.cursor.get(name, 0), len(self.cohort.topics[partition])
        if member.connected and here < end:
            member.cursor[name] = min(end, here + 1 + pick // 3)
            member.lossy = True

    @rule(number=members, pick=picks)
    def refresh_one(self, number: int, pick: int) -> None:
        member = self.member(number)
        bean = self.pick(member, pick, lambda bean: authority(bean) != member.id)
        if member.connected and bean is not None:
            self.cohort.request(member, bean)

    @rule(number=members, pick=picks)
    def batch(self, number: int, pick: int) -> None:
        """A member sends what it has as one event, past its publisher."""
        member = self.member(number)
        own = [b for b in member.beans() if authority(b) == member.id]
        chosen = [bean for place, bean in enumerate(own) if (pick >> (place % 5)) & 1]
        if member.connected and chosen:
            entities = [bean for bean in chosen if bean["class"] == ENTITY]
            relationships = [bean for bean in chosen if bean["class"] == RELATIONSHIP]
            now = self.cohort.clock()
            event = instance_events.batch(entities, relationships, member.local.originator(), now)
            self.cohort.send(member, self.cohort.fresh(), event)

    # ---- processes and membership ----------------------------------------------------------------------------------

    @rule(number=members)
    def stop(self, number: int) -> None:
        member = self.member(number)
        if member.running:
            member.stop()

    @rule(number=members)
    def kill(self, number: int) -> None:
        """Between fold and publish, or between publish and the commit of the cursor: then it sends twice."""
        self.member(number).kill()

    @rule(number=members)
    def publish_and_die(self, number: int) -> None:
        self.publish(number, 6)
        self.kill(number)
        self.start(number)

    @rule(number=members)
    def commit(self, number: int) -> None:
        member = self.member(number)
        if member.running:
            member.committed = dict(member.cursor)

    @rule(number=members)
    def start(self, number: int) -> None:
        self.cohort.start(self.member(number))

    @rule(number=members)
    def join(self, number: int) -> None:
        """For the first time, or again after it had left for good."""
        member = self.member(number)
        if member.running and not member.connected:
            self.cohort.register(member, registry.Connect())

    @rule(number=members)
    def leave_for_good(self, number: int) -> None:
        member = self.member(number)
        if member.connected and sum(each.stored_local is not None for each in self.cohort.members) > 2:
            self.cohort.register(member, registry.Unregister())

    # ---- rules and types -------------------------------------------------------------------------------------------

    @rule(number=members, kind=st.sampled_from((THING, SPECIAL, LINK)))
    def save_less(self, number: int, kind: str) -> None:
        member = self.member(number)
        member.lossy |= member.save.rule != "ALL"  # what was refused until now
        member.save = ExchangeRule("DESELECTED_TYPES", frozenset({kind}))

    @rule(number=members)
    def save_all(self, number: int) -> None:
        """What was refused meanwhile has to be asked for."""
        member = self.member(number)
        if member.save.rule != "ALL":
            member.save = ExchangeRule()
            member.lossy = True

    @rule(number=members, kind=st.sampled_from(TYPE_GUIDS))
    def type_unknown(self, number: int, kind: str) -> None:
        """A type that has not come yet: its instances wait."""
        member = self.member(number)
        member.active -= {kind}

    @rule(number=members)
    def types_learned(self, number: int) -> None:
        member = self.member(number)
        member.active = frozenset(TYPE_GUIDS)
        dead, member.dead = member.dead, []
        if member.connected:
            for event_id, event in dead:
                self.cohort.tell(member, event_id, event)
        else:
            member.dead = dead

    # ---- what must hold --------------------------------------------------------------------------------------------

    @rule()
    def settle(self) -> None:
        self.cohort.settle()
        self.cohort.check()

    def teardown(self) -> None:
        if hasattr(self, "cohort"):
            try:
                self.settle()
            finally:
                self.cohort.close()
