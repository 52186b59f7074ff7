"""PostgreSQL databases as metadata, kept equal by a connector (docs/connectors/postgres.md)."""
