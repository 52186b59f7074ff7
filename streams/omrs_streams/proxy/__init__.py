"""Repository proxies (OMRS cohort § 10): another technology's metadata as the home instances of this server.

`interfaces` is what a connector implements and is given; the rest is the runtime that feeds the server log with it.
"""

from omrs_streams.proxy.interfaces import (
    EventMapper,
    EventProcessor,
    MappedEntity,
    MappedRelationship,
    ProxyContext,
    RepositoryConnector,
)

__all__ = [
    "EventMapper",
    "EventProcessor",
    "MappedEntity",
    "MappedRelationship",
    "ProxyContext",
    "RepositoryConnector",
]
