"""The table of a daemon's connectors, once or live."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from omrs_schemas.errors import OmrsError
from omrs_streams.cli import output
from omrs_streams.clock import now_ms

Bean = dict[str, Any]

STYLES = {
    "RUNNING": "green",
    "INITIALIZED": "cyan",
    "INITIALIZE_FAILED": "yellow",
    "CONFIG_FAILED": "bold red",
    "FAILED": "bold red",
    "STOPPED": "dim",
}


def row(connector: Mapping[str, Any], now: int) -> dict[str, Any]:
    """What the table shows of a connector of `/api/v1`; times as how long ago they are."""
    counts = connector.get("statistics") or {}
    every = connector.get("minutesBetweenRefreshes") or 0
    return {
        "connector": connector["name"],
        "in": connector.get("service") or connector.get("group") or "",
        "status": connector["status"] + (" ⟳" if connector.get("refreshing") else ""),
        "since": ago(connector.get("lastStatusChange"), now),
        "refreshed": ago(connector.get("lastRefresh"), now),
        "every": f"{every:g} min" if every > 0 else "once",
        "+": counts.get("created", 0),
        "~": counts.get("updated", 0),
        "-": counts.get("deleted", 0),
        "events": counts.get("events", 0),
        "worker": connector.get("worker") or "",
        "message": connector.get("failure") or "",
    }


def ago(moment: str | None, now: int) -> str:
    """`12 s`, `3 min`, `5 h`, `2 d`: how long a moment is past."""
    if moment is None:
        return "–"
    seconds = max(0.0, now / 1000 - datetime.fromisoformat(moment).timestamp())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def show(state: Mapping[str, Any], connectors: Iterable[Bean], groups: list[Bean], *, as_json: bool) -> None:
    """Tables for people; JSON for programs: one line a connector, or with `as_json` one document."""
    listed = list(connectors)
    if as_json:
        output.line({**state, "items": listed, "groups": groups})
        return
    if not output.is_terminal():
        output.rows(listed)
        return
    now = now_ms()
    output.rows((row(each, now) for each in listed), title=title(state))
    if not listed:
        output.say("There are no connectors.")
    output.rows(({**each, "connectors": len(each["connectors"])} for each in groups), title="integration groups")


def title(state: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(state["connectors"].items()))
    return f"daemon {state['name']}: {state.get('failure') or counts or 'no connectors'}"


def watch(look: Callable[[], tuple[Bean, list[Bean]]], seconds: float) -> None:
    """The table again every so many seconds until Ctrl-C; while the daemon does not answer, what was last heard."""
    if not output.is_terminal():
        try:
            while True:
                state, listed = look()
                output.line({**state, "items": listed})
                time.sleep(seconds)
        except KeyboardInterrupt:
            return
    with Live(console=Console(), screen=True, auto_refresh=False) as live:
        shown: Table | None = None
        trouble = ""
        try:
            while True:
                try:
                    shown, trouble = table(*look()), ""
                except OmrsError as error:
                    trouble = f"{error.message}; asked again every {seconds:g} s"
                parts: list[Table | Text] = [shown] if shown is not None else []
                live.update(Group(*parts, Text(trouble, "bold red")), refresh=True)
                time.sleep(seconds)
        except KeyboardInterrupt:
            return


def table(state: Mapping[str, Any], connectors: Iterable[Bean]) -> Table:
    """As wide as the terminal, whatever the messages are; failures first."""
    now = now_ms()
    found = Table(title=title(state), title_justify="left", expand=True)
    ordered = sorted(connectors, key=lambda each: (each["status"] in ("RUNNING", "INITIALIZED"), each["name"]))
    rows = [(row(each, now), STYLES.get(each["status"], "")) for each in ordered]
    for name in rows[0][0] if rows else ("connector",):
        number = name in ("+", "~", "-", "events")
        last = name == "message"  # cut where it ends: a connector is one line, `status` without --watch has it whole
        found.add_column(name, justify="right" if number else "left", ratio=1 if last else None, no_wrap=last)
    for cells, style in rows:
        found.add_row(*(Text(output.text(cell), style if name == "status" else "") for name, cell in cells.items()))
    return found
