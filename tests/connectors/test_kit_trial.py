"""The test kit as an author uses it: the same test at a metadata server in memory and at a real one on Kafka."""

import pytest
from kit_connectors import AsyncListener, Away, QueueConnector, Waiting

from omrs_connectors.kit import ConnectorKit, DiedError, TrialError
from omrs_schemas.errors import NotReadyError
from workers import eventually

both = pytest.mark.connector_kit("both")


@both
def test_a_refresh_catalogues_and_reports_and_a_second_one_changes_nothing(kit: ConnectorKit) -> None:
    trial = kit.trial(QueueConnector, endpoint={"networkAddress": "broker:5672"})
    report = trial.refresh()
    assert report.counts() == {"created": 7, "updated": 0, "deleted": 0}
    assert report.counters() == {"queuesSeen": 3}
    assert {entity.plain_properties["qualifiedName"] for entity in kit.client.find_entities("Topic")} == {
        "queue orders",
        "queue payments",
        "queue refunds",
    }
    assert not trial.refresh().changed
    [whole] = kit.client.find_entities("DataSet")
    assert list(report.by_anchor()) == [whole.guid], "everything belongs to the data set"


@both
def test_the_messages_are_those_of_the_daemon_in_its_order(kit: ConnectorKit) -> None:
    trial = kit.trial(QueueConnector)
    trial.refresh()
    trial.refresh()
    prefix = "INTEGRATION-DAEMON-SERVICES-"
    first = [f"{prefix}0008", "OMIS-GENERIC-0002", f"{prefix}0041", f"{prefix}0043"]
    assert trial.message_ids() == [*first, f"{prefix}0042", f"{prefix}0043"]


@both
def test_coroutines_listeners_and_topics_of_ones_own(kit: ConnectorKit) -> None:
    trial = kit.trial(AsyncListener).start()
    connector = trial.connector
    assert trial.deliver() == 0
    term = kit.client.add_entity("GlossaryTerm", {"qualifiedName": "t1"})
    kit.client.update_entity_properties(term.guid, {"qualifiedName": "t1", "displayName": "not heard: an update"})
    kit.client.add_entity("Topic", {"qualifiedName": "another type"})
    kit.client.delete_entity(term.guid)
    assert trial.deliver() == 2
    assert connector.heard == [f"NEW_ENTITY_EVENT {term.guid}", f"DELETED_ENTITY_EVENT {term.guid}"]
    assert connector.refreshes == 0
    connector.heard.clear()
    trial.send("queues", "payload", headers={"h": b"1"})
    trial.send("another topic", "payload")
    trial.send_lineage('{"eventType":"START"}')
    assert trial.deliver() == 2
    assert connector.heard == ["queues payload {'h': b'1'}", 'START {"eventType":"START"}']
    assert trial.stop().connector.heard[-1] == "disconnected"


@both
def test_many_events_for_a_refresh_make_one(kit: ConnectorKit) -> None:
    trial = kit.trial(AsyncListener).start()
    for number in range(120):
        kit.client.add_entity("Project", {"qualifiedName": f"p{number}"})
    assert trial.deliver() == 120
    assert trial.connector.refreshes == 1


@both
def test_what_was_before_the_start_is_not_an_event(kit: ConnectorKit) -> None:
    kit.client.add_entity("GlossaryTerm", {"qualifiedName": "before"})
    trial = kit.trial(AsyncListener).start()
    assert trial.deliver() == 0


def test_an_event_that_fails_for_ever_is_kept_apart_and_one_that_may_succeed_comes_again(
    memory_kit: ConnectorKit,
) -> None:
    trial = memory_kit.trial(AsyncListener).start()
    for number in range(3):
        memory_kit.client.add_entity("GlossaryTerm", {"qualifiedName": f"t{number}"})
    trial.connector.fail = ValueError("broken")
    assert trial.deliver() == 3
    assert [str(error) for error in trial.failed_events] == ["broken"]
    assert len(trial.connector.heard) == 2
    assert trial.report.messages == ["event failed: ValueError: broken"]
    memory_kit.client.add_entity("GlossaryTerm", {"qualifiedName": "again"})
    trial.connector.fail = NotReadyError("busy")
    with pytest.raises(TrialError, match="delivered again"):
        trial.deliver()
    assert trial.deliver() == 1
    assert len(trial.connector.heard) == 3


def test_time_passes_when_the_test_says_so(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(AsyncListener, refreshTimeInterval=5)
    assert trial.advance(seconds=1) == 1, "never refreshed: at once"
    assert trial.advance(minutes=4) == 0
    assert trial.advance(minutes=2) == 1
    once = memory_kit.trial(AsyncListener, name="once")
    assert once.advance(minutes=60) == 1
    assert trial.last_refresh_time is not None


def test_a_server_that_is_away_heals_by_itself_and_a_failure_needs_a_restart(memory_kit: ConnectorKit) -> None:
    Away.times = 2
    trial = memory_kit.trial(Away, refreshTimeInterval=1)
    assert trial.advance(seconds=10) >= 2
    assert trial.status == "RUNNING"
    QueueConnector.queues, before = None, QueueConnector.queues
    try:
        broken = memory_kit.trial(QueueConnector, name="broken", refreshTimeInterval=1)
        with pytest.raises(TrialError, match="the broker does not answer"):
            broken.refresh()
        assert broken.status == "FAILED"
        assert broken.advance(minutes=10) == 0
    finally:
        QueueConnector.queues = before
    assert broken.restart().refresh().changed
    assert broken.status == "RUNNING"


def test_wrong_options_are_a_wrong_configuration(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(QueueConnector, options={"maxQueue": 1})
    trial.refresh(check=False)
    assert trial.status == "CONFIG_FAILED"
    assert "maxQueue: not known, is maxQueues meant?" in (trial.failure or "")


def test_the_dead_do_no_more_and_their_next_life_goes_on(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(QueueConnector).die_after(writes=2)
    trial.refresh(check=False)
    assert trial.died
    dead = trial.connector
    with pytest.raises(DiedError):
        dead.context.client.find_entities("Topic")
    trial.restart()
    assert trial.refresh().counts()["created"] == 5
    with pytest.raises(Exception, match="given up by the daemon"):
        dead.context.client.find_entities("Topic")


def test_connectors_by_name_and_by_connection(memory_kit: ConnectorKit) -> None:
    by_name = memory_kit.trial("personal-data").refresh()
    assert not by_name.changed
    connection = {"class": "Connection", "endpoint": {"class": "Endpoint", "address": "here"}}
    trial = memory_kit.trial(QueueConnector, connection=connection, options={"maxQueues": 1}).start()
    assert (trial.context.network_address, trial.connector.options.max_queues) == ("here", 1)


def test_a_connector_that_waits_for_its_technology_asks_for_a_refresh(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(Waiting, usesBlockingCalls=True).start()
    assert trial.deliver() == 0 and not trial.reports
    trial.connector.said.set()
    eventually(lambda: trial.woken, "the connector asks for a refresh", within=60)
    trial.deliver()
    assert len(trial.reports) == 1 and not trial.woken
    trial.stop()
