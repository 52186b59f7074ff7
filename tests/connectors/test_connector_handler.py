"""The steps of a connector's life, with failures in each (integration § 4), and what is said at each (§ 10)."""

from typing import Any

import pytest
from connector_lives import OUT, TYPES, Life, Recorder, event_of

from omrs_connectors.audit import context_created
from omrs_connectors.runtime.handler import Event
from omrs_connectors.runtime.notes import Delivered, Listening
from omrs_connectors.runtime.status import ConnectorStatus as Status
from omrs_connectors.sdk import Connector, IntegrationConnector, PermittedSynchronization, Source, TopicRecord
from omrs_connectors.sdk.listener import LINEAGE
from omrs_connectors.services.registry import service_for
from omrs_schemas.errors import ConfigurationError, FunctionNotSupportedError, NotReadyError, UserNotAuthorizedError

CREATED = context_created("generic")


@pytest.fixture
def life() -> Life:
    return Life(refreshTimeInterval=1)


def deliver(life: Life, *events: dict[str, Any]) -> Delivered:
    return life.handler.deliver([Event(OUT, (event,)) for event in events])


def test_a_good_life_goes_through_every_state_and_says_so_in_order(life: Life) -> None:
    life.run()
    life.handler.refresh("refresh", "scheduled", False)
    assert life.handler.disconnect() == ""
    assert life.statuses == ["INITIALIZED", "RUNNING", "STOPPED"]
    assert life.connector.calls == ["initialize", "start", "refresh", "refresh", "disconnect"]
    assert life.said == ["0008", CREATED, "0041", "0043", "0042", "0043"]


def test_each_pass_ends_in_a_report(life: Life) -> None:
    life.run()
    life.clock.now += 500
    life.handler.refresh("refresh", "scheduled", False)
    assert [note.report.trigger for note in life.reports] == ["refresh", "refresh"]
    assert life.reports[1].report.started == life.clock.now


def test_a_connection_that_makes_no_connector_is_a_configuration_failure(life: Life) -> None:
    life.load_error = ConfigurationError("no such class")
    life.handler.initialize()
    assert life.status is Status.CONFIG_FAILED
    assert life.failure == "OMRS-STREAMS-400-003 no such class"
    assert life.said == ["0008", "0009", "0037"]
    life.load_error = None
    life.handler.initialize()
    assert (life.status, life.failure) == (Status.INITIALIZED, None)


def test_a_class_of_another_kind_is_a_configuration_failure() -> None:
    life = Life(Connector())
    life.handler.initialize()
    assert life.status is Status.CONFIG_FAILED
    assert life.said == ["0008", "0010", "0037"]
    life.load_error = ConfigurationError("'x' is not a Connector", expected="Connector")
    life.handler.initialize()
    assert life.said[3:] == ["0008", "0010", "0037"]


def test_a_connector_of_another_service_is_a_configuration_failure_named_by_the_service() -> None:
    life = Life(service=service_for("database-integrator"))
    life.handler.initialize()
    assert life.status is Status.CONFIG_FAILED
    assert (life.failure or "").startswith("OMIS-DATABASE-INTEGRATOR-400-001 ")
    assert life.said == ["0008", "0037", "0031 initialize"]


def test_wrong_options_are_a_configuration_failure_that_names_the_key() -> None:
    class Optioned(Recorder):
        def set_context(self, context: Any) -> None:
            raise ConfigurationError("configurationProperties: depth: not known")

    life = Life(Optioned())
    life.handler.initialize()
    assert life.status is Status.CONFIG_FAILED
    assert "depth" in (life.failure or "")
    assert life.said[-2:] == ["0037", "0031 initialize"]


def test_what_initialize_raises_heals(life: Life) -> None:
    life.connector.failing["initialize"] = ConfigurationError("no directory")
    life.handler.initialize()
    assert life.status is Status.INITIALIZE_FAILED
    assert life.said == ["0008", CREATED, "0036", "0031 initialize"]
    del life.connector.failing["initialize"]
    life.handler.initialize()
    assert life.status is Status.INITIALIZED
    assert life.connector.calls == ["initialize", "disconnect", "initialize"]


