"""What monitors of folders have in common: their folders, what wakes them, and what happens when one fails."""

from abc import ABC, abstractmethod
from typing import Generic

from omrs_connectors.builtin.files.roots import OptionsT, Root, require_address, roots_of
from omrs_connectors.builtin.files.watch import FolderWatch
from omrs_connectors.sdk import IntegrationConnector
from omrs_schemas.errors import OmrsError


class FolderMonitor(IntegrationConnector, ABC, Generic[OptionsT]):
    """Looks after the folder in `endpoint.networkAddress` (a path or a file: URL) and those that are catalog targets.

    A change on disk wakes a refresh. One folder that fails does not keep the others from being looked at; the first
    failure is the connector's.
    """

    options: OptionsT

    def initialize(self) -> None:
        require_address(self.context)
        self._watch = FolderWatch(self.context.request_refresh)

    def refresh(self) -> None:
        roots = list(roots_of(self.context, self.options))
        self.context.report.count("roots", len(roots))
        self._watch.watch(root.path for root in roots if root.options.watch)
        failures: list[OmrsError] = []
        for root in roots:
            try:
                self.refresh_root(root)
            except OmrsError as error:
                if error.retriable or self.context.revoked:
                    raise
                self.context.report.message(str(error))
                failures.append(error)
        if failures:
            raise failures[0]

    @abstractmethod
    def refresh_root(self, root: Root[OptionsT]) -> None:
        """Brings metadata up to date with one folder."""

    def disconnect(self) -> None:
        self._watch.close()
