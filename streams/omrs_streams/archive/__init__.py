"""Loading open metadata archives into a running server."""
