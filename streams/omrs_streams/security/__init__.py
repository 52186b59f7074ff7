"""Metadata security: who may do what with which types and instances, and what members tell one another (OMRS events
§ 8). One interface, the shipped connector decides by rules in a YAML file."""

from omrs_streams.security.interface import MetadataSecurity, OpenSecurity, Operation
from omrs_streams.security.loading import load_security, make_security, read_security

__all__ = ["MetadataSecurity", "OpenSecurity", "Operation", "load_security", "make_security", "read_security"]
