"""Which log a store was folded from. A store of another log, or of a topic that was made anew, is refused."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson
from rocksdict import Rdict

from omrs_schemas.errors import ConfigurationError
from omrs_streams.store import keys

FORMAT: Final = b"1"
"""Of keys and values. A store in another format is deleted and folded again: it holds nothing but the log."""


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """`topic_id` is what the broker calls the topic; it changes when a topic is deleted and created again."""

    topic: str
    topic_id: str
    partition: int


def check_identity(engine: Rdict, identity: LogIdentity, path: Path) -> None:
    """Stamp a new store or compare a known one; ConfigurationError when it is another log's."""
    stamped = engine.get(keys.IDENTITY)
    if stamped is None:
        engine.put(keys.FORMAT, FORMAT)
        engine.put(keys.IDENTITY, orjson.dumps(asdict(identity)))
        return
    if engine.get(keys.FORMAT) != FORMAT:
        raise ConfigurationError(
            f"the store at {path} has format {_text(engine.get(keys.FORMAT))}, this version reads {_text(FORMAT)}",
            help="delete that directory; it is folded again from the log",
            path=str(path),
        )
    known = LogIdentity(**orjson.loads(stamped))
    if known != identity:
        raise ConfigurationError(
            f"the store at {path} was folded from {_name(known)}, not from {_name(identity)}",
            help="delete that directory to fold the present log, or set the data directory that belongs to it",
            path=str(path),
            stored=asdict(known),
            wanted=asdict(identity),
        )


def _name(identity: LogIdentity) -> str:
    return f"{identity.topic}[{identity.partition}] (topic id {identity.topic_id})"


def _text(value: bytes | None) -> str:
    return "none" if value is None else value.decode(errors="replace")
