"""What passes changed: by anchor, split and whole, on the topic first and then as metadata of both releases."""

import pickle
import threading
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest
from groups_watched import config
from typer.testing import CliRunner

from omrs_connectors.cli.reports import app
from omrs_connectors.reports.elements import ReportElements
from omrs_connectors.reports.publisher import MAX_WAITING, ReportPublisher
from omrs_connectors.reports.reader import DaemonReports, Wanted, reports_of_element
from omrs_connectors.reports.records import MAX_LIST, MAX_RECORD, records_of, size_of
from omrs_connectors.reports.writing import write_element
from omrs_connectors.sdk.config import Partner
from omrs_connectors.sdk.releases import type_names
from omrs_connectors.sdk.report import KINDS, MAX_MESSAGES, ActivityReport
from omrs_schemas.codec.reports import decode_report
from omrs_schemas.errors import ConfigurationError, ProduceError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import MetadataClient
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import daemon_reports
from omrs_streams.log.producer import LogProducer, Outgoing
from omrs_streams.log.roles import role_of
from omrs_streams.log.tail import Decoder
from omrs_streams.log.topics import FOREVER, TopicSpec, ensure_topics
from workers import Running, eventually, unique


def report(started: int = 1_000, trigger: str = "refresh") -> ActivityReport:
    return ActivityReport("c1", "lake", trigger, started)


def entity(guid: str, anchor: str = "") -> dict[str, Any]:
    """An entity bean, with an Anchors classification where it has an anchor."""
    values = {"anchorGUID": {"class": "PrimitivePropertyValue", "primitiveValue": anchor}}
    anchors = {"name": "Anchors", "properties": {"instanceProperties": values}}
    return {"guid": guid, "classifications": [anchors]} if anchor else {"guid": guid}


def link(guid: str, end1: str) -> dict[str, Any]:
    return {"guid": guid, "entityOneProxy": {"guid": end1}, "entityTwoProxy": {"guid": "elsewhere"}}


class Kept:
    """A producer that keeps what it is given, unless it is told to refuse."""

    def __init__(self) -> None:
        self.sent: list[list[Outgoing]] = []
        self.refuse = False

    def send_and_wait(self, records: Sequence[Outgoing], timeout: float) -> None:
        if self.refuse:
            raise ProduceError("Kafka is away")
        self.sent.append(list(records))


# ---- what a pass knows ---------------------------------------------------------------------------------------------


def test_changes_are_grouped_by_what_they_belong_to() -> None:
    one = report()
    one.created("asset", instance=entity("asset"))
    one.created("schema", parent="asset")
    one.created("column", parent="schema")
    one.updated("column")
    one.deleted("old column", anchor="asset")
    one.created("anchored", instance=entity("anchored", "other asset"))
    one.created("link", instance=link("link", "schema"))
    one.updated("unknown")
    one.updated("known by the server")
    found = one.by_anchor({"known by the server": "server's asset"}.get)
    assert found == {
        "asset": {
            "created": ["asset", "schema", "column", "link"],
            "updated": ["column"],
            "deleted": ["old column"],
        },
        "other asset": {"created": ["anchored"]},
        "unknown": {"updated": ["unknown"]},
        "server's asset": {"updated": ["known by the server"]},
    }


def test_an_anchor_that_is_given_counts_whatever_else_is_said() -> None:
    one = report()
    one.created("a", anchor="given", parent="p", instance=entity("a", "classified"))
    one.updated("a", instance=entity("a"))
    one.created("b", parent="p", instance=entity("b", "classified"))
    assert one.by_anchor({"p": "of p"}.get) == {
        "given": {"created": ["a"], "updated": ["a"]},
        "of p": {"created": ["b"]},
    }


def test_parents_in_a_circle_end_somewhere() -> None:
    one = report()
    one.created("a", parent="b")
    one.created("b", parent="a")
    assert sorted(guid for found in one.by_anchor().values() for guid in found["created"]) == ["a", "b"]


def test_a_report_is_the_same_in_another_process() -> None:
    one = report()
    one.created("a", anchor="x")
    one.updated("b", parent="a")
    one.deleted("c", instance=entity("c", "y"))
    one.count("files", 3)
    one.message("said")
    other = pickle.loads(pickle.dumps(one))
    assert other.to_dict() == one.to_dict()
    assert other.by_anchor() == one.by_anchor()
    other.created("more")
    assert other.counts() == {"created": 2, "updated": 1, "deleted": 1}


def test_it_counts_and_keeps_some_messages() -> None:
    one = report()
    assert not one.changed
    for number in range(MAX_MESSAGES + 5):
        one.message(f"file {number} is broken")
    one.created("a")
    one.created("a")
    assert one.changed
    assert len(one.messages) == MAX_MESSAGES
    assert one.statistics() == {"created": 1, "updated": 0, "deleted": 0, "messages": MAX_MESSAGES + 5}


