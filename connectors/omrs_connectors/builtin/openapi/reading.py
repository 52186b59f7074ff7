"""From a document of any version to what it says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from omrs_connectors.builtin.openapi.documents import Document, is_url
from omrs_connectors.builtin.openapi.fields import leaves, typed
from omrs_connectors.builtin.openapi.model import Api, Field, Operation, Response
from omrs_schemas.errors import CodecError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def read_api(document: Document) -> Api:
    """CodecError where the document is of no version that is known, or contradicts itself."""
    content = document.content
    dialect = str(content.get("openapi") or content.get("swagger") or "")
    if not dialect.startswith(("2.", "3.")):
        raise CodecError(
            f"{document.address} is no OpenAPI document of version 2.0, 3.0 or 3.1",
            help="it begins with `openapi: 3.…` or `swagger: 2.0`",
        )
    info = _mapping(content.get("info"))
    paths = _mapping(content.get("paths"))
    operations = [
        _Reader(document, dialect).operation(str(path), item, method, node, base)
        for path, item, base in _items(document, paths)
        for method, node in item.items()
        if method in METHODS and isinstance(node, Mapping)
    ]
    return Api(
        document.address,
        dialect,
        str(info.get("title") or document.address),
        str(info.get("version") or ""),
        str(info.get("description") or ""),
        tuple(dict.fromkeys(_servers(document.address, content))),
        tuple({operation.name: operation for operation in operations}.values()),
    )


def _items(document: Document, paths: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for path, node in paths.items():
        item, base = document.follow(node, document.address)
        if isinstance(item, Mapping) and not str(path).startswith("x-"):
            yield path, item, base


def _servers(address: str, content: Mapping[str, Any]) -> Iterator[str]:
    """Where the API is reached. Relative ones hang on the document's own address."""
    for server in content.get("servers") or ():
        if isinstance(server, Mapping) and server.get("url"):
            url = str(server["url"])
            for name, variable in _mapping(server.get("variables")).items():
                url = url.replace(f"{{{name}}}", str(_mapping(variable).get("default", f"{{{name}}}")))
            yield urljoin(address, url) if is_url(address) else url
    if content.get("host"):
        for scheme in content.get("schemes") or ("https",):
            yield f"{scheme}://{content['host']}{content.get('basePath') or ''}"


class _Reader:
    def __init__(self, document: Document, dialect: str) -> None:
        self._document = document
        self._old = dialect.startswith("2.")

    def operation(
        self, path: str, item: Mapping[str, Any], method: str, node: Mapping[str, Any], base: str
    ) -> Operation:
        fields = self._parameters([*(item.get("parameters") or ()), *(node.get("parameters") or ())], base)
        body, media_types = self._body(node.get("requestBody"), base)
        fields += body
        if self._old and any(field.place in ("body", "formData") for field in fields):
            media_types = tuple(node.get("consumes") or self._document.content.get("consumes") or ())
        responses = [
            self._response(str(status), response, base, node)
            for status, response in _mapping(node.get("responses")).items()
            if not str(status).startswith("x-")
        ]
        return Operation(
            method.upper(),
            path,
            str(node.get("operationId") or ""),
            str(node.get("summary") or item.get("summary") or ""),
            str(node.get("description") or item.get("description") or ""),
            tuple(str(tag) for tag in node.get("tags") or ()),
            bool(node.get("deprecated")),
            tuple(field for field in fields if field.place == "header"),
            tuple(field for field in fields if field.place != "header"),
            media_types,
            tuple(responses),
        )

    def _parameters(self, nodes: list[Any], base: str) -> list[Field]:
        """Those of the operation replace those of the path."""
        found: dict[tuple[str, str], list[Field]] = {}
        for node in nodes:
            parameter, here = self._document.follow(node, base)
            if not isinstance(parameter, Mapping) or not parameter.get("name"):
                continue
            name, place = str(parameter["name"]), str(parameter.get("in") or "query")
            if place == "body":
                found[name, place] = list(leaves(self._document, parameter.get("schema"), here, "body"))
            else:
                found[name, place] = [self._field(parameter, here, name, place)]
        return [field for fields in found.values() for field in fields]

    def _field(self, parameter: Mapping[str, Any], base: str, name: str, place: str) -> Field:
        """In 2.0 a parameter is a schema, later it has one, or a content with one."""
        node = parameter.get("schema")
        content = next(iter(_mapping(parameter.get("content")).values()), None)
        if node is None and isinstance(content, Mapping):
            node = content.get("schema")
        schema = parameter if node is None else self._document.follow(node, base)[0]
        field = typed(_mapping(schema), Field(name, place, "any"))
        required = place == "path" or bool(parameter.get("required"))
        return replace(field, required=required, description=str(parameter.get("description") or field.description))

    def _body(self, node: Any, base: str) -> tuple[list[Field], tuple[str, ...]]:
        body, base = self._document.follow(node, base)
        return self._content(_mapping(body).get("content"), base)

    def _content(self, node: Any, base: str) -> tuple[list[Field], tuple[str, ...]]:
        """The fields of all media types together: JSON and XML of one thing have the same."""
        fields: dict[str, Field] = {}
        content = _mapping(node)
        for media in content.values():
            media, here = self._document.follow(media, base)
            if "schema" in _mapping(media):
                for field in leaves(self._document, media["schema"], here, "body"):
                    fields.setdefault(field.name, field)
        return list(fields.values()), tuple(str(name) for name in content)

    def _response(self, status: str, node: Any, base: str, operation: Mapping[str, Any]) -> Response:
        response, base = self._document.follow(node, base)
        response = _mapping(response)
        fields: list[Field] = []
        for name, header in _mapping(response.get("headers")).items():
            header, here = self._document.follow(header, base)
            fields.append(self._field(_mapping(header), here, str(name), "header"))
        if self._old:
            media_types = tuple(operation.get("produces") or self._document.content.get("produces") or ())
            if "schema" in response:
                fields += leaves(self._document, response["schema"], base, "body")
        else:
            body, media_types = self._content(response.get("content"), base)
            fields += body
        return Response(status, str(response.get("description") or ""), tuple(fields), media_types)


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}
