"""The daemon's REST API: Egeria's paths, `/api/v1`, lineage events, health and metrics (integration § 9)."""

from omrs_connectors.api.app import create_api
from omrs_connectors.api.facade import Daemon, GroupView, ServiceView
from omrs_connectors.api.security import DaemonSecurity

__all__ = ["Daemon", "DaemonSecurity", "GroupView", "ServiceView", "create_api"]
