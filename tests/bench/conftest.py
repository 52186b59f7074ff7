"""`bench` is a folder of the project, not part of the distribution: tests find it from the project's root."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
