"""What a schema registry with Confluent's API says of its subjects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from omrs_schemas.errors import RepositoryError

ANSWER_S = 30.0  # a registry answers within milliseconds, its first answer may take seconds
AVRO = "AVRO"


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a subject. `references`: texts of the schemas whose names it uses, the deepest first."""

    version: int
    schema_id: int
    kind: str
    text: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """`versions`: the numbers of all that there are; `schemas`: those that were asked for, oldest first."""

    name: str
    versions: tuple[int, ...]
    compatibility: str
    schemas: tuple[SchemaVersion, ...]


class Registry:
    """Reads a registry at `url`. Schemas never change once they have an id: each is fetched once."""

    def __init__(self, url: str, secret: Callable[[], str] | None = None) -> None:
        self._url = url.rstrip("/")
        self._secret = secret
        self._http = httpx.Client(timeout=ANSWER_S, follow_redirects=True)
        self._known: dict[tuple[str, int], SchemaVersion] = {}

    def close(self) -> None:
        self._http.close()

    def subjects(self, *, every_version: bool) -> Iterator[Subject]:
        """Every subject. RepositoryError where the registry does not answer as one."""
        for name in sorted(map(str, self._get("/subjects"))):
            numbers = tuple(sorted(int(number) for number in self._get(f"/subjects/{quote(name, safe='')}/versions")))
            asked = numbers if every_version else numbers[-1:]
            schemas = tuple(self._version(name, number) for number in asked)
            yield Subject(name, numbers, self._compatibility(name), schemas)

    def _compatibility(self, subject: str) -> str:
        """The subject's own level, else the registry's; empty where neither is told."""
        for path in (f"/config/{quote(subject, safe='')}", "/config"):
            found = self._get(path, missing={})
            level = found.get("compatibilityLevel") or found.get("compatibility")
            if level:
                return str(level)
        return ""

    def _version(self, subject: str, number: int, depth: int = 0) -> SchemaVersion:
        path = f"/subjects/{quote(subject, safe='')}/versions/{number}"
        known = self._known.get((subject, number))
        if known is not None:
            return known
        found = self._get(path)
        references: list[str] = []
        for each in found.get("references") or ():
            if depth < 10:  # schemas that refer to one another in a circle are refused by a registry
                other = self._version(str(each["subject"]), int(each["version"]), depth + 1)
                references += [*other.references, other.text]
        version = SchemaVersion(
            number, int(found["id"]), str(found.get("schemaType") or AVRO), str(found["schema"]), tuple(references)
        )
        self._known[subject, number] = version
        return version

    def _get(self, path: str, missing: Any = None) -> Any:
        headers = {"accept": "application/vnd.schemaregistry.v1+json, application/json"}
        auth = None
        if self._secret is not None:
            user, _, password = self._secret().partition(":")
            auth = httpx.BasicAuth(user, password)
        try:
            response = self._http.get(self._url + path, headers=headers, auth=auth)
            if response.status_code == 404 and missing is not None:
                return missing
            if response.status_code != 200:
                raise RepositoryError(f"{self._url}{path} answered {response.status_code}", address=self._url)
            return response.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise RepositoryError(
                f"the schema registry at {self._url} does not answer: {error or type(error).__name__}",
                help="look whether it is running, and whether registryUrl is right",
                address=self._url,
            ) from error
