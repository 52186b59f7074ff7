"""What the rules of the asked server hide stays hidden, though another member shows it."""

from collections.abc import Iterator

import pytest
from federated_pair import Two, good, term, text, texts, two_apart

from omrs_streams.log.embedded import Endpoint
from workers import unique

pytestmark = pytest.mark.kafka

RULES = "requests:\n  - {users: [guest], operations: [read], zones: [secret], effect: deny}\n"


@pytest.fixture(scope="module")
def two(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    root = tmp_path_factory.mktemp("security")
    (root / "rules.yaml").write_text(RULES)
    with two_apart(root, kafka.bootstrap_servers, f"security: {root / 'rules.yaml'}\n") as found:
        yield found


def test_hidden_instances_are_neither_read_nor_found_nor_changed(two: Two) -> None:
    client, mark = two.far.client(), unique("zone")
    shown, hidden = (term(client, f"{mark}-{name}")["guid"] for name in ("shown", "hidden"))
    client.classify(hidden, "ZoneMembership", {"zoneMembership": ["secret"]})
    by_value = f"/instances/entities/by-property-value?searchCriteria={mark}.*"

    answer = two.ask(f"/instances/entity/{hidden}", user="guest").json()
    assert answer["exceptionClassName"].endswith("UserNotAuthorizedException")
    page = {"class": "EntityPropertyFindRequest", "pageSize": 1, "sequencingOrder": "CREATION_DATE_RECENT"}
    found = good(two.ask(by_value, page, user="guest"))["entities"]
    assert [bean["guid"] for bean in found] == [shown]
    body = {"class": "InstancePropertiesRequest", "instanceProperties": texts(qualifiedName="changed")}
    answer = two.ask(f"/instances/entity/{hidden}/properties", body, user="guest").json()
    assert answer["exceptionClassName"].endswith("UserNotAuthorizedException")
    assert text(client.get_entity(hidden), "qualifiedName") == f"{mark}-hidden"

    assert good(two.ask(f"/instances/entity/{hidden}"))["entity"]["guid"] == hidden
    assert [bean["guid"] for bean in good(two.ask(by_value, page))["entities"]] == [hidden]
