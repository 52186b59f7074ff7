"""Organization Integrator: connectors and context for people and teams (integration § 11)."""

from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of
from omrs_connectors.services.below import CONTACT
from omrs_connectors.services.classifying import MarkKind
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, ReferenceableProperties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import LinkProperties
from omrs_connectors.services.security_integrator import ListMembershipProperties
from omrs_connectors.services.work import AssignmentProperties


@dataclass(frozen=True, kw_only=True)
class ProfileProperties(ReferenceableProperties):
    """ActorProfile."""


@dataclass(frozen=True, kw_only=True)
class PersonProperties(ProfileProperties):
    """Person."""

    full_name: str | None = None
    given_names: str | None = None
    surname: str | None = None
    courtesy_title: str | None = called("courtesyTitle", "title")
    initials: str | None = None
    pronouns: str | None = None
    job_title: str | None = None
    employee_number: str | None = None
    employee_type: str | None = None
    preferred_language: str | None = None
    resident_country: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, kw_only=True)
class TeamProperties(ProfileProperties):
    """Team, Organization."""

    identifier: str | None = None
    team_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class RoleProperties(ReferenceableProperties):
    """PersonRole. `head_count`: how many people may have the role."""

    identifier: str | None = None
    scope: str | None = None
    head_count: int | None = None


@dataclass(frozen=True, kw_only=True)
class UserIdentityProperties(ReferenceableProperties):
    """UserIdentity."""

    user_id: str | None = None
    distinguished_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class ContactProperties(ReferenceableProperties):
    """ContactDetails. `contact_method_type`: EMAIL, PHONE, CHAT, PROFILE, ACCOUNT or OTHER."""

    contact_type: str | None = None
    contact_method_type: str | None = None
    contact_method_value: str | None = None
    contact_method_service: str | None = None


@dataclass(frozen=True, kw_only=True)
class IdentityProperties(Properties):
    """ProfileIdentity: in which role the profile has the user identity."""

    description: str | None = None
    role_type_name: str | None = None
    role_guid: str | None = called("roleGUID")


@dataclass(frozen=True, kw_only=True)
class AppointmentProperties(Properties):
    """PersonRoleAppointment."""

    expected_time_allocation_percent: int | None = None
    is_public: bool | None = None


@dataclass(frozen=True, kw_only=True)
class StructureProperties(Properties):
    """TeamStructure."""

    delegation_escalation_authority: bool | None = None


TEAM_STRUCTURE = Link(("TeamStructure",), "Team", "Team")


class OrganizationIntegratorContext(IntegrationContext):
    """People, teams and roles.

    A team's parent is the team above it; contact methods hang below a profile. A person has roles by `appointments`;
    roles belong to teams by `team_members` and `team_leaders` (roles of the types TeamMember and TeamLeader).
    """

    profiles = Kind("profiles of any type", ProfileProperties, ("ActorProfile",))
    people = Kind("people", PersonProperties, ("Person",))
    teams = Kind(
        "teams and organizations", TeamProperties, ("Team",), below=(Link(("TeamStructure",), "Team", "Team"),)
    )
    roles = Kind("roles of any type that people have", RoleProperties, ("PersonRole",))
    user_identities = Kind("user accounts", UserIdentityProperties, ("UserIdentity",))
    contact_methods = Kind(
        "how to reach a person or team", ContactProperties, ("ContactDetails",), below=(CONTACT,), anchored=True
    )
    list_membership = MarkKind(
        "groups of a user identity", ListMembershipProperties, ("SecurityListMembership", "SecurityGroupMembership")
    )
    identities = LinkKind(
        "user accounts of a profile", IdentityProperties, Link(("ProfileIdentity",), "ActorProfile", "UserIdentity")
    )
    appointments = LinkKind(
        "roles of a person", AppointmentProperties, Link(("PersonRoleAppointment",), "Person", "PersonRole")
    )
    team_structure = LinkKind("teams of a team", StructureProperties, TEAM_STRUCTURE)
    team_members = LinkKind(
        "roles of a team's members",
        AssignmentProperties,
        Link(("TeamMembership", "AssignmentScope"), "PersonRole", "Team"),
    )
    team_leaders = LinkKind(
        "roles of a team's leaders",
        AssignmentProperties,
        Link(("TeamLeadership", "AssignmentScope"), "PersonRole", "Team"),
    )
    peers = LinkKind("people who work together", LinkProperties, Link(("Peer",), "Person", "Person"))


class OrganizationIntegratorConnector(IntegrationConnector):
    """Runs under `organization-integrator`."""

    service: ClassVar[str] = "organization-integrator"
    context: OrganizationIntegratorContext


ORGANIZATION = IntegrationService(
    id=4007,
    full_name="Organization Integrator OMIS",
    url_marker="organization-integrator",
    description="Loads people, teams and roles of an organization, and their user identities.",
    wiki=wiki_of("organization-integrator"),
    partner="Community Profile OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=OrganizationIntegratorConnector,
    context_class=OrganizationIntegratorContext,
)
