"""What the demo does, step by step, and what it finds out on the way."""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from omrs_connectors.demo.processes import DemoProcesses
from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.sdk import IntegrationConnectorConfig
from omrs_schemas.errors import NotReadyError
from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient
from omrs_streams.log.consumer import watermarks
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import cohort_instances, cohort_registration, cohort_types, server_log, server_out
from omrs_streams.replay.run import run_replay
from omrs_streams.settings import store_dir

COHORT = "demo"
SERVER_A, SERVER_B = "cocoMDS1", "cocoMDS2"
DAEMON = "exchangeDL01"
GROUP, FILES = "Exchange", "files"
USER = "garygeeke"

CATALOGUE_S = 1_800.0  # a library folder of 20,000 files takes a few minutes; more than this is a hang
QUIET_S = 3.0  # a daemon whose counters stood still for so long has nothing left to react to
SETTLE_S = 120.0  # copies follow within a second; a busy machine gets time
POLL_S = 0.25

Say = Callable[[str], None]


@dataclass(slots=True)
class Findings:
    """What the demo prints at its end. Times in seconds unless they say otherwise."""

    start_s: float = 0.0
    members: int = 0
    catalogue_s: float = 0.0
    catalogued: dict[str, int] = field(default_factory=dict)
    react_s: float = 0.0
    classified: list[dict[str, str]] = field(default_factory=list)
    topics: dict[str, int] = field(default_factory=dict)
    digest_a: str = ""
    digest_b: str = ""
    copies: int = 0
    update_ms: float = 0.0
    replay: dict[str, Any] = field(default_factory=dict)
    digest_after: str = ""
    memory_mb: float = 0.0

    @property
    def good(self) -> bool:
        """Whether the second server held equal copies, before and after its store was rebuilt."""
        return bool(self.copies) and self.digest_a == self.digest_b == self.digest_after


