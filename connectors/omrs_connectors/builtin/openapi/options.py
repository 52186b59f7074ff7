"""Configuration properties of the OpenAPI connector."""

from pydantic import Field

from omrs_connectors.builtin.files.options import FolderOptions
from omrs_connectors.builtin.safety import SafetyOptions


class OpenAPIOptions(FolderOptions, SafetyOptions):
    """Which documents, and how hard to work. `include` and `exclude` choose among the files of a folder."""

    include: tuple[str, ...] = Field(
        ("*.json", "*.yaml", "*.yml"), description="only files that match one of these globs are read"
    )
    documents: tuple[str, ...] = Field((), description="further documents: URLs, files or folders")
    token_secret: str = Field(
        "", description="name of the secret that is sent as bearer token to the hosts of the configured URLs"
    )
    max_fields: int = Field(1_000, ge=1, description="fields catalogued of one request or response at most")
    parallelism: int = Field(4, ge=1, le=32, description="threads that call the metadata server")
    qualified_name_prefix: str = Field("", description="keeps equal paths of different machines apart")
