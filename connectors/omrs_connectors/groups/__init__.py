"""Integration groups: connectors that are described by metadata, read and followed while the daemon runs
(integration § 6)."""
