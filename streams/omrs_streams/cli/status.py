"""Show servers, workers, partitions, cohort members, lag, store sizes and dead letters."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from omrs_streams.cli import output
from omrs_streams.cli.connection import BootstrapServers, admin_client, kafka_settings


def command(app: typer.Typer) -> None:
    app.command()(status)


def status(
    server: Annotated[str, typer.Option("--server", "-s", help="only this server")] = "",
    bootstrap_servers: BootstrapServers = "",
) -> None:
    """Show how servers and daemons are: what Kafka knows of them, and what the workers that answer say.

    Tables at a terminal, one JSON document when piped. Works while workers are down, and says so.
    """
    from omrs_streams.cli.status_facts import cluster_facts

    kafka = kafka_settings(bootstrap_servers)
    found = cluster_facts(kafka, admin_client(kafka), server)
    if not output.is_terminal():
        output.line(found)
        return
    if not found["servers"]:
        output.say(f"There is no server on {kafka.bootstrap_servers} yet: `omrs worker --server NAME` makes one.")
    for each in found["servers"]:
        show_server(each)
    output.rows(
        (
            {**daemon, "lag": " ".join(f"{name}: {lag}" for name, lag in daemon["lag"].items())}
            for daemon in found["daemons"]
        ),
        title="Daemons",
    )


def show_server(found: Mapping[str, Any]) -> None:
    """The tables of one server."""
    output.record(
        {
            "collection": found["metadata_collection_id"],
            "folded": folded(found["partitions"]),
            "publishers": "  ".join(f"{each['target']}: {each['lag']} behind" for each in found["publishers"]),
            "dead letters": found["dead_letters"],
        },
        say=f"Server {found['server']}",
    )
    output.rows(
        (
            {
                "worker": each["worker"],
                "url": each["url"],
                "state": each["reason"] or "alive",
                "partitions": each["partitions"],
                "stores": size(each["store_bytes"]),
            }
            for each in found["workers"]
        ),
        title="Workers",
    )
    output.rows(
        ({**each, "store_bytes": size(each["store_bytes"])} for each in found["partitions"]), title="Partitions"
    )
    for cohort in found["cohorts"]:
        show_cohort(cohort, answered=any(each["alive"] for each in found["workers"]))


def show_cohort(cohort: Mapping[str, Any], *, answered: bool) -> None:
    """How the server stands in one cohort, and who the members are."""
    behind = {name: cohort[f"{name}_lag"] for name in ("instances", "types", "registration")}
    output.record(
        {
            "status": standing(cohort, answered=answered),
            "behind": " · ".join(f"{name} {lag}" for name, lag in behind.items() if lag is not None),
        },
        say=f"Cohort {cohort['cohort']}",
    )
    output.rows(
        {
            "member": f"{each['server']}{' (this server)' if each['local'] else ''}",
            "collection": each["metadata_collection_id"],
            "registered": moment(each["registered"]),
        }
        for each in cohort["members"]
    )


def standing(cohort: Mapping[str, Any], *, answered: bool) -> str:
    """The connection status, and why it is what it is."""
    parts = [cohort["status"]]
    if cohort["wanted"] == "UNREGISTERED":
        parts.append("left for good; `omrs cohort join` connects it again")
    elif cohort["wanted"] == "DISCONNECTED":
        parts.append("left for now; `omrs cohort join` connects it again")
    if cohort["configured"] is False:
        parts.append("not in the configuration any more")
    if cohort["message"]:
        parts.append(cohort["message"])
    if not answered:
        parts.append("as last heard: no worker answers")
    return ", ".join(parts)


def folded(partitions: Iterable[Mapping[str, Any]]) -> str:
    """One sentence on how far the stores are behind the log."""
    listed = list(partitions)
    served = [each for each in listed if each["lag"] is not None]
    if not served:
        return f"none of {len(listed)} partitions is served"
    behind, records = sum(each["lag"] for each in served), sum(each["end_offset"] for each in served)
    words = f"{behind} of {records} records to go" if behind else f"all {records} records"
    silent = len(listed) - len(served)
    return f"{words}; {silent} of {len(listed)} partitions are not served" if silent else words


def size(number: int | None) -> str | None:
    """Bytes as people read them."""
    if number is None:
        return None
    return f"{number / 1e6:.1f} MB" if number >= 1_000_000 else f"{number / 1e3:.0f} kB"


def moment(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{datetime.fromtimestamp(milliseconds / 1000):%Y-%m-%d %H:%M:%S}"
