"""The registry stores of a server's cohorts: its compacted `cohorts` topic, which every worker reads whole (DESIGN.md,
"The log (topics)").

| Key | Value |
|---|---|
| `identity` | the metadata collection id of the server |
| `learned:<type guid>` | the type guid: instances of the type are kept as copies (exchange rule LEARNED_TYPES) |
| `<cohort>/local` | our registration, as the event that carries it |
| `<cohort>/<collection id>` | that of another member |
| `<cohort>/wanted` | JSON: whether the server shall be connected, un-registered …; the last command, from any worker |
| `<cohort>/status` | JSON: what the worker that speaks for the server made of it |
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import OmrsError
from omrs_streams.cohort.registry import Status
from omrs_streams.cohort.registry_events import Registration, registration_event
from omrs_streams.log import names
from omrs_streams.log.consumer import watermarks
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.view import Change, TopicView
from omrs_streams.worker.boundary import UNFORESEEN

log = logging.getLogger(__name__)

IDENTITY, LOCAL, WANTED, STATUS = "identity", "local", "wanted", "status"
_OURS = frozenset({LOCAL, WANTED, STATUS})
_PREFIX = "id:"
_LEARNED = "learned:"
RETRY_S = 1.0  # between attempts to write while Kafka is away

Wanted = Literal["CONNECTED", "DISCONNECTED", "UNREGISTERED"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants the server to be in a cohort; without a command, connected."""

    state: Wanted = "CONNECTED"
    id: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of the wish with id `wish`."""

    status: Status = "NEW"
    wish: str = ""
    message: str = ""


@dataclass(slots=True)
class StoredRegistry:
    """The registry store of one cohort, as this worker has read it."""

    local: Registration | None = None
    remotes: dict[str, Registration] = field(default_factory=dict)
    wish: Wish = field(default_factory=Wish)
    standing: Standing = field(default_factory=Standing)

    def take(self, name: str, value: bytes | None, codec: EventCodec) -> None:
        """Take in one record; CodecError or ValueError for one that cannot be read."""
        if name == WANTED:
            self.wish = Wish(**json.loads(value)) if value else Wish()
        elif name == STATUS:
            self.standing = Standing(**json.loads(value)) if value else Standing()
        elif name == LOCAL:
            self.local = Registration.of_event(codec.decode(value)) if value else None
        else:
            found = Registration.of_event(codec.decode(value)) if value else None
            if found is None:
                self.remotes.pop(name.removeprefix(_PREFIX), None)
            else:
                self.remotes[found.collection_id] = found


def _name(collection_id: str) -> str:
    """The store name of a remote member; ids may be any text."""
    return f"{_PREFIX}{collection_id}" if collection_id in _OURS or collection_id.startswith(_PREFIX) else collection_id


class RegistryStore:
    """Reads and writes the topic. `on_change` is told the cohorts whose records changed; it runs on the event loop."""

    def __init__(self, conf: dict[str, Any], server: str, codec: EventCodec, producer: LogProducer) -> None:
        self.topic = names.server_cohorts(server)
        self.view = TopicView(conf, self.topic, self._apply)
        self.identity: str | None = None
        self.learned: dict[str, None] = {}
        self.on_change: Callable[[Iterable[str]], None] = lambda cohorts: None
        self._conf = conf
        self._codec = codec
        self._producer = producer
        self._cohorts: dict[str, StoredRegistry] = {}

    def of(self, cohort: str) -> StoredRegistry:
        """The store of a cohort; it follows the topic."""
        return self._cohorts.setdefault(cohort, StoredRegistry())

    def _apply(self, changes: list[Change]) -> None:
        changed: dict[str, None] = {}
        for key, value, offset in changes:
            cohort, separator, name = key.partition("/")
            if not separator:
                if key == IDENTITY and value is not None:
                    self.identity = value.decode()
                elif key.startswith(_LEARNED) and value is not None:
                    self.learned[key.removeprefix(_LEARNED)] = None
                continue
            try:
                self.of(cohort).take(name, value, self._codec)
            except (OmrsError, *UNFORESEEN) as error:
                log.error("%s@%d (%s) is skipped: %s", self.topic, offset, key, error)
                continue
            changed[cohort] = None
        self.on_change(changed)

    async def caught_up(self) -> None:
        """Wait until everything that is in the topic now has been read: another worker may have written it."""
        [(_, end)] = await asyncio.to_thread(watermarks, self._conf, self.topic, 1)
        await self.view.passed(end - 1)

    # ---- writing: each returns once this worker has read it back ---------------------------------------------------

    async def save(self, cohort: str, found: Registration, now: int, *, local: bool) -> None:
        value = self._codec.encode(registration_event("REGISTRATION_EVENT", found, now))
        await self._write(f"{cohort}/{LOCAL if local else _name(found.collection_id)}", value)

    async def remove(self, cohort: str, collection_id: str, *, local: bool) -> None:
        await self._write(f"{cohort}/{LOCAL if local else _name(collection_id)}", None)

    async def want(self, cohort: str, wish: Wish) -> None:
        await self._write(f"{cohort}/{WANTED}", _json(state=wish.state, id=wish.id, user=wish.user))

    async def say(self, cohort: str, standing: Standing) -> None:
        value = _json(status=standing.status, wish=standing.wish, message=standing.message)
        await self._write(f"{cohort}/{STATUS}", value)

    async def identify(self, collection_id: str) -> None:
        await self._write(IDENTITY, collection_id.encode())

    async def learn(self, type_guid: str) -> None:
        await self._write(f"{_LEARNED}{type_guid}", type_guid.encode())

    async def _write(self, key: str, value: bytes | None) -> None:
        while True:
            try:
                [offset] = await self._producer.send_batch([(self.topic, 0, key.encode(), value, [])])
            except OmrsError as error:
                if not error.retriable:
                    raise
                log.warning("%s waits for Kafka: %s", key, error)
                await asyncio.sleep(RETRY_S)
            else:
                await self.view.passed(offset)
                return


def _json(**fields: str) -> bytes:
    return json.dumps(fields).encode()
