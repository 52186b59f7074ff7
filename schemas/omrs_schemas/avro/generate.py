"""Writes the .avsc files from the models: `python -m omrs_schemas.avro.generate [--check | --release VERSION]`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import orjson

from omrs_schemas.avro.build import record_schema
from omrs_schemas.avro.compat import check_released
from omrs_schemas.avro.files import CURRENT, FILES, RELEASED, file_of
from omrs_schemas.errors import SchemaCompatibilityError


def render(name: str) -> str:
    """The text of one .avsc file as it should be."""
    return orjson.dumps(record_schema(name), option=orjson.OPT_INDENT_2).decode() + "\n"


def differing(folder: Path = CURRENT) -> list[Path]:
    """The .avsc files that are not what the models say (absent ones too)."""
    paths = {file_of(name, folder): render(name) for name in FILES}
    return [path for path, text in paths.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if everything is written, or with --check if nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m omrs_schemas.avro.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs from the models")
    parser.add_argument("--release", metavar="VERSION", help="keep the files as a released version (1, 2 …)")
    options = parser.parse_args(arguments)
    paths = differing()
    for path in paths:
        if not options.check:
            path.write_text(render(_name_of(path)), encoding="utf-8")
        sys.stdout.write(f"{'differs from the models' if options.check else 'written'}: {path.name}\n")
    if options.release is not None and not options.check:
        release(int(options.release))
    return 1 if options.check and paths else 0


def release(version: int, folder: Path = RELEASED) -> Path:
    """Keeps the current files as a released version. Raises SchemaCompatibilityError if they break an earlier one."""
    check_released()
    target = folder / str(version)
    if target.exists():
        raise SchemaCompatibilityError(
            f"version {version} is released already",
            help="A released schema never changes, because records of it are kept for ever. Release the next version.",
        )
    target.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(file_of(name), file_of(name, target))
    return target


def _name_of(path: Path) -> str:
    return next(name for name in FILES if file_of(name, path.parent) == path)


if __name__ == "__main__":
    sys.exit(main())
