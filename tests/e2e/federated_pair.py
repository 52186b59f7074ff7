"""Two servers of one cohort that keep no copies of each other's terms, and calls of the federated repository."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient
from workers import PATIENT, Running, eventually, fleet, unique

Bean = dict[str, Any]
TYPES = TypeSystem.builtin()
UNKNOWN = "00000000-0000-4000-8000-00000000dead"
TERM = str(TYPES.require(name="GlossaryTerm")["guid"])
SYNONYM = str(TYPES.require(name="Synonym")["guid"])


@dataclass
class Two:
    """`near` is asked; `far` has what it asks for. Both keep reference copies of comments only."""

    near: Running
    far: Running
    near_id: str
    far_id: str
    cohort: str

    def ask(self, path: str, body: Any = None, *, method: str = "", user: str = "erinoverview") -> httpx.Response:
        """A call of near's federated repository."""
        method = method or ("GET" if body is None else "POST")
        return self.near.rest(user).request(method, "/enterprise" + path, json=body)


@contextmanager
def two_apart(root: Path, bootstrap_servers: str, settings: str = "") -> Iterator[Two]:
    """`settings`: more lines of near's configuration."""
    with fleet(root, bootstrap_servers) as ours:
        cohort = unique("federation")
        apart = "events_to_save: {rule: SELECTED_TYPES, types: [Comment]}\n" + PATIENT
        started = []
        for name, more in (("near", settings), ("far", "")):
            config = root / f"{name}.yaml"
            config.write_text(apart + more)
            started.append(ours.spawn(unique(name), cohort=cohort, config=config))
        for running in started:
            ours.await_url(running).wait_ready()
        for running in started:
            eventually(partial(members, running, cohort), "the two know each other")
        near_id, far_id = (running.ask("/status")["metadata_collection_id"] for running in started)
        yield Two(*started, near_id, far_id, cohort)
        for running in started:
            assert "failed unexpectedly" not in running.log_text()


def members(running: Running, cohort: str) -> int:
    answer = running.rest("operator").get(f"/metadata-highway/cohorts/{cohort}/remote-members").json()
    return len(answer.get("cohortMembers") or ())


def term(client: MetadataClient, name: str) -> Bean:
    return client.add_entity("GlossaryTerm", {"qualifiedName": name, "displayName": name})


def good(answer: httpx.Response) -> Bean:
    """The answer's bean: a success, to which nothing is missing."""
    body: Bean = answer.json()
    assert body["relatedHTTPCode"] == 200, body
    assert warnings(answer) == []
    return body


def warnings(answer: httpx.Response) -> list[str]:
    found: list[str] = json.loads(answer.headers.get("x-omrs-warnings", "[]"))
    return found


def texts(**values: str) -> Bean:
    """An InstanceProperties bean of strings."""
    properties = {
        name: {
            "class": "PrimitivePropertyValue",
            "headerVersion": 1,
            "instancePropertyCategory": "PRIMITIVE",
            "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
            "primitiveValue": value,
        }
        for name, value in values.items()
    }
    return {"class": "InstanceProperties", "headerVersion": 1, "instanceProperties": properties}


def text(bean: Bean, name: str) -> str:
    return str(bean["properties"]["instanceProperties"][name]["primitiveValue"])
