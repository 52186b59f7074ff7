"""The audit log: every OMRS message id that this server reports, with its severity, text, cause and what to do."""

from omrs_streams.audit.log import AuditLog

__all__ = ["AuditLog"]
