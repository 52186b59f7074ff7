"""Registry events and member registrations as beans (OMRS events § 1, § 3; OMRS cohort § 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omrs_schemas.codec.egeria_json import PROTOCOL

Bean = Mapping[str, Any]

Connection = Any
"""A connection as its sender wrote it: JSON, meant to be a Connection bean, and kept whatever it is."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How this server presents itself to a cohort. `collection_id` None = a server without a local repository."""

    collection_id: str | None
    server_name: str
    collection_name: str | None = None
    server_type: str | None = None
    organization: str | None = None
    connection: Bean | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """A MemberRegistration; `time` is epoch milliseconds, None until the registration was sent."""

    collection_id: str
    server_name: str | None
    collection_name: str | None = None
    server_type: str | None = None
    organization: str | None = None
    time: int | None = None
    connection: Connection | None = None

    @classmethod
    def of_identity(cls, identity: Identity, time: int | None) -> "Registration | None":
        """The local registration; None without a local repository."""
        if identity.collection_id is None:
            return None
        return cls(
            collection_id=identity.collection_id,
            server_name=identity.server_name,
            collection_name=identity.collection_name,
            server_type=identity.server_type,
            organization=identity.organization,
            time=time,
            connection=identity.connection,
        )

    @classmethod
    def of_event(cls, event: Bean) -> "Registration | None":
        """The member that a (re-)registration event describes; None when it names no collection."""
        originator: Bean = event.get("originator") or {}
        section: Bean = event.get("registryEventSection") or {}
        collection_id = originator.get("metadataCollectionId")
        if not collection_id:
            return None
        return cls(
            collection_id=collection_id,
            server_name=originator.get("serverName"),
            collection_name=section.get("metadataCollectionName"),
            server_type=originator.get("serverType"),
            organization=originator.get("organizationName"),
            time=section.get("registrationTimestamp"),
            connection=section.get("remoteConnection"),
        )

    @classmethod
    def of_bean(cls, bean: Bean) -> "Registration":
        """From a stored or answered MemberRegistration bean."""
        return cls(
            collection_id=bean["metadataCollectionId"],
            server_name=bean.get("serverName"),
            collection_name=bean.get("metadataCollectionName"),
            server_type=bean.get("serverType"),
            organization=bean.get("organizationName"),
            time=bean.get("registrationTime"),
            connection=bean.get("repositoryConnection"),
        )

    def to_bean(self) -> dict[str, Any]:
        """The MemberRegistration bean, nulls left out."""
        return _without_nulls(
            {
                "class": "MemberRegistration",
                "metadataCollectionId": self.collection_id,
                "metadataCollectionName": self.collection_name,
                "serverName": self.server_name,
                "serverType": self.server_type,
                "organizationName": self.organization,
                "registrationTime": self.time,
                "repositoryConnection": self.connection,
            }
        )


def registration_event(kind: str, member: Registration, now: int) -> dict[str, Any]:
    """REGISTRATION_EVENT or RE_REGISTRATION_EVENT; `now` and the registration time are epoch milliseconds."""
    section = {
        "registryEventType": kind,
        "registrationTimestamp": member.time,
        "metadataCollectionName": member.collection_name,
        "remoteConnection": member.connection,
    }
    return _event(_member(member), _without_nulls(section), now)


def refresh_request(identity: Identity, now: int) -> dict[str, Any]:
    """REFRESH_REGISTRATION_REQUEST: the originator carries no collection id, by protocol."""
    originator = {
        "serverName": identity.server_name,
        "serverType": identity.server_type,
        "organizationName": identity.organization,
    }
    return _event(_without_nulls(originator), {"registryEventType": "REFRESH_REGISTRATION_REQUEST"}, now)


def un_registration(member: Registration, now: int) -> dict[str, Any]:
    """UN_REGISTRATION_EVENT: the originator says who leaves."""
    return _event(_member(member), {"registryEventType": "UN_REGISTRATION_EVENT"}, now)


def registry_error(
    sender: Identity, code: str, message: str, target_id: str, connection: Connection | None, now: int
) -> dict[str, Any]:
    """REGISTRATION_ERROR_EVENT; `code` is CONFLICTING_COLLECTION_ID or BAD_REMOTE_CONNECTION."""
    originator = {
        "metadataCollectionId": sender.collection_id,
        "serverName": sender.server_name,
        "serverType": sender.server_type,
        "organizationName": sender.organization,
    }
    event = _event(_without_nulls(originator), {"registryEventType": "REGISTRATION_ERROR_EVENT"}, now)
    event["errorSection"] = _without_nulls(
        {
            "errorCode": code,
            "errorMessage": message,
            "targetMetadataCollectionId": target_id,
            "targetRemoteConnection": connection,
        }
    )
    return event


def _member(member: Registration) -> dict[str, Any]:
    return _without_nulls(
        {
            "metadataCollectionId": member.collection_id,
            "serverName": member.server_name,
            "serverType": member.server_type,
            "organizationName": member.organization,
        }
    )


def _event(originator: Bean, section: Bean, now: int) -> dict[str, Any]:
    return {
        "class": "OMRSEventV1",
        "protocolVersionId": PROTOCOL,
        "timestamp": now,
        "originator": dict(originator),
        "eventCategory": "REGISTRY",
        "registryEventSection": dict(section),
    }


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def address_of(connection: Connection | None) -> str | None:
    """The endpoint address of a connection; None where there is none, or no text."""
    address = part_of(part_of(connection, "endpoint"), "address")
    return address if isinstance(address, str) and address else None


def part_of(bean: Any, name: str) -> Any:
    """A field of JSON that others wrote; None also where `bean` has no fields."""
    return bean.get(name) if isinstance(bean, Mapping) else None
