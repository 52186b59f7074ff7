"""The members of a cohort under test: two servers of ours that speak Egeria's JSON, and a real Egeria 4.2."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from member import Member

from omrs_schemas.typedefs.system import TypeSystem
from peer import EgeriaPeer, create_topics, running
from workers import Fleet, Running, eventually, unique

FIRST, SECOND, EGERIA = "first", "second", "egeria"
HOMES = (FIRST, SECOND, EGERIA)


@dataclass
class Ours:
    """A server of ours: its settings, and its process while it runs."""

    server: str
    collection_id: str
    config: Path
    fleet: Fleet
    cohort: str
    types: TypeSystem
    running: Running | None = None
    _member: Member | None = None

    @property
    def name(self) -> str:
        return self.server

    @property
    def member(self) -> Member:
        assert self._member is not None, f"{self.server} was never started"
        return self._member

    def spawn(self) -> "Ours":
        self.running = self.fleet.spawn(self.server, config=self.config)
        return self

    def wait(self) -> "Ours":
        assert self.running is not None
        self.fleet.await_url(self.running).wait_ready()
        self.close()
        self._member = Member(self.server, self.running.url, self.collection_id, self.cohort, self.types)
        return self

    def start(self) -> "Ours":
        return self.spawn().wait()

    def close(self) -> None:
        if self._member is not None:
            self._member.close()
            self._member = None

    def stop(self) -> None:
        assert self.running is not None
        assert self.running.stop() == 0, self.running.tail()

    def kill(self) -> None:
        assert self.running is not None
        self.running.kill()

    def log_text(self) -> str:
        return self.running.log_text() if self.running is not None else ""


@dataclass
class Cohort:
    """The three, by the names of `HOMES`."""

    name: str
    first: Ours
    second: Ours
    egeria: EgeriaPeer

    @contextmanager
    def alive(self) -> Iterator[None]:
        """What was started within the block ends with it."""
        try:
            with running(self.egeria):
                yield
        finally:
            for each in (self.first, self.second):
                each.close()
                if each.running is not None and each.running.alive():
                    each.running.proc.terminate()

    @property
    def all(self) -> tuple[Ours | EgeriaPeer, ...]:
        return self.first, self.second, self.egeria

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(each.member for each in self.all)

    def process(self, home: str) -> Ours | EgeriaPeer:
        return dict(zip(HOMES, self.all, strict=True))[home]

    def others(self, member: Member) -> tuple[Member, ...]:
        return tuple(each for each in self.members if each is not member)

    def knows_all(self, member: Member) -> bool:
        """Whether the member has registered the two others, and nobody else."""
        return member.members() == {each.collection_id: each.name for each in self.others(member)}

    def registered(self, within: float = 60.0) -> None:
        """Until everybody has registered everybody else."""
        for member in self.members:
            eventually(lambda m=member: self.knows_all(m), f"{member} knows the others", within=within)
        for each in (self.first, self.second):
            eventually(lambda e=each: self.egeria.heard_of(e.name), f"Egeria has heard of {each.name}", within=within)


@dataclass
class Founder:
    """Makes cohorts of three, not yet started, on one broker."""

    root: Path
    fleet: Fleet
    archive: Path
    types: TypeSystem

    def cohort(self) -> Cohort:
        name = unique("interop")
        create_topics(self.fleet.bootstrap_servers, name)
        first, second = (self.ours(unique(prefix), name) for prefix in ("First", "Second"))
        return Cohort(name, first, second, self.egeria(unique("Egeria"), name))

    def ours(self, server: str, cohort: str, **more: Any) -> Ours:
        """`more`: further settings of the server."""
        collection_id = str(uuid4())
        config = self.root / f"{server}.yaml"
        settings = {
            "metadata_collection_id": collection_id,
            "types": str(self.archive),
            "cohorts": [{"name": cohort, "encoding": "egeria-json"}],
            **more,
        }
        config.write_text(yaml.safe_dump(settings))
        return Ours(server, collection_id, config, self.fleet, cohort, self.types)

    def egeria(self, server: str, cohort: str) -> EgeriaPeer:
        return EgeriaPeer(self.root, server, self.fleet.bootstrap_servers, cohort, self.types)
