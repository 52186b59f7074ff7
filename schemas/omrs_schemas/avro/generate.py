"""`python -m omrs_schemas.avro.generate [--check]`: writes the .avsc files from the models, or says which differ."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import orjson

from omrs_schemas.avro.build import EVENTS, event_schema
from omrs_schemas.avro.files import CURRENT, file_of


def render(name: str) -> str:
    """The text of one .avsc file as it should be."""
    return orjson.dumps(event_schema(name), option=orjson.OPT_INDENT_2).decode() + "\n"


def differing(folder: Path = CURRENT) -> list[Path]:
    """The .avsc files that are not what the models say (absent ones too)."""
    paths = {file_of(name, folder): render(name) for name in EVENTS}
    return [path for path, text in paths.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if everything is written, or with --check if nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m omrs_schemas.avro.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs from the models")
    options = parser.parse_args(arguments)
    paths = differing()
    for path in paths:
        if not options.check:
            path.write_text(render(_name_of(path)), encoding="utf-8")
        sys.stdout.write(f"{'differs from the models' if options.check else 'written'}: {path.name}\n")
    return 1 if options.check and paths else 0


def _name_of(path: Path) -> str:
    return next(name for name in EVENTS if file_of(name, path.parent) == path)


if __name__ == "__main__":
    sys.exit(main())
