"""Getting documents: files of a folder, single files, URLs; JSON or YAML; and what they refer to."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx
import yaml

from omrs_schemas.errors import CodecError, RepositoryError

FETCH_S = 30.0  # a document of some megabytes takes a second; a gateway that writes it anew may take several
MAX_BYTES = 50_000_000  # the largest public documents have 10 MB
MAX_DOCUMENTS = 200  # that one document may refer to

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loading(_Loader):  # type: ignore[misc, valid-type]
    """Dates stay text, as JSON has them."""


_Loading.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def parse(text: bytes, address: str) -> dict[str, Any]:
    """The document in a text. CodecError with line and column where it is neither JSON nor YAML, or no mapping."""
    try:
        document = yaml.load(text, _Loading)  # JSON is YAML  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CodecError(f"{address} is neither JSON nor YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise CodecError(f"{address} is no OpenAPI document: it holds a {type(document).__name__}")
    return document


def is_url(address: str) -> bool:
    return address.startswith(("http://", "https://"))


def path_of(address: str) -> Path:
    """The path of an address that is no web address."""
    return Path(unquote(urlsplit(address).path) if address.startswith("file:") else address).expanduser().absolute()


class Fetcher:
    """Reads files and URLs. `token` is sent to the hosts of the addresses that are configured, and to no others."""

    def __init__(self, token: Callable[[], str] | None = None, hosts: frozenset[str] = frozenset()) -> None:
        self._http = httpx.Client(timeout=FETCH_S, follow_redirects=True)
        self._token = token
        self._hosts = hosts

    def close(self) -> None:
        self._http.close()

    def read(self, address: str) -> bytes:
        """RepositoryError where nobody answers, or the answer is no document."""
        if not is_url(address):
            try:
                return path_of(address).read_bytes()
            except OSError as error:
                raise RepositoryError(
                    f"{address} cannot be read: {error.strerror or error}", address=address
                ) from error
        headers = {"accept": "application/json, application/yaml;q=0.9, */*;q=0.5"}
        if self._token is not None and urlsplit(address).netloc in self._hosts:
            headers["authorization"] = f"Bearer {self._token()}"
        try:
            with self._http.stream("GET", address, headers=headers) as response:
                if response.status_code != 200:
                    raise RepositoryError(f"{address} answered {response.status_code}", address=address)
                parts, size = [], 0
                for part in response.iter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > MAX_BYTES:
                        raise RepositoryError(f"{address} has more than {MAX_BYTES:,} bytes", address=address)
                return b"".join(parts)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RepositoryError(
                f"{address} cannot be read: {error or type(error).__name__}", address=address
            ) from error


class Document:
    """A document with those it refers to: `follow` resolves a `$ref`."""

    def __init__(self, address: str, content: dict[str, Any], read: Callable[[str], bytes]) -> None:
        self.address = address
        self.content = content
        self._read = read
        self._others: dict[str, dict[str, Any]] = {address: content}

    def follow(self, node: Any, base: str) -> tuple[Any, str]:
        """What a node refers to, and the address that its own references start from. CodecError for a reference that
        leads nowhere, or in a circle."""
        seen: set[str] = set()
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            target = urljoin(base, node["$ref"]) if is_url(base) else _beside(base, node["$ref"])
            if target in seen:
                raise CodecError(f"{self.address}: {node['$ref']} refers to itself")
            seen.add(target)
            base, fragment = urldefrag(target)
            node = _at(self._other(base), fragment, target)
        return node, base

    def _other(self, address: str) -> dict[str, Any]:
        known = self._others.get(address)
        if known is None:
            if is_url(address) and not is_url(self.address):
                raise CodecError(f"{self.address} refers to {address}: a file may refer to files only")
            if len(self._others) >= MAX_DOCUMENTS:
                raise CodecError(f"{self.address} refers to more than {MAX_DOCUMENTS} documents")
            known = self._others[address] = parse(self._read(address), address)
        return known


def _beside(base: str, reference: str) -> str:
    """A reference from one file to another, or within it."""
    other, fragment = urldefrag(reference)
    if is_url(other):
        return reference
    path = str((path_of(base).parent / unquote(other)).resolve()) if other else base
    return f"{path}#{fragment}"


def _at(content: Any, fragment: str, target: str) -> Any:
    """The node at a JSON pointer."""
    node = content
    for part in unquote(fragment).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and name in node:
            node = node[name]
        elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            raise CodecError(f"{target} is referred to, but is not there")
    return node
