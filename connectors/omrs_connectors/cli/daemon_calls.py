"""Which daemon a command is for, and the calls of its API."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from omrs_connectors.running import running
from omrs_schemas.errors import ConfigurationError, NotReadyError, OmrsError, RepositoryError, from_wire
from omrs_streams.api.v1.base import PATH

CALL_TIMEOUT = 10.0  # seconds: every call is answered from memory, or when Kafka has a command

Url = Annotated[
    str,
    typer.Option("--url", help="URL of a worker's API; default: of a daemon on this machine", envvar="OMRS_DAEMON_URL"),
]
Name = Annotated[str, typer.Option("--daemon", "-d", help="name of the daemon", envvar="OMRS_DAEMON")]


@dataclass(frozen=True, slots=True)
class Api:
    """The API of one worker of a daemon."""

    url: str

    def get(self, path: str, **query: Any) -> Any:
        return self._call("GET", path, query=query)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(method, path, body=body)

    def _call(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        url = f"{self.url.rstrip('/')}{PATH}{path}"
        headers = {"x-omrs-user": getpass.getuser()}
        try:
            answer = httpx.request(
                method, url, params=query, json=body, headers=headers, timeout=CALL_TIMEOUT, trust_env=False
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotReadyError(
                f"no answer from {self.url}: {error}", help="is the daemon running at this URL?", url=self.url
            ) from error
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.is_success and found is not None:
            return found
        raise _error(answer, found, url)


def daemon_at(url: str, daemon: str) -> Api:
    """The API at `url`, else that of the daemon of that name on this machine, else of the only one there.

    Raises ConfigurationError that says which there are.
    """
    if url:
        return _checked(Api(url), daemon)
    there = running()
    found = [each for each in there if each.daemon == daemon] if daemon else there
    if len({each.daemon for each in found}) == 1:
        return Api(found[0].url)
    listed = ", ".join(sorted({each.daemon for each in there})) or "none"
    wanted = f"daemon {daemon} does not run on this machine" if daemon else "which daemon is meant?"
    raise ConfigurationError(
        f"{wanted} (running here: {listed})", help="name it with --daemon, or give --url (or OMRS_DAEMON_URL)"
    )


def segment(name: str) -> str:
    """A connector's or group's name as a part of a path."""
    return quote(name, safe="")


def _checked(api: Api, daemon: str) -> Api:
    """ConfigurationError where another daemon than the one that was named answers."""
    if daemon and (there := api.get("/daemon")["name"]) != daemon:
        raise ConfigurationError(f"at {api.url} is daemon {there}, not {daemon}", help="correct --url or --daemon")
    return api


def _error(answer: httpx.Response, problem: Any, url: str) -> OmrsError:
    if not isinstance(problem, dict) or "detail" not in problem:
        return RepositoryError(
            f"{url}: HTTP {answer.status_code} is no answer of a daemon", help="is it the URL of a daemon?"
        )
    simple = "RepositoryErrorException" if answer.status_code >= 500 else "InvalidParameterException"
    said, code, help_ = str(problem["detail"]), problem.get("code"), str(problem.get("help") or "")
    return from_wire(simple, said, code=code, http=answer.status_code, help=help_)
