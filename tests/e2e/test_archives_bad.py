"""Broken archives: each is named by guid and JSON pointer, what is good is loaded only where that is said, and the
server goes on."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from archive_load import Bean, Load, Reader, load
from omrs_schemas.model.values import to_properties
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.consumer import watermarks
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import server_log
from workers import PARTITIONS, Fleet, Running, fleet, unique

TYPES = TypeSystem.builtin()
HOME = "7f2b9c1e-0000-4000-8000-00000000000a"


@dataclass(frozen=True)
class Server:
    workers: Fleet
    running: Running

    def log_ends(self) -> list[int]:
        conf = KafkaSettings(bootstrap_servers=self.workers.bootstrap_servers).bulk_consumer("omrs.test")
        return [end for _, end in watermarks(conf, server_log(self.running.server), PARTITIONS)]

    def load(self, path: Path) -> Load:
        return load(self.workers, self.running.server, path)


@pytest.fixture(scope="module")
def one_server(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with fleet(tmp_path_factory.mktemp("bad"), kafka.bootstrap_servers) as workers:
        yield Server(workers, workers.start(unique("bad")))


@pytest.fixture
def server(one_server: Server) -> Iterator[Server]:
    """Healthy after each test, and without a defect in its log."""
    yield one_server
    running = one_server.running
    assert running.alive()
    assert running.ask("/health") == {"status": "ok", "reason": ""} and running.ask("/ready")["ready"]
    assert "failed unexpectedly" not in running.log_text() and "dead letter" not in running.log_text()


# ---- a good archive --------------------------------------------------------------------------------------------------


def header(class_name: str, type_name: str, version: int = 1) -> Bean:
    return {
        "class": class_name,
        "headerVersion": 1,
        "type": {"class": "InstanceType", "headerVersion": 1, **TYPES.instance_type(TYPES.require(name=type_name))},
        "instanceProvenanceType": "CONTENT_PACK",
        "metadataCollectionId": HOME,
        "createdBy": "author",
        "createTime": 1_700_000_000_000,
        "version": version,
        "status": "ACTIVE",
        "guid": str(uuid4()),
    }


def term(number: int) -> Bean:
    properties = {"qualifiedName": f"Term:{number}", "displayName": f"term {number}"}
    return {**header("EntityDetail", "GlossaryTerm"), "properties": to_properties(TYPES, "GlossaryTerm", properties)}


def synonym(one: Bean, two: Bean) -> Bean:
    ends = zip(("entityOneProxy", "entityTwoProxy"), (one, two), strict=True)
    proxies = {
        name: {f: v for f, v in end.items() if f != "properties"} | {"class": "EntityProxy"} for name, end in ends
    }
    return {**header("Relationship", "Synonym"), **proxies}


def archive() -> Bean:
    """Three terms, 0 and 1 synonyms and 1 and 2; all good."""
    terms = [term(number) for number in range(3)]
    return {
        "class": "OpenMetadataArchive",
        "archiveProperties": {
            "class": "OpenMetadataArchiveProperties",
            "archiveGUID": HOME,
            "archiveName": "terms of a test",
            "archiveType": "CONTENT_PACK",
            "originatorName": "author",
            "creationDate": 1_700_000_000_000,
        },
        "archiveInstanceStore": {
            "class": "OpenMetadataArchiveInstanceStore",
            "entities": terms,
            "relationships": [synonym(terms[0], terms[1]), synonym(terms[1], terms[2])],
        },
    }


def written(tmp_path: Path, content: Bean | bytes) -> Path:
    path = tmp_path / "test.omarchive"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, indent=1).encode())
    return path


def beans(content: Bean) -> list[Bean]:
    store = content["archiveInstanceStore"]
    return [*store["entities"], *store["relationships"]]


def held(server: Server, content: Bean) -> list[bool]:
    """Which of the archive's instances the server has, in the order of the file."""
    reader = Reader(server.running)
    return [reader.instance(bean) is not None for bean in beans(content)]


def test_the_good_archive_loads(server: Server, tmp_path: Path) -> None:
    content = archive()
    done = server.load(written(tmp_path, content))
    assert (done.code, done.stored, done.entries) == (0, (3, 0, 2, 0), [])
    assert held(server, content) == [True] * 5


# ---- no archive at all -----------------------------------------------------------------------------------------------


