"""Open metadata archives of a folder, loaded into the metadata server as they appear and change."""
