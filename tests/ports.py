"""Ports for servers that are told theirs before they bind it, and keep it when they are started again."""

import secrets
import socket
from pathlib import Path

LOWEST = 10_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that is free, and that this process has not been given before.

    It is none of those that the system hands out to sockets without a port of their own: one of these may be another
    process's by the time the server binds it, or while the server is down.
    """
    while True:
        port = LOWEST + secrets.randbelow(_first_handed_out() - LOWEST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _first_handed_out() -> int:
    lowest = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    return lowest if lowest > LOWEST + 1_000 else 65_536


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
