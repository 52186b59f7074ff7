"""One recorded message, and the forms it is written in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from omrs_streams.audit.message import AuditMessage

Bean = dict[str, Any]

MAX_VALUE = 2_000  # characters of a parameter: a reason is a sentence or two, a whole event would hide the rest


@dataclass(frozen=True, slots=True)
class Entry:
    """`time` in epoch milliseconds; `guid` is the entry's own, `params` are texts."""

    guid: str
    time: int
    message: AuditMessage
    params: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.message.render(self.params)


def texts(params: Mapping[str, object]) -> dict[str, str]:
    """Parameters as texts; what is not known (None) is left out, what is very long is cut."""
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, str):
        found = value
    elif isinstance(value, Iterable) and not isinstance(value, bytes):
        found = ", ".join(sorted(map(str, value)) if isinstance(value, set | frozenset) else map(str, value))
    else:
        found = str(value)
    return found if len(found) <= MAX_VALUE else f"{found[:MAX_VALUE]}…"


def record_bean(entry: Entry, originator: Mapping[str, str], worker: str) -> Bean:
    """The AuditRecord bean of an entry."""
    bean: Bean = {
        "messageId": entry.message.id,
        "severity": entry.message.severity.value,
        "timeStamp": entry.time,
        "originator": dict(originator),
        "messageText": entry.text,
        "messageParameters": dict(entry.params),
        "userAction": entry.message.action,
        "guid": entry.guid,
    }
    if worker:
        bean["worker"] = worker
    return bean
