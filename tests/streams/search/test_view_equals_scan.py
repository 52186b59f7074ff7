"""Whatever comes, and however far the view is behind: a find says what the stores and the matcher say, page by page."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_server import Server, types
from search_values import (
    CLASSES,
    GUIDS,
    HEADERS,
    NAMES,
    PATTERNS,
    TYPES,
    VALUES,
    class_searches,
    instances,
    limits,
    primitive,
    properties,
    searches,
)

from omrs_schemas.errors import OmrsError
from omrs_streams.repository.local import Bean
from omrs_streams.repository.matching_request import FindRequest, Kind
from omrs_streams.repository.queries import Seen, whole

RUNS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)  # each opens stores and a file
KINDS = ["NEW", "UPDATED", "UPDATED", "UPDATED", "DELETED", "PURGED", "catch up", "restart"]


@st.composite
def requests(draw: st.DrawFn) -> FindRequest:
    kind: Kind = draw(st.sampled_from(["entity", "entity", "entity", "relationship"]))
    form = draw(st.sampled_from(["search", "search", "properties", "classification", "value"]))
    more: dict[str, Any] = draw(limits())
    type_name = draw(st.sampled_from([None, None, *(TYPES if kind == "entity" else ["Synonym"]), "Referenceable"]))
    if type_name == "Referenceable" and kind == "relationship":
        type_name = None
    if type_name is not None:
        more["type_guid"] = types().require(name=type_name)["guid"]
    bag = st.dictionaries(
        st.sampled_from([*NAMES, *HEADERS]), PATTERNS.map(lambda text: primitive("STRING", text)) | VALUES, max_size=2
    )
    criteria = draw(st.sampled_from(["ALL", "ANY", "NONE"]))
    if kind == "entity" and form in ("properties", "value"):
        more["limit_classifications"] = draw(st.sampled_from([None, None, ("Ownership",), tuple(CLASSES)]))
    if form == "search":
        if kind == "entity" and draw(st.booleans()):
            more["match_classifications"] = draw(class_searches())
        wanted = draw(st.none() | searches([*NAMES, *HEADERS]))
        return FindRequest(kind=kind, form="search", match_properties=wanted, **more)
    if form == "value":
        return FindRequest(kind=kind, form="value", search_criteria=draw(PATTERNS), **more)
    if form == "classification" and kind == "entity":
        names = st.sampled_from(["confidence", "owner", "createdBy"])
        held = draw(st.dictionaries(names, VALUES | PATTERNS.map(lambda text: primitive("STRING", text)), max_size=2))
        name = draw(st.sampled_from(CLASSES))
        return FindRequest(
            kind="entity",
            form="classification",
            classification_name=name,
            match_properties=properties(held),
            match_criteria=criteria,
            **more,
        )
    return FindRequest(
        kind=kind, form="properties", match_properties=properties(draw(bag)), match_criteria=criteria, **more
    )


def redacted(bean: Bean) -> Bean | None:
    """Some instances are not shown at all, of others some properties and classifications are."""
    if bean.get("createdBy") == "peter":
        return None
    values = (bean.get("properties") or {}).get("instanceProperties") or {}
    shown = {name: value for name, value in values.items() if name not in ("description", "precision")}
    less = {**bean, "properties": properties(shown)}
    if "classifications" in bean:
        less["classifications"] = [each for each in bean["classifications"] if each["name"] != "Ownership"]
    return less


def step(server: Server, data: st.DataObject, versions: dict[str, int]) -> None:
    kind = data.draw(st.sampled_from(KINDS), "kind")
    if kind == "catch up":
        server.catch_up()
    elif kind == "restart":
        server.restart_view()
    else:
        guid = data.draw(st.sampled_from(GUIDS), "guid")
        versions[guid] = versions.get(guid, 0) + 1
        bean = data.draw(instances(guid, versions[guid]), "instance")
        if kind == "PURGED":
            bean = {**bean, "status": "DELETED"}
        try:
            server.put(kind, bean)
        except OmrsError:
            return  # nothing that a log takes


def outcome(find: Any, request: FindRequest, seen: Seen) -> list[Bean] | str:
    try:
        found: list[Bean] = find(request, seen)
    except OmrsError as error:
        return error.code
    return found


@RUNS
@given(st.data())
def test_a_find_says_the_same_with_the_view_and_without(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            versions: dict[str, int] = {}
            for _ in range(data.draw(st.integers(5, 30), "steps")):
                step(server, data, versions)
            if data.draw(st.booleans(), "caught up"):
                server.catch_up()
            if data.draw(st.booleans(), "one more"):
                step(server, data, versions)
            for _ in range(8):
                request = data.draw(requests(), "request")
                seen = data.draw(st.sampled_from([whole, whole, redacted]), "seen")
                assert outcome(server.find, request, seen) == outcome(server.scan, request, seen)
            status = server.view.status()
            assert (status["failures"], status["refused"]) == (0, 0)
        finally:
            server.close()
