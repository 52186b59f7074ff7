"""`OpenAPIConnector`: keeps the catalogue of APIs equal to their OpenAPI documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

from omrs_connectors.builtin.files.roots import Root, scan_root
from omrs_connectors.builtin.files.watch import FolderWatch
from omrs_connectors.builtin.mirror import Mirror, Scope
from omrs_connectors.builtin.openapi.documents import Document, Fetcher, is_url, parse, path_of
from omrs_connectors.builtin.openapi.model import Api
from omrs_connectors.builtin.openapi.naming import Former, Naming
from omrs_connectors.builtin.openapi.options import OpenAPIOptions
from omrs_connectors.builtin.openapi.pictures import APIS, KINDS, LINKS, OPERATIONS, Pictures
from omrs_connectors.builtin.openapi.reading import read_api
from omrs_connectors.builtin.picture import Key
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.sdk.targets import connector_of_registration
from omrs_connectors.services.api_integrator import APIIntegratorConnector
from omrs_schemas.errors import CodecError, ConfigurationError, OmrsError
from omrs_schemas.model.values import from_properties


@dataclass(frozen=True, slots=True)
class Source:
    """A document, or a folder of them, as it is configured."""

    address: str
    folder: bool


class OpenAPIConnector(APIIntegratorConnector):
    """Catalogues the documents at `endpoint.networkAddress` (a URL, a file or a folder), in the option `documents`, and
    those that are catalog targets (their networkAddress, url or pathName).

    A document becomes a DeployedAPI with its endpoints and a schema of operations; an operation has lists of headers,
    of what it is given and of each response, down to the leaves of their bodies. Versions 2.0, 3.0 and 3.1, JSON or
    YAML. Operations are told by method and path, or by their operationId where these have changed.
    """

    Options: ClassVar[type[ConnectorOptions] | None] = OpenAPIOptions
    options: OpenAPIOptions

    def initialize(self) -> None:
        configured = [address for address in (self.context.network_address, *self.options.documents) if address]
        if not configured and connector_of_registration(self.context.client, self.context.config.connector_id) is None:
            raise ConfigurationError(
                f"connector {self.context.connector_name} has no documents",
                help="set endpoint.networkAddress or documents to a URL, a file or a folder, or give it targets",
            )
        token = partial(self.context.secret, self.options.token_secret) if self.options.token_secret else None
        self._fetcher = Fetcher(token, frozenset(urlsplit(each).netloc for each in configured if is_url(each)))
        self._naming = Naming(self.options.qualified_name_prefix)
        self._watch = FolderWatch(self.context.request_refresh)

    def refresh(self) -> None:
        """Every document; what cannot be read is told, stays as it is in the catalogue, and fails the refresh once the
        others are up to date."""
        failures: list[OmrsError] = []
        sources = list(self._sources())
        if self.options.watch:
            self._watch.watch(path_of(source.address) for source in sources if not is_url(source.address))
        for source in sources:
            if self.context.stopping.is_set():
                return
            try:
                self._source(source, failures)
            except OmrsError as error:
                if error.retriable or self.context.revoked:
                    raise
                self._tell(source.address, error, failures)
        if failures:
            raise failures[0]

    def disconnect(self) -> None:
        self._watch.close()
        self._fetcher.close()

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _sources(self) -> Iterator[Source]:
        """Each address once."""
        addresses = dict.fromkeys([self.context.network_address, *self.options.documents])
        for target in self.context.iter_catalog_targets():
            properties = from_properties(target.element.get("properties"))
            named = (properties.get(name) for name in ("networkAddress", "url", "pathName"))
            address = next((str(each) for each in named if each), "")
            if address:
                addresses[address] = None
            else:
                self.context.report.message(f"catalog target {target.name or target.element_guid} has no address")
        for address in addresses:
            if is_url(address):
                yield Source(address, False)
            elif address:
                path = path_of(address)
                yield Source(str(path), path.is_dir())

    def _source(self, source: Source, failures: list[OmrsError]) -> None:
        unread: set[str] = set()
        apis = []
        complete = True
        if source.folder:
            found = scan_root(self.context, Root(path_of(source.address), self.options))
            complete = found.complete
            addresses = [entry.path for entry in found.files]
        else:
            addresses = [source.address]
        for address in addresses:
            try:
                api = self._read(address, sure=not source.folder)
            except OmrsError as error:
                unread.add(address)
                self._tell(address, error, failures)
            else:
                apis += [api] if api is not None else []
        if source.folder or not unread:
            self._write(source, apis, unread, complete=complete)

    def _read(self, address: str, *, sure: bool) -> Api | None:
        """None for a file of a folder that is something else. CodecError, RepositoryError."""
        data = self._fetcher.read(address)
        if not sure and b"openapi" not in data and b"swagger" not in data:
            return None
        try:
            content = parse(data, address)
        except CodecError:
            if sure or b'openapi"' in data or b"openapi:" in data or b"swagger" in data:
                raise
            return None
        if not sure and "openapi" not in content and "swagger" not in content:
            return None
        api = read_api(Document(address, content, self._fetcher.read))
        self.context.report.count("documents")
        self.context.report.count("operations", len(api.operations))
        return api

    def _write(self, source: Source, apis: list[Api], unread: set[str], *, complete: bool) -> None:
        options, naming = self.options, self._naming
        prefix = naming.api(source.address)
        closed = tuple(naming.api(address) for address in unread)

        def mine(key: Key) -> bool:
            """Of a folder everything below it, of a document itself; nothing of a document that was not read."""
            if source.folder:
                return key.startswith(f"{prefix}/") and not any(_is_of(key, api) for api in closed)
            return _is_of(key, prefix)

        scope = Scope(prefix, KINDS, LINKS, {"APIs": APIS, "operations": OPERATIONS}, mine)
        mirror = Mirror(self.context, scope, options.parallelism)
        former = Former(naming, mirror.held)
        former.learn(apis)
        pictures = Pictures(naming, former, options.max_fields)
        for api in apis:
            pictures.add(api)
        if pictures.cut:
            self.context.report.count("fieldsCut", pictures.cut)
        mirror.write(pictures.picture, options.safety(source.address), remove=complete)

    def _tell(self, address: str, error: OmrsError, failures: list[OmrsError]) -> None:
        self.context.report.count("failed")
        self.context.report.message(f"{address}: {error}")
        failures.append(error)


def _is_of(key: Key, api: Key) -> bool:
    return key == api or key.startswith(f"{api}::")
