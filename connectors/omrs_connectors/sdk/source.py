"""The metadata source that a connector writes for: found, or made once whoever asks first (integration § 7)."""

from omrs_connectors.sdk.releases import type_names
from omrs_schemas.errors import EntityNotKnownError, OmrsError, RevisionConflictError
from omrs_streams.client import Entity, MetadataClient
from omrs_streams.log.event_ids import following_id

LIVES = 100  # times that a source was deleted and purged before somebody should wonder what is going on


def find_source(client: MetadataClient, qualified_name: str) -> Entity | None:
    """The oldest software capability of that name."""
    return client.find_by_unique_name("SoftwareCapability", "qualifiedName", qualified_name)


def make_source(client: MetadataClient, qualified_name: str, display_name: str) -> tuple[Entity, bool]:
    """The source, and whether this call has made it.

    Every worker that makes it names its request alike, and a server carries out a request once: of workers that find it
    missing at the same time, one makes it and the others are answered the same entity.
    """
    capability_name = type_names(client.types).capability_name
    properties = {"qualifiedName": qualified_name, capability_name: display_name}
    for life in range(LIVES):
        event_id = following_id("metadata-source", client.server, qualified_name, life)
        try:
            made = client.add_entity("SoftwareCapability", properties, event_id=event_id)
        except (RevisionConflictError, EntityNotKnownError):
            pass  # made so long ago that the request is forgotten, or purged since
        else:
            if made["status"] != "DELETED":
                return made, True
        found = find_source(client, qualified_name)
        if found is not None:
            return found, False
    raise OmrsError(f"metadata source {qualified_name} was deleted {LIVES} times", qualified_name=qualified_name)