def test_a_failure_that_repeats_itself_is_recorded_once(life: Life) -> None:
    life.connector.failing["initialize"] = OSError("not there yet")
    for _ in range(5):
        life.handler.initialize()
    assert life.said.count("0036") == 1
    life.connector.failing["initialize"] = OSError("something else")
    life.handler.initialize()
    assert life.said.count("0036") == 2
    del life.connector.failing["initialize"]
    life.handler.initialize()
    assert life.said[-2:] == ["0008", CREATED]


@pytest.mark.parametrize("method", ["start", "refresh"])
@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit("broken"), ConfigurationError("broken")])
def test_a_failure_of_start_or_refresh_waits_for_a_restart(life: Life, method: str, error: BaseException) -> None:
    life.connector.failing[method] = error
    life.run()
    assert life.status is Status.FAILED
    assert (life.failure or "").endswith("broken")
    assert life.said[-1] == f"0031 {method}"
    assert life.reports[-1].failure == life.failure
    life.connector.failing.clear()
    before = len(life.connector.calls)
    life.run()
    assert life.status is Status.RUNNING
    assert life.connector.calls[before:] == ["disconnect", "initialize", "start", "refresh"]


def test_a_metadata_server_that_goes_away_heals_by_itself(life: Life) -> None:
    life.run()
    life.connector.failing["refresh"] = NotReadyError("moving")
    assert not life.handler.refresh("refresh", "scheduled", False)
    assert life.statuses[-2:] == ["STOPPED", "INITIALIZE_FAILED"]
    life.connector.failing.clear()
    life.run()
    assert life.status is Status.RUNNING


def test_a_server_that_is_not_there_is_named_as_egeria_names_it() -> None:
    life = Life(metadataSourceQualifiedName="Source:1", connectorUserId="exchangeDL01npa")
    life.handler.initialize()
    assert life.status is Status.INITIALIZE_FAILED
    told = "OMAG-MULTI-TENANT-404-001 The OMAG Server nowhere is not available to service a request from user"
    assert (life.failure or "").startswith(f"{told} exchangeDL01npa")
    assert "127.0.0.1:1" in (life.failure or "")
    assert life.said == ["0008", CREATED, "0036", "0031 initialize"]


def test_a_failing_disconnect_does_not_stop_the_restart(life: Life) -> None:
    life.run()
    life.connector.failing["disconnect"] = OSError("gone")
    life.handler.initialize()
    assert life.status is Status.INITIALIZED
    assert "0023" in life.said


def test_the_connectors_inside_are_started_before_and_disconnected_after() -> None:
    calls: list[str] = []

    class Store(Connector):
        def start(self) -> None:
            calls.append("start")

        def disconnect(self) -> None:
            calls.append("disconnect")

    store = {"connectorType": {"connectorProviderClassName": "tests:store"}}
    life = Life(
        connection={
            "class": "VirtualConnection",
            "connectorType": {"connectorProviderClassName": "tests:one"},
            "embeddedConnections": [{"displayName": "secrets", "embeddedConnection": store}],
        }
    )
    life.others["tests:store"] = Store()
    life.handler.initialize()
    assert calls == ["start"]
    life.handler.disconnect()
    assert calls == ["start", "disconnect"]


def test_events_reach_the_listener_in_order(life: Life) -> None:
    life.run()
    delivered = deliver(life, *(event_of(number) for number in range(5)))
    assert delivered == Delivered(5)
    assert [event["instanceEventSection"]["instanceGUID"] for event in life.connector.heard] == list("01234")


def test_events_of_a_stopped_connector_are_to_come_again(life: Life) -> None:
    life.run()
    life.handler.stop()
    delivered = deliver(life, event_of(1))
    assert delivered.done == 0
    assert isinstance(delivered.again, NotReadyError)


def test_an_event_that_cannot_be_handled_is_named_and_the_rest_goes_on(life: Life) -> None:
    def refuse_two(event: dict[str, Any]) -> None:
        if event["instanceEventSection"]["instanceGUID"] == "2":
            raise ValueError("two")
        life.connector.heard.append(event)

    life.connector.on_event = refuse_two
    life.run()
    delivered = deliver(life, *(event_of(number) for number in range(4)))
    assert (delivered.done, [index for index, _ in delivered.failures]) == (4, [2])
    assert len(life.connector.heard) == 3
    assert life.status is Status.RUNNING
    assert life.reports[-1].report.trigger == "events"


