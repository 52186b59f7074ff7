"""The file may be gone, cut, foreign or half written: finds stay right, and the view comes back by itself."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from search_server import PARTITIONS, SETTINGS, Server, entity

from omrs_streams.repository.matching_request import FindRequest
from omrs_streams.search.settings import SearchSettings
from omrs_streams.search.table import FORMAT, Table
from omrs_streams.search.view import SearchView

ALL = FindRequest(
    kind="entity", form="search", sequencing_order="PROPERTY_ASCENDING", sequencing_property="displayName"
)
COUNT = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    fill(found)
    yield found
    found.close()


def fill(server: Server) -> None:
    for number in range(COUNT):
        server.put("NEW", entity(f"g{number:02}", values={"displayName": f"name {number % 7}"}))


def assert_right(server: Server) -> None:
    assert server.find(ALL) == server.scan(ALL)


def files(server: Server) -> list[Path]:
    return sorted((server.folder / "view").glob("search-*.duckdb"))


def test_what_is_not_in_the_file_yet_is_found(server: Server) -> None:
    assert not server.uses_view
    server.catch_up()
    assert server.uses_view
    server.put("NEW", entity("new", values={"displayName": "name 3"}))
    server.put("UPDATED", entity("g01", values={"displayName": "a name"}, version=2))
    assert server.view.status()["pending"] == 2
    found = [bean["guid"] for bean in server.find(ALL)]
    assert found[0] == "g01"
    assert "new" in found
    assert_right(server)
    server.catch_up()
    assert server.view.status()["pending"] == 0
    assert server.view.status()["rows"] == COUNT + 1
    assert_right(server)


def test_a_restart_reads_only_what_changed_since(server: Server) -> None:
    server.catch_up()
    server.put("UPDATED", entity("g05", values={"displayName": "later"}, version=2))
    server.restart_view()
    assert not server.uses_view
    server.catch_up()
    assert server.uses_view
    assert server.view.status()["past_rows"] == 1
    assert_right(server)


def test_the_file_may_be_deleted_between_two_runs(server: Server) -> None:
    server.catch_up()
    server.view.stop()
    for path in files(server):
        path.unlink()
    server.view = server.new_view()
    assert_right(server)
    server.catch_up()
    assert server.view.status()["rows"] == COUNT
    assert_right(server)


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_a_damaged_file_is_made_anew(server: Server, content: bytes | None) -> None:
    server.catch_up()
    server.view.stop()
    (path,) = files(server)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    server.view = server.new_view()
    server.catch_up()
    assert_right(server)
    assert server.uses_view
    assert server.view.status()["rows"] == COUNT


def test_a_file_of_another_format_is_made_anew(server: Server) -> None:
    server.catch_up()
    server.view.stop()
    table = Table(files(server)[0], SETTINGS)
    table.connection.execute("UPDATE meta SET format = ?", [FORMAT + "0"])
    table.close()
    server.view = server.new_view()
    server.catch_up()
    assert server.uses_view
    assert_right(server)


def test_the_rows_of_another_log_are_forgotten(server: Server, tmp_path: Path) -> None:
    server.catch_up()
    server.view.stop()
    table = Table(files(server)[0], SETTINGS)
    table.connection.execute("UPDATE synced SET source = 'another', next_offset = 1000000")
    table.connection.execute("UPDATE current_row SET guid = 'x' || guid")
    table.close()
    server.view = server.new_view()
    server.catch_up()
    assert server.view.status()["rows"] == COUNT
    assert_right(server)


def test_a_view_that_fails_is_made_anew_and_finds_read_the_stores_meanwhile(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.catch_up()
    table = server.view.table
    assert table is not None
    table.connection.execute("DROP TABLE past_row")
    server.put("NEW", entity("after", values={"displayName": "name 1"}))
    monkeypatch.setattr("omrs_streams.search.view.EVERY_S", 0.01)
    monkeypatch.setattr("omrs_streams.search.view.LONGEST_PAUSE_S", 0.01)
    server.view.start()
    assert_right(server)
    eventually_used(server, failures=1)
    assert_right(server)
    assert len(files(server)) == 1


def eventually_used(server: Server, failures: int) -> None:
    waiting = threading.Event()
    for _ in range(3_000):
        if server.uses_view and server.view.status()["failures"] >= failures:
            return
        waiting.wait(0.02)
    raise AssertionError(server.view.status())


def test_a_small_server_has_no_view(tmp_path: Path) -> None:
    server = Server(tmp_path, SearchSettings(from_instances=COUNT + 1))
    fill(server)
    server.catch_up()
    assert server.view.status()["open"] is False
    assert_right(server)
    server.put("NEW", entity("one more"))
    server.catch_up()
    assert server.uses_view
    assert_right(server)
    server.close()


def test_a_partition_that_goes_away_and_comes_back(server: Server) -> None:
    server.catch_up()
    store = server.stores[0]
    server.view.detach(store.partition)
    server.put("NEW", entity("while away 1"))
    server.put("NEW", entity("while away 2"))
    assert_right(server)
    server.view.attach(store)
    assert_right(server)
    server.catch_up()
    assert server.uses_view
    assert server.view.status()["rows"] == COUNT + 2
    assert_right(server)


def test_a_share_of_the_partitions(server: Server) -> None:
    """Another worker asks for the partitions that it takes this one to have."""
    server.catch_up()
    both = server.find(ALL)
    store = server.stores[1]
    server.stores = [store]
    assert_right(server)
    assert 0 < len(server.find(ALL)) < len(both)
    assert PARTITIONS > 1


def test_what_a_batch_changed_is_not_known(server: Server) -> None:
    server.catch_up()
    part = server.stores[0].watcher
    assert part is not None
    part.missed()
    server.put("UPDATED", entity("g02", values={"displayName": "unseen"}, version=2))
    assert_right(server)
    server.catch_up()
    assert server.uses_view
    assert_right(server)


def test_finds_while_it_is_written(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omrs_streams.search.view.EVERY_S", 0.001)
    server.catch_up()
    server.view.start()
    done = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not done.is_set():
            guids = [bean["guid"] for bean in server.find(ALL)]
            if len(guids) != COUNT or len(set(guids)) != COUNT:
                wrong.append(guids)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for version in range(2, 12):
        for number in range(COUNT):
            values = {"displayName": f"name {(number + version) % 7}"}
            server.put("UPDATED", entity(f"g{number:02}", values=values, version=version))
    done.set()
    for asker in askers:
        asker.join()
    assert wrong == []
    assert (server.view.status()["failures"], server.view.status()["refused"]) == (0, 0)
    assert_right(server)


def hammered(folder: Path) -> None:
    """A process that writes its view until it is killed."""
    server = Server(folder)
    server.catch_up()
    (folder / "begun").touch()
    version = 1
    while True:
        version += 1
        for number in range(0, COUNT, 3):
            server.put("UPDATED", entity(f"g{number:02}", values={"displayName": f"n{version}"}, version=version))
        server.catch_up()


@pytest.mark.parametrize("after_s", [0.02, 0.2, 0.5])
def test_killed_while_it_writes(tmp_path: Path, after_s: float) -> None:
    server = Server(tmp_path)
    fill(server)
    server.close()
    child = multiprocessing.get_context("spawn").Process(target=hammered, args=(tmp_path,))
    child.start()
    waiting = threading.Event()
    while not (tmp_path / "begun").exists():
        assert child.is_alive()
        waiting.wait(0.01)
    waiting.wait(after_s)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    server = Server(tmp_path)
    assert_right(server)
    server.catch_up()
    assert server.uses_view
    assert_right(server)
    at = FindRequest(kind="entity", form="search", as_of_time=1_700_000_000_003)
    assert server.find(at) == server.scan(at)
    server.close()


def test_nothing_is_kept_where_it_is_switched_off(tmp_path: Path) -> None:
    server = Server(tmp_path, SearchSettings(enabled=False))
    fill(server)
    assert isinstance(server.view, SearchView)
    assert server.stores[0].watcher is None
    assert_right(server)
    server.close()


def test_documents_as_texts_need_no_more_memory_than_it_is_given(server: Server) -> None:
    """A transaction is bounded by bytes: made anew, and of changes."""
    document = "a page of words " * 1_200
    for made in range(2):
        for number in range(300):
            values = {"displayName": f"{number:03} {document}", "description": f"{made} {document}"}
            bean = entity(f"document-{number:03}", values=values, version=made + 1)
            server.put("UPDATED" if made else "NEW", bean)
        server.catch_up()
        assert server.uses_view
        assert server.view.status()["pending"] == 0 and server.view.status()["odd"] == 0
        assert_right(server)
    assert server.view.status()["past_rows"] == 300
