"""Rebuilding the stores of a worker from the log, beside the live ones, in parallel processes; comparing digests."""
