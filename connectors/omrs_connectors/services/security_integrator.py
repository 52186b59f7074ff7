"""Security Integrator: connectors and context for what protects data (integration § 11)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import TO_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.classifying import MarkKind
from omrs_connectors.services.element import Element, Plain
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, ReferenceableProperties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import NoProperties


@dataclass(frozen=True, kw_only=True)
class SecurityTagsProperties(Properties):
    """SecurityTags. Access groups are 4.x only: what each of them may do."""

    security_labels: Sequence[str] | None = None
    security_properties: Mapping[str, Any] | None = None
    access_groups: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class GovernanceProperties(ReferenceableProperties):
    """GovernanceDefinition: what security groups, roles, access controls and (6.x) zones have."""

    domain_identifier: int | None = None
    summary: str | None = None
    scope: str | None = None
    implications: Sequence[str] | None = None
    outcomes: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class SecurityRoleProperties(ReferenceableProperties):
    """SecurityRole."""

    distinguished_name: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, kw_only=True)
class SecurityGroupProperties(GovernanceProperties):
    """SecurityGroup: in 4.x a governance definition, in 6.x a collection."""

    distinguished_name: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, kw_only=True)
class ZoneProperties(GovernanceProperties):
    """GovernanceZone."""

    zone_name: str | None = called("zoneName", "identifier")
    criteria: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccessGroupProperties(Properties):
    """AssociatedSecurityList / AssociatedGroup: the operation that the group may do."""

    operation_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class ZoneMembershipProperties(Properties):
    """ZoneMembership / AssetZoneMembership: names of zones."""

    zone_membership: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class ListMembershipProperties(Properties):
    """SecurityListMembership / SecurityGroupMembership: distinguished names of groups that a user is in."""

    groups: Sequence[str] | None = called("securityGroups", "groups")


@dataclass(frozen=True, kw_only=True)
class LevelProperties(Properties):
    """Confidentiality and its like: a level, and who says so."""

    level: int | None = called("confidentialityLevel", "criticalityLevel", "levelIdentifier")
    confidence: int | None = None
    steward: str | None = None
    source: str | None = None
    notes: str | None = None


@dataclass(frozen=True, kw_only=True)
class OwnershipProperties(Properties):
    """Ownership."""

    owner: str | None = None
    owner_type_name: str | None = None
    owner_property_name: str | None = None


class SecurityIntegratorContext(IntegrationContext):
    """Security tags, groups and zones, to hand to what enforces access.

    A service's own direction is towards the third party: a connector that also writes tags needs a
    `permittedSynchronization` that says so. Listen for tags with `register_listener(handle, kinds=["CLASSIFIED",
    "RECLASSIFIED", "DECLASSIFIED"])`.
    """

    security_tags = MarkKind(
        "labels, properties and access groups of an element", SecurityTagsProperties, ("SecurityTags",)
    )
    zone_membership = MarkKind(
        "zones of an element", ZoneMembershipProperties, ("ZoneMembership", "AssetZoneMembership")
    )
    confidentiality = MarkKind("how confidential an element is", LevelProperties, ("Confidentiality",))
    ownership = MarkKind("who owns an element", OwnershipProperties, ("Ownership",))
    list_membership = MarkKind(
        "groups of a user identity", ListMembershipProperties, ("SecurityListMembership", "SecurityGroupMembership")
    )
    security_groups = Kind("security groups", SecurityGroupProperties, ("SecurityGroup",))
    security_roles = Kind("security roles (6.x)", SecurityRoleProperties, ("SecurityRole",))
    access_controls = Kind("definitions of who may do what", GovernanceProperties, ("SecurityAccessControl",))
    zones = Kind("governance zones", ZoneProperties, ("GovernanceZone",))
    access_groups = LinkKind(
        "groups of an access control",
        AccessGroupProperties,
        Link(("AssociatedSecurityList", "AssociatedGroup"), "SecurityAccessControl", "SecurityGroup"),
    )
    zone_hierarchy = LinkKind(
        "zones in broader zones", NoProperties, Link(("ZoneHierarchy",), "GovernanceZone", "GovernanceZone")
    )

    def elements_in_zone(self, zone: str, type_name: str | None = None) -> Iterator[Element[Plain]]:
        """Elements (of a type) whose zone membership names the zone."""
        for element in self.zone_membership.elements(type_name):
            marked = element.classifications[self.zone_membership.type_name]
            if zone in (marked.get("zoneMembership") or ()):
                yield element


class SecurityIntegratorConnector(IntegrationConnector):
    """Runs under `security-integrator`."""

    service: ClassVar[str] = "security-integrator"
    context: SecurityIntegratorContext


SECURITY = IntegrationService(
    id=4008,
    full_name="Security Integrator OMIS",
    url_marker="security-integrator",
    description="Hands security tags, groups and zones to the technology that enforces access.",
    wiki=wiki_of("security-integrator"),
    partner="Security Manager OMAS",
    default_permitted_synchronization=TO_THIRD_PARTY,
    connector_class=SecurityIntegratorConnector,
    context_class=SecurityIntegratorContext,
)
