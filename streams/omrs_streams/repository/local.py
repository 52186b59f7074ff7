"""Who we are: the identity of the local metadata collection, handed to everything that stamps or compares homes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Bean = dict[str, Any]

LOCAL_COHORT = "LOCAL_COHORT"
EXTERNAL_SOURCE = "EXTERNAL_SOURCE"
DEREGISTERED = "DEREGISTERED_REPOSITORY"


@dataclass(frozen=True, slots=True)
class LocalCollection:
    """The local metadata collection and the server that hosts it. Without a local repository `collection_id` is ""."""

    collection_id: str
    collection_name: str
    server: str
    server_type: str = "Open Metadata Server"
    organization: str = ""
    url_root: str = ""

    @property
    def sender(self) -> str:
        """What marks our records on the cohorts' topics, so that we know them again."""
        return self.collection_id or f"server:{self.server}"

    def originator(self) -> Bean:
        """The originator section of the events that this server sends (OMRS events § 1)."""
        found = {
            "metadataCollectionId": self.collection_id,
            "serverName": self.server,
            "serverType": self.server_type,
            "organizationName": self.organization,
        }
        return {name: value for name, value in found.items() if value}

    def instance_url(self, guid: str, *, relationship: bool) -> str:
        """Where the instance can be read on its home server without a user id (OMRS queries § 6)."""
        kind = "relationship" if relationship else "entity"
        return f"{self.url_root}/servers/{self.server}/open-metadata/repository-services/instances/{kind}/{guid}"

    def may_write(self, header: Mapping[str, Any]) -> bool:
        """Whether this collection maintains the instance or classification (OMRS instances § Provenance rules)."""
        provenance = header.get("instanceProvenanceType")
        if provenance == LOCAL_COHORT:
            return header.get("metadataCollectionId") == self.collection_id
        if provenance == EXTERNAL_SOURCE:
            return header.get("replicatedBy") == self.collection_id
        return False
