"""What an OpenAPI document says, whatever its version."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a leaf of a body, whose name is its path: `customer.email`, `items[].sku`.

    `place`: path, query, header, cookie, formData or body. `nullable` None = the document does not say.
    """

    name: str
    place: str
    type: str
    format: str = ""
    required: bool = False
    nullable: bool | None = None
    default: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """`status`: 200, 4XX, default …"""

    status: str
    description: str
    fields: tuple[Field, ...]
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """`request`: everything that is not a header."""

    method: str
    path: str
    operation_id: str
    summary: str
    description: str
    tags: tuple[str, ...]
    deprecated: bool
    headers: tuple[Field, ...]
    request: tuple[Field, ...]
    media_types: tuple[str, ...]
    responses: tuple[Response, ...]

    @property
    def name(self) -> str:
        """`GET /pets`: what tells it from the others of its API."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Api:
    """`address`: where the document was read; `dialect`: 2.0, 3.0.3, 3.1.0 …"""

    address: str
    dialect: str
    title: str
    version: str
    description: str
    servers: tuple[str, ...]
    operations: tuple[Operation, ...]
