"""What the rules of the asked server hide stays hidden, though another member shows it."""

from collections.abc import Iterator

import pytest
from federated_pair import Two, good, term, text, texts, two_apart

from omrs_streams.log.embedded import Endpoint
from workers import moment, unique

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
    shown = term(client, f"{mark}-shown")["guid"]
    moment()  # the other is the more recent one
    hidden = term(client, f"{mark}-hidden")["guid"]
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


def test_a_zone_that_is_known_here_alone_hides_what_is_at_home_elsewhere(two: Two) -> None:
    mark = unique("here")
    hidden = term(two.far.client(), mark)
    near = two.near.client()
    near.add_entity_proxy({**hidden, "class": "EntityProxy"})
    near.classify_proxy({**hidden, "class": "EntityProxy"}, "ZoneMembership", {"zoneMembership": ["secret"]})
    by_value = f"/instances/entities/by-property-value?searchCriteria={mark}"
    for path in (f"/instances/entity/{hidden['guid']}", f"/instances/entity/{hidden['guid']}/existence"):
        answer = two.ask(path, user="guest")
        assert answer.json()["exceptionClassName"].endswith("UserNotAuthorizedException"), path
        assert mark not in answer.headers.get("x-omrs-warnings", "")
        assert good(two.ask(path))["entity"]["classifications"][0]["name"] == "ZoneMembership"
    for size in (1, 0):
        page = {"class": "EntityPropertyFindRequest", "pageSize": size}
        assert "entities" not in good(two.ask(by_value, page, user="guest"))
        assert [bean["guid"] for bean in good(two.ask(by_value, page))["entities"]] == [hidden["guid"]]
    other = term(two.far.client(), f"{mark}-other")["guid"]
    two.far.client().add_relationship("Synonym", other, hidden["guid"])
    links = f"/instances/entity/{other}/relationships"
    body = {"class": "TypeLimitedFindRequest"}
    assert "relationships" not in good(two.ask(links, body, user="guest"))
    assert len(good(two.ask(links, body))["relationships"]) == 1
