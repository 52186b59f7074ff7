"""A cohort of simulated members: its topics, what can happen to it, and what must hold once it is quiet."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulated_member import Member, authority, run
from simulated_types import TYPE_GUIDS

from omrs_schemas.errors import OmrsError
from omrs_streams.cohort import instance_events, registry
from omrs_streams.log.partition import partition_of
from omrs_streams.log.record import ORIGIN_COPY
from omrs_streams.store.canonical import canonical

Bean = dict[str, Any]
START = 1_700_000_000_000
ROUNDS = 40  # a cohort of a few members is quiet after a handful; more means that two of them quarrel for ever


@dataclass(frozen=True, slots=True)
class Message:
    sender: str
    event_id: str
    event: Bean


class Cohort:
    """`partitions` of the instances topic; `ids`: whether events carry their id (an Avro cohort) or not (JSON)."""

    def __init__(self, size: int, partitions: int, *, ids: bool) -> None:
        self.now = START
        self.partitions, self.ids = partitions, ids
        self.topics: list[list[Message]] = [[] for _ in range(partitions)]
        self.registrations: list[Message] = []
        self.loop = asyncio.new_event_loop()
        self.members = [Member(number, self.clock, self.loop) for number in range(size)]
        self.count = 0
        self.re_identified: set[str] = set()

    def close(self) -> None:
        self.loop.close()

    def clock(self) -> int:
        """Virtual time: several things may happen in one millisecond."""
        self.count += 1
        if self.count % 3 == 0:
            self.now += 1
        return self.now

    def fresh(self) -> str:
        self.count += 1
        return f"id-{self.count}"

    # ---- topics ----------------------------------------------------------------------------------------------------

    def send(self, member: Member, event_id: str, event: Bean) -> None:
        section = event["instanceEventSection"]
        batch = section.get("instanceBatch") or {}
        first: Bean = next(iter((*batch.get("entities", ()), *batch.get("relationships", ()))), {})
        guid = section.get("instanceGUID") or first.get("guid") or ""
        self.topics[partition_of(guid, self.partitions)].append(Message(member.id, event_id, event))

    def register(self, member: Member, happened: registry.Input) -> None:
        for event in member.step_registry(happened):
            self.registrations.append(Message(member.id, "", event))

    def hear_registry(self, member: Member, limit: int | None = None) -> int:
        start = member.cursor.get("registry", 0)
        messages = self.registrations[start : None if limit is None else start + limit]
        member.cursor["registry"] = start + len(messages)
        for message in messages:
            self.register(member, registry.Received(message.event))
        return len(messages)

    def publish(self, member: Member, limit: int | None = None) -> int:
        sent = member.outbound(limit)
        for event_id, event in sent:
            self.send(member, event_id, event)
        return len(sent)

    def hear(self, member: Member, partition: int, limit: int | None = None) -> int:
        """Deliver the next messages of a partition to a member."""
        name = f"instances-{partition}"
        start = member.cursor.get(name, 0)
        messages = self.topics[partition][start : None if limit is None else start + limit]
        for offset, message in enumerate(messages, start):
            member.cursor[name] = offset + 1
            if message.sender == member.id:
                continue
            # Two members may use one id: callers give them, and repeat a request at another server.
            event_id = f"{message.sender}/{message.event_id}" if self.ids else f"{partition}@{offset}"
            self.tell(member, event_id, message.event, by_headers=offset % 2 == 0)
        return len(messages)

    def tell(self, member: Member, event_id: str, event: Bean, *, by_headers: bool = False) -> None:
        for answer in member.inbound(event_id, event, by_headers=by_headers):
            self.send(member, self.fresh(), answer)

    # ---- what a user does ------------------------------------------------------------------------------------------

    def command(self, member: Member, name: str, *arguments: Any, event_id: str | None = None, **more: Any) -> Any:
        """A command at `member`; None where it is refused."""
        if not member.running:
            return None
        call = member.call(event_id or self.fresh())
        try:
            return run(getattr(member.commands, name)(member.owned, call, *arguments, **more))
        except OmrsError:
            return None

    def request(self, member: Member, bean: Bean, home: str | None = None) -> None:
        """Ask the home of an instance to say it again."""
        event = instance_events.refresh_request(
            bean["guid"],
            home or bean["metadataCollectionId"],
            bean["type"],
            bean["class"] == "Relationship",
            member.local.originator(),
            self.clock(),
        )
        self.send(member, self.fresh(), event)

    def refresh(self, member: Member) -> None:
        """As after a federated find: ask for everything that the others have, and for what is held."""
        for other in self.connected():
            for bean in other.beans():
                if other is not member and authority(bean) == other.id and bean["class"] != "EntityProxy":
                    self.request(member, bean)
        for bean in list(member.beans()):
            self.request(member, bean, authority(bean))
        member.filtered.clear()
        member.lossy = False

    def connected(self) -> Iterator[Member]:
        return (member for member in self.members if member.connected)

    # ---- quiet -----------------------------------------------------------------------------------------------------

    def start(self, member: Member) -> None:
        if not member.running:
            member.start()
        if member.stored_local is not None and not member.connected:
            self.register(member, registry.Connect())

    def settle(self) -> None:
        """Everybody who belongs to the cohort is up, knows every type, and hears everything; who missed events asks."""
        for member in self.members:
            self.start(member)
            member.active = frozenset(TYPE_GUIDS)
        self.until_quiet()
        if any(member.lossy for member in self.connected()):
            for member in list(self.connected()):
                if member.lossy:
                    self.refresh(member)
            self.until_quiet()

    def until_quiet(self) -> None:
        for _ in range(ROUNDS):
            moved = 0
            for member in list(self.connected()):
                moved += self.hear_registry(member)
                for partition in range(self.partitions):
                    moved += self.hear(member, partition)
                dead, member.dead = member.dead, []
                for event_id, event in dead:
                    self.tell(member, event_id, event)
                member.follow()
                moved += self.publish(member)
            if not moved:
                return
        raise AssertionError("the cohort does not come to rest")

    # ---- what must hold --------------------------------------------------------------------------------------------

    def check(self) -> None:
        self._everybody_knows_everybody()
        present = {member.id: member for member in self.connected()}
        for home in present.values():
            self._nothing_foreign_changed_what_is_at_home(home)
            self._nothing_was_applied_twice(home)
            for bean in home.beans():
                if bean["class"] == "EntityProxy":
                    continue
                if authority(bean) == home.id:
                    for other in present.values():
                        self._holds(other, bean, home)
                elif authority(bean) in present and self._wants(home, bean):
                    self._is_there(home, bean, present[authority(bean)])

    def _everybody_knows_everybody(self) -> None:
        present = {member.id for member in self.connected()}
        for member in self.connected():
            assert member.registry.members == present, (member.name, member.registry.members, present)
            assert set(member.stored_remotes) == present - {member.id}

    def _nothing_foreign_changed_what_is_at_home(self, member: Member) -> None:
        for guid in member.fold.guids():
            meta, bean = member.fold.get_meta(guid), member.bean(guid)
            if meta is None or bean is None or authority(bean) != member.id or meta.proxy:
                continue
            last = [stored.meta for stored in member.fold.revisions(guid) if stored.meta.revision == meta.base_revision]
            origin = member.log[last[0].offset].origin
            assert origin != ORIGIN_COPY, (member.name, member.log[last[0].offset])

    def _nothing_was_applied_twice(self, member: Member) -> None:
        lost = member.fold.lost_between(0, len(member.log))
        ids = [record.event_id for record in member.log if record.offset not in lost]
        assert len(ids) == len(set(ids))

    def _wants(self, member: Member, bean: Bean) -> bool:
        kind = bean["type"]
        return bean["guid"] not in member.filtered and member.save.instance(kind["typeDefGUID"], kind["typeDefName"])

    def _holds(self, member: Member, bean: Bean, home: Member) -> None:
        if member is home or not self._wants(member, bean):
            return
        meta, held = member.fold.get_meta(bean["guid"]), member.bean(bean["guid"])
        if meta is not None and meta.tombstone:
            if member.log[meta.offset].origin != ORIGIN_COPY and bean["class"] == "Relationship":
                return  # it went with its end
            if bean["status"] == "DELETED" and bean["guid"] in self.re_identified:
                return  # the old guid of an instance that has another one
        assert held is not None, f"{member.name} lacks {_short(bean)} of {home.name}"
        assert comparable(held) == comparable(bean), (
            f"{member.name} holds {_short(held)}, {home.name} says {_short(bean)}\n{held}\n{bean}"
        )

    def _is_there(self, member: Member, copy: Bean, home: Member) -> None:
        bean = home.bean(copy["guid"])
        assert bean is not None and authority(bean) == home.id, (
            f"{member.name} holds {_short(copy)}, {home.name} has {None if bean is None else _short(bean)}"
        )


def comparable(bean: Bean) -> Bean:
    """The canonical form, classifications by name: their order is not part of what members agree on."""
    form = canonical(bean)
    if form.get("classifications"):
        form["classifications"] = sorted(form["classifications"], key=lambda each: str(each["name"]))
    return form


def _short(bean: Bean) -> str:
    tags = [(each["name"], each["version"], each["metadataCollectionId"]) for each in bean.get("classifications") or ()]
    return f"{bean['class']} {bean['guid'][:8]} v{bean['version']} {bean['status']} of {authority(bean)} {tags}"
