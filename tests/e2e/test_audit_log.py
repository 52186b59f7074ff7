"""The audit log as its readers see it: console, `omrs audit tail`, REST; filters, restarts, settings, Kafka away."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from e2e_samples import DRAFT

from omrs_schemas.errors import UserNotAuthorizedError
from omrs_streams.cli import audit as audit_command
from omrs_streams.cli import output
from omrs_streams.log.embedded import EmbeddedKafka, Endpoint
from workers import START_S, Fleet, Running, eventually, fleet, unique

LINE = re.compile(
    r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \S+ \d{4} "
    r"(?P<server>\S+) (?P<severity>[A-Z][A-Za-z]+) (?P<id>OMRS-(AUDIT|STREAMS)-\d{4}) (?P<text>.+)$",
    re.M,
)
ONE_START = ["0064", "0001", "0003", "0044", "0050", "0053", "0045", "0004", "0046", "0047", "0007"]


def omrs(bootstrap_servers: str, *argv: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "omrs_streams.cli.main", *argv, "--bootstrap-servers", bootstrap_servers],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def tail(bootstrap_servers: str, *argv: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in omrs(bootstrap_servers, "audit", "tail", *argv).splitlines()]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [each["messageId"].removeprefix("OMRS-AUDIT-") for each in found]


def in_order(found: list[str], wanted: list[str]) -> bool:
    rest = iter(found)
    return all(each in rest for each in wanted)


@pytest.fixture(scope="module")
def said(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> tuple[Running, Running, str]:
    """Two servers of a cohort that met, and stopped in order; what A wrote to its console."""
    with fleet(tmp_path_factory.mktemp("audit"), kafka.bootstrap_servers) as ours:
        cohort = unique("audited")
        a = ours.start(unique("A"), cohort=cohort)
        b = ours.start(unique("B"), cohort=cohort)
        eventually(lambda: "OMRS-AUDIT-0110" in a.log_text(), "A hears of B")
        eventually(lambda: "OMRS-AUDIT-0112" in b.log_text(), "B hears of A")
        assert a.stop() == b.stop() == 0
        return a, b, a.log_text()


def test_the_console_has_egerias_lines(said: tuple[Running, Running, str]) -> None:
    a, b, text = said
    found = list(LINE.finditer(text))
    assert {match["server"] for match in found} == {a.server}
    first = found[0]
    assert (first["severity"], first["id"]) == ("Startup", "OMRS-AUDIT-0064")
    [met] = [match for match in found if match["id"] == "OMRS-AUDIT-0110"]
    assert met["severity"] == "Cohort"
    assert b.server in met["text"]
    assert in_order([match["id"].removeprefix("OMRS-AUDIT-") for match in found], [*ONE_START, "0010", "0011"])


def test_the_topic_has_what_the_console_has(said: tuple[Running, Running, str], kafka: Endpoint) -> None:
    a, _, text = said
    found = tail(kafka.bootstrap_servers, "--server", a.server)
    assert [(each["messageId"], each["messageText"]) for each in found] == [
        (match["id"], match["text"]) for match in LINE.finditer(text)
    ]
    assert {each["worker"] for each in found} == {"w1"}
    assert len({each["guid"] for each in found}) == len(found)
    assert {each["originator"]["serverName"] for each in found} == {a.server}
    assert not {"EVENT", "TRACE"} & {each["severity"] for each in found}


def test_filters_and_the_last_ones(said: tuple[Running, Running, str], kafka: Endpoint) -> None:
    a, b, _ = said
    here = ("--server", a.server)
    broker = kafka.bootstrap_servers
    assert {each["severity"] for each in tail(broker, *here, "--severity", "cohort", "--severity", "Shutdown")} == {
        "COHORT",
        "SHUTDOWN",
    }
    assert set(ids(tail(broker, *here, "--id", "006?", "--id", "OMRS-AUDIT-0001"))) == {"0001", "0060", "0062", "0064"}
    assert ids(tail(broker, *here, "-n", "2")) == ["0008", "0011"]
    [met] = tail(broker, *here, "--where", f"server={b.server}", "--id", "0110")
    assert met["messageParameters"]["cohort"] == met["messageText"].split()[4].rstrip(":")
    assert tail(broker, *here, "--worker", "w2") == []
    assert tail(broker, *here, "--since", "1h")
    assert tail(broker, *here, "--since", "2100-01-01") == []


def test_what_it_does_not_know_is_said(said: tuple[Running, Running, str], kafka: Endpoint) -> None:
    broker = kafka.bootstrap_servers
    assert said[0].server in omrs(broker, "audit", "tail", "--server", "nobody", code=1)
    assert "severities are" in omrs(broker, "audit", "tail", "--severity", "Loud", code=1)
    assert "--since" in omrs(broker, "audit", "tail", "--server", said[0].server, "--since", "soon", code=1)
    said_of_time = omrs(broker, "audit", "tail", "--server", said[0].server, "--since", "5", code=1)
    assert "10m" in said_of_time and "offset" not in said_of_time
    assert "name=value" in omrs(broker, "audit", "tail", "--where", "guid", code=1)


def test_that_nothing_fits_is_said_to_people(
    said: tuple[Running, Running, str],
    kafka: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    servers, broker = [said[0].server], kafka.bootstrap_servers
    audit_command.tail(server=servers, worker="nobody", as_json=False, bootstrap_servers=broker)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "No audit message is kept that fits.\n")
    audit_command.tail(server=servers, worker="nobody", as_json=True, bootstrap_servers=broker)
    assert capsys.readouterr() == ("", "")


def test_topics_tail_and_ls_know_the_topic(said: tuple[Running, Running, str], kafka: Endpoint) -> None:
    topic = f"omrs.server.{said[0].server}.audit"
    [first] = omrs(kafka.bootstrap_servers, "topics", "tail", topic, "-n", "1").splitlines()
    shown = json.loads(first)
    assert shown["key"] == shown["data"]["messageId"] == "OMRS-AUDIT-0064"
    listed = [json.loads(line) for line in omrs(kafka.bootstrap_servers, "topics", "ls").splitlines()]
    [about] = [each for each in listed if each["topic"] == topic]
    assert "audit log" in json.dumps(about)


def test_a_restart_follows_after_what_was_said_before(workers: Fleet, kafka: Endpoint) -> None:
    server = unique("again")
    for _ in range(2):
        assert workers.start(server).stop() == 0
    found = ids(tail(kafka.bootstrap_servers, "--server", server))
    assert found.count("0064") == found.count("0011") == 2
    one = [each for each in ONE_START if each != "0004"]  # no cohort
    assert in_order(found, [*one, "0010", "0011", *one, "0010", "0011"])


def test_follow_shows_what_comes(start_worker: Callable[..., Running], kafka: Endpoint) -> None:
    running = start_worker(unique("followed"))
    up = ("-s", running.server, "--id", "0007")
    eventually(lambda: tail(kafka.bootstrap_servers, *up), "the topic has the end of the start", every=0.5)
    argv = ["audit", "tail", "-s", running.server, "-f", "-n", "1", "--bootstrap-servers", kafka.bootstrap_servers]
    follower = subprocess.Popen(
        [sys.executable, "-m", "omrs_streams.cli.main", *argv], stdout=subprocess.PIPE, text=True
    )
    try:
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["messageId"] == "OMRS-AUDIT-0007"
        assert running.stop() == 0
        assert [json.loads(follower.stdout.readline())["messageId"] for _ in range(2)] == [
            "OMRS-AUDIT-0010",
            "OMRS-AUDIT-0011",
        ]
    finally:
        follower.terminate()
        follower.communicate(timeout=30)


def test_settings_say_which_severities_and_no_console(workers: Fleet, kafka: Endpoint, tmp_path: Path) -> None:
    config = tmp_path / "server.yaml"
    config.write_text("audit: {severities: [Startup], console: false, retention_days: 3}\n")
    running = workers.start(unique("few"), config=config)
    assert running.stop() == 0
    assert LINE.search(running.log_text()) is None
    found = tail(kafka.bootstrap_servers, "-s", running.server)
    assert {each["severity"] for each in found} == {"STARTUP"}
    listed = [json.loads(line) for line in omrs(kafka.bootstrap_servers, "topics", "ls").splitlines()]
    [about] = [each for each in listed if each["topic"] == f"omrs.server.{running.server}.audit"]
    assert "3" in str(about["kept"])


def test_json_logging_has_the_messages_as_objects(kafka: Endpoint, tmp_path: Path) -> None:
    server = unique("objects")
    argv = ["worker", "--server", server, "--log-json", "--bootstrap-servers", kafka.bootstrap_servers]
    log_path = tmp_path / "log"
    with log_path.open("wb") as log:
        proc = subprocess.Popen(
            [sys.executable, "-m", "omrs_streams.cli.main", *argv],
            stderr=log,
            env={**os.environ, "OMRS_DATA_DIR": str(tmp_path / "data")},
        )
    try:
        eventually(lambda: "listens on" in log_path.read_text(), "up")
    finally:
        proc.terminate()
        assert proc.wait(START_S) == 0
    lines = log_path.read_text().splitlines()
    objects = [json.loads(line) for line in lines if not line.startswith("%")]  # librdkafka's own, of its connections
    found = {each["id"]: each for each in objects if each["logger"] == "omrs.audit"}
    started = found["OMRS-AUDIT-0001"]
    assert (started["server"], started["severity"], started["level"]) == (server, "Startup", "info")
    assert started["params"]["worker"] == "w1"
    assert started["event"].startswith("The repository services are starting")


def test_what_goes_wrong_and_what_users_do_is_said(start_worker: Callable[..., Running], kafka: Endpoint) -> None:
    cohort = unique("wrong")
    running = start_worker(unique("A"), cohort=cohort)
    topic = f"omrs.cohort.{cohort}.instances"
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(topic, b"rubbish", b"guid", partition=2)
    assert producer.flush(30) == 0
    added = running.rest("gary").post("/types/typedef", json={**DRAFT, "guid": str(uuid4()), "name": unique("Kind")})
    assert added.json()["relatedHTTPCode"] == 200
    here = ("-s", running.server)
    [bad] = eventually(lambda: tail(kafka.bootstrap_servers, *here, "--severity", "Exception"), "it is said", every=0.5)
    assert bad["messageId"] == "OMRS-AUDIT-0100"
    assert (bad["messageParameters"]["topic"], bad["messageParameters"]["partition"]) == (topic, "2")
    by_gary = (*here, "--where", "user=gary")
    [type_added] = eventually(lambda: tail(kafka.bootstrap_servers, *by_gary), "what gary did is said", every=0.5)
    assert type_added["messageId"] == "OMRS-AUDIT-0306"


def test_a_user_who_is_refused_is_said(workers: Fleet, kafka: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("requests:\n  - {types: [Glossary], effect: deny}\n")
    config = tmp_path / "server.yaml"
    config.write_text(f"security: {tmp_path / 'rules.yaml'}\n")
    running = workers.start(unique("guarded"), config=config)
    with pytest.raises(UserNotAuthorizedError):
        running.client("mallory").add_entity("Glossary", {"qualifiedName": "g"})
    [refused] = eventually(
        lambda: tail(kafka.bootstrap_servers, "-s", running.server, "--severity", "Security"), "it is said", every=0.5
    )
    assert refused["messageId"] == "OMRS-STREAMS-0030"
    said = refused["messageParameters"]
    assert (said["user"], said["operation"]) == ("mallory", "addEntity")


def test_events_are_said_when_asked_for(
    start_worker: Callable[..., Running], kafka: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMRS_AUDIT__SEVERITIES", '["default", "Event"]')
    cohort = unique("events")
    a, b = (start_worker(unique(name), cohort=cohort) for name in "AB")
    guid = a.client().add_entity("Glossary", {"qualifiedName": "g"})["guid"]
    [came] = eventually(
        lambda: tail(kafka.bootstrap_servers, "-s", b.server, "--where", f"guid={guid}"), "B says it", every=0.5
    )
    assert (came["messageId"], came["severity"]) == ("OMRS-AUDIT-8006", "EVENT")
    assert (came["messageParameters"]["kind"], came["messageParameters"]["outcome"]) == ("NEW_ENTITY_EVENT", "accepted")
    sent = eventually(
        lambda: tail(kafka.bootstrap_servers, "-s", a.server, "--id", "8009"), "A says it sent it", every=0.5
    )
    assert sent[0]["messageParameters"]["topic"] == f"omrs.cohort.{cohort}.instances"


def test_a_start_that_fails_says_so(workers: Fleet, kafka: Endpoint, tmp_path: Path) -> None:
    running = workers.spawn(unique("bad"), types=tmp_path / "nowhere.json")
    running.proc.wait(START_S)
    [failed] = [match for match in LINE.finditer(running.log_text()) if match["id"] == "OMRS-AUDIT-0013"]
    assert failed["severity"] == "Exception"
    assert "nowhere.json" in failed["text"]


def test_a_start_with_bad_security_rules_makes_nothing(workers: Fleet, kafka: Endpoint, tmp_path: Path) -> None:
    server, cohort = unique("bad"), unique("bad")
    config = tmp_path / "server.yaml"
    config.write_text(
        f"server: {server}\ncohorts: [{{name: {cohort}, encoding: egeria-json}}]\nsecurity: {tmp_path}/nowhere.yaml\n"
    )
    running = workers.spawn(server, config=config)
    assert running.proc.wait(START_S) != 0
    assert "the file of the setting `security`" in running.log_text()
    assert "set `types` to the OpenMetadataTypes archive" in running.log_text()
    topics = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=30).topics
    assert [topic for topic in topics if server in topic or cohort in topic] == []


def test_rest_has_severities_and_a_report(start_worker: Callable[..., Running]) -> None:
    running = start_worker(unique("report"))
    answer = running.rest().get("/audit-log/severity-definitions").json()
    assert (answer["class"], answer["relatedHTTPCode"]) == ("AuditLogSeveritiesResponse", 200)
    names = {each["ordinal"]: each["name"] for each in answer["severities"]}
    assert (names[1], names[8], names[12], names[14]) == ("Information", "Startup", "Cohort", "PerfMon")
    report = running.rest().get("/audit-log/report").json()["report"]
    assert report["originatorProperties"]["serverName"] == running.server
    assert "OMRS-AUDIT-0007" in report["severityIdentification"]["8"]
    assert report["severityCount"]["8"] >= len(report["severityIdentification"]["8"])
    stores = report["destinationsReport"]["logStoreReports"]
    assert [store["destinationName"] for store in stores] == ["console", f"topic omrs.server.{running.server}.audit"]
    assert "Event" not in stores[0]["supportedSeverities"]


def test_a_server_that_was_there_before_its_kafka_loses_no_message(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Started while the broker is dead: the console has it at once, the topic when the broker is back; and again."""
    broker = own_kafka.bootstrap_servers
    own_kafka.kill(1)
    with fleet(tmp_path / "fleet", broker) as ours:
        running = ours.spawn(unique("first"), cohort=unique("late"))
        eventually(lambda: "OMRS-AUDIT-0001" in running.log_text(), "the console has it")
        own_kafka.start(1)
        ours.await_url(running).wait_ready()
        eventually(lambda: "OMRS-AUDIT-0062" in running.log_text(), "it is a member")
        own_kafka.kill(1)
        own_kafka.start(1)
        running.wait_ready().client().add_entity("Glossary", {"qualifiedName": "g"})
        said = {match["text"] for match in LINE.finditer(running.log_text())}
        topic = ("--server", running.server)
        eventually(
            lambda: said <= {each["messageText"] for each in tail(broker, *topic)}, "the topic has it too", every=0.5
        )
        assert running.stop() == 0
        found = tail(broker, "--server", running.server)
    assert ids(found)[:2] == ["0064", "0001"]
    whole = [match["text"] for match in LINE.finditer(running.log_text())]
    assert list(dict.fromkeys(each["messageText"] for each in found)) == list(dict.fromkeys(whole))
    assert ids(found)[-1] == "0011"
