"""The page about repository proxies: its connector works, its tables are complete, its refusals are the code's."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from memory_log import MemoryLog, processor_of, running_loop

from omrs_connectors.builtin.postgres_catalog.options import PostgresOptions
from omrs_connectors.builtin.postgres_catalog.trigger import install_sql
from omrs_schemas.errors import FunctionNotSupportedError, TypeDefNotSupportedError
from omrs_schemas.model.values import from_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.api.app import ROUTES
from omrs_streams.proxy import EventProcessor, ProxyContext
from omrs_streams.proxy.refusal import REFUSED, refuse, verify
from omrs_streams.settings import load_settings
from workers import eventually

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "repository-proxy.md").read_text(encoding="utf-8")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with running_loop() as running:
        yield running


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)
    return str(found)


def test_the_connector_of_the_page_works(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec(compile(block("python"), "<page>", "exec"), names)
    log = MemoryLog(TypeSystem.builtin())
    connector = names["TermFile"]()
    path = tmp_path / "terms.json"
    path.write_text(json.dumps({"ward": "a room", "bed": "in it"}))
    connector.configure(ProxyContext("s", "c", log.types, {"path": path}, lambda *_, **__: None))
    refused: list[str] = []
    processor = processor_of(log, loop, connector.type_names, refused)
    mapper = connector.event_mapper()
    mapper.start(processor)
    processor.reconcile(connector.snapshot())
    processor.synchronized()

    def terms() -> dict[str, str]:
        found = [from_properties(bean["properties"]) for bean in log.beans().values()]
        return {each["displayName"]: each["description"] for each in found}

    assert terms() == {"ward": "a room", "bed": "in it"}
    path.write_text(json.dumps({"ward": "a large room"}))
    eventually(lambda: terms() == {"ward": "a large room"}, "the file is followed")
    path.unlink()
    eventually(lambda: processor.error, "the session ends")
    assert terms() == {"ward": "a large room"} and refused == []
    mapper.stop()


def test_the_configuration_of_the_page_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "proxy.yaml"
    file.write_text(block("yaml"))
    settings = load_settings(file)
    assert settings.proxy is not None
    assert PostgresOptions(**settings.proxy.options).password_env == "SALES_DB_PASSWORD"
    assert yaml.safe_load(block("yaml"))["repository"] == "proxy"


def test_every_option_and_every_call_is_on_the_page() -> None:
    calls = [name for name in vars(EventProcessor) if name.startswith(("process_", "reconcile"))]
    calls = [name for name in calls if not name.endswith("_relationship")]
    assert [name for name in [*PostgresOptions.model_fields, *calls] if f"`{name}" not in PAGE] == []
    assert "create event trigger" in install_sql("omrs_catalog").as_string()


def test_every_operation_is_read_only_refused_or_about_copies() -> None:
    """Whoever adds an operation decides here what a proxy does with it."""
    reads = re.compile(r"(get|is|find|verify|search|connectTo|disconnectFrom|unregisterFrom)[A-Z]")
    copies = re.compile(r"(save|delete|purge|refresh)(\w*ReferenceCop(y|ies)(ByGUID)?)$|addEntityProxy$")
    left = [
        each.operation
        for each in ROUTES
        if not reads.match(each.operation) and not copies.match(each.operation) and each.operation not in REFUSED
    ]
    assert left == []
    for name in sorted(REFUSED):
        assert not reads.match(name) and not copies.match(name)
        with pytest.raises(FunctionNotSupportedError):
            refuse(name, "s")
    refuse("getEntityDetail", "s")
    assert verify("RelationalTable", frozenset({"RelationalTable"}))
    with pytest.raises(TypeDefNotSupportedError):
        verify("GlossaryTerm", frozenset({"RelationalTable"}))
