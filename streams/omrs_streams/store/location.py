"""Where the store of a partition lies: `<worker>/p0003/<generation>`, `CURRENT` naming the generation in use.

A replay builds the next generation beside the live one and then replaces `CURRENT`, which is atomic.
"""

import shutil
from pathlib import Path

_CURRENT = "CURRENT"


def partition_dir(stores: Path, partition: int) -> Path:
    return stores / f"p{partition:04d}"


def current_path(stores: Path, partition: int) -> Path:
    """The directory of the store in use; made (generation 1) where there is none."""
    base = partition_dir(stores, partition)
    base.mkdir(parents=True, exist_ok=True)
    name = _generation(base)
    if name is None:
        name = "1"
        _point(base, name)
    return base / name


def next_path(stores: Path, partition: int) -> Path:
    """Where a replay builds: a generation that is not in use. An interrupted one is found again."""
    base = partition_dir(stores, partition)
    name = _generation(base)
    return base / str(1 if name is None else int(name) + 1)


def switch(stores: Path, partition: int) -> Path | None:
    """Make the built generation the one in use; the one that was, for the caller to remove once it is closed."""
    base = partition_dir(stores, partition)
    old = _generation(base)
    _point(base, next_path(stores, partition).name)
    return None if old is None else base / old


def set_aside(stores: Path, partition: int) -> Path:
    """Move a damaged store out of the way, for a person to look at; where it lies now. The last damaged one goes."""
    damaged = current_path(stores, partition)
    kept = damaged.with_name(f"{damaged.name}.damaged")
    shutil.rmtree(kept, ignore_errors=True)
    damaged.rename(kept)
    return kept


def remove_stale(stores: Path, partition: int) -> None:
    """Delete the generations before the one in use."""
    base = partition_dir(stores, partition)
    name = _generation(base)
    if name is None:
        return
    for found in base.iterdir():
        if found.is_dir() and found.name.isdigit() and int(found.name) < int(name):
            shutil.rmtree(found, ignore_errors=True)


def partitions_of(stores: Path) -> list[int]:
    """The partitions that have a store below `stores`."""
    if not stores.is_dir():
        return []
    return sorted(
        int(found.name[1:]) for found in stores.iterdir() if found.name[:1] == "p" and found.name[1:].isdigit()
    )


def _generation(base: Path) -> str | None:
    try:
        name = (base / _CURRENT).read_text().strip()
    except FileNotFoundError:
        return None
    return name if name.isdigit() else None


def _point(base: Path, name: str) -> None:
    base.mkdir(parents=True, exist_ok=True)
    new = base / f"{_CURRENT}.new"
    new.write_text(name)
    new.replace(base / _CURRENT)
