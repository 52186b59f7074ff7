"""A connector's life, with failures in each step (integration § 4)."""

import pytest
from connector_lives import Life, Recorder, event_of

from omrs_connectors.runtime.status import ConnectorStatus as Status
from omrs_connectors.sdk import IntegrationConnector, PermittedSynchronization
from omrs_schemas.errors import ConfigurationError, NotReadyError, UserNotAuthorizedError


@pytest.fixture
def life() -> Life:
    return Life(refreshTimeInterval=1)


def recorder(life: Life) -> Recorder:
    assert isinstance(life.connector, Recorder)
    return life.connector


def test_a_good_life_goes_through_every_state(life: Life) -> None:
    handler = life.handler
    handler.initialize()
    assert handler.status is Status.INITIALIZED
    handler.refresh_pass()
    assert handler.status is Status.RUNNING
    handler.refresh_pass()
    handler.shutdown()
    assert handler.status is Status.STOPPED
    assert recorder(life).calls == ["initialize", "start", "refresh", "refresh", "disconnect"]


def test_each_pass_publishes_a_report(life: Life) -> None:
    life.handler.initialize()
    life.handler.refresh_pass()
    life.clock.now += 500
    life.handler.refresh_pass()
    assert [report["connectorStatus"] for report in life.reports] == ["RUNNING", "RUNNING"]
    assert [report["trigger"] for report in life.reports] == ["refresh", "refresh"]
    assert life.reports[1]["refreshStartDate"] == life.clock.now


def test_a_class_that_cannot_be_loaded_is_a_configuration_failure_until_restart(life: Life) -> None:
    life.load_error = ConfigurationError("no such class")
    life.handler.initialize()
    assert life.handler.status is Status.CONFIG_FAILED
    assert "no such class" in (life.handler.failing_exception_message or "")
    assert not life.handler.due(life.clock.now + 10**9)
    life.load_error = None
    life.handler.restart()
    assert life.handler.status is Status.INITIALIZED
    assert life.handler.failing_exception_message is None


def test_a_configuration_error_of_initialize_is_a_configuration_failure(life: Life) -> None:
    recorder(life).failing["initialize"] = ConfigurationError("no directory")
    life.handler.initialize()
    assert life.handler.status is Status.CONFIG_FAILED


def test_a_failed_initialization_heals_by_itself(life: Life) -> None:
    recorder(life).failing["initialize"] = OSError("not there yet")
    life.handler.initialize()
    assert life.handler.status is Status.INITIALIZE_FAILED
    assert not life.handler.due(life.clock.now)
    life.clock.now += 60_000
    assert life.handler.due(life.clock.now)
    del recorder(life).failing["initialize"]
    life.handler.refresh_pass()
    assert life.handler.status is Status.RUNNING
    assert recorder(life).calls == ["initialize", "initialize", "start", "refresh"]


@pytest.mark.parametrize("method", ["start", "refresh"])
def test_a_failure_of_start_or_refresh_waits_for_a_restart(life: Life, method: str) -> None:
    recorder(life).failing[method] = ValueError("broken")
    life.handler.initialize()
    life.handler.refresh_pass()
    assert life.handler.status is Status.FAILED
    assert life.handler.failing_exception_message == f"{method}: ValueError: broken"
    assert life.reports[-1]["failingExceptionMessage"] == f"{method}: ValueError: broken"
    calls = list(recorder(life).calls)
    life.clock.now += 10**9
    assert not life.handler.due(life.clock.now)
    life.handler.refresh_pass()
    assert recorder(life).calls == calls
    recorder(life).failing.clear()
    life.handler.restart()
    life.handler.refresh_pass()
    assert life.handler.status is Status.RUNNING
    assert recorder(life).calls[len(calls) :] == ["disconnect", "initialize", "start", "refresh"]


def test_a_metadata_server_that_goes_away_heals_by_itself(life: Life) -> None:
    life.handler.initialize()
    life.handler.refresh_pass()
    recorder(life).failing["refresh"] = NotReadyError("moving")
    life.handler.refresh_pass()
    assert life.handler.status is Status.INITIALIZE_FAILED
    recorder(life).failing.clear()
    life.clock.now += 60_000
    assert life.handler.due(life.clock.now)
    life.handler.refresh_pass()
    assert life.handler.status is Status.RUNNING


def test_a_failing_disconnect_does_not_stop_the_restart(life: Life) -> None:
    life.handler.initialize()
    life.handler.refresh_pass()
    recorder(life).failing["disconnect"] = OSError("gone")
    life.handler.restart()
    assert life.handler.status is Status.INITIALIZED


