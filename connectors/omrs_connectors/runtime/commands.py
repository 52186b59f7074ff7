"""What people ask of connectors: events on the daemon's command topic, folded into the connector's state by its owner.

Any worker accepts a command for any connector. It is answered when it is in the topic; from there it survives restarts
and moves of the connector. Keys: connector ids.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from uuid import uuid4

import orjson

from omrs_connectors.runtime.states import State
from omrs_connectors.sdk.connections import parse_connection
from omrs_schemas.errors import InvalidParameterError, PoisonRecordError
from omrs_streams.log.names import daemon_commands
from omrs_streams.log.producer import LogProducer
from omrs_streams.log.topics import TopicSpec, days

MAX_CHANGES = 512 * 1024  # bytes of JSON laid over one configuration: a record of the state holds it three times
KEPT_DAYS = 30  # what they did stays in the state; the commands themselves are for whoever asks what happened

Kind = Literal["refresh", "restart", "configuration", "endpoint", "connection"]
KINDS = frozenset(get_args(Kind))
CHANGES = frozenset({"configuration", "endpoint", "connection"})
"""Commands that change a connector's configuration: it is built anew."""


@dataclass(frozen=True, slots=True)
class Command:
    """`time` in epoch milliseconds. `body`: configuration {properties, merge}, endpoint {networkAddress}, connection
    {connection}."""

    kind: Kind
    connector_id: str
    user: str
    time: int
    body: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid4()))

    def to_json(self) -> bytes:
        """InvalidParameterError for a body that is too large, or holds what the state cannot."""
        whole = {"id": self.id, "kind": self.kind, "user": self.user, "time": self.time, "body": self.body}
        try:
            found = orjson.dumps(whole)
        except TypeError as error:
            raise InvalidParameterError(f"the {self.kind} of a connector cannot hold this: {error}") from error
        _check_size(self.connector_id, len(found))
        return found

    @classmethod
    def from_record(cls, key: bytes | None, value: bytes | None) -> "Command":
        """PoisonRecordError for what is no command."""
        try:
            found = orjson.loads(value or b"")
            kind, body = found["kind"], found.get("body") or {}
            if not key or kind not in KINDS or not isinstance(body, dict) or not _sound(kind, body):
                raise ValueError(f"kind {kind!r}, key {key!r}")
            return cls(kind, key.decode(), str(found["user"]), int(found["time"]), body, str(found["id"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PoisonRecordError(f"the record is no command for a connector: {error}") from error


def command_topic(daemon: str, partitions: int) -> TopicSpec:
    return TopicSpec(daemon_commands(daemon), partitions, days(KEPT_DAYS))


async def send(producer: LogProducer, daemon: str, commands: list[Command]) -> None:
    """Appends the commands, by key to the partition of their connector; returns when Kafka has them. ProduceError."""
    topic = daemon_commands(daemon)
    await producer.send_batch([(topic, -1, each.connector_id.encode(), each.to_json(), []) for each in commands])


def folded(state: State, command: Command) -> State:
    """The state after a command; the same state for one that it knows already (commands arrive at least once).
    InvalidParameterError for one that would make the state larger than a record may be.

    `asked` holds the last refresh and restart that were asked for; they are done when `handled` names them too.
    `overrides` lie over the configuration: OMRS integration § 9.
    """
    known = [*state.get("commands", ())]
    if command.id in known:
        return state
    after = {**state, "commands": [*known, command.id][-20:]}
    if command.kind not in CHANGES:
        after["asked"] = {**state.get("asked", {}), command.kind: command.id}
        return after
    overrides = dict(state.get("overrides", {}))
    if command.kind == "configuration":
        properties = command.body.get("properties")
        if command.body.get("merge"):
            overrides["merged"] = {**overrides.get("merged", {}), **(properties or {})}
        else:
            overrides["properties"], overrides["merged"] = properties or {}, {}
    elif command.kind == "endpoint":
        overrides["networkAddress"] = command.body.get("networkAddress")
    else:
        overrides = {"connection": command.body.get("connection")}
    _check_size(command.connector_id, len(orjson.dumps(overrides)))
    after["overrides"] = overrides
    return after


def _sound(kind: Kind, body: dict[str, Any]) -> bool:
    """Whether the body is what a command of its kind has. ValueError for a connection that is none."""
    if kind == "configuration":
        return isinstance(body.get("properties") or {}, dict)
    if kind == "endpoint":
        return isinstance(body.get("networkAddress") or "", str)
    if kind == "connection":
        return isinstance(body.get("connection"), dict) and parse_connection(body["connection"]) is not None
    return True


def _check_size(connector_id: str, size: int) -> None:
    if size > MAX_CHANGES:
        raise InvalidParameterError(
            f"what is changed of connector {connector_id} takes {size} bytes of the {MAX_CHANGES} that can be kept",
            help="keep large content in a file, and tell the connector where it is",
            parameterName="configurationProperties",
        )
