"""`python -m bench`: measure, print one table."""

import argparse
import sys
import time
from collections.abc import Callable

import orjson

from bench import egeria
from bench.find import find
from bench.ingest import ingest
from bench.lab import BenchError, Lab, lab
from bench.listen import listen
from bench.machine import machine, sentence
from bench.reads import reads
from bench.replay import replay
from bench.rest import create, get
from bench.start import memory, start
from bench.table import Row, merged, print_table
from omrs_schemas.errors import OmrsError

PIECES: dict[str, Callable[[Lab], list[Row]]] = {
    "replay": replay,
    "ingest": ingest,
    "create": create,
    "reads": reads,
    "get": get,
    "find": find,
    "listen": listen,
    "start": start,
    "memory": memory,
}


def size(text: str) -> int:
    """`100k`, `1M` or a number of events, at least 1,000."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    try:
        found = int(float(text[:-1] if factor > 1 else text) * factor)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: 100k, 1M or a number") from None
    if found < 1_000:
        raise argparse.ArgumentTypeError("a size below 1,000 measures nothing")
    return found


def pieces(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(PIECES))
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(PIECES)}")
    return names


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen pieces. 0 whether or not bars were met (figures are reported, not asserted); 1: a piece failed."""
    parser = argparse.ArgumentParser("python -m bench", description="Floors, peers and bars of the design in one run.")
    parser.add_argument("--size", type=size, default=100_000, help="events: 100k, 1M or a number (default 100k)")
    parser.add_argument("--only", type=pieces, default=list(PIECES), help=f"comma-separated: {','.join(PIECES)}")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each piece; the median run is shown")
    parser.add_argument("--json", action="store_true", help="print machine and rows as JSON")
    parser.add_argument("--egeria", action="store_true", help="measure a real Egeria 4.2 too (needs Java 17 and Maven)")
    parser.add_argument("--bootstrap-servers", default="", help="Kafka; default: an embedded one of its own")
    given = parser.parse_args(arguments)
    found = machine()
    if given.egeria and (reason := egeria.missing()):
        parser.error(f"--egeria: {reason}")
    rows: list[Row] = []
    failed = 0
    with lab(given.size, given.bootstrap_servers) as place:
        if given.egeria:
            say("egeria …")
            place.peer = True
            place.egeria = egeria.measure(place)
        for name in given.only:
            say(f"{name} …")
            try:
                rows += merged([PIECES[name](place) for _ in range(max(1, given.repeat))])
            except (BenchError, OmrsError) as error:  # the other pieces can still be measured
                failed = 1
                say(f"{name} failed: {error}")
        say("done")
    if given.json:
        print(orjson.dumps({"machine": found, "size": given.size, "rows": [row.as_dict() for row in rows]}).decode())
    else:
        print_table(rows, f"{given.size:,} events; {sentence(found)}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
