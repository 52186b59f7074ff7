"""The blocking and the asynchronous client are one: the same methods, parameters and results, told to type checkers."""

import asyncio
import inspect
import pydoc
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from http_server import Answer, Received, answering, bean

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import AsyncMetadataClient, Entity, MetadataClient, PartialAnswerWarning
from omrs_streams.client.exchange import Request
from omrs_streams.client.plans import operation, pages

ROOT = Path(__file__).resolve().parents[3]
TYPES = TypeSystem.builtin()
CLIENTS = (MetadataClient, AsyncMetadataClient)
CLOSING = {"close", "aclose"}

TYPED = """
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from omrs_schemas.model.instances import EntityDetail
from omrs_streams.client import AsyncMetadataClient, Entity, Graph, MetadataClient, OutEvent, Relationship


def blocking(client: MetadataClient) -> None:
    entity = assert_type(client.get_entity("g", as_of=5), Entity)
    assert_type(entity.as_model(), EntityDetail)
    assert_type(entity.revision, int | None)
    assert_type(client.find_entity("g"), Entity | None)
    assert_type(client.relationships_of("g", "Synonym"), list[Relationship])
    assert_type(client.neighborhood("g", 2), Graph)
    assert_type(client.iter_entities("GlossaryTerm"), Iterator[Entity])
    assert_type(client.type_guid("GlossaryTerm"), str)
    client.get_entity(guid=5)  # E
    client.get_entity("g", when=5)  # E
    client.find_entities(order="BY_NAME")  # E
    for event in client.subscribe(types="Asset"):
        assert_type(event, OutEvent)


async def asynchronous(client: AsyncMetadataClient) -> None:
    assert_type(await client.get_entity("g", as_of=5), Entity)
    assert_type(await client.relationships_of("g"), list[Relationship])
    assert_type(client.iter_entities("GlossaryTerm"), AsyncIterator[Entity])
    client.get_entity("g").guid  # E
    await client.get_entity("g", when=5)  # E
    async for event in client.subscribe(types="Asset"):
        assert_type(event, OutEvent)
"""


