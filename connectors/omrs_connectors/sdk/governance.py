"""`GovernanceContext`: what every connector may do besides its own service's calls (integration § 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omrs_connectors.services.governance.actions import GovernanceActions
from omrs_connectors.services.governance.languages import MultiLanguageManagement
from omrs_connectors.services.governance.open_metadata import OpenMetadataAccess
from omrs_connectors.services.governance.stewardship import StewardshipAction
from omrs_connectors.services.governance.valid_values import ValidMetadataValues

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext


class GovernanceContext:
    """`open_metadata`: elements and relationships of any type. `languages`: translations. `stewardship`: to-dos and
    incident reports. `valid_values`: what properties may hold. `actions`: work for governance engines.

    All writes are checked, stamped and reported as those of the context are.
    """

    def __init__(self, context: IntegrationContext) -> None:
        self.open_metadata = OpenMetadataAccess(context)
        self.languages = MultiLanguageManagement(context)
        self.stewardship = StewardshipAction(context)
        self.valid_values = ValidMetadataValues(context)
        self.actions = GovernanceActions(context)
