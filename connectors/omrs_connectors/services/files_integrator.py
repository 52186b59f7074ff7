"""Files Integrator: connectors and context for file systems, folders and data files (integration § 11)."""

from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.base import FROM_THIRD_PARTY, IntegrationService, wiki_of


class FilesIntegratorContext(IntegrationContext):
    """Metadata of file systems, folders and data files."""


class FilesIntegratorConnector(IntegrationConnector):
    """Runs under `files-integrator`."""

    service: ClassVar[str] = "files-integrator"
    context: FilesIntegratorContext


FILES = IntegrationService(
    id=4005,
    full_name="Files Integrator OMIS",
    url_marker="files-integrator",
    description="Catalogues files and folders: what a file system, an object store or a document manager holds.",
    wiki=wiki_of("files-integrator"),
    partner="Data Manager OMAS",
    default_permitted_synchronization=FROM_THIRD_PARTY,
    connector_class=FilesIntegratorConnector,
    context_class=FilesIntegratorContext,
)
