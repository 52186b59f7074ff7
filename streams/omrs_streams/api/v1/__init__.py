"""The API for people, `/api/v1`: plain JSON, proper status codes, problem+json, cursors and ETags (docs/api.md).

It is written against `repository.services.Services` alone: of this server, or of all members of its cohorts together.
"""

from omrs_streams.api.v1.app import make_v1
from omrs_streams.api.v1.base import PATH
from omrs_streams.api.v1.problems import no_such_path, refusal

__all__ = ["PATH", "make_v1", "no_such_path", "refusal"]
