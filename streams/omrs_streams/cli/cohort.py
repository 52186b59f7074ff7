"""The cohorts of a server: who is registered there, joining and leaving."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from omrs_schemas.errors import InvalidParameterError
from omrs_streams.cli import output
from omrs_streams.cli.connection import BootstrapServers
from omrs_streams.client.transport import Retry, Transport
from omrs_streams.cohort.registry_events import address_of

app = typer.Typer(no_args_is_help=True, help=__doc__)

PATIENCE_S = 45.0  # a command is carried out within 30 s or answers that it was not
USER = "omrs"
HIGHWAY = "/metadata-highway"

Server = Annotated[str, typer.Option("--server", "-s", help="the server")]
Cohort = Annotated[str, typer.Option("--cohort", "-c", help="the cohort; not needed where the server has only one")]
Url = Annotated[str, typer.Option(help="URL of one of its workers; default: found through Kafka")]
User = Annotated[str, typer.Option(help="user that asks")]
Json = Annotated[bool, typer.Option("--json", help="JSON lines at a terminal too")]


@app.callback()
def group() -> None:
    """The cohorts of a server: who is registered there, joining and leaving."""


@app.command()
def describe(
    server: Server,
    cohort: Annotated[str, typer.Option("--cohort", "-c", help="only this cohort")] = "",
    url: Url = "",
    user: User = USER,
    as_json: Json = False,
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Show the cohorts of a server: whether it is connected, how many members it knows, which topics they use."""
    with _highway(server, url, user, bootstrap_servers) as highway:
        if cohort:
            highway.get(f"{_path(cohort)}/local-registration")  # refused where the server is not configured with it
        listed = _listed(highway)
        found = [_described(highway, bean) for bean in listed if cohort in ("", bean["cohortName"])]
    _rows(found, as_json, f"Cohorts of {server}")


@app.command()
def members(
    server: Server,
    cohort: Cohort = "",
    url: Url = "",
    user: User = USER,
    as_json: Json = False,
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Show the members of a cohort as a server knows them, itself included."""
    with _highway(server, url, user, bootstrap_servers) as highway:
        name = cohort or _only(highway, server)
        own = highway.get(f"{_path(name)}/local-registration").get("cohortMember")
        others = highway.get(f"{_path(name)}/remote-members").get("cohortMembers", [])
        status = next(each["connectionStatus"] for each in _listed(highway) if each["cohortName"] == name)
    found = [_registered(bean, local=bean is own) for bean in ([own] if own else []) + others]
    if not found and output.is_terminal() and not as_json:
        hint = "" if status == "CONNECTED" else "; `omrs cohort join` connects it"
        output.say(f"No members: {server} is {status} and knows nobody in {name}{hint}.")
    _rows(found, as_json, f"Members of {name}")


@app.command()
def join(
    server: Server, cohort: Cohort = "", url: Url = "", user: User = USER, bootstrap_servers: BootstrapServers = ""
) -> None:
    """Connect a server to one of its configured cohorts again, after it left; what it missed is made up for."""
    _become("connect", "is connected to", server, cohort, url, user, bootstrap_servers)


@app.command()
def leave(
    server: Server,
    cohort: Cohort = "",
    for_good: Annotated[
        bool, typer.Option("--for-good", help="un-register: the others forget the server until it joins again")
    ] = False,
    url: Url = "",
    user: User = USER,
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Disconnect a server from a cohort until it joins again: nothing is sent or taken in, nothing is lost."""
    verb, said = ("unregister", "has left") if for_good else ("disconnect", "is disconnected from")
    _become(verb, said, server, cohort, url, user, bootstrap_servers)


@app.command()
def connect(
    server: Server, cohort: Cohort = "", url: Url = "", user: User = USER, bootstrap_servers: BootstrapServers = ""
) -> None:
    """The same as `join`, by the name that the REST API has for it."""
    join(server, cohort, url, user, bootstrap_servers)


@app.command()
def disconnect(
    server: Server, cohort: Cohort = "", url: Url = "", user: User = USER, bootstrap_servers: BootstrapServers = ""
) -> None:
    """The same as `leave`, by the name that the REST API has for it."""
    leave(server, cohort, False, url, user, bootstrap_servers)


def _become(verb: str, said: str, server: str, cohort: str, url: str, user: str, bootstrap_servers: str) -> None:
    with _highway(server, url, user, bootstrap_servers) as highway:
        name = cohort or _only(highway, server)
        highway.get(f"{_path(name)}/{verb}")
        found = next(_described(highway, bean) for bean in _listed(highway) if bean["cohortName"] == name)
    output.record(found, say=f"{server} {said} {name}.")


@contextmanager
def _highway(server: str, url: str, user: str, bootstrap_servers: str) -> Iterator[Transport]:
    """REST calls to a worker of the server that answers; NotReadyError when none does."""
    from omrs_streams.cli.archive import worker_urls

    urls = [url] if url else worker_urls(server, bootstrap_servers)
    chosen = urls[0] if len(urls) == 1 else _answering(urls)
    with Transport(chosen, server, user, timeout=PATIENCE_S, retry=Retry(deadline=10.0)) as transport:
        yield transport


def _answering(urls: list[str]) -> str:
    """One of `urls` where a worker listens; the directory may name some that are gone. The first if none does."""
    import httpx

    for url in urls:
        try:
            httpx.get(f"{url}/status", timeout=2.0, trust_env=False)
        except httpx.HTTPError:
            continue
        return url
    return urls[0]


def _only(highway: Transport, server: str) -> str:
    names = [bean["cohortName"] for bean in _listed(highway)]
    if len(names) != 1:
        raise InvalidParameterError(
            f"server {server} has {len(names)} cohorts: {', '.join(names)}", help="say which one: --cohort NAME"
        )
    return str(names[0])


def _listed(highway: Transport) -> list[dict[str, Any]]:
    """Every cohort that the server is configured with."""
    found: list[dict[str, Any]] = highway.get(f"{HIGHWAY}/cohort-descriptions").get("cohorts", [])
    return found


def _path(cohort: str) -> str:
    return f"{HIGHWAY}/cohorts/{quote(cohort, safe='')}"


def _described(highway: Transport, bean: dict[str, Any]) -> dict[str, Any]:
    name = bean["cohortName"]
    own = highway.get(f"{_path(name)}/local-registration").get("cohortMember")
    others = highway.get(f"{_path(name)}/remote-members").get("cohortMembers", [])
    details = (bean.get("topicConnection") or {}).get("configurationProperties") or {}
    return {
        "cohort": name,
        "status": bean.get("connectionStatus"),
        "registered": bool(own and own.get("registrationTime")),
        "other_members": len(others),
        "encoding": details.get("encoding"),
        "topics": details.get("topics"),
    }


def _registered(bean: dict[str, Any], *, local: bool) -> dict[str, Any]:
    time = bean.get("registrationTime")
    return {
        "server": bean.get("serverName"),
        "local": local,
        "metadata_collection_id": bean.get("metadataCollectionId"),
        "type": bean.get("serverType"),
        "organization": bean.get("organizationName"),
        "registered": _moment(time) if isinstance(time, int) else time,
        "address": address_of(bean.get("repositoryConnection")),
    }


def _moment(time: int) -> str:
    """Epoch milliseconds as ISO 8601; the number itself where no calendar has it."""
    try:
        return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return str(time)


def _rows(found: list[dict[str, Any]], as_json: bool, title: str) -> None:
    if as_json:
        for each in found:
            output.line(each)
    else:
        output.rows(found, title=title)
