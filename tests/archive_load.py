"""Archives for tests: loaded by the real command line, read back over REST, expected by the header rules' text."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from workers import Fleet, Running

Bean = dict[str, Any]

LOAD_S = 300.0  # a load retries for 120 s while the server is away; the rest is for a busy machine
ENDS = ("entityOneProxy", "entityTwoProxy")
_DATES = frozenset({"createTime", "updateTime", "effectiveFromTime", "effectiveToTime"})


@dataclass(frozen=True, slots=True)
class Load:
    """What `omrs archive load` said: exit code, its line of figures (None: nothing was loaded), its report, stderr."""

    code: int
    facts: Bean | None
    entries: list[Bean]
    stderr: str

    @property
    def stored(self) -> tuple[int, int, int, int]:
        """Entities, proxies, relationships and classifications that were stored."""
        facts = self.facts or {}
        entities, proxies, relationships, classifications = (
            facts.get(name, 0) for name in ("entities", "proxies", "relationships", "classifications")
        )
        return entities, proxies, relationships, classifications

    def of(self, severity: str) -> list[Bean]:
        return [entry for entry in self.entries if entry["severity"] == severity]


def start_load(workers: Fleet, server: str, path: Path) -> "subprocess.Popen[str]":
    """`omrs archive load path --server server`, its output piped; `finish` waits for it."""
    argv = [sys.executable, "-m", "omrs_streams.cli.main", "archive", "load", str(path), "--server", server]
    argv += ["--bootstrap-servers", workers.bootstrap_servers]
    env = {**os.environ, "OMRS_DATA_DIR": str(workers.root / "data"), "NO_COLOR": "1", "COLUMNS": "1000"}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=workers.root, env=env)


def finish(loading: "subprocess.Popen[str]") -> Load:
    try:
        out, err = loading.communicate(timeout=LOAD_S)
    except subprocess.TimeoutExpired:
        loading.kill()
        out, err = loading.communicate()
        raise AssertionError(f"the load did not end in {LOAD_S:.0f} s:\n{out}\n{err}") from None
    facts, *entries = [json.loads(line) for line in out.splitlines()] or [None]
    print(f"load: exit {loading.returncode}, {facts}, {len(entries)} lines of report\n{err}")
    return Load(loading.returncode, facts, entries, err)


def load(workers: Fleet, server: str, path: Path) -> Load:
    return finish(start_load(workers, server, path))


# ---- reading back ----------------------------------------------------------------------------------------------------


def with_times(value: Any) -> Any:
    """REST answers carry ISO-8601 dates, archives epoch milliseconds."""
    if isinstance(value, dict):
        return {name: _time(each) if name in _DATES else with_times(each) for name, each in value.items()}
    return [with_times(each) for each in value] if isinstance(value, list) else value


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return with_times(value)
    moment = datetime.fromisoformat(value)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


class Reader:
    """Instances of one server by guid, over REST and nothing else."""

    def __init__(self, running: Running) -> None:
        self.http: httpx.Client = running.rest("reader")

    def answer(self, path: str) -> Bean:
        return dict(self.http.get(path).json())

    def entity(self, guid: str) -> Bean | None:
        """None where it is not known, or only as a proxy."""
        return self._instance(f"/instances/entity/{guid}", "entity")

    def relationship(self, guid: str) -> Bean | None:
        return self._instance(f"/instances/relationship/{guid}", "relationship")

    def instance(self, bean: Mapping[str, Any]) -> Bean | None:
        """What the server holds of the guid of `bean`."""
        return self.relationship(bean["guid"]) if bean["class"] == "Relationship" else self.entity(bean["guid"])

    def is_proxy(self, guid: str) -> bool:
        """Whether the server says that only a proxy of the entity is here."""
        return self.answer(f"/instances/entity/{guid}").get("exceptionErrorMessageId") == "OMRS-REPOSITORY-400-051"

    def _instance(self, path: str, field: str) -> Bean | None:
        answer = self.answer(path)
        if answer["relatedHTTPCode"] != 200:
            return None
        return dict(with_times(answer[field]))


def differences(reader: Reader, expected: Iterable[Bean]) -> dict[str, list[str]]:
    """The guids that read back otherwise, with the fields that differ."""
    found = {}
    for bean in expected:
        held = reader.instance(bean)
        if held != bean:
            both = held or {}
            names = sorted(name for name in {*bean, *both} if both.get(name) != bean.get(name))
            found[bean["guid"]] = ["absent"] if held is None else names
    return found


# ---- what is expected ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """An archive as the file says, nothing checked."""

    path: Path
    properties: Bean
    types: Bean
    entities: list[Bean]
    relationships: list[Bean]
    extensions: list[Bean]

    @classmethod
    def read(cls, path: Path) -> "Source":
        whole = json.loads(path.read_bytes())
        store = whole.get("archiveInstanceStore") or {}
        parts = (store.get(name) or [] for name in ("entities", "relationships", "classifications"))
        return cls(path, whole["archiveProperties"], whole.get("archiveTypeStore") or {}, *parts)

    @property
    def guid(self) -> str:
        return str(self.properties["archiveGUID"])

    @property
    def missing_ends(self) -> set[str]:
        """The ends of relationships that are not among the entities."""
        ends = {bean[end]["guid"] for bean in self.relationships for end in ENDS}
        return ends - {bean["guid"] for bean in self.entities}

    def expected(self, local_id: str) -> list[Bean]:
        """Every entity and relationship as a server with that collection id holds it (OMRS instances, Archive loading).

        CONTENT_PACK: home, its name, createdBy, createTime, provenance, license and replicatedBy are overwritten, on
        the instance, its classifications, and the proxies of entities of this archive; REPOSITORY_BACKUP: nothing.
        Extensions are classifications of their entity.
        """
        header = self._header(local_id)
        inside = {bean["guid"] for bean in self.entities}
        added: dict[str, list[Bean]] = {}
        for extension in self.extensions:
            name = extension["entityToClassify"]["guid"]
            added.setdefault(name, []).append({**extension["classification"], **header})
        found = []
        for bean in self.entities:
            classifications = [{**each, **header} for each in bean.get("classifications", [])]
            classifications += added.get(bean["guid"], [])
            found.append({**bean, **header, **({"classifications": classifications} if classifications else {})})
        for bean in self.relationships:
            ends = {end: self._end(bean[end], header, inside) for end in ENDS}
            found.append({**bean, **header, **ends})
        return found

    def _header(self, local_id: str) -> Bean:
        properties = self.properties
        if properties["archiveType"] == "REPOSITORY_BACKUP":
            return {}
        assert properties["archiveType"] == "CONTENT_PACK"
        return {
            "metadataCollectionId": properties["archiveGUID"],
            "metadataCollectionName": properties["archiveName"],
            "createdBy": properties["originatorName"],
            "createTime": properties["creationDate"],
            "instanceProvenanceType": "CONTENT_PACK",
            "instanceLicense": properties["originatorLicense"],
            "replicatedBy": local_id,
        }

    @staticmethod
    def _end(proxy: Bean, header: Bean, inside: set[str]) -> Bean:
        if proxy["guid"] not in inside or not header:
            return proxy
        if "classifications" not in proxy:
            return {**proxy, **header}
        return {**proxy, **header, "classifications": [{**each, **header} for each in proxy["classifications"]]}
