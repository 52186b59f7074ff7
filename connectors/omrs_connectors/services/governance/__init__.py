"""The governance context: calls on open metadata that are of no single service (integration § 7)."""