def truncated(content: Bean) -> bytes:
    text = json.dumps(content, indent=1).encode()
    return text[: len(text) * 2 // 3]


def not_utf8(content: Bean) -> bytes:
    return json.dumps(content, indent=1).replace("term 1", "t\u00e9rm 1").encode("latin-1")


def without(field: str) -> Callable[[Bean], bytes]:
    def change(content: Bean) -> bytes:
        del content["archiveProperties"][field]
        return json.dumps(content).encode()

    return change


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        pytest.param(truncated, ("not JSON", "line", "column", "cut short"), id="truncated"),
        pytest.param(lambda _: b"", ("not JSON", "line 1, column 1"), id="empty"),
        pytest.param(not_utf8, ("not UTF-8", "line", "column"), id="not UTF-8"),
        pytest.param(
            lambda c: json.dumps({**c, "class": "Glossary"}).encode(), ("OpenMetadataArchive", "(/)"), id="class"
        ),
        pytest.param(lambda c: json.dumps([c]).encode(), ("OpenMetadataArchive", "(/)"), id="a list"),
        pytest.param(without("archiveGUID"), ("/archiveProperties/archiveGUID",), id="no guid"),
        pytest.param(without("archiveType"), ("/archiveProperties/archiveType", "CONTENT_PACK"), id="no kind"),
    ],
)
def test_a_file_that_is_no_archive_is_refused_whole(
    server: Server, tmp_path: Path, broken: Callable[[Bean], bytes], names: tuple[str, ...]
) -> None:
    before, content = server.log_ends(), archive()
    done = server.load(written(tmp_path, broken(json.loads(json.dumps(content)))))
    assert done.code == 1 and done.facts is None and done.entries == []
    assert done.stderr.startswith("error[")
    for name in names:
        assert name in done.stderr, done.stderr
    assert server.log_ends() == before and held(server, content) == [False] * 5


def test_a_file_that_is_not_there_is_named(server: Server, tmp_path: Path) -> None:
    done = server.load(tmp_path / "no such file.omarchive")
    assert done.code == 1 and "no such file.omarchive" in done.stderr


def test_a_server_that_is_not_there_is_named(server: Server, tmp_path: Path) -> None:
    nobody = unique("nobody")
    done = load(server.workers, nobody, written(tmp_path, archive()))
    assert done.code == 1 and nobody in done.stderr and f"omrs worker --server {nobody}" in done.stderr


# ---- broken parts ----------------------------------------------------------------------------------------------------

ENTITY, RELATIONSHIP = "/archiveInstanceStore/entities/2", "/archiveInstanceStore/relationships/1"


def unknown_type(store: Bean) -> None:
    store["entities"][2]["type"] |= {"typeDefGUID": "00000000-no-such-type", "typeDefName": "NoSuchType"}
    store["relationships"][1]["entityTwoProxy"]["type"] = store["entities"][2]["type"]


def same_guid(store: Bean) -> None:
    store["entities"][2]["guid"] = store["entities"][0]["guid"]
    store["relationships"][1]["entityTwoProxy"]["guid"] = store["entities"][0]["guid"]


def plain_value(store: Bean) -> None:
    store["entities"][2]["properties"]["instanceProperties"]["displayName"] = "only a text"


def number_in_words(store: Bean) -> None:
    value = store["entities"][2]["properties"]["instanceProperties"]["displayName"]
    value |= {"primitiveDefCategory": "OM_PRIMITIVE_TYPE_INT", "primitiveValue": "seven"}


def no_end(store: Bean) -> None:
    del store["relationships"][1]["entityTwoProxy"]


def no_guid(store: Bean) -> None:
    del store["entities"][2]["guid"]


def of_a_later_release(store: Bean) -> None:
    store["entities"][2]["headerVersion"] = 2


def entity_of_a_relationship_type(store: Bean) -> None:
    store["entities"][2]["type"] = store["relationships"][1]["type"]


def no_object(store: Bean) -> None:
    store["entities"][2] = ["not", "an", "entity"]


def unknown_classification(store: Bean) -> None:
    classification = {**header("Classification", "Confidentiality"), "name": "NoSuchThing"}
    classification["type"] |= {"typeDefGUID": "00000000-no-such-type", "typeDefName": "NoSuchThing"}
    store["entities"][2]["classifications"] = [classification]


def too_large(store: Bean) -> None:
    store["entities"][2]["properties"]["instanceProperties"]["displayName"]["primitiveValue"] = "large " * 800_000