def test_events_reach_the_listener_in_order_and_only_while_running(life: Life) -> None:
    life.handler.initialize()
    assert life.handler.hears_events is None
    life.handler.refresh_pass()
    assert life.handler.hears_events is True
    life.handler.deliver([event_of(number) for number in range(5)], [])
    heard = [event["instanceEventSection"]["instanceGUID"] for event in recorder(life).heard]
    assert heard == ["0", "1", "2", "3", "4"]
    recorder(life).failing["refresh"] = ValueError("broken")
    life.handler.refresh_pass()
    assert life.handler.hears_events is False


def test_events_wait_through_a_restart_and_for_the_next_life(life: Life) -> None:
    life.handler.initialize()
    life.handler.refresh_pass()
    heard: list[bool | None] = []

    class Watching(Recorder):
        def disconnect(self) -> None:
            heard.append(life.handler.hears_events)

    life.connector = Watching()
    life.handler.restart()
    life.handler.refresh_pass()
    life.handler.restart()
    assert life.handler.hears_events is None
    life.handler.shutdown()
    assert life.handler.hears_events is None
    with pytest.raises(NotReadyError) as raised:
        life.handler.deliver([event_of(1)], [])
    assert raised.value.params["delivered"] == 0
    assert False not in heard


def test_an_event_that_cannot_be_handled_is_named_and_the_rest_goes_on(life: Life) -> None:
    def refuse_two(event: dict[str, object]) -> None:
        if event["instanceEventSection"]["instanceGUID"] == "2":  # type: ignore[index]
            raise ValueError("two")
        recorder(life).heard.append(event)

    recorder(life).on_event = refuse_two
    life.handler.initialize()
    life.handler.refresh_pass()
    failed: list[tuple[int, Exception]] = []
    life.handler.deliver([event_of(number) for number in range(4)], failed)
    assert [index for index, _ in failed] == [2]
    assert len(recorder(life).heard) == 3
    assert life.handler.status is Status.RUNNING


def test_a_retriable_error_says_how_far_delivery_came(life: Life) -> None:
    def not_ready(event: dict[str, object]) -> None:
        if event["instanceEventSection"]["instanceGUID"] == "2":  # type: ignore[index]
            raise NotReadyError("later")

    recorder(life).on_event = not_ready
    life.handler.initialize()
    life.handler.refresh_pass()
    with pytest.raises(NotReadyError) as raised:
        life.handler.deliver([event_of(number) for number in range(4)], [])
    assert raised.value.params["delivered"] == 2


def test_a_listener_hears_subtypes_and_no_other_kind() -> None:
    class Choosy(Recorder):
        def start(self) -> None:
            self.context.register_listener(self.heard.append, types=["DataFile"], kinds=["NEW_ENTITY_EVENT"])

    life = Life(Choosy())
    life.handler.initialize()
    life.handler.refresh_pass()
    types = life.handler._around.client.types
    csv, term = (str(types.require(name=name)["guid"]) for name in ("CSVFile", "GlossaryTerm"))
    assert life.handler.wants("NEW_ENTITY_EVENT", csv)
    assert not life.handler.wants("NEW_ENTITY_EVENT", term)
    assert not life.handler.wants("DELETED_ENTITY_EVENT", csv)
    life.handler.deliver([event_of(1, type_guid=csv), event_of(2, type_guid=term)], [])
    assert len(recorder(life).heard) == 1


def test_a_connector_that_may_only_read_cannot_write() -> None:
    life = Life(permittedSynchronization="TO_THIRD_PARTY")
    life.handler.initialize()
    life.handler.refresh_pass()
    context = life.connector.context
    assert context.permitted_synchronization is PermittedSynchronization.TO_THIRD_PARTY
    with pytest.raises(UserNotAuthorizedError, match="permittedSynchronization"):
        context.create_entity("CSVFile", {"qualifiedName": "x"})
    context.check_third_party_write("write")


def test_a_server_that_is_not_there_is_an_initialization_failure_naming_it() -> None:
    life = Life(metadataSourceQualifiedName="Source:1")
    life.handler.initialize()
    assert life.handler.status is Status.INITIALIZE_FAILED
    assert "127.0.0.1:1" in (life.handler.failing_exception_message or "")


def test_the_snapshot_counts_what_is_under_way(life: Life) -> None:
    seen: list[dict[str, object]] = []

    def change() -> None:
        life.connector.context.report.created("g1")
        life.connector.context.report.created("g1")
        life.connector.context.report.count("filesSeen", 7)
        seen.append(life.handler.snapshot())

    recorder(life).during_refresh = change
    life.handler.initialize()
    life.handler.refresh_pass()
    assert seen[0]["refreshInProgress"] is True
    assert seen[0]["statistics"]["created"] == 1  # type: ignore[index]
    after = life.handler.snapshot()
    assert (after["statistics"]["created"], after["statistics"]["filesSeen"]) == (1, 7)
    assert life.reports[0]["createdElements"] == ["g1"]


def test_engage_is_not_offered_yet() -> None:
    with pytest.raises(Exception, match="OIF-CONNECTOR-400-001"):
        IntegrationConnector().engage()
