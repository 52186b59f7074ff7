"""A PostgreSQL database's catalogue as a read-only metadata repository (docs/repository-proxy.md)."""
