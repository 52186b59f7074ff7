"""Where omrs-streams keeps its files: data that matters, and what can be fetched or built again.

`OMRS_DATA_DIR` and `OMRS_CACHE_DIR` override the platform's own places.
"""

import os
from pathlib import Path

import platformdirs

APP = "omrs-streams"


def data_root() -> Path:
    """The folder of everything that must survive a restart (embedded Kafka's log, stores, server configuration)."""
    override = os.environ.get("OMRS_DATA_DIR")
    return Path(override).expanduser().absolute() if override else platformdirs.user_data_path(APP)


def cache_root() -> Path:
    """The folder of downloads (Java archives): shared by all data roots, safe to delete."""
    override = os.environ.get("OMRS_CACHE_DIR")
    return Path(override).expanduser().absolute() if override else platformdirs.user_cache_path(APP)
