"""HTTP client of a metadata server, for connectors, the command line and programs."""