def half_a_character(store: Bean) -> None:
    store["entities"][2]["properties"]["instanceProperties"]["displayName"]["primitiveValue"] = "half \ud83d"


def nul_in_a_guid(store: Bean) -> None:
    store["entities"][2]["guid"] = "nul\0nul"


def number_of_70_bits(store: Bean) -> None:
    store["entities"][2]["version"] = 1 << 70


@pytest.mark.parametrize(
    ("broken", "pointers", "stored"),
    [
        # Both the entity and the relationship whose end has that type are left out.
        pytest.param(unknown_type, [f"{ENTITY}/type", f"{RELATIONSHIP}/entityTwoProxy/type"], (2, 0, 1, 0), id="type"),
        pytest.param(same_guid, [ENTITY], (2, 0, 2, 0), id="guid twice"),
        # The end of the relationship is left out then: a proxy, and a warning.
        pytest.param(plain_value, [f"{ENTITY}/properties/instanceProperties/displayName"], (2, 1, 2, 0), id="shape"),
        pytest.param(
            number_in_words,
            [f"{ENTITY}/properties/instanceProperties/displayName"],
            (2, 1, 2, 0),
            id="value",
        ),
        pytest.param(no_end, [f"{RELATIONSHIP}/entityTwoProxy"], (3, 0, 1, 0), id="no end"),
        pytest.param(no_guid, [ENTITY], (2, 1, 2, 0), id="no guid"),
        pytest.param(of_a_later_release, [f"{ENTITY}/headerVersion"], (2, 1, 2, 0), id="release"),
        pytest.param(entity_of_a_relationship_type, [f"{ENTITY}/type"], (2, 1, 2, 0), id="category"),
        pytest.param(too_large, [ENTITY], (2, 1, 2, 0), id="size"),
        pytest.param(half_a_character, [ENTITY], (2, 1, 2, 0), id="half a character"),
        pytest.param(nul_in_a_guid, [f"{ENTITY}/guid"], (2, 1, 2, 0), id="NUL"),
        pytest.param(number_of_70_bits, [f"{ENTITY}/version"], (2, 1, 2, 0), id="70 bits"),
        pytest.param(no_object, [ENTITY], (2, 1, 2, 0), id="no object"),
        pytest.param(unknown_classification, [f"{ENTITY}/classifications/0/type"], (2, 1, 2, 0), id="classification"),
    ],
)
def test_a_broken_part_is_left_out_and_named(
    server: Server,
    tmp_path: Path,
    broken: Callable[[Bean], None],
    pointers: list[str],
    stored: tuple[int, int, int, int],
) -> None:
    content = archive()
    guids = {ENTITY: content["archiveInstanceStore"]["entities"][2]["guid"]}
    guids[RELATIONSHIP] = content["archiveInstanceStore"]["relationships"][1]["guid"]
    broken(content["archiveInstanceStore"])
    done = server.load(written(tmp_path, content))
    assert done.code == 1
    assert f"{len(pointers)} parts of test.omarchive were left out; the rest is loaded" in done.stderr
    assert [entry["pointer"] for entry in done.of("error")] == pointers, done.entries
    for entry in done.of("error"):
        assert entry["message"]
        if broken in (no_guid, no_object):
            assert entry["guid"] is None
        elif broken is nul_in_a_guid:
            assert entry["guid"] == "nul\0nul"
        elif broken is same_guid:
            assert entry["guid"] == content["archiveInstanceStore"]["entities"][0]["guid"]
            assert "/archiveInstanceStore/entities/0" in entry["message"]
        else:
            assert entry["guid"] == next(guid for where, guid in guids.items() if entry["pointer"].startswith(where))
    assert done.stored == stored
    assert [entry["guid"] for entry in done.of("warning")] == [guids[RELATIONSHIP]] * stored[1]
    assert held(server, readable(content)).count(True) >= sum(stored) - stored[1]


def readable(content: Bean) -> Bean:
    """What of it can be asked for by guid."""
    store = content["archiveInstanceStore"]
    asked = {name: [each for each in store[name] if "guid" in each] for name in ("entities", "relationships")}
    asked["entities"] = [each for each in asked["entities"] if "\0" not in each["guid"]]
    return {"archiveInstanceStore": asked}