def test_a_retriable_error_says_how_far_delivery_came(life: Life) -> None:
    def not_ready(event: dict[str, Any]) -> None:
        if event["instanceEventSection"]["instanceGUID"] == "2":
            raise NotReadyError("later")

    life.connector.on_event = not_ready
    life.run()
    delivered = deliver(life, *(event_of(number) for number in range(4)))
    assert (delivered.done, delivered.failures) == (2, ())
    assert isinstance(delivered.again, NotReadyError)


def test_each_listener_hears_its_source_and_its_subtypes() -> None:
    class Choosy(Recorder):
        def start(self) -> None:
            self.context.register_listener(self.heard.append, types=["DataFile"], kinds=["NEW_ENTITY_EVENT"])
            self.context.listen_to("queue", lambda record: self.calls.append(record.topic))
            self.context.register_lineage_listener(lambda text, event: self.calls.append(f"{text}={event}"))

    life = Life(Choosy())
    life.run()
    csv, term = (str(TYPES.require(name=name)["guid"]) for name in ("CSVFile", "GlossaryTerm"))
    deliver(life, event_of(1, type_guid=csv), event_of(2, type_guid=term), event_of(3, "DELETED_ENTITY_EVENT", csv))
    assert [event["instanceEventSection"]["instanceGUID"] for event in life.connector.heard] == ["1"]
    life.handler.deliver([Event(Source("queue", None, "own"), (TopicRecord("queue", 0, 1, None, None),))])
    life.handler.deliver([Event(LINEAGE, ("[1]", [1]))])
    assert life.connector.calls[-2:] == ["queue", "[1]=[1]"]
    told = [note for note in life.notes if isinstance(note, Listening)][-1].listeners
    assert [listener.source.kind for listener in told] == ["out", "own", "lineage"]
    assert all(listener.handle is None for listener in told)


def test_a_connector_that_may_only_read_cannot_write() -> None:
    life = Life(permittedSynchronization="TO_THIRD_PARTY")
    life.run()
    context = life.connector.context
    assert context.permitted_synchronization is PermittedSynchronization.TO_THIRD_PARTY
    with pytest.raises(UserNotAuthorizedError, match="permittedSynchronization"):
        context.create_entity("CSVFile", {"qualifiedName": "x"})
    context.check_third_party_write("write")


def test_a_context_is_worth_nothing_after_its_life(life: Life) -> None:
    life.run()
    context = life.connector.context
    life.handler.initialize()
    with pytest.raises(UserNotAuthorizedError, match="not valid any more"):
        context.client.get_entity("guid")
    assert context.stopping.is_set()
    assert life.connector.context is not context
    assert not life.connector.context.stopping.is_set()


def test_changes_made_while_starting_are_reported_with_the_first_pass(life: Life) -> None:
    life.connector.during["start"] = lambda: life.connector.context.report.created("g1")
    life.connector.during["refresh"] = lambda: life.connector.context.report.created("g2")
    life.run()
    assert [note.report.statistics()["created"] for note in life.reports] == [2]
    assert life.reports[0].report.trigger == "refresh"


def test_a_connector_may_ask_for_no_report_elements(life: Life) -> None:
    life.connector.during["refresh"] = lambda: life.connector.context.set_active_report_publishing(False)
    life.run()
    assert [note.elements for note in life.reports] == [False]


def test_another_direction_is_taken_without_a_restart(life: Life) -> None:
    life.run()
    calls = list(life.connector.calls)
    life.handler.reconfigure(
        life.handler.config.model_copy(update={"permitted_synchronization": PermittedSynchronization.TO_THIRD_PARTY})
    )
    assert life.connector.context.permitted_synchronization is PermittedSynchronization.TO_THIRD_PARTY
    assert life.connector.calls == calls
    assert life.status is Status.RUNNING


def test_engage_of_the_base_class_says_what_to_override() -> None:
    with pytest.raises(FunctionNotSupportedError, match="OIF-CONNECTOR-400-001"):
        IntegrationConnector().engage()
