"""`OrganizationConnector`: keeps people, teams and roles equal to a source."""

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field

from omrs_connectors.builtin.mirror import Mirror, Scope
from omrs_connectors.builtin.organization.people import Organization
from omrs_connectors.builtin.organization.pictures import KINDS, LINKS, PEOPLE, TEAMS, Pictures
from omrs_connectors.builtin.safety import SafetyOptions
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.services.organization_integrator import OrganizationIntegratorConnector


class OrganizationOptions(SafetyOptions):
    """What both sources can be told."""

    source_name: str = Field("", description="names the source in qualified names; default: its address")
    reporting_lines: bool = Field(True, description="a team of those who report to a manager, where no team says so")
    parallelism: int = Field(4, ge=1, le=32, description="threads that call the metadata server")


class OrganizationConnector(OrganizationIntegratorConnector):
    """People with their user accounts and contact details, teams, and who leads and belongs to them.

    Each refresh reads the whole source and writes the differences; what is gone is deleted, within limits for people
    and teams each.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = OrganizationOptions
    options: OrganizationOptions

    @abstractmethod
    def read(self) -> Organization:
        """The whole source, or an error: never a part of it."""

    def refresh(self) -> None:
        found = self.read()
        address = self.context.network_address
        found.check(address)
        report = self.context.report
        report.count("people", len(found.people))
        report.count("teams", len(found.teams))
        for reason in found.left_out:
            report.message(reason)
        prefix = f"Organization::{self.options.source_name or address}"
        pictures = Pictures(prefix, reporting_lines=self.options.reporting_lines)
        pictures.organization(found)
        scope = Scope(f"{prefix}::", KINDS, LINKS, {"people": PEOPLE, "teams": TEAMS})
        mirror = Mirror(self.context, scope, self.options.parallelism)
        mirror.write(pictures.picture, self.options.safety(address))
