"""The daemon as a process, against a real server on a real Kafka."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import fastavro
import pyarrow
import pyarrow.parquet
import pytest
from confluent_kafka import Producer
from daemons import Daemons

from omrs_schemas.model.values import from_properties
from omrs_streams.client import MetadataClient, OutTopicReader, starts_with
from omrs_streams.log.embedded import Endpoint
from shared_data import require_shared
from workers import Running, eventually, fleet, unique

pytestmark = pytest.mark.kafka

Bean = dict[str, Any]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Six files of five formats in three folders; two of them hold personal data."""
    root = tmp_path / "tree"
    (root / "sales" / "2026").mkdir(parents=True)
    with (root / "customers.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["id", "email", "first_name"], [1, "a@x.org", "Ann"], [2, "b@x.org", "Bob"]])
    (root / "sales" / "readings.json").write_text(json.dumps([{"sensor": 1, "value": 2.5}]))
    (root / "sales" / "broken.json").write_text("{")
    (root / "notes.txt").write_text("nothing here")
    schema = {"type": "record", "name": "R", "fields": [{"name": "iban", "type": ["null", "string"]}]}
    with (root / "sales" / "2026" / "payments.avro").open("wb") as out_avro:
        fastavro.writer(out_avro, fastavro.parse_schema(schema), [])
    pyarrow.parquet.write_table(pyarrow.table({"sensor": [1], "value": [0.5]}), root / "sales" / "2026" / "r.parquet")
    return root


def files_connector(tree: Path, **properties: Any) -> Bean:
    return {
        "connectorName": "files",
        "connectorProviderClass": "directory-catalog",
        "endpoint": {"networkAddress": str(tree)},
        "configurationProperties": properties,
    }


PERSONAL = {"connectorName": "personal", "connectorProviderClass": "personal-data"}


def below(client: MetadataClient, type_name: str, prefix: str) -> dict[str, Bean]:
    """Living entities by qualified name; no name may come twice."""
    found = list(client.iter_entities(type_name, {"qualifiedName": starts_with(prefix)}))
    names = [from_properties(entity["properties"])["qualifiedName"] for entity in found]
    assert not [name for name, count in Counter(names).items() if count > 1]
    return dict(zip(names, found, strict=True))


def files_of(client: MetadataClient, tree: Path) -> dict[str, Bean]:
    prefix = f"DataFile::{tree}/"
    return {name.removeprefix(prefix): entity for name, entity in below(client, "DataFile", prefix).items()}


def levels(client: MetadataClient, tree: Path) -> dict[str, int]:
    """The confidentiality level of each file that has one."""
    found = {}
    for name, entity in files_of(client, tree).items():
        for classification in entity.get("classifications") or []:
            if classification["name"] == "Confidentiality":
                found[name] = from_properties(classification["properties"])["confidentialityLevel"]
    return found


def ran(reports: Bean, *names: str) -> bool:
    return all(
        reports[name]["connectorStatus"] == "RUNNING" and reports[name]["statistics"]["passes"] for name in names
    )


def test_a_tree_is_catalogued_and_its_personal_files_classified(
    daemons: Daemons, client: MetadataClient, tree: Path
) -> None:
    daemon = daemons.start(unique("daemon"), files_connector(tree, include=["*"]), PERSONAL)
    daemon.wait("the first pass of both", lambda reports: ran(reports, "files", "personal"))

    files = files_of(client, tree)
    assert {name: entity["type"]["typeDefName"] for name, entity in files.items()} == {
        "customers.csv": "CSVFile",
        "notes.txt": "DataFile",
        "sales/readings.json": "JSONFile",
        "sales/broken.json": "JSONFile",
        "sales/2026/payments.avro": "AvroFile",
        "sales/2026/r.parquet": "ParquetFile",
    }
    customers = from_properties(files["customers.csv"]["properties"])
    facts = (tree / "customers.csv").stat()
    assert customers["storeUpdateTime"] == facts.st_mtime_ns // 1_000_000
    assert customers["additionalProperties"] == {
        "sizeInBytes": str(facts.st_size),
        "columns": "3",
        "inode": str(facts.st_ino),
    }
    assert (customers["delimiterCharacter"], customers["fileName"], customers["fileExtension"]) == (
        ",",
        "customers.csv",
        "csv",
    )
    folders = below(client, "FileFolder", f"FileFolder::{tree}")
    assert set(folders) == {f"FileFolder::{tree}{part}" for part in ("", "/sales", "/sales/2026")}
    for child, parent in (("/sales/2026", "/sales"), ("/sales", "")):
        links = client.relationships_of(folders[f"FileFolder::{tree}{child}"]["guid"], "FolderHierarchy")
        assert folders[f"FileFolder::{tree}{parent}"]["guid"] in {link["entityOneProxy"]["guid"] for link in links}

    schema = client.relationships_of(files["customers.csv"]["guid"], "Schema")[0]["entityTwoProxy"]["guid"]
    columns = {}
    for link in client.relationships_of(schema, "AttributeForSchema"):
        column = client.get_entity(link["entityTwoProxy"]["guid"])
        kind = from_properties(column["classifications"][0]["properties"])["dataType"]
        name = from_properties(column["properties"])["displayName"]
        columns[from_properties(link["properties"])["position"]] = (name, kind)
    assert columns == {0: ("id", "int"), 1: ("email", "string"), 2: ("first_name", "string")}

    expected = {"customers.csv": 3, "sales/2026/payments.avro": 4}
    eventually(lambda: levels(client, tree) == expected, "classified by events")
    daemon.refresh("personal")  # what events have not told yet of further columns is part of the classifications now
    first = daemon.activity("files")[0]
    assert first["createdCount"] == len(first["createdElements"]) > 20
    assert first["counters"]["columnsUnread.json"] == 1
    assert any("broken.json" in message for message in first["messages"])

    # A second refresh of both changes nothing.
    versions = {name: entity["version"] for name, entity in files_of(client, tree).items()}
    daemon.refresh("files")
    daemon.refresh("personal")
    again = daemon.activity("files")[-1]
    assert (again["createdCount"], again["updatedCount"], again["deletedCount"]) == (0, 0, 0)
    assert {name: entity["version"] for name, entity in files_of(client, tree).items()} == versions
    assert levels(client, tree) == expected

    # Changes on disk follow: one file changed, one new, one gone with its folder.
    with (tree / "customers.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["id", "first_name", "ssn"], ["x", "Ann", "1-2"], ["y", "Bob", "3-4"]])
    (tree / "new.jsonl").write_text('{"phone": "1"}\n')
    for gone in ("sales/2026/payments.avro", "sales/2026/r.parquet"):
        (tree / gone).unlink()
    (tree / "sales" / "2026").rmdir()
    daemon.refresh("files")
    files = files_of(client, tree)
    assert set(files) == {"customers.csv", "notes.txt", "sales/readings.json", "sales/broken.json", "new.jsonl"}
    assert files["customers.csv"]["version"] > versions["customers.csv"]
    shown = below(client, "SchemaAttribute", f"DataFile::{tree}/customers.csv::column::")
    assert {name.rpartition("::")[2] for name in shown} == {"id", "first_name", "ssn"}
    assert set(below(client, "FileFolder", f"FileFolder::{tree}")) == {
        f"FileFolder::{tree}",
        f"FileFolder::{tree}/sales",
    }
    eventually(lambda: levels(client, tree) == {"customers.csv": 4, "new.jsonl": 3}, "classified again")
    assert daemon.stop() == 0
    assert not list(daemons.root.glob("*-data"))

    # Another life of the daemon knows what is there.
    other = daemons.start(daemon.name, files_connector(tree), PERSONAL)
    other.wait("the first pass of both", lambda reports: ran(reports, "files", "personal"))
    assert other.reports()["files"]["statistics"]["created"] == 0
    assert other.reports()["files"]["statistics"]["filesUnchanged"] == 5
    assert levels(client, tree) == {"customers.csv": 4, "new.jsonl": 3}
    assert other.stop() == 0


def test_a_killed_daemon_leaves_nothing_doubled_or_missing(
    daemons: Daemons, client: MetadataClient, tmp_path: Path
) -> None:
    tree = tmp_path / "many"
    for number in range(60):
        folder = tree / f"f{number % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.csv").write_text("a,b,email\n1,2,x\n")
    name = unique("daemon")
    daemon = daemons.start(name, files_connector(tree, parallelism=3))
    daemon.wait("half way", lambda reports: reports["files"]["statistics"]["created"] > 150)
    daemon.kill()
    other = daemons.start(name, files_connector(tree))
    other.wait("catalogued", lambda reports: ran(reports, "files"), within=120)
    assert len(files_of(client, tree)) == 60
    columns = below(client, "SchemaAttribute", f"DataFile::{tree}/")
    assert len(columns) == 180
    assert len(below(client, "SchemaType", f"DataFile::{tree}/")) == 60
    for entity in columns.values():
        assert len(client.relationships_of(entity["guid"], "AttributeForSchema")) == 1
    for entity in files_of(client, tree).values():
        kinds = Counter(link["type"]["typeDefName"] for link in client.relationships_of(entity["guid"]))
        kinds.pop("ReportSubject", None)  # reports of the passes that wrote it
        assert kinds == {"NestedFile": 1, "Schema": 1}
    assert other.refresh("files")["statistics"]["filesUnchanged"] == 60


def test_poison_on_the_out_topic_is_set_aside_and_events_go_on(
    daemons: Daemons, client: MetadataClient, metadata_server: Running, kafka: Endpoint
) -> None:
    daemon = daemons.start(unique("daemon"), PERSONAL)
    daemon.wait("running", lambda reports: ran(reports, "personal"))
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    topic = f"omrs.server.{metadata_server.server}.out"
    offsets: list[int] = []
    for value in (b"nonsense", b"\xc3\x01" + b"\0" * 8, b"", None):
        producer.produce(topic, value, b"poison", partition=0, callback=lambda _, sent: offsets.append(sent.offset()))
    assert producer.flush(20) == 0
    name = unique("Contacts")
    file = client.add_entity("CSVFile", {"qualifiedName": f"DataFile::{name}", "displayName": f"email_{name}.csv"})

    def classified() -> bool:
        return bool(client.get_entity(file["guid"]).get("classifications"))

    eventually(classified, "the file behind the poison is classified")

    def letters() -> list[dict[str, bytes]]:
        """Those about the poison; other records of the topic, and of other partitions, are no business of this test."""
        found = [headers for headers, _ in daemon.published(f"omrs.daemon.{daemon.name}.dlq")]
        return [each for each in found if (each["dlq-topic"], each["dlq-partition"]) == (topic.encode(), b"0")]

    def of_the_poison() -> list[dict[str, bytes]]:
        return [each for each in letters() if int(each["dlq-offset"]) in offsets]

    mine = eventually(lambda: len(found := of_the_poison()) >= 4 and found, "a dead letter for each")
    assert sorted(int(each["dlq-offset"]) for each in mine) == sorted(offsets)
    assert all(each["dlq-reason"] for each in mine)
    assert daemon.reports()["personal"]["connectorStatus"] == "RUNNING"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_no_event_is_lost_when_a_daemon_ends_while_it_handles_some(
    end: str, daemons: Daemons, client: MetadataClient, tmp_path: Path
) -> None:
    heard, hold = tmp_path / "heard", tmp_path / "hold"
    heard.touch()
    hold.touch()
    scribe = {
        "connectorName": "scribe",
        "connectorProviderClass": "connector_lives:Scribe",
        "endpoint": {"networkAddress": str(heard)},
    }
    name = unique("daemon")
    daemon = daemons.start(name, scribe)
    daemon.wait("running", lambda reports: ran(reports, "scribe"))
    prefix = unique("Term")
    guids = [client.add_entity("GlossaryTerm", {"qualifiedName": f"{prefix}-{n}"})["guid"] for n in range(40)]

    def mine() -> set[str]:
        return set(guids) & set(heard.read_text().split())

    eventually(lambda: len(heard.read_text().split()) >= 8, "the first events")
    if end == "stop":
        assert daemon.stop() == 0
    else:
        daemon.kill()
    assert len(mine()) < 40
    hold.unlink()
    daemons.start(name, scribe)
    eventually(lambda: mine() == set(guids), "every event")


def test_one_connector_fails_and_the_others_do_not_notice(daemons: Daemons, tree: Path) -> None:
    failing = {"connectorName": "failing", "connectorProviderClass": "connector_lives:Failing"}
    missing = {"connectorName": "missing", "connectorProviderClass": "no_such_module:Nothing"}
    nowhere = {**files_connector(tree / "not there"), "connectorName": "nowhere"}
    daemon = daemons.start(unique("daemon"), failing, missing, nowhere, files_connector(tree))
    states = {"failing": "FAILED", "missing": "CONFIG_FAILED", "nowhere": "FAILED", "files": "RUNNING"}
    reports = daemon.wait(
        "settled",
        lambda all_: (
            {name: report["connectorStatus"] for name, report in all_.items()} == states and ran(all_, "files")
        ),
    )
    assert "no_such_module" in reports["missing"]["failingExceptionMessage"]
    assert "BASIC-FILES-INTEGRATION-CONNECTORS-404-001" in reports["nowhere"]["failingExceptionMessage"]
    assert reports["failing"]["failingExceptionMessage"] == "ValueError: always"

    (tree / "not there").mkdir()
    daemon.call("POST", "/integration-connectors/restart", {"name": "nowhere"})
    daemon.wait("restarted", lambda all_: ran(all_, "nowhere"))
    answer = daemon.call("POST", "/integration-connectors/refresh", {"name": "unknown"})
    assert (answer["relatedHTTPCode"], answer["exceptionErrorMessageId"]) == (
        400,
        "INTEGRATION-DAEMON-SERVICES-400-031",
    )
    assert "nowhere" in answer["exceptionUserAction"]


def test_a_connector_with_a_metadata_source_stamps_what_it_writes(
    daemons: Daemons, client: MetadataClient, tree: Path
) -> None:
    source = unique("Source")
    connector = {**files_connector(tree), "metadataSourceQualifiedName": source, "connectorUserId": "lineage"}
    daemon = daemons.start(unique("daemon"), connector, PERSONAL)
    daemon.wait("catalogued", lambda reports: ran(reports, "files", "personal"))
    capability = client.find_by_unique_name("SoftwareCapability", "qualifiedName", source)
    assert capability is not None
    for entity in files_of(client, tree).values():
        assert entity["instanceProvenanceType"] == "EXTERNAL_SOURCE"
        assert (entity["metadataCollectionId"], entity["metadataCollectionName"]) == (capability["guid"], source)
        assert entity["createdBy"] == "lineage"


def test_the_connectors_speak_release_4_too(kafka: Endpoint, tmp_path: Path, tree: Path) -> None:
    archive = require_shared("data", "archives", "OpenMetadataTypes-4.2.omarchive")
    with fleet(tmp_path / "fleet", kafka.bootstrap_servers) as workers:
        server = workers.start(unique("four"), types=str(archive))
        client = MetadataClient(server.url, server.server, "erinoverview")
        ours = Daemons(tmp_path, server, kafka.bootstrap_servers)
        try:
            daemon = ours.start(unique("daemon"), files_connector(tree), PERSONAL)
            daemon.wait("catalogued", lambda reports: ran(reports, "files", "personal"))
            files = files_of(client, tree)
            assert from_properties(files["customers.csv"]["properties"])["name"] == "customers.csv"
            assert len(client.relationships_of(files["customers.csv"]["guid"], "AssetSchemaType")) == 1
            columns = below(client, "SchemaAttribute", f"DataFile::{tree}/customers.csv::column::")
            positions = [from_properties(column["properties"])["position"] for column in columns.values()]
            assert sorted(positions) == [0, 1, 2]

            def level() -> Any:
                found = files_of(client, tree)["customers.csv"].get("classifications") or [{}]
                return from_properties(found[0].get("properties")).get("levelIdentifier")

            eventually(lambda: level() == 3, "classified")
            assert daemon.refresh("files")["statistics"]["filesUnchanged"] == 6
        finally:
            ours.end()
            client.close()


def test_a_program_reads_the_out_topic(client: MetadataClient, metadata_server: Running, kafka: Endpoint) -> None:
    group = unique("reader")
    term = client.add_entity("GlossaryTerm", {"qualifiedName": unique("Term"), "displayName": "one"})

    def hears(*wanted: str) -> None:
        """These events of the term come next, and no others."""
        heard: list[str] = []

        def more() -> bool:
            with OutTopicReader(kafka.bootstrap_servers, metadata_server.server, group, client.types) as reader:
                for event in reader.events(idle=3):
                    section = event["instanceEventSection"]
                    if section["instanceGUID"] == term["guid"]:
                        heard.append(section["eventType"])
            return len(heard) >= len(wanted)

        eventually(more, f"{wanted} are heard")
        assert heard == [*wanted]

    hears("NEW_ENTITY_EVENT")
    client.classify(term["guid"], "Confidentiality", {"confidentialityLevel": 1})
    client.delete_entity(term["guid"])
    hears("CLASSIFIED_ENTITY_EVENT", "DELETED_ENTITY_EVENT")
