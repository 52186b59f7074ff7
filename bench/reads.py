"""Reads beside Egeria: the same few thousand entities at two members of ours and at two of Egeria's (`--egeria`), the
same questions in turns by one client. `turns.py` is that client and says what is asked."""

from contextlib import ExitStack
from typing import Any

from bench import egeria
from bench.lab import Lab, Started
from bench.rest import pair
from bench.table import Row, percentiles, show

MOST = 3_000  # Egeria takes a few hundred a second, and every entity is a create and a relationship
OURS, PEER = "ours", "Egeria"


def reads(lab: Lab) -> list[Row]:
    """One row a question: p50, beside Egeria's of the same questions; answers are compared."""
    count = max(50, min(lab.size // 20, MOST))
    with ExitStack() as stack:
        both = {OURS: pair(lab)}
        if lab.peer:
            one, other, _ = stack.enter_context(egeria.members(lab))
            both[PEER] = (one, other)
        task = {"task": "reads", "count": count, "sides": {name: _side(*members) for name, members in both.items()}}
        found = lab.load(task, *(member for members in both.values() for member in members), module="bench.turns")
        for started in both[OURS]:
            lab.stop(started)
    return [_row(name, answer, found, count) for name, answer in found.items()]


def _side(one: Started, other: Started) -> dict[str, str]:
    return {"url": one.url, "server": one.name, "other_url": other.url, "other_server": other.name}


def _row(name: str, answer: dict[str, Any], found: dict[str, Any], count: int) -> Row:
    times = answer["times"]
    half, most = percentiles(times[OURS])
    notes = [f"p99 {show(most)} ms"]
    floor = None
    if PEER in times:
        floor, slowest = percentiles(times[PEER])
        notes[0] += f", Egeria {show(slowest)} ms"
    if answer["local"]:
        local, _ = percentiles(found[answer["local"]]["times"][OURS])
        notes.append(f"{half / local:.2g} × one member's own answer")
    notes.append(f"{len(times[OURS])} times, {count:,} entities")
    return Row(f"{name}, p50", half, "ms", "Egeria 4.2", floor, note="; ".join(notes))
