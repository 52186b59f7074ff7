"""Where the shared reference data lies: beside the project, absent on a stranger's machine."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
ARCHIVES = SHARED / "data" / "archives"


def require_shared(*parts: str) -> Path:
    """The path `shared/<parts>`; skips the test, saying why, where the reference data is not beside the project."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"reference data {path.name!r} is not here (expected beside the project in ../shared)")
    return path
