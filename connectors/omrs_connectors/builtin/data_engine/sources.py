"""Where an engine's definitions are read from: a folder of files, a file, or an address of the engine's API."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from omrs_connectors.builtin.data_engine.definitions import Document, document
from omrs_connectors.builtin.openapi.documents import Fetcher, is_url, path_of
from omrs_schemas.errors import CodecError, RepositoryError

PAGES = 10_000  # an API that names more of them in a row goes round in a circle
SETTLE_S = 1.0  # a file that is written while it is read is whole after that, unless its writer is very slow


class DefinitionSource:
    """Reads everything at `address`, or fails: never a part of it. `wait` pauses, and ends early where nobody wants the
    answer any more."""

    def __init__(
        self, address: str, pattern: str, token: Callable[[], str] | None, wait: Callable[[float], object]
    ) -> None:
        self.address = address
        self._pattern = pattern
        self._wait = wait
        self._fetcher = Fetcher(token, frozenset({urlsplit(address).netloc}) if is_url(address) else frozenset())

    def close(self) -> None:
        self._fetcher.close()

    @property
    def folder(self) -> Path | None:
        """What to watch; None for an address of the web."""
        if is_url(self.address):
            return None
        path = path_of(self.address)
        return path if path.is_dir() else path.parent

    def documents(self) -> list[Document]:
        """RepositoryError where the source does not answer, or a folder has no definitions; CodecError for what is no
        definition."""
        if is_url(self.address):
            return list(self._pages())
        path = path_of(self.address)
        if not path.is_dir():
            return [self._file(path)]
        files = sorted(file for file in path.rglob(self._pattern) if file.is_file())
        if not files:
            raise RepositoryError(
                f"{path} has no definitions: no file {self._pattern}",
                help="look whether the folder is whole and the pattern right",
                address=str(path),
            )
        return [self._file(file) for file in files]

    def _file(self, path: Path) -> Document:
        try:
            return document(self._fetcher.read(str(path)), str(path))
        except CodecError:
            self._wait(SETTLE_S)
            return document(self._fetcher.read(str(path)), str(path))

    def _pages(self) -> Iterator[Document]:
        address, seen = self.address, set[str]()
        while address not in seen:
            if len(seen) >= PAGES:
                raise RepositoryError(f"{self.address} has more than {PAGES:,} pages", address=self.address)
            seen.add(address)
            page = document(self._fetcher.read(address), address)
            yield page
            if page.next is None:
                return
            address = urljoin(address, page.next)
        raise RepositoryError(f"{self.address}: page {address} comes a second time", address=self.address)
