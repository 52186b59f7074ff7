"""docs/integration-services.md: its example runs, in both releases. Its tables are checked with all generated ones."""

import re
from pathlib import Path
from typing import Any

import pytest
from service_contexts import changes, context_on

from omrs_connectors.services.database_integrator import DatabaseIntegratorContext
from omrs_connectors.services.registry import service_of
from workers import Running, unique

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "integration-services.md").read_text(encoding="utf-8")


@pytest.mark.kafka
def test_the_example_runs_and_repeats_itself_without_a_write(release_server: Running) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names: dict[str, Any] = {}
    exec(compile(code.replace("pg:coco", unique("pg:coco")), "<document>", "exec"), names)
    connector = names["Warehouse"]()
    with context_on(release_server, DatabaseIntegratorContext, service_of(connector).url_marker) as context:
        connector.set_context(context)
        connector.refresh()
        (column,) = [found for found in context.columns.all() if found.properties.data_type == "int8"]
        assert changes(context) == (11, 0, 0)
        connector.refresh()
        assert changes(context) == (0, 0, 0)
        assert context.columns.get(column.guid).anchor_guid == column.anchor_guid is not None
