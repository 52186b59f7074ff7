"""Processes of a data engine with their ports, schemas and lineage, kept equal to the engine's definitions."""
