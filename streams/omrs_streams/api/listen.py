"""The listening socket of an HTTP API."""

import socket

from omrs_schemas.errors import ConfigurationError


def bind(host: str, port: int) -> socket.socket:
    """A bound TCP socket; `port` 0 chooses a free one. ConfigurationError when it is taken.

    The protocol is named because asyncio only turns Nagle's algorithm off on sockets that say they are TCP; without
    it every answer waits 40 ms for the client's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"the API cannot listen on {host}:{port}: {error.strerror}", help="give another --port, or 0 for a free one"
        ) from error
    return listening
