"""The `omrs` command line."""
