"""Commands and questions by name: which connectors somebody means (integration § 9)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from omrs_connectors import refusals
from omrs_connectors.runtime.commands import Command, Kind, send
from omrs_connectors.runtime.configuring import Configured
from omrs_connectors.runtime.fleet import Fleet
from omrs_connectors.sdk.connections import parse_connection, without_secrets
from omrs_connectors.services.registry import SERVICES
from omrs_schemas.errors import InvalidParameterError
from omrs_streams.log.producer import LogProducer


class Asking:
    """Puts commands on the daemon's command topic. `static`: connectors by service marker, then by id."""

    def __init__(
        self,
        daemon: str,
        fleet: Fleet,
        static: Mapping[str, Mapping[str, Configured]],
        producer: LogProducer,
        clock: Callable[[], int],
    ) -> None:
        self._daemon = daemon
        self._fleet = fleet
        self._static = static
        self._producer = producer
        self._clock = clock

    async def command(
        self,
        kind: Kind,
        names: Sequence[str] | None,
        user: str,
        *,
        service: str | None = None,
        body: dict[str, Any] | None = None,
    ) -> None:
        """For connectors by name or id; None: for all (of the service). Returns when Kafka has the commands."""
        if without_secrets(body or {}) != (body or {}):
            raise InvalidParameterError(
                f"the {kind} of a running connector cannot hold secrets: the command topic would keep them",
                help="embed a secrets store connection, or put the secret into the daemon's configuration",
                parameterName=kind,
            )
        found = [Command(kind, each, user, self._clock(), body or {}) for each in self.ids(names, service)]
        await send(self._producer, self._daemon, found)

    async def connection(self, name: str, bean: dict[str, Any], user: str) -> None:
        """InvalidParameterError for what is no connection, and for one that holds secrets: the command topic keeps what
        it is told."""
        try:
            connection = parse_connection(bean)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise InvalidParameterError(f"this is no connection: {wrong}", parameterName="connection") from error
        secrets = sorted(set(connection.secret_names()))
        if secrets:
            raise InvalidParameterError(
                f"a connection for a running connector cannot hold secrets; this one has {', '.join(secrets)}",
                help="embed a secrets store connection, or put the secret into the daemon's configuration",
                parameterName="connection",
            )
        await self.command("connection", [name], user, body={"connection": connection.to_bean()})

    def ids(self, names: Sequence[str] | None, service: str | None = None) -> list[str]:
        """Ids of the connectors of these names. InvalidParameterError lists those there are."""
        known: Mapping[str, Configured] = self._fleet.configured
        if service is not None:
            if service not in SERVICES:
                raise refusals.unknown_marker(service, SERVICES)
            if service not in self._static:
                raise refusals.service_not_running(self._daemon, service, self._static)
            known = {each: one for each, one in known.items() if each in self._static[service]}
        if names is None:
            return list(known)
        found: list[str] = []
        for name in names:
            ids = [each for each, one in known.items() if name in (each, one.config.connector_name)]
            if not ids:
                listed = [one.config.connector_name for one in known.values()]
                raise refusals.unknown_connector(self._daemon, name, listed)
            found += ids
        return found