def test_a_type_without_its_super_type_leaves_its_instances_out(server: Server, tmp_path: Path) -> None:
    content = archive()
    typedef = {
        **{name: value for name, value in TYPES.require(name="GlossaryTerm").items() if name != "propertiesDefinition"},
        "guid": str(uuid4()),
        "name": unique("Orphan"),
        "superType": {"headerVersion": 1, "guid": str(uuid4()), "name": "NoSuchSuperType", "status": "ACTIVE_TYPEDEF"},
    }
    content["archiveTypeStore"] = {"newTypeDefs": [typedef]}
    kind = {"typeDefGUID": typedef["guid"], "typeDefName": typedef["name"]}
    content["archiveInstanceStore"]["entities"].append({**term(3), "type": {**term(3)["type"], **kind}})
    done = server.load(written(tmp_path, content))
    assert done.code == 1 and done.stored == (3, 0, 2, 0)
    first, second = done.of("error")
    assert (first["guid"], first["pointer"]) == (typedef["guid"], "/archiveTypeStore/newTypeDefs/0")
    assert second["pointer"] == "/archiveInstanceStore/entities/3/type"
    assert held(server, content) == [True, True, True, False, True, True]


def test_an_instance_with_the_guid_of_another_home_is_a_conflict(server: Server, tmp_path: Path) -> None:
    content = archive()
    assert server.load(written(tmp_path, content)).code == 0
    before = server.log_ends()
    other = json.loads(json.dumps(content))
    other["archiveProperties"] |= {"archiveGUID": str(uuid4()), "archiveName": "another pack"}
    done = server.load(written(tmp_path, other))
    assert done.code == 1 and done.stored == (0, 0, 0, 0)
    assert [(entry["guid"], entry["pointer"]) for entry in done.of("error")] == [
        *((bean["guid"], f"/archiveInstanceStore/entities/{n}") for n, bean in enumerate(beans(content)[:3])),
        *((bean["guid"], f"/archiveInstanceStore/relationships/{n}") for n, bean in enumerate(beans(content)[3:])),
    ]
    assert all(HOME in entry["message"] for entry in done.of("error"))
    assert server.log_ends() == before


def test_numbers_are_kept_to_the_last_digit(server: Server, tmp_path: Path) -> None:
    """Beyond what a long, a double or a JSON library holds by default."""
    content, name = archive(), unique("Exact")
    kinds = {
        "whole": TYPES.attribute_typedef_by_name("biginteger"),
        "parts": TYPES.attribute_typedef_by_name("bigdecimal"),
    }
    typedef = {
        **TYPES.require(name="GlossaryTerm"),
        "guid": str(uuid4()),
        "name": name,
        "superType": {"headerVersion": 1, "guid": TYPES.require(name="GlossaryTerm")["guid"], "name": "GlossaryTerm"},
        "propertiesDefinition": [
            {"headerVersion": 1, "attributeName": each, "attributeType": kind, "attributeStatus": "ACTIVE_ATTRIBUTE"}
            for each, kind in kinds.items()
        ],
    }
    entity = content["archiveInstanceStore"]["entities"][0]
    entity["type"] |= {"typeDefGUID": typedef["guid"], "typeDefName": name, "typeDefVersion": typedef["version"]}
    del content["archiveInstanceStore"]["relationships"]
    content["archiveInstanceStore"]["relationships"] = []
    for each, kind in kinds.items():
        entity["properties"]["instanceProperties"][each] = {
            "class": "PrimitivePropertyValue",
            "headerVersion": 1,
            "instancePropertyCategory": "PRIMITIVE",
            "typeGUID": (kind or {})["guid"],
            "typeName": (kind or {})["name"],
            "primitiveDefCategory": (kind or {})["primitiveDefCategory"],
            "primitiveValue": f"<{each}>",
        }
    content["archiveTypeStore"] = {"newTypeDefs": [typedef]}
    digits = {"whole": "-170141183460469231731687303715884105729", "parts": "0.30000000000000000000000000000000001"}
    text = json.dumps(content)
    for each, value in digits.items():
        text = text.replace(f'"<{each}>"', value)
    done = server.load(written(tmp_path, text.encode()))
    assert (done.code, done.stored) == (0, (3, 0, 0, 0))
    answer = server.running.rest("reader").get(f"/instances/entity/{entity['guid']}").text
    values = json.loads(answer, parse_float=str, parse_int=str)["entity"]["properties"]["instanceProperties"]
    assert {each: values[each]["primitiveValue"] for each in digits} == digits
