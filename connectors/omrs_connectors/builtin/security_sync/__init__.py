"""Grants and security marks of a PostgreSQL database in step with security tags (docs/connectors/security-sync.md)."""
