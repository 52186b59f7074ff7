"""Integration reports: what each pass of a connector changed, on a topic and as metadata (integration § 8)."""
