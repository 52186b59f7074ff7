"""Views with the names of the business over the tables of a PostgreSQL database (docs/connectors/virtualizer.md)."""
