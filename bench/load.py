"""The load of the REST benches, in a process of its own: `python -m bench.load <file with the task>` prints JSON.

It speaks HTTP by the standard library, because a comfortable client would cost more than what is measured.
"""

import http.client
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson

from bench.corpus import SERIAL, TYPES
from bench.words import properties
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem

USER = "erinoverview"
TIMEOUT_S = 60.0
COPY_S = 30.0  # longest wait for one copy: an Egeria takes a second
COPY_PAUSE_S = 0.0005  # between two looks at the other member: one look takes about a millisecond itself


class Caller:
    """One kept-alive connection to one metadata server."""

    def __init__(self, url: str, server: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
        self._base = f"/servers/{server}/open-metadata/repository-services/users/{USER}"

    def call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """The answer's bean; RuntimeError when the server refused."""
        answer: dict[str, Any] = orjson.loads(self.raw(method, self._base + path, body))
        if answer.get("relatedHTTPCode") != 200:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer

    def raw(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse().read()


def entity_bodies(type_names: list[str], only: list[str] | None = None) -> list[bytes]:
    """EntityCreateRequest beans with an open serial; `only` these properties (what another release knows too)."""
    types = TypeSystem.builtin()
    bodies = []
    for number, name in enumerate(type_names):
        values = properties(name, Random(number), SERIAL)
        kept = {key: value for key, value in values.items() if only is None or key in only}
        body: dict[str, Any] = {
            "class": "EntityCreateRequest",
            "entityTypeGUID": types.require(name=name)["guid"],
            "initialProperties": to_properties(types, name, kept),
            "initialStatus": "ACTIVE",
        }
        if only is None:
            level = to_properties(types, "Confidentiality", {"confidentialityLevel": 3, "confidence": 90})
            body["initialClassifications"] = [
                {"class": "Classification", "headerVersion": 1, "name": "Confidentiality", "properties": level}
            ]
        bodies.append(orjson.dumps(body))
    return bodies


def create(task: dict[str, Any]) -> dict[str, Any]:
    """`threads` clients create `count` entities in all; seconds in all and of each, processor time of this process."""
    bodies = entity_bodies(task.get("types") or list(TYPES), task.get("properties"))
    share = task["count"] // task["threads"]

    def one(thread: int) -> list[float]:
        caller = Caller(task["url"], task["server"])
        times = []
        for number in range(share):
            serial = b"%09d" % (thread * share + number + task.get("first", 0))
            body = bodies[number % len(bodies)].replace(SERIAL.encode(), serial)
            started = time.perf_counter()
            caller.call("POST", "/instances/entity", body)
            times.append(time.perf_counter() - started)
        return times

    started, busy = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(task["threads"]) as pool:
        times = [value for found in pool.map(one, range(task["threads"])) for value in found]
    return {"seconds": time.perf_counter() - started, "times": times, "cpu": time.process_time() - busy}


def copy(task: dict[str, Any]) -> dict[str, Any]:
    """Write at one member, look at the other until it is there; seconds from the start of the write."""
    here, there = Caller(task["url"], task["server"]), Caller(task["other_url"], task["other_server"])
    bodies = entity_bodies(task.get("types") or list(TYPES), task.get("properties"))
    times, writes = [], []
    for number in range(task["count"]):
        body = bodies[number % len(bodies)].replace(SERIAL.encode(), uuid4().hex[:9].encode())
        started = time.perf_counter()
        guid = here.call("POST", "/instances/entity", body)["entity"]["guid"]
        writes.append(time.perf_counter() - started)
        while not there.call("GET", f"/instances/entity/{guid}/existence").get("entity"):
            if time.perf_counter() - started > COPY_S:
                raise RuntimeError(f"{guid} did not arrive within {COPY_S:.0f} s")
            time.sleep(COPY_PAUSE_S)
        times.append(time.perf_counter() - started)
    return {"times": times, "writes": writes}


def get(task: dict[str, Any]) -> dict[str, Any]:
    """getEntity of each guid and, in turns with it, the same read of the bare server."""
    ours, bare = Caller(task["url"], task["server"]), Caller(task["bare_url"], "")
    times, floor = [], []
    for guid in task["guids"]:
        started = time.perf_counter()
        answer = ours.call("GET", f"/instances/entity/{guid}")
        between = time.perf_counter()
        size = len(orjson.loads(bare.raw("GET", f"/{guid}"))["body"])
        floor.append(time.perf_counter() - between)
        times.append(between - started)
        if answer["entity"]["guid"] != guid or not size:
            raise RuntimeError(f"not the answer for {guid}")
    skipped = min(len(times) // 10, 100)  # connections and caches of both are warm by then
    return {"times": times[skipped:], "bare": floor[skipped:]}


TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"create": create, "copy": copy, "get": get}

if __name__ == "__main__":
    given = orjson.loads(Path(sys.argv[1]).read_bytes())
    print(orjson.dumps(TASKS[given["task"]](given)).decode())
