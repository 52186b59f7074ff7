"""Load an archive through a worker: types first, then instances in batches; every step can be repeated.

The event ids follow from the archive's content, so a load that was interrupted (worker killed, network gone) is simply
run again: what is in the log already changes nothing twice.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from omrs_schemas.codec.egeria_json import from_json, to_json
from omrs_schemas.errors import ArchiveError, NotReadyError, OmrsError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.clock import now_ms
from omrs_streams.log.event_ids import following_id
from omrs_streams.repository.archives import Entry, LoadPlan, PlannedEvent, plan_load, read_archive
from omrs_streams.worker.bulk import APPEND, HEADERS, TYPES
from omrs_streams.worker.peers import remote_error

BATCH = 200  # events per request: about 40 ms of folding, so that other requests get their turn
LOOKUP = 500  # guids per request
RETRY_FOR_S = 120.0  # a worker that is killed is back, or replaced, well within this time
RETRY_S = 0.5
TIMEOUT_S = 60.0

Report = Callable[[int, int], None]
"""done, of"""


@dataclass(slots=True)
class Loaded:
    """What a load did. `stale`: instances the server holds in this version or a later one; `created` and `updated` are
    the guids of those that were not known before, and of those that were."""

    archive: str
    types: int = 0
    entities: int = 0
    proxies: int = 0
    relationships: int = 0
    classifications: int = 0
    stale: int = 0
    unchanged: int = 0
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    report: list[Entry] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing of the archive was left out because of an error."""
        return not any(entry.severity == "error" for entry in self.report)


class Target:
    """A server, by the URLs of its workers; a request goes to the first that answers.

    `find` gives the URLs anew when none answers: a worker that was restarted may listen elsewhere.
    """

    def __init__(self, server: str, urls: Sequence[str], find: Callable[[], Sequence[str]] | None = None) -> None:
        self.server = server
        self._urls = list(urls)
        self._find = find
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False)

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._request("POST", path, to_json(body))

    def get(self, path: str) -> Any:
        return self._request("GET", path, None)

    def _request(self, method: str, path: str, content: bytes | None) -> Any:
        """Raises the error the server answers; NotReadyError after `RETRY_FOR_S` without any."""
        deadline = time.monotonic() + RETRY_FOR_S
        while True:
            failure = ""
            for url in self._urls:
                try:
                    response = self._http.request(
                        method, url + path, content=content, headers={"content-type": "application/json"}
                    )
                except httpx.TransportError as error:
                    failure = f"{url}: {type(error).__name__} {error}"
                    continue
                answer = from_json(response.content)
                if response.status_code == 200:
                    return answer
                if response.status_code != 503:
                    raise remote_error(answer)
                failure = f"{url}: {answer.get('exceptionErrorMessage')}"
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"server {self.server} did not answer for {RETRY_FOR_S:.0f} s: {failure}",
                    help="start a worker, then run the same command again: it goes on where it was",
                )
            time.sleep(RETRY_S)
            if self._find is not None:
                with suppress(OmrsError):  # then the known URLs are tried again
                    self._urls = list(self._find()) or self._urls


def load_archive(
    target: Target, path: Path, report: Report = lambda done, of: None, *, now: int | None = None
) -> Loaded:
    """Load the archive at `path` into the server.

    Raises ArchiveError when the file is no archive, a backup of another metadata collection, or loaded only in part
    because the server failed or was away too long. Parts with errors are left out and stand in the report; the caller
    says so (`Loaded.complete`).
    """
    started = time.monotonic()
    archive = read_archive(path)
    status = target.get("/status")
    types = _types(target, status)
    guids = sorted({each.guid for each in (*archive.entities, *archive.relationships)} | set(_ends(archive)))
    known = _known(target, guids)
    plan = plan_load(archive, types, status["metadata_collection_id"], target.server, known.get, now=now or now_ms())
    loaded = Loaded(archive.name, unchanged=plan.unchanged, report=list(plan.report))
    loaded.types = _add_types(target, plan)
    try:
        _append(target, plan, path, loaded, report, known)
    except OmrsError as error:
        raise _in_part(loaded, plan, error) from error
    loaded.seconds = time.monotonic() - started
    return loaded


def _types(target: Target, status: dict[str, Any]) -> TypeSystem:
    base = f"/servers/{status['server']}/open-metadata/repository-services/users/archive-loader"
    gallery = target.get(f"{base}/types/all")
    types = TypeSystem()
    types.load_gallery(gallery["attributeTypeDefs"], gallery["typeDefs"])
    return types


def _ends(archive: Any) -> Iterator[str]:
    for each in archive.relationships:
        for end in ("entityOneProxy", "entityTwoProxy"):
            yield each.bean[end]["guid"]
    for each in archive.classifications:
        yield each.bean["entityToClassify"]["guid"]


def _known(target: Target, guids: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for start in range(0, len(guids), LOOKUP):
        found.update(target.post(HEADERS, {"guids": guids[start : start + LOOKUP]})["beans"])
    return found


def _add_types(target: Target, plan: LoadPlan) -> int:
    types = plan.types
    if not (types.attribute_typedefs or types.typedefs or types.patches):
        return 0
    body = {"attributeTypeDefs": types.attribute_typedefs, "typeDefs": types.typedefs, "patches": types.patches}
    return len(target.post(TYPES, body)["changed"])


def _append(
    target: Target, plan: LoadPlan, path: Path, loaded: Loaded, report: Report, known: Mapping[str, Any]
) -> None:
    """Stage by stage, so that a relationship never stands in the log before its ends."""
    seed = hashlib.sha256(path.read_bytes()).hexdigest()
    stages = ("entities", "proxies", "relationships", "classifications")
    total = sum(len(getattr(plan, stage)) for stage in stages)
    done = 0
    report(0, total)
    for stage in stages:
        events: list[PlannedEvent] = getattr(plan, stage)
        for start in range(0, len(events), BATCH):
            batch = events[start : start + BATCH]
            entries = [_entry(seed, event) for event in batch]
            results = target.post(APPEND, {"entries": entries})["results"]
            stored = [entry["guid"] for entry in entries if results[entry["event_id"]]["effective"]]
            effective = len(stored)
            for guid in stored:
                (loaded.updated if guid in known else loaded.created).append(guid)
            setattr(loaded, stage, getattr(loaded, stage) + effective)
            loaded.stale += len(batch) - effective
            done += len(batch)
            report(done, total)


def _in_part(loaded: Loaded, plan: LoadPlan, error: OmrsError) -> OmrsError:
    """The error that ended a load, with what had been acknowledged by then."""
    done = loaded.entities + loaded.proxies + loaded.relationships + loaded.classifications + loaded.stale
    if done == 0 and loaded.types == 0:
        return error
    return ArchiveError(
        f"{loaded.archive} is loaded in part, {loaded.types} types and {done} of {sum(1 for _ in plan.events())} "
        f"instances; then: {error.message}",
        help="run the same command again: it goes on where it was, and stores nothing twice",
        done=done,
    )


def _entry(seed: str, event: PlannedEvent) -> dict[str, Any]:
    event_id = following_id(seed, event.pointer, event.kind, event.guid)
    return {"event_id": event_id, "guid": event.guid, "event": event.event}
