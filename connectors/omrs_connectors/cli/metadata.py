"""Which metadata server a command talks to."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from omrs_schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from omrs_streams.client import MetadataClient

ServerUrl = Annotated[
    str, typer.Option("--server-url", help="URL of any worker of the metadata server", envvar="OMRS_METADATA_URL")
]
ServerName = Annotated[str, typer.Option("--server", help="name of the metadata server", envvar="OMRS_METADATA_SERVER")]
User = Annotated[str, typer.Option("--user", help="who asks; default: your login name", envvar="OMRS_METADATA_USER")]


def metadata_client(server_url: str, server: str, user: str) -> "MetadataClient":
    """A client of that server; ConfigurationError where it is not said which."""
    if not (server_url and server):
        raise ConfigurationError(
            "which metadata server?",
            help="give --server-url and --server, or OMRS_METADATA_URL and OMRS_METADATA_SERVER",
        )
    from omrs_streams.client import MetadataClient

    return MetadataClient(server_url, server, user or getpass.getuser())