def test_type_checkers_know_both(tmp_path: Path) -> None:
    file = tmp_path / "typed.py"
    file.write_text(TYPED)
    argv = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path)]
    done = subprocess.run([*argv, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=240)
    wrong = {int(line.split(":")[1]) for line in done.stdout.splitlines() if "typed.py:" in line and " error: " in line}
    expected = {number for number, line in enumerate(TYPED.splitlines(), 1) if line.endswith("# E")}
    assert wrong == expected, done.stdout + done.stderr


def test_both_have_the_same_methods() -> None:
    def offered(kind: type) -> dict[str, object]:
        return {name: inspect.getattr_static(kind, name) for name in dir(kind) if not name.startswith("_")}

    one, other = offered(MetadataClient), offered(AsyncMetadataClient)
    assert one.keys() - CLOSING == other.keys() - CLOSING
    shared = [name for name, value in one.items() if isinstance(value, operation | pages)]
    assert len(shared) > 70 and all(one[name] is other[name] for name in shared)
    for name in ("subscribe", "in_scope", "as_user", "guarded", "__init__"):
        blocking = inspect.signature(getattr(MetadataClient, name)).parameters
        assert blocking.keys() == inspect.signature(getattr(AsyncMetadataClient, name)).parameters.keys()


def test_methods_describe_themselves() -> None:
    with MetadataClient("http://127.0.0.1:1", "s", "u", types=TYPES) as client:
        assert list(inspect.signature(client.get_entity).parameters) == ["guid", "as_of"]
        assert client.get_entity.__name__ == "get_entity" and "EntityNotKnownError" in (client.get_entity.__doc__ or "")
        with pytest.raises(TypeError, match=r"^get_entity\(\) missing 1 .* 'guid'"):
            client.get_entity(*())
    assert inspect.iscoroutinefunction(AsyncMetadataClient("http://127.0.0.1:1", "s", "u").get_entity)


def test_help_shows_a_method() -> None:
    blocking, asynchronous = (pydoc.render_doc(kind.find_entities, renderer=pydoc.plaintext) for kind in CLIENTS)
    for shown in (blocking, asynchronous):
        assert "find_entities(self, type_name: str | None = None, *, properties:" in shown
        assert "Entities of a type (with subtypes) that meet the conditions" in shown
    assert "async find_entities" in asynchronous and "async" not in blocking.replace("asynchronous", "")
    for kind, iterator in zip(CLIENTS, ("Iterator", "AsyncIterator"), strict=True):
        assert inspect.signature(kind.find_entities).return_annotation == list[Entity]
        returned = inspect.signature(kind.iter_entities).return_annotation
        assert (get_origin(returned).__name__, get_args(returned)) == (iterator, (Entity,))
        assert "iter_entities(self, type_name:" in pydoc.render_doc(kind, renderer=pydoc.plaintext)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("scope", ["cohrt", "", None])
def test_a_scope_is_one_of_two(kind: Any, scope: Any) -> None:
    with pytest.raises(InvalidParameterError, match="there is no scope") as raised:
        kind("http://127.0.0.1:1", "s", "u", scope=scope)
    assert "'local' or 'cohort'" in raised.value.help
    with pytest.raises(InvalidParameterError, match="there is no scope"):
        kind("http://127.0.0.1:1", "s", "u").in_scope(scope)


class Slow:
    """All types, with time for others to ask as well."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: Received) -> Answer:
        if not request.path.endswith("/types/all"):
            return bean({"entity": {"guid": "g", "type": {"typeDefName": "GlossaryTerm"}}})
        self.asked += 1
        threading.Event().wait(0.2)
        return bean({"attributeTypeDefs": TYPES.attribute_typedefs(), "typeDefs": TYPES.typedefs()})


def test_threads_fetch_types_once() -> None:
    slow = Slow()
    with answering(slow) as server, MetadataClient(server.url, "s", "u") as client, ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: client.add_entity("GlossaryTerm", {"displayName": str(n)}), range(16)))
    assert len(made) == 16 and slow.asked == 1


def test_tasks_fetch_types_once_and_run_beside_each_other() -> None:
    slow = Slow()

    async def scenario(url: str) -> int:
        async with AsyncMetadataClient(url, "s", "u") as client:
            calls = (client.add_entity("GlossaryTerm", {"displayName": str(n)}) for n in range(16))
            return len(await asyncio.gather(*calls))

    with answering(slow) as server:
        assert asyncio.run(scenario(server.url)) == 16
    assert slow.asked == 1


def test_a_guarded_client_asks_whether_it_may_before_each_call() -> None:
    """Guards add up, and the client that they were put on stays free."""

    def forbidden(request: Request) -> None:
        asked.append(request.method)
        if len(asked) > 2:
            raise InvalidParameterError("no more")

    async def scenario(url: str) -> None:
        async with AsyncMetadataClient(url, "s", "u", types=TYPES) as client:
            guarded = client.guarded(forbidden).guarded(lambda request: None).as_user("other")
            with pytest.raises(InvalidParameterError, match="no more"):
                await guarded.find_entities()
            assert await client.find_entities() == []

    asked: list[str] = []
    with answering(lambda request: bean({"entities": []})) as server:
        with MetadataClient(server.url, "s", "u", types=TYPES) as client:
            guarded = client.guarded(forbidden).guarded(lambda request: None).as_user("other")
            assert guarded.find_entities() == guarded.find_entities() == []
            with pytest.raises(InvalidParameterError, match="no more"):
                guarded.find_entities()
            assert client.find_entities() == []
        asyncio.run(scenario(server.url))
    assert asked == ["POST"] * 4 and len(server.received) == 4


def test_a_warning_names_the_line_that_called() -> None:
    """Of a find, of one that fetched types first, of an iteration; and the fetch itself warns of nothing."""

    def serve(request: Received) -> Answer:
        found: dict[str, Any] = {"entities": []}
        if request.path.endswith("/types/all"):
            found = {"attributeTypeDefs": TYPES.attribute_typedefs(), "typeDefs": TYPES.typedefs()}
        return bean(found, x_omrs_warnings='["B is away"]')

    async def all_terms(url: str) -> None:
        async with AsyncMetadataClient(url, "s", "u", scope="cohort") as client:
            async for _ in client.iter_entities("GlossaryTerm"):
                raise AssertionError("there are none")

    with answering(serve) as server, MetadataClient(server.url, "s", "u", scope="cohort") as client:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            client.find_entities("GlossaryTerm")
            client.find_entities()
            assert list(client.iter_entities("GlossaryTerm")) == []
            asyncio.run(all_terms(server.url))
        with pytest.raises(PartialAnswerWarning, match="B is away"), warnings.catch_warnings():
            warnings.simplefilter("error", PartialAnswerWarning)
            client.find_entities()
    lines = Path(__file__).read_text().splitlines()
    named = [lines[warning.lineno - 1].strip() for warning in seen if warning.filename == __file__]
    assert named == [
        'client.find_entities("GlossaryTerm")',
        "client.find_entities()",
        'assert list(client.iter_entities("GlossaryTerm")) == []',
        'async for _ in client.iter_entities("GlossaryTerm"):',
    ]
    assert len(seen) == len(named)
