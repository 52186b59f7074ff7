"""OpenAPI documents with schemas of our own: of what FastAPI cannot see, because the handlers take the raw request."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

_REFUSAL = "HTTPValidationError"
REFERENCE = "#/components/schemas/{model}"


class DescribedAPI(FastAPI):
    """A FastAPI app whose document has `schemas` among its components, beside those of its response models."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.schemas: dict[str, Any] = {}
        self._made: dict[Any, dict[str, Any]] = {}

    def schema_of(self, kind: Any) -> dict[str, Any]:
        """The JSON schema of a model or union; what it refers to becomes a component of the document. Made once: many
        paths take the same bean, and each schema is ten milliseconds of every start."""
        if kind not in self._made:
            schema = TypeAdapter(kind).json_schema(mode="validation", ref_template=REFERENCE)
            self.schemas.update(schema.pop("$defs", {}))
            self._made[kind] = schema
        return self._made[kind]

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            document.setdefault("components", {}).setdefault("schemas", {}).update(self.schemas)
            _without_refusal(document)
            self.complete(document)
        return super().openapi()

    def complete(self, document: dict[str, Any]) -> None:
        """For subclasses: a last hand at the new document."""


def _without_refusal(document: dict[str, Any]) -> None:
    """FastAPI promises a 422 of its own wherever there is a parameter; what it means by it is answered as a 400."""
    for path in document["paths"].values():
        for operation in path.values():
            if _REFUSAL in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in (_REFUSAL, "ValidationError"):
        document["components"]["schemas"].pop(name, None)
