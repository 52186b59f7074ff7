"""What a daemon has said: on its console and on its audit topic."""

import re
from dataclasses import dataclass
from typing import Any

from daemons import Daemon

from omrs_schemas.codec.audit import decode_audit
from omrs_streams.log.names import daemon_audit
from workers import eventually

IDS = "INTEGRATION-DAEMON-SERVICES-"
_ID = r"OM[A-Z]{2}-[A-Z-]*\d{4}|OPEN-METADATA-SECURITY-\d{4}|INTEGRATION-DAEMON-SERVICES-\d{4}"
LINE = re.compile(
    r"(?P<at>\w{3} \w{3} \d\d \d\d:\d\d:\d\d \S+ \d{4}) (?P<server>\S+) (?P<severity>[A-Z]\w+)"
    rf" (?P<id>{_ID}) (?P<text>.*)"
)
"""A line of Egeria's console: time, server, severity, id, text."""


@dataclass(frozen=True)
class Message:
    """`id` without what all ids of the daemon's services begin with."""

    id: str
    severity: str
    text: str


def on_console(daemon: Daemon) -> list[Message]:
    found = [match for line in daemon.log_text().splitlines() if (match := LINE.fullmatch(line))]
    assert all(match["server"] == daemon.name for match in found)
    return [Message(match["id"].removeprefix(IDS), match["severity"], match["text"]) for match in found]


def on_topic(daemon: Daemon) -> list[dict[str, Any]]:
    """The records of the audit topic, oldest first."""
    return [decode_audit(value) for _, value in daemon.published(daemon_audit(daemon.name))]


def said(daemon: Daemon, last: str) -> list[Message]:
    """Every message up to the first with the id `last`, from the console, once the topic has the same."""

    def both() -> list[Message]:
        console = on_console(daemon)
        ids = [message.id for message in console]
        if last not in ids:
            return []
        console = console[: ids.index(last) + 1]
        topic = [bean["messageId"].removeprefix(IDS) for bean in on_topic(daemon)][: len(console)]
        return console if topic == [message.id for message in console] else []

    return eventually(both, f"console and topic agree up to {last}\n{daemon.log_text()[-3000:]}")


def in_order(messages: list[Message], *wanted: str) -> None:
    """The ids stand in this order, whatever stands between them."""
    rest = iter(message.id for message in messages)
    missing = next((each for each in wanted if each not in rest), None)
    assert missing is None, f"{missing} is not where it should be:\n" + "\n".join(map(str, messages))


def texts(messages: list[Message], message_id: str) -> list[str]:
    return [message.text for message in messages if message.id == message_id]
