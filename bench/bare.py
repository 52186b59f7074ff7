"""Floor of reads over REST: a raw RocksDB get and the barest route of the same framework, no decoding, no model.

`python -m bench.bare <database> <answer bytes> <ready file>` serves until it is terminated.
"""

import socket
import sys
from pathlib import Path

import uvicorn
from rocksdict import Rdict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application(database: Rdict, size: int) -> Starlette:
    """Answers `/<guid>` with a JSON body of `size` bytes after one get of the guid; 404 when it is not there."""
    frame = b'{"body":""}'
    body = b'{"body":"' + b"x" * max(1, size - len(frame)) + b'"}'

    async def read(request: Request) -> Response:
        if database.get(request.path_params["guid"].encode()) is None:
            return Response(status_code=404)
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/{guid}", read)])


def main(database: str, size: str, ready_file: str) -> None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    config = uvicorn.Config(application(Rdict(database), int(size)), log_level="warning", access_log=False)
    Path(ready_file).write_text(f"http://127.0.0.1:{listening.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
