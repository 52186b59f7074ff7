"""The integration daemon: connector SDK, runtime and built-in connectors."""
