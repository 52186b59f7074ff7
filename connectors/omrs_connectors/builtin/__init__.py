"""Connectors that ship with the daemon, one folder per technology."""