def test_threads_may_record_at_once() -> None:
    one = report()
    workers = [threading.Thread(target=lambda n=n: [one.created(f"{n}/{i}") for i in range(500)]) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert one.counts()["created"] == 2_000


# ---- records -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, MAX_LIST, MAX_LIST + 1, MAX_RECORD, MAX_RECORD + 1, 3 * MAX_RECORD + 7])
def test_long_lists_are_split_and_nothing_is_lost(count: int) -> None:
    guids = [f"{number:036}" for number in range(count)]
    by_anchor = {"one": {"created": guids[: count // 2], "deleted": guids[count // 2 :]}} if count else {}
    parts = records_of({"reportId": "r", "messages": ["m"], "counters": {"c": 1}}, by_anchor)
    assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert {part["parts"] for part in parts} == {len(parts)}
    changes = [change for part in parts for change in part["changes"]]
    assert all(size_of(change) <= MAX_LIST for change in changes)
    assert all(sum(map(size_of, part["changes"])) <= MAX_RECORD for part in parts)
    assert [guid for change in changes for kind in KINDS for guid in change.get(f"{kind}Elements", ())] == guids
    assert ["messages" in part for part in parts] == [True] + [False] * (len(parts) - 1)


def test_ten_thousand_elements_of_their_own_fit_into_records() -> None:
    kept = Kept()
    one = report()
    for _ in range(10_000):
        one.created(str(uuid.uuid4()))
    published = ReportPublisher("d", kept).publish(one, config("lake"))
    [records] = kept.sent
    assert len(published) == len(records) == 2
    assert all(len(value or b"") < 900_000 for _, _, _, value, _ in records)
    assert {published[0]["createdCount"], published[1]["createdCount"]} == {10_000}


# ---- publishing ----------------------------------------------------------------------------------------------------


def test_every_pass_has_a_record_and_only_changes_ask_for_an_element() -> None:
    kept = Kept()
    publisher = ReportPublisher("d", kept, worker="w1", clock=lambda: 2_000, new_id=lambda: "r1")
    publisher.publish(
        report(), config("lake", connectorId="c1"), status="FAILED", failure="refresh: no", partner=Partner("mds")
    )
    [[(topic, _, key, value, _)]] = kept.sent
    assert (topic, key) == ("omrs.daemon.d.reports", b"c1")
    bean = decode_report(value or b"")
    assert bean == {
        "reportId": "r1",
        "part": 1,
        "parts": 1,
        "serverName": "d",
        "worker": "w1",
        "metadataServerName": "mds",
        "connectorId": "c1",
        "connectorName": "lake",
        "connectorStatus": "FAILED",
        "trigger": "refresh",
        "refreshStartDate": 1_000,
        "refreshCompletionDate": 2_000,
        "failingExceptionMessage": "refresh: no",
        "createdCount": 0,
        "updatedCount": 0,
        "deletedCount": 0,
        "publishElements": False,
        "changes": [],
        "counters": {},
        "messages": [],
    }
    changed = report()
    changed.created("x")
    assert publisher.publish(changed, config("lake"))[0]["publishElements"]
    assert not publisher.publish(changed, config("lake"), elements=False)[0]["publishElements"]
    assert publisher.publish(changed, config("lake", generateIntegrationReports=False)) == []


def test_a_kafka_that_is_away_fails_no_pass_and_loses_no_report() -> None:
    kept = Kept()
    publisher = ReportPublisher("d", kept)
    kept.refuse = True
    for _ in range(3):
        publisher.publish(report(), config("lake"))
    assert not publisher.flush()
    kept.refuse = False
    assert publisher.flush()
    assert [len(records) for records in kept.sent] == [3]
    kept.refuse = True
    for _ in range(MAX_WAITING + 10):
        publisher.publish(report(), config("lake"))
    publisher.flush()
    kept.refuse = False
    assert publisher.flush()
    assert len(kept.sent[-1]) == MAX_WAITING


# ---- with a real server --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["release 6", "release 4"])
def server(request: pytest.FixtureRequest) -> Running:
    name = "metadata_server" if request.param == "release 6" else "server_of_release_4"
    found: Running = request.getfixturevalue(name)
    return found


@pytest.fixture
def here(server: Running) -> Iterator[MetadataClient]:
    with MetadataClient(server.url, server.server, "erinoverview") as client:
        yield client


class Daemon:
    """The part of a daemon that publishes reports."""

    def __init__(self, kafka: Endpoint, client: MetadataClient) -> None:
        self.name = unique("reporting")
        self.settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        self.client = client
        ensure_topics(self.settings.librdkafka(), [TopicSpec(daemon_reports(self.name), 2, FOREVER)])
        self.producer = LogProducer(self.settings.producer("reports-test"))
        self.publisher = ReportPublisher(self.name, self.producer)

    def publish(self, one: ActivityReport, **more: Any) -> list[dict[str, Any]]:
        partner = Partner(self.client.server)
        given = config("lake", connectorId="c1")
        return self.publisher.publish(one, given, client=self.client, partner=partner, status="RUNNING", **more)

    def elements(self) -> ReportElements:
        def client_of(server: str) -> MetadataClient | None:
            return self.client if server == self.client.server else None

        return ReportElements(self.settings, self.name, client_of)

    def reports(self, **wanted: Any) -> list[dict[str, Any]]:
        return list(DaemonReports(self.settings, self.name).until_now(Wanted(**wanted)))


@pytest.fixture
def daemon(kafka: Endpoint, here: MetadataClient) -> Iterator[Daemon]:
    found = Daemon(kafka, here)
    yield found
    found.producer.close()


def asset(client: MetadataClient) -> str:
    return client.add_entity("DataFile", {"qualifiedName": unique("file")}).guid


def of_element(client: MetadataClient, guid: str, count: int) -> list[dict[str, Any]]:
    """The reports linked to an element, once there are so many."""
    eventually(lambda: len(reports_of_element(client, guid)) >= count, f"{count} reports", within=60)
    return reports_of_element(client, guid)


def test_a_pass_becomes_one_element_for_each_anchor(here: MetadataClient, daemon: Daemon) -> None:
    first, second = asset(here), asset(here)
    column = here.add_entity(
        "SchemaAttribute", {"qualifiedName": unique("column")}, classifications={"Anchors": {"anchorGUID": first}}
    ).guid
    one = report(started=1_700_000_000_000)
    one.created(first)
    one.created(second)
    one.updated(column)  # the server knows that it belongs to the first
    published = daemon.publish(one, instance_id="i1")
    assert [change["anchorGUID"] for change in published[0]["changes"]] == [first, second]
    elements = daemon.elements()
    elements.start()
    try:
        [found] = of_element(here, first, 1)
        assert found["createdElements"] == [first]
        assert found["updatedElements"] == [column]
        assert "deletedElements" not in found
        assert found["refreshStartDate"] == 1_700_000_000_000
        assert found["refreshCompletionDate"] == published[0]["refreshCompletionDate"]
        assert (found["connectorId"], found["connectorName"], found["serverName"]) == ("c1", "lake", daemon.name)
        assert found["additionalProperties"]["connectorInstanceId"] == "i1"
        assert found["additionalProperties"]["anchorStatus"] == "PRESENT"
        assert here.get_entity(found["guid"]).type_name == type_names(here.types).activity_report
        [other] = of_element(here, second, 1)
        assert other["createdElements"] == [second]
    finally:
        elements.close()


def test_it_is_made_once_however_often_it_is_tried(here: MetadataClient, daemon: Daemon) -> None:
    guid = asset(here)
    one = report()
    one.updated(guid)
    [bean] = daemon.publish(one)
    made = {write_element(here, bean, 0, bean["changes"][0]) for _ in range(3)}
    assert len(made) == 1
    elements = daemon.elements()  # the group is new: it reads the record, too
    elements.start()
    try:
        eventually(lambda: elements.written == 1, "it is read", within=60)
    finally:
        elements.close()
    assert [found["guid"] for found in of_element(here, guid, 1)] == list(made)
    again = daemon.elements()
    again.start()
    last = report()
    last.updated(guid)
    daemon.publish(last)
    try:
        assert len(of_element(here, guid, 2)) == 2
    finally:
        again.close()


def test_a_deleted_anchor_is_not_linked_and_its_report_says_so(here: MetadataClient, daemon: Daemon) -> None:
    guid = asset(here)
    here.delete_entity(guid)
    one = report()
    one.deleted(guid)
    [bean] = daemon.publish(one)
    element = here.get_entity(write_element(here, bean, 0, bean["changes"][0]))
    assert element.plain_properties["additionalProperties"]["anchorStatus"] == "DELETED"
    assert element.plain_properties["deletedElements"] == [guid]
    assert here.relationships_of(element.guid) == []
    bean["changes"] = [{"anchorGUID": "never-seen", "updatedElements": ["never-seen"]}]
    element = here.get_entity(write_element(here, {**bean, "reportId": "other"}, 0, bean["changes"][0]))
    assert element.plain_properties["additionalProperties"]["anchorStatus"] == "UNKNOWN"


def test_a_server_that_is_not_ready_is_waited_for(here: MetadataClient, daemon: Daemon) -> None:
    guid = asset(here)
    one = report()
    one.updated(guid)
    daemon.publish(one)
    reachable = daemon.client
    away = MetadataClient("http://127.0.0.1:1", here.server, "erinoverview", types=here.types)
    away._transport.retry = type(away._transport.retry)(deadline=0)
    daemon.client = away
    asked = threading.Event()

    def client_of(server: str) -> MetadataClient:
        asked.set()
        return daemon.client

    elements = ReportElements(daemon.settings, daemon.name, client_of)
    elements.start()
    try:
        assert asked.wait(60)
        daemon.client = reachable
        assert len(of_element(here, guid, 1)) == 1
    finally:
        elements.close()


def test_reports_of_an_element_are_paged_newest_first_by_dates(here: MetadataClient, daemon: Daemon) -> None:
    guid = asset(here)
    clock = iter(range(here.get_entity(guid)["createTime"] + 1_000, 10**14, 1_000))
    daemon.publisher = ReportPublisher(daemon.name, daemon.producer, clock=lambda: next(clock))
    beans = []
    for _ in range(5):
        one = report()
        one.updated(guid)
        [bean] = daemon.publish(one)
        write_element(here, bean, 0, bean["changes"][0])
        beans.append(bean)
    ended = [bean["refreshCompletionDate"] for bean in beans]
    found = [one["refreshCompletionDate"] for one in reports_of_element(here, guid)]
    assert found == ended[::-1]
    assert [one["refreshCompletionDate"] for one in reports_of_element(here, guid, start=1, page_size=2)] == [
        ended[3],
        ended[2],
    ]
    window = reports_of_element(here, guid, since=None, until=ended[1])
    assert [one["refreshCompletionDate"] for one in window] == [ended[1], ended[0]]


def test_the_topic_is_read_by_connector_element_and_date(here: MetadataClient, daemon: Daemon) -> None:
    one, nothing = report(), report()
    one.created("a", anchor="b")
    daemon.publish(one)
    daemon.publish(nothing, failure="refresh: broken")
    assert len(daemon.reports()) == 2
    assert len(daemon.reports(connector="lake")) == len(daemon.reports(connector="c1")) == 2
    assert daemon.reports(connector="other") == []
    [found] = daemon.reports(element="a")
    assert found["changes"] == [
        {"anchorGUID": "b", "createdElements": ["a"], "updatedElements": [], "deletedElements": []}
    ]
    assert daemon.reports(element="b") == daemon.reports(changes_only=True) == [found]
    ended = found["refreshCompletionDate"]
    assert found in daemon.reports(since=ended)
    assert daemon.reports(since=ended + 10_000_000) == []
    assert found in daemon.reports(until=ended)
    assert daemon.reports(until=ended - 1) == []
    with pytest.raises(ConfigurationError, match="has no reports here"):
        DaemonReports(daemon.settings, unique("nobody"))


def test_a_tail_of_the_topic_shows_reports(daemon: Daemon) -> None:
    [bean] = daemon.publish(report())
    topic = daemon_reports(daemon.name)
    [message] = read_all(daemon.settings.bulk_consumer("tail-test"), topic, 2)
    entry = Decoder(TypeSystem).entry(role_of(topic), message)
    assert entry.problem is None
    assert entry.data["reportId"] == bean["reportId"]


def test_what_comes_is_followed(daemon: Daemon) -> None:
    daemon.publish(report())
    reports = DaemonReports(daemon.settings, daemon.name)
    later = report(trigger="events")
    later.created("x")
    daemon.publish(later)
    follower = reports.from_now(Wanted())
    assert next(follower)["trigger"] == "events"
    follower.close()
    assert [one["trigger"] for one in reports.until_now(Wanted())] == ["refresh"]


def test_the_command_shows_reports_of_a_daemon_and_of_an_element(
    server: Running, here: MetadataClient, daemon: Daemon
) -> None:
    guid = asset(here)
    one = report()
    one.updated(guid)
    [bean] = daemon.publish(one)
    write_element(here, bean, 0, bean["changes"][0])
    runner = CliRunner()
    kafka = ["--bootstrap-servers", daemon.settings.bootstrap_servers]
    shown = runner.invoke(app, ["--daemon", daemon.name, "--json", "--since", "1h", "--element", guid, *kafka])
    assert shown.exit_code == 0, shown.output
    [line] = map(orjson.loads, shown.stdout.splitlines())
    assert line["reportId"] == bean["reportId"]
    shown = runner.invoke(app, ["--daemon", daemon.name, "--changes", *kafka])
    [row] = map(orjson.loads, shown.stdout.splitlines())
    assert (row["connector"], row["updated"], row["status"]) == ("lake", 1, "RUNNING")
    asked = ["--element", guid, "--server-url", server.url, "--server", server.server]
    shown = runner.invoke(app, asked)
    [row] = map(orjson.loads, shown.stdout.splitlines())
    assert (row["connector"], row["updated"], row["trigger"]) == ("lake", 1, "refresh")
    refused = runner.invoke(app, [])
    assert isinstance(refused.exception, ConfigurationError)
