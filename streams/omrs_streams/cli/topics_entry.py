"""How `omrs topics tail` shows an entry: a line for a person, or JSON."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from omrs_schemas.codec.egeria_json import json_text
from omrs_schemas.model.values import from_properties
from omrs_streams.log.selection import instance_of, kind_of, section_of, type_of
from omrs_streams.log.tail import Entry

_NAMES = ("displayName", "name", "qualifiedName", "identifier")
SHOWN_BYTES = 48  # of a value that cannot be read: enough to recognise what it is
SHOWN_TEXT = 160


def as_json(entry: Entry, *, headers: bool, raw: bool) -> str:
    """One line of JSON: where and when, key, and `event`, `data` or `problem` (then `value` is base64)."""
    item: dict[str, Any] = {
        "topic": entry.topic,
        "partition": entry.partition,
        "offset": entry.offset,
        "timestamp": entry.timestamp,
        "key": entry.key,
    }
    if headers:
        item["headers"] = {name: value.decode(errors="backslashreplace") for name, value in entry.headers}
    if entry.letter:
        item["dead_letter"] = {name: value for name, value in entry.letter.items() if headers or name != "stack"}
    if entry.problem is not None:
        item["problem"] = {"code": entry.problem.code, "message": entry.problem.message}
    if entry.event is not None:
        item["event"] = entry.event
    elif entry.data is not None:
        item["data"] = entry.data
    if raw or entry.problem is not None or entry.value is None:
        item["value"] = None if entry.value is None else base64.b64encode(entry.value).decode()
    return json_text(item)


def as_text(entry: Entry, *, topic: bool, headers: bool, raw: bool) -> Text:
    """One line for a person; headers, dead-letter facts and problems on lines of their own below it."""
    at = datetime.fromtimestamp(entry.timestamp / 1000).astimezone()
    line = Text.assemble((f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} ", "dim"))
    where = f"{entry.topic}[{entry.partition}]" if topic else str(entry.partition)
    line.append(f"{where}@{entry.offset} ", style="cyan")
    if raw:
        line.append(f"{entry.key} " + _bytes(entry.value))
    elif entry.event is not None:
        line.append_text(_event(entry.event))
    elif entry.problem is None:
        line.append(f"{entry.key}: {'(removed)' if entry.value is None else _short(_data(entry.data))}")
    else:
        line.append(f"{entry.key}: {_bytes(entry.value)}")
    if entry.problem is not None:
        line.append(f"\n  unreadable: {entry.problem.message}", style="red")
    letter = entry.letter
    if letter:
        source = f"{letter.get('topic')}[{letter.get('partition')}]@{letter.get('offset')}"
        line.append(f"\n  dead letter of {source}, attempt {letter.get('attempts')}: ", style="red")
        line.append(f"[{letter.get('error')}] {letter.get('reason')}", style="red")
    if headers:
        for name, value in entry.headers:
            line.append(f"\n  {name}: ", style="dim")
            line.append(value.decode(errors="backslashreplace").replace("\n", "\n    "))
    return line


def _event(event: Mapping[str, Any]) -> Text:
    section = section_of(dict(event))
    originator = event.get("originator") or {}
    line = Text.assemble((kind_of(dict(event)).removesuffix("_EVENT"), "bold"))
    instance, defined = instance_of(section), type_of(section)
    if event.get("eventCategory") == "INSTANCE":
        changed = section.get("classification") or section.get("originalClassification")
        if changed:
            line.append(f" {changed.get('name')}", style="magenta")
        line.append(f" {section.get('typeDefName') or section.get('typeDefGUID')}", style="green")
        line.append(f" {section.get('instanceGUID')}")
        if instance:
            line.append(f" v{instance.get('version', 0)}")
            line.append(
                f" {instance.get('metadataCollectionName') or instance.get('metadataCollectionId')}", style="dim"
            )
            line.append(f" {title(instance)}")
    elif event.get("eventCategory") == "TYPEDEF":
        line.append(
            f" {defined.get('name') or defined.get('typeDefName') or section.get('typeDefName')}", style="green"
        )
        line.append(f" {defined.get('guid') or defined.get('typeDefGUID') or section.get('typeDefGUID')}")
        line.append(f" v{defined.get('version') or defined.get('updateToVersion') or 0}")
        line.append(f" from {originator.get('serverName')}", style="dim")
    else:
        line.append(f" {originator.get('serverName')} {originator.get('metadataCollectionId') or ''}")
    if error := event.get("errorSection"):
        line.append(f" {error.get('errorCode')}: {error.get('errorMessage')}", style="red")
    return line


def title(instance: Mapping[str, Any]) -> str:
    """What people call it: a name among its properties; both ends of a relationship."""
    ends = [instance.get("entityOneProxy"), instance.get("entityTwoProxy")]
    if all(ends):
        return " → ".join(title(end) or str(end.get("guid")) for end in ends if end)
    values = from_properties(instance.get("properties") or instance.get("uniqueProperties"))
    return next((_short(str(values[name])) for name in _NAMES if values.get(name)), "")


def _data(data: Any) -> str:
    return data if isinstance(data, str) else json_text(data)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_TEXT else f"{text[: SHOWN_TEXT - 1]}…"


def _bytes(value: bytes | None) -> str:
    if value is None:
        return "(removed)"
    return f"{len(value)} bytes {value[:SHOWN_BYTES].hex(' ')}{' …' if len(value) > SHOWN_BYTES else ''}"
