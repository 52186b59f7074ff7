"""The audit log: every OMRS message id that this server reports, with its severity, text, cause and what to do."""

from omrs_streams.audit.catalogue import CATALOGUE
from omrs_streams.audit.log import AuditLog
from omrs_streams.audit.message import AuditMessage
from omrs_streams.audit.settings import AuditSettings

__all__ = ["CATALOGUE", "AuditLog", "AuditMessage", "AuditSettings"]
