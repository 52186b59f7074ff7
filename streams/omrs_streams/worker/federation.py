"""The other members of this server's cohorts that can be queried, each once, however many cohorts it shares (OMRS
cohort § 6, § 9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from omrs_streams.cohort.registry_events import Connection, Registration, address_of, part_of

REST_CONNECTOR = (
    "org.odpi.openmetadata.adapters.repositoryservices.rest.repositoryconnector.OMRSRESTRepositoryConnectorProvider"
)
"""The one kind of repository connector that members publish: OMRS REST calls below the endpoint's address."""

SHOWN = 200  # characters of a wrong value that messages quote

AuditRow = tuple[str, dict[str, Any]]


def connection_fault(connection: Connection) -> str:
    """Why no connector can be built from a member's connection, whatever it is; empty when one can.

    Whether the member answers is another matter, seen when it is queried.
    """
    provider = part_of(part_of(connection, "connectorType"), "connectorProviderClassName")
    if provider != REST_CONNECTOR:
        return f"the connector provider {_short(provider) or '(none)'} is not known here, only {REST_CONNECTOR}"
    address = address_of(connection)
    if address is None:
        return "the connection has no endpoint address"
    try:
        parts = urlsplit(address)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        return f"the endpoint address {_short(address)!r} is no URL: {_short(error)}"
    return "" if valid else f"the endpoint address {_short(address)!r} is no http or https URL"


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


@dataclass(frozen=True, slots=True)
class RemoteMember:
    """A member that can be queried. `url`: the base of its REST calls, `…/servers/<name>`."""

    registration: Registration
    cohorts: tuple[str, ...]

    @property
    def collection_id(self) -> str:
        return self.registration.collection_id

    @property
    def url(self) -> str:
        return str(address_of(self.registration.connection)).rstrip("/")


class Federation:
    """The remote members known to this process. Changes answer the audit messages that belong to them."""

    def __init__(self) -> None:
        self._members: dict[str, RemoteMember] = {}

    def members(self) -> tuple[RemoteMember, ...]:
        """In the order in which they registered: that in which they are asked (OMRS queries § 5)."""
        return tuple(sorted(self._members.values(), key=lambda each: (each.registration.time or 0, each.collection_id)))

    def member(self, collection_id: str) -> RemoteMember | None:
        return self._members.get(collection_id)

    def add(self, cohort: str, found: Registration) -> list[AuditRow]:
        """A member registered with a connection that `connection_fault` has nothing against."""
        known = self._members.get(found.collection_id)
        cohorts = tuple(dict.fromkeys((*(known.cohorts if known else ()), cohort)))
        params = {"collection_id": found.collection_id, "cohort": cohort, "server": found.server_name or "?"}
        if known is not None and known.registration.connection == found.connection:
            self._members[found.collection_id] = RemoteMember(found, cohorts)
            return [("OMRS-AUDIT-0128", params)]
        self._members[found.collection_id] = RemoteMember(found, cohorts)
        numbers = ("0127", "0132") if known is None else ("0135", "0133")
        return [*((f"OMRS-AUDIT-{number}", params) for number in numbers), self._list()]

    def remove(self, cohort: str, collection_id: str) -> list[AuditRow]:
        """A member is no longer registered in `cohort`, or this server has left it."""
        known = self._members.get(collection_id)
        if known is None or cohort not in known.cohorts:
            return []
        params = {"collection_id": collection_id, "cohort": cohort, "server": known.registration.server_name or "?"}
        cohorts = tuple(each for each in known.cohorts if each != cohort)
        if cohorts:
            self._members[collection_id] = RemoteMember(known.registration, cohorts)
            return [("OMRS-AUDIT-0131", params)]
        del self._members[collection_id]
        return [("OMRS-AUDIT-0131", params), ("OMRS-AUDIT-0134", params), self._list()]

    def sync(self, cohort: str, registered: Mapping[str, Registration]) -> list[AuditRow]:
        """Make the members of `cohort` exactly those of `registered` whose connection can be used."""
        rows: list[AuditRow] = []
        usable = {key: each for key, each in registered.items() if _usable(each)}
        for collection_id in [key for key, each in self._members.items() if cohort in each.cohorts]:
            if collection_id not in usable:
                rows += self.remove(cohort, collection_id)
        for each in _by_time(usable.values()):
            known = self._members.get(each.collection_id)
            if known is None or cohort not in known.cohorts or known.registration != each:
                rows += self.add(cohort, each)
        return rows

    def _list(self) -> AuditRow:
        servers = ", ".join(each.registration.server_name or each.collection_id for each in self.members())
        return ("OMRS-AUDIT-0130", {"count": len(self._members), "servers": servers or "none"})


def _usable(found: Registration) -> bool:
    return found.connection is not None and not connection_fault(found.connection)


def _by_time(found: Iterable[Registration]) -> list[Registration]:
    return sorted(found, key=lambda each: each.time or 0)
