"""The locked Java archives: fetched once, checked, and never again; against a repository served on loopback."""

import functools
import gc
import http.server
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from omrs_schemas.errors import EmbeddedKafkaError
from omrs_streams.log.embedded import jars, lock

SMALL = ("org.jspecify:jspecify:1.0.0", "org.apache.kafka:kafka-tools-api:4.1.2", "org.slf4j:slf4j-api:1.7.36")


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture(scope="session")
def archives() -> dict[str, Path]:
    """Three small archives of the lock by coordinate, from the machine's own cache (filled by any first start)."""
    paths = dict(zip(jars.read_lock("kafka"), jars.fetch("kafka"), strict=True))
    return {row.coordinate: path for row, path in paths.items() if row.coordinate in SMALL}


@pytest.fixture
def repository(
    tmp_path: Path, archives: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, list[jars.Locked]]]:
    """A Maven repository of three archives on loopback, named in jgo's settings; an empty cache. Folder and lock."""
    root = tmp_path / "repository"
    small = [row for row in jars.read_lock("kafka") if row.coordinate in archives]
    for row in small:
        group, artifact, version, _, _ = row.parts
        folder = root.joinpath(*group.split("."), artifact, version)
        folder.mkdir(parents=True)
        (folder / row.filename).write_bytes(archives[row.coordinate].read_bytes())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\nlocal = http://127.0.0.1:{server.server_port}\n")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    monkeypatch.setenv("OMRS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(jars, "read_lock", lambda _name: small)
    monkeypatch.setattr(jars, "PAUSE_SECONDS", 0.01)
    yield root, small
    server.shutdown()
    thread.join()
    server.server_close()
    with warnings.catch_warnings():
        # jgo leaves the connection of a 404 to the garbage collector, which would complain in some later test.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_what_is_missing_is_fetched_with_progress_and_then_never_again(
    repository: tuple[Path, list[jars.Locked]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, wanted = repository
    total = sum(row.size for row in wanted)
    seen: list[tuple[int, int]] = []
    paths = jars.fetch("kafka", lambda done, of: seen.append((done, of)))
    assert [jars.sha256_of(path) for path in paths] == [row.sha256 for row in wanted]
    assert seen[0] == (0, total)
    assert seen[-1] == (total, total)
    assert len(list(jars.jar_folder().iterdir())) == len(wanted)  # no staging folder is left

    def no_network(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(requests, "request", no_network)
    assert jars.fetch("kafka", no_network) == paths


def test_an_archive_cut_short_is_fetched_again(repository: tuple[Path, list[jars.Locked]]) -> None:
    _, wanted = repository
    first = jars.fetch("kafka")[0]
    first.write_bytes(first.read_bytes()[:100])
    assert jars.missing(wanted) == [wanted[0]]
    assert jars.sha256_of(jars.fetch("kafka")[0]) == wanted[0].sha256


def test_an_archive_that_is_not_the_locked_one_is_refused(repository: tuple[Path, list[jars.Locked]]) -> None:
    root, wanted = repository
    [served] = root.rglob(wanted[0].filename)
    served.write_bytes(b"something else")
    with pytest.raises(EmbeddedKafkaError, match="arrived with SHA-256") as caught:
        jars.fetch("kafka")
    assert wanted[0].coordinate in caught.value.message
    assert wanted[0] in jars.missing(wanted)


def test_an_archive_no_repository_has_is_named(repository: tuple[Path, list[jars.Locked]]) -> None:
    root, wanted = repository
    [served] = root.rglob(wanted[1].filename)
    served.unlink()
    with pytest.raises(EmbeddedKafkaError, match="is in none of the repositories") as caught:
        jars.fetch("kafka")
    assert wanted[1].coordinate in caught.value.message


def test_no_network_at_the_first_start_says_that_it_is_needed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMRS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jars, "PAUSE_SECONDS", 0.01)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(EmbeddedKafkaError, match="could not be downloaded") as caught:
        jars.fetch("kafka")
    assert "needs the network once" in caught.value.help
    assert caught.value.message.count("\n") == 0


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OMRS_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(EmbeddedKafkaError, match="cannot be written") as caught:
        jars.fetch("kafka")
    assert "OMRS_CACHE_DIR" in caught.value.help


def test_the_lock_is_what_the_resolver_finds(tmp_path: Path) -> None:
    try:
        found = lock.resolve("kafka", tmp_path)
    except requests.RequestException as error:
        pytest.skip(f"Maven Central cannot be reached: {type(error).__name__}")
    assert [row.coordinate for row in jars.read_lock("kafka")] == found
