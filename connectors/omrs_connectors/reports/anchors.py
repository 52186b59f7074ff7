"""Asking the metadata server what an element belongs to, where the pass itself does not know (integration § 8)."""

import logging

from omrs_connectors.sdk.report import anchor_in
from omrs_schemas.errors import OmrsError
from omrs_streams.client import MetadataClient

log = logging.getLogger(__name__)


class AnchorFinder:
    """Guid → guid of its anchor; None where the server does not know. After a failure it asks no more: the report is
    due now, and an element that is its own anchor is still reported."""

    def __init__(self, client: MetadataClient) -> None:
        self._client = client
        self._failed = False

    def __call__(self, guid: str) -> str | None:
        if self._failed:
            return None
        try:
            return self._find(guid)
        except OmrsError as error:
            self._failed = True
            log.info("the anchor of %s is not known: %s", guid, error)
            return None

    def _find(self, guid: str) -> str | None:
        entity = self._client.find_entity(guid)
        if entity is None:
            link = self._client.find_relationship(guid)
            entity = None if link is None else self._client.find_entity(str(link["entityOneProxy"]["guid"]))
        return None if entity is None else anchor_in(entity)