class Story:
    """One run over `directory`; `say` gets a line for each step."""

    def __init__(self, processes: DemoProcesses, directory: Path, say: Say) -> None:
        self._processes = processes
        self._directory = directory
        self._say = say
        self._http = httpx.Client(timeout=60.0, trust_env=False)
        self.found = Findings()

    def run(self) -> Findings:
        """Every step in order. Raises NotReadyError when one does not come to its end."""
        try:
            self._start()
            self._catalogue()
            self._react()
            self._write_reports()
            self._look()
            self._compare()
            self._update()
            self._rebuild()
        finally:
            self._http.close()
        return self.found

    def _start(self) -> None:
        began = time.monotonic()
        self._say("starting Kafka")
        self._processes.start_kafka()
        self._say(f"starting the metadata servers {SERVER_A} and {SERVER_B}")
        self._url_a = self._processes.start_worker(SERVER_A, COHORT)
        self._url_b = self._processes.start_worker(SERVER_B, COHORT)
        self._until(lambda: self._members(self._url_a) == self._members(self._url_b) == 2, SETTLE_S, "both registered")
        self.found.start_s = time.monotonic() - began
        self.found.members = self._members(self._url_a)
        self._kafka = KafkaSettings(bootstrap_servers=self._processes.bootstrap)
        self._say(f"both are members of cohort {COHORT} after {self.found.start_s:.1f} s")

    def _members(self, url: str) -> int:
        cohorts = self._get(url, "/status")["cohorts"]
        return len({member["metadataCollectionId"] for member in cohorts.get(COHORT, [])})

    def _catalogue(self) -> None:
        began = time.monotonic()
        self._say(f"starting the integration daemon {DAEMON} with integration group {GROUP}, not defined yet")
        url = self._processes.start_daemon(DAEMON, SERVER_A, self._url_a, GROUP)
        self._say(f"registering the files connector with the group, for {self._directory}")
        self._register()
        told, changed, last = 0.0, time.monotonic(), ""
        while True:
            now = time.monotonic()
            reports = self._connectors(url)
            if FILES not in reports:
                self._within(began)
                continue
            counts = {name: _changes(report) for name, report in reports.items()}
            state = str([(r["connectorStatus"], r.get("statistics")) for r in reports.values()])
            if state != last:
                changed, last = now, state
            if now - told > 2.0:
                told = now
                self._say("  " + ", ".join(f"{name}: {count:,} changes" for name, count in counts.items()))
            failed = [r for r in reports.values() if r["connectorStatus"] in ("FAILED", "CONFIG_FAILED")]
            if failed:
                raise NotReadyError(
                    f"connector {failed[0]['connectorName']}: {failed[0].get('failingExceptionMessage')}"
                )
            passed = all(r.get("lastRefreshTime") and not r.get("refreshInProgress") for r in reports.values())
            if passed and now - changed > QUIET_S:
                break
            self._within(began)
        self.found.catalogue_s = time.monotonic() - began - QUIET_S
        self._daemon_url = url

    def _react(self) -> None:
        """Gives the files connector one more folder while it runs; the other connector reacts to what appears."""
        self._say("giving the files connector one more folder, as a catalog target")
        samples = self._processes.home / "samples"
        samples.mkdir()
        (samples / "customers.csv").write_text("id,email,first_name\n1,ann@example.org,Ann\n")
        properties = {"qualifiedName": f"FileFolder::{samples}", "displayName": "samples", "pathName": str(samples)}
        with MetadataClient(self._url_a, SERVER_A, USER) as client:
            editor = GroupEditor(client)
            folder = client.add_entity("FileFolder", properties)
            editor.add_target(editor.find_connector(GROUP, FILES), folder.guid, "samples")
            began = time.monotonic()
            path = f"/servers/{DAEMON}/open-metadata/integration-daemon/users/{USER}/integration-connectors/refresh"
            self._http.post(self._daemon_url + path, json={"name": FILES}).raise_for_status()

            def classified() -> bool:
                file = client.find_by_unique_name("DataFile", "qualifiedName", f"DataFile::{samples}/customers.csv")
                return file is not None and bool(file.get("classifications"))

            self._until(classified, SETTLE_S, "the classification of a file in the new folder")
        self.found.react_s = time.monotonic() - began
        self._say(f"catalogued, and classified by the connector that events wake, after {self.found.react_s:.1f} s")

    def _write_reports(self) -> None:
        """The daemon writes a report for each file behind the connectors' backs: waits until nothing comes any more."""
        self._home = self._get(self._url_a, "/status")["metadata_collection_id"]
        self._say("waiting until the integration reports are written")
        began = changed = time.monotonic()
        last = 0
        while time.monotonic() - changed < QUIET_S:
            _, count = self._digest(self._url_a)
            if count != last:
                last, changed = count, time.monotonic()
            self._within(began)

    def _within(self, began: float) -> None:
        if time.monotonic() - began > CATALOGUE_S:
            raise NotReadyError(f"{self._directory} was not catalogued within {CATALOGUE_S:.0f} s")
        time.sleep(POLL_S)

    def _register(self) -> None:
        """Describes the files connector as metadata of the first server: the daemon hears of it and runs it."""
        with MetadataClient(self._url_a, SERVER_A, USER) as client:
            editor = GroupEditor(client)
            connector = IntegrationConnectorConfig.model_validate(
                {
                    "connectorName": FILES,
                    "connectorProviderClass": "directory-catalog",
                    "endpoint": {"networkAddress": str(self._directory)},
                    "configurationProperties": {"exclude": "__pycache__, .git, site-packages"},
                    "refreshTimeInterval": 1,
                }
            )
            editor.create_group(GROUP)
            editor.add_connector(GROUP, connector)

    def _connectors(self, url: str) -> dict[str, Any]:
        path = f"/servers/{DAEMON}/open-metadata/integration-daemon/users/{USER}/status"
        status = self._get(url, path)
        summaries = [*status.get("integrationServiceSummaries", ()), *status.get("integrationGroupSummaries", ())]
        reports = [report for summary in summaries for report in summary.get("integrationConnectorReports") or ()]
        return {report["connectorName"]: report for report in reports}

    def _look(self) -> None:
        client = MetadataClient(self._url_a, SERVER_A, USER)
        found: Counter[str] = Counter()
        for entity in client.iter_entities("OpenMetadataRoot", page_size=1_000):
            found[entity["type"]["typeDefName"]] += 1
            for classification in entity.get("classifications") or ():
                if classification["name"] == "Confidentiality":
                    values = from_properties(classification.get("properties"))
                    names = from_properties(entity.get("properties"))
                    label = str(names.get("pathName") or names.get("displayName") or names.get("qualifiedName"))
                    self.found.classified.append(
                        {"file": label, "why": str(values.get("notes") or values.get("source"))}
                    )
        self.found.catalogued = dict(found.most_common())
        self._topics()

    def _topics(self) -> None:
        partitions = {cohort_registration(COHORT): 1, cohort_types(COHORT): 1}
        topics = [server_log(SERVER_A), server_log(SERVER_B), server_out(SERVER_A), server_out(SERVER_B)]
        conf = self._kafka.bulk_consumer("omrs.demo")
        for topic in [*partitions, cohort_instances(COHORT), *topics]:
            marks = watermarks(conf, topic, partitions.get(topic, 8))
            self.found.topics[topic] = sum(high - low for low, high in marks)

    def _digest(self, url: str) -> tuple[str, int]:
        answer = self._get(url, f"/digest?home={self._home}")
        return answer["digest"], answer["count"]

    def _compare(self) -> None:
        self._say(f"comparing {SERVER_B}'s reference copies with {SERVER_A}'s instances")
        self._until(lambda: self._digest(self._url_a) == self._digest(self._url_b), SETTLE_S, "equal digests")
        self.found.digest_a, self.found.copies = self._digest(self._url_a)
        self.found.digest_b, _ = self._digest(self._url_b)

    def _update(self) -> None:
        """One change at the home, in flight alone, until the copy shows it."""
        a, b = MetadataClient(self._url_a, SERVER_A, USER), MetadataClient(self._url_b, SERVER_B, USER)
        entity = a.find_entities("FileFolder", page_size=1)[0]
        properties = {**from_properties(entity.get("properties")), "description": "changed by the demo"}
        began = time.monotonic()
        version = a.update_entity_properties(entity["guid"], properties)["version"]
        while (copy := b.find_entity(entity["guid"])) is None or copy["version"] != version:
            if time.monotonic() - began > SETTLE_S:
                raise NotReadyError(f"the update of {entity['guid']} did not reach {SERVER_B}")
        self.found.update_ms = (time.monotonic() - began) * 1000
        self._say(f"an update at {SERVER_A} was readable at {SERVER_B} after {self.found.update_ms:.0f} ms")

    def _rebuild(self) -> None:
        """Throw B's store away and fold it again from the log."""
        self._compare()
        self.found.memory_mb = self._processes.memory_mb()
        self._say(f"deleting {SERVER_B}'s store and replaying its log")
        self._processes.stop(SERVER_B)
        stores = store_dir(self._processes.home, SERVER_B, "w1")
        shutil.rmtree(stores)
        self.found.replay = run_replay(self._kafka, SERVER_B, "w1", stores, processes=2)
        self._url_b = self._processes.start_worker(SERVER_B, COHORT)
        self._until(
            lambda: self._digest(self._url_b)[0] == self.found.digest_a, SETTLE_S, "an equal digest after replay"
        )
        self.found.digest_after, _ = self._digest(self._url_b)

    def _get(self, url: str, path: str) -> Any:
        response = self._http.get(url + path)
        if response.status_code != 200:
            raise NotReadyError(f"{url}{path} answered {response.status_code}: {response.text[:200]}")
        return response.json()

    def _until(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if holds():
                    return
            except (httpx.TransportError, NotReadyError) as error:
                self._last = error
            if time.monotonic() > deadline:
                raise NotReadyError(f"waited {seconds:.0f} s in vain for {what}")
            time.sleep(POLL_S)


def _changes(report: dict[str, Any]) -> int:
    statistics = report.get("statistics") or {}
    return sum(int(statistics.get(name, 0)) for name in ("created", "updated", "deleted"))
