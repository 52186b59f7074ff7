"""Pydantic models of the OMRS instance, type and event beans; their JSON is Egeria's."""
