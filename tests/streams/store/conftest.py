"""The store is tested with the fold's logs: what the one decides the other keeps."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "fold"))
