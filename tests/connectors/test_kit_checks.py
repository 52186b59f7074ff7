"""Checks pass for a good connector, and each finds the connector that it is there for."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from kit_connectors import Login, QueueConnector

from omrs_connectors.kit import ConnectorKit, Trial
from omrs_connectors.kit.checks import (
    check_direction,
    check_empty_source,
    check_keeps_secret,
    check_killed_in_the_middle,
    check_repeatable,
    check_report_is_complete,
    check_source_down,
)
from omrs_connectors.sdk import IntegrationConnector, PermittedSynchronization

QUEUES = ["orders", "payments", "refunds"]


@pytest.fixture(autouse=True)
def _queues() -> Iterator[None]:
    QueueConnector.queues = list(QUEUES)
    yield
    QueueConnector.queues = list(QUEUES)


def queues(names: list[str] | None) -> Callable[[], None]:
    def become() -> None:
        QueueConnector.queues = names

    return become


def test_a_good_connector_passes(memory_kit: ConnectorKit) -> None:
    assert check_repeatable(memory_kit.trial(QueueConnector)).counts()["created"] == 7
    check_report_is_complete(memory_kit.fresh().trial(QueueConnector))
    check_empty_source(memory_kit.fresh().trial(QueueConnector), queues([]))
    queues(list(QUEUES))()
    check_source_down(memory_kit.fresh().trial(QueueConnector), queues(None), queues(list(QUEUES)))
    assert check_killed_in_the_middle(memory_kit, lambda kit: kit.trial(QueueConnector)) == 7
    check_direction(memory_kit, directed(QueueConnector))


@pytest.mark.connector_kit("server")
def test_checks_run_at_a_real_server_too(kit: ConnectorKit) -> None:
    check_repeatable(kit.trial(QueueConnector))
    check_killed_in_the_middle(kit, lambda other: other.trial(QueueConnector), deaths=2)


def directed(connector: type[IntegrationConnector]) -> Callable[[ConnectorKit, PermittedSynchronization], Trial]:
    return lambda kit, direction: kit.trial(connector, permittedSynchronization=direction)


class Restless(QueueConnector):
    """Makes something new in each refresh."""

    passes: ClassVar[int] = 0

    def refresh(self) -> None:
        type(self).passes += 1
        self.context.create_entity("Topic", {"qualifiedName": f"pass {self.passes}"})


class Secretive(QueueConnector):
    """Writes behind the back of its report."""

    def refresh(self) -> None:
        for entity in self.context.client.find_entities("Topic"):
            self.context.client.update_entity_properties(entity.guid, entity.plain_properties)
        if not self.context.client.find_entities("Topic"):
            self.context.client.add_entity("Topic", {"qualifiedName": "secret"})


class Boastful(QueueConnector):
    """Reports what it has not done."""

    def refresh(self) -> None:
        self.context.report.created("not-a-guid")


class Trusting(QueueConnector):
    """Believes its source whatever it says, and when it says nothing."""

    def refresh(self) -> None:
        wanted = set(type(self).queues or ())
        topics = self.context.client.iter_entities("Topic")
        known = {str(each.plain_properties["qualifiedName"]): each.guid for each in topics}
        for name in sorted(wanted - known.keys()):
            self.context.create_entity("Topic", {"qualifiedName": name})
        for name in sorted(known.keys() - wanted):
            self.context.delete_entity(known[name])


class Silent(QueueConnector):
    """Takes a source that is away for nothing to do."""

    def refresh(self) -> None:
        if type(self).queues:
            super().refresh()


class Forgetful(QueueConnector):
    """Makes a queue and its link in two steps, and after a death does not look for the second."""

    def refresh(self) -> None:
        whole = self._known("DataSet", "all queues")
        for name in type(self).queues or ():
            if self.context.client.find_by_unique_name("Topic", "qualifiedName", name) is None:
                topic = self.context.create_entity("Topic", {"qualifiedName": name})
                self.context.link("DataSetContent", whole, topic.guid)


class Doubling(QueueConnector):
    """Remembers in its own memory what it has made: a new life makes it again."""

    def initialize(self) -> None:
        self.made: set[str] = set()

    def refresh(self) -> None:
        for name in type(self).queues or ():
            if name not in self.made:
                self.context.create_entity("Topic", {"qualifiedName": name})
                self.made.add(name)


class Lawless(QueueConnector):
    """Writes past the context, which would refuse it."""

    def refresh(self) -> None:
        self.context.client.add_entity("Topic", {"qualifiedName": "anyway"})


class Gossip(Login):
    """Tells its password."""

    def refresh(self) -> None:
        login = {"qualifiedName": "login", "description": f"with {self.context.secret('password')}"}
        self.context.create_entity("Topic", login)


Check = Callable[[ConnectorKit, Any], Any]


def repeated(kit: ConnectorKit, kind: Any) -> Any:
    return check_repeatable(kit.trial(kind))


def reported(kit: ConnectorKit, kind: Any) -> Any:
    return check_report_is_complete(kit.trial(kind))


def emptied(kit: ConnectorKit, kind: Any) -> Any:
    return check_empty_source(kit.trial(kind), queues([]))


def away(kit: ConnectorKit, kind: Any) -> Any:
    return check_source_down(kit.trial(kind), queues(None), queues(QUEUES))


def killed(kit: ConnectorKit, kind: Any) -> Any:
    return check_killed_in_the_middle(kit, lambda other: other.trial(kind))


def forbidden(kit: ConnectorKit, kind: Any) -> Any:
    return check_direction(kit, directed(kind))


CASES: list[tuple[type[IntegrationConnector], Check, str]] = [
    (Restless, repeated, "changed metadata: created 1"),
    (Secretive, repeated, "what its report does not tell: UPDATED_ENTITY_EVENT"),
    (Secretive, reported, "changed and not reported"),
    (Boastful, reported, "reported and not changed"),
    (Trusting, emptied, "deleted 3 elements"),
    (Silent, emptied, "without a word"),
    (Trusting, away, "is down changed metadata"),
    (Silent, away, "without a word"),
    (Forgetful, killed, "killed after"),
    (Doubling, killed, "killed after"),
    (Lawless, forbidden, "against the permitted direction"),
]


@pytest.mark.parametrize(("connector", "check", "said"), CASES)
def test_a_bad_connector_is_found(
    memory_kit: ConnectorKit,
    connector: type[IntegrationConnector],
    check: Check,
    said: str,
) -> None:
    with pytest.raises(AssertionError, match=said):
        check(memory_kit, connector)


def test_a_secret_that_is_told_is_found(memory_kit: ConnectorKit) -> None:
    trial = memory_kit.trial(Gossip, connection={"securedProperties": {"password": "pssst-pssst"}})
    with pytest.raises(AssertionError, match="a secret stands in the metadata"):
        check_keeps_secret(trial, "pssst-pssst")
