"""Integration services: which kinds of connectors there are, and the context each kind is handed."""
