"""What metadata should say of an organization."""

from omrs_connectors.builtin.organization.people import Organization, Person, Team
from omrs_connectors.builtin.picture import Key, Picture
from omrs_connectors.services.below import CONTACT
from omrs_connectors.services.kinds import ElementKind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.organization_integrator import (
    TEAM_STRUCTURE,
    ContactProperties,
    OrganizationIntegratorContext,
    PersonProperties,
    RoleProperties,
    TeamProperties,
    UserIdentityProperties,
)

PEOPLE = OrganizationIntegratorContext.people
TEAMS = OrganizationIntegratorContext.teams
USERS = OrganizationIntegratorContext.user_identities
CONTACTS = OrganizationIntegratorContext.contact_methods
LEADERS = ElementKind("leaders of a team", RoleProperties, ("TeamLeader",))
MEMBERS = ElementKind("members of a team", RoleProperties, ("TeamMember",))

IDENTITY = Link(("ProfileIdentity",), "ActorProfile", "UserIdentity")
APPOINTMENT = Link(("PersonRoleAppointment",), "Person", "PersonRole")
LEADERSHIP = Link(("TeamLeadership", "AssignmentScope"), "PersonRole", "Team")
MEMBERSHIP = Link(("TeamMembership", "AssignmentScope"), "PersonRole", "Team")

KINDS = (PEOPLE, TEAMS, USERS, CONTACTS, LEADERS, MEMBERS)
LINKS = (IDENTITY, APPOINTMENT, LEADERSHIP, MEMBERSHIP, TEAM_STRUCTURE, CONTACT)

REPORTS = "reports"
"""Below the prefix: teams that stand for a manager's reports, where the source knows managers but no team of theirs."""


class Pictures:
    """Puts an organization into a picture. Qualified names are made of ids, so that a new name is no new element."""

    def __init__(self, prefix: str, *, reporting_lines: bool = True) -> None:
        self.picture = Picture()
        self._prefix = prefix
        self._reporting_lines = reporting_lines
        self._roles: set[Key] = set()

    def organization(self, found: Organization) -> None:
        people = {each.id for each in found.people}
        teams = {each.id for each in found.teams}
        for person in found.people:
            self._person(person)
        for team in found.teams:
            self._team(team, self._key("team", team.id), people)
        for team in found.teams:
            if team.parent in teams and team.parent != team.id:
                self.picture.link(TEAM_STRUCTURE, self._key("team", str(team.parent)), self._key("team", team.id))
        if self._reporting_lines:
            self._reports(found, people)

    def _person(self, person: Person) -> None:
        key = self.picture.add(
            PEOPLE,
            PersonProperties(
                qualified_name=self._key("person", person.id),
                display_name=person.name,
                full_name=person.name,
                given_names=person.given_names,
                surname=person.surname,
                job_title=person.job_title,
                employee_number=person.employee_number,
                employee_type=person.employee_type,
                preferred_language=person.preferred_language,
            ),
        )
        if person.user_id:
            user = UserIdentityProperties(
                qualified_name=self._key("user", person.id),
                display_name=person.user_id,
                user_id=person.user_id,
                distinguished_name=person.distinguished_name,
            )
            self.picture.link(IDENTITY, key, self.picture.add(USERS, user))
        for kind, values in (("EMAIL", person.emails), ("PHONE", person.phones)):
            for value in dict.fromkeys(values):
                contact = ContactProperties(
                    qualified_name=f"{key}::{kind.lower()}::{value}",
                    display_name=value,
                    contact_method_type=kind,
                    contact_method_value=value,
                )
                self.picture.add(CONTACTS, contact, key)

    def _team(self, team: Team, key: Key, people: set[str]) -> None:
        properties = TeamProperties(qualified_name=key, display_name=team.name, description=team.description)
        self.picture.add(TEAMS, properties)
        for kind, ids, link in ((LEADERS, team.leaders, LEADERSHIP), (MEMBERS, team.members, MEMBERSHIP)):
            held = [each for each in dict.fromkeys(ids) if each in people]
            if not held:
                continue
            what = "leader" if kind is LEADERS else "member"
            role = self.picture.add(
                kind, RoleProperties(qualified_name=f"{key}::{what}", display_name=f"{team.name}: {what}")
            )
            self.picture.link(link, role, key)
            for each in held:
                self.picture.link(APPOINTMENT, self._key("person", each), role)

    def _reports(self, found: Organization, people: set[str]) -> None:
        """Who reports to whom is told by teams: one for each manager that leads none of those who report to them."""
        names = {each.id: each.name for each in found.people}
        led: set[tuple[str, str]] = {
            (leader, member) for team in found.teams for leader in team.leaders for member in team.members
        }
        reports: dict[str, list[str]] = {}
        for person in found.people:
            manager = person.manager
            if manager and manager in people and manager != person.id and (manager, person.id) not in led:
                reports.setdefault(manager, []).append(person.id)
        for manager, members in sorted(reports.items()):
            team = Team(manager, f"Reports of {names[manager]}", leaders=(manager,), members=tuple(members))
            self._team(team, self._key(REPORTS, manager), people)

    def _key(self, what: str, identifier: str) -> Key:
        return f"{self._prefix}::{what}::{identifier}"
