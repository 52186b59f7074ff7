"""The daemon's audit log: every message id it records, in its order, and what each means (integration § 3, § 10)."""

from omrs_connectors.audit.catalogue import AREAS, CATALOGUE
from omrs_connectors.audit.log import DaemonAudit
from omrs_connectors.audit.messages_services import context_created, context_manager_starting
from omrs_connectors.audit.not_said import NOT_SAID

__all__ = ["AREAS", "CATALOGUE", "NOT_SAID", "DaemonAudit", "context_created", "context_manager_starting"]
