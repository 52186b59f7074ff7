"""Commands and queries on the local metadata collection."""
