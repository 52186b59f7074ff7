"""A real HTTP server on loopback that answers what a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from omrs_schemas.errors import OmrsError


@dataclass
class Received:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


Answer = tuple[int, bytes] | tuple[int, bytes, dict[str, str]]
Answering = Callable[[Received], Answer]


@dataclass
class Server:
    """`url`, and every request received so far."""

    url: str
    received: list[Received] = field(default_factory=list)


def bean(answer: dict[str, Any], **headers: str) -> Answer:
    """An OMRS answer; underscores in the names of headers stand for dashes."""
    content = json.dumps({"relatedHTTPCode": 200, **answer}).encode()
    return 200, content, {name.replace("_", "-"): value for name, value in headers.items()}


def refusal(error: OmrsError) -> Answer:
    """What a server answers that raised `error`."""
    return bean(
        {
            "class": "VoidResponse",
            "relatedHTTPCode": error.http,
            "exceptionClassName": error.java_class,
            "exceptionErrorMessageId": error.code,
            "exceptionErrorMessage": f"{error.code} {error.message}",
        }
    )


@contextmanager
def answering(answer: Answering) -> Iterator[Server]:
    """A server for the length of the block."""
    server = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keep-alive, as the real server

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received = Received(self.command, self.path, dict(self.headers), json.loads(raw) if raw else None)
            server.received.append(received)
            status, content, *more = answer(received)
            if status == 0:  # the server dies on the request
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve

        def log_message(self, *_: Any) -> None:
            """Requests are recorded, not printed."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)
