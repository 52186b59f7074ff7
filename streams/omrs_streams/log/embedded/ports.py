"""Loopback ports: is one free, and choosing one."""

import random
import socket

from omrs_schemas.errors import EmbeddedKafkaError

HOST = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections (32768 on Linux, 49152 elsewhere): a port
# chosen here cannot be snatched by some client's connection between choosing and binding.
LOWEST, HIGHEST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could bind `port` on loopback now (connections in TIME_WAIT do not count)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Whether something accepts connections on `port` of loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def choose(count: int, avoid: frozenset[int] = frozenset()) -> list[int]:
    """`count` different free ports. Raises EmbeddedKafkaError when a thousand tries find too few."""
    system = random.SystemRandom()  # not the seeded generator of a test: parallel sessions would choose alike
    found: list[int] = []
    for _ in range(1_000):
        if len(found) == count:
            break
        port = system.randrange(LOWEST, HIGHEST)
        if port not in avoid and port not in found and is_free(port):
            found.append(port)
    if len(found) < count:
        raise EmbeddedKafkaError(f"no {count} free ports between {LOWEST} and {HIGHEST} on {HOST}")
    return found


def require_free(port: int) -> None:
    """Raises EmbeddedKafkaError when `port` is taken."""
    if not is_free(port):
        raise port_taken(port)


def port_taken(port: int) -> EmbeddedKafkaError:
    return EmbeddedKafkaError(
        f"port {port} on {HOST} is taken by another program",
        help="give another with --port, or --port 0 for any free one",
        port=port,
    )
