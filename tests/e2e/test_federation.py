"""The federated repository of two servers that keep no copies of each other: what one has, the other answers for."""

from collections.abc import Iterator

import pytest
from e2e_samples import refused
from federated_pair import TERM, UNKNOWN, Two, good, members, term, text, texts, two_apart

from omrs_streams.federation.remote import FEDERATED
from omrs_streams.log.embedded import Endpoint
from workers import PATIENT, Fleet, eventually, unique

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def two(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with two_apart(tmp_path_factory.mktemp("federation"), kafka.bootstrap_servers) as found:
        yield found


def test_an_entity_of_the_other_member_is_read(two: Two) -> None:
    made = term(two.far.client(), unique("read"))
    guid = made["guid"]
    refused(two.near.rest().get(f"/instances/entity/{guid}"), "OMRS-REPOSITORY-404-002", "EntityNotKnownException")
    answer = two.ask(f"/instances/entity/{guid}")
    found = good(answer)["entity"]
    assert (found["guid"], found["version"], found["metadataCollectionId"]) == (guid, 1, two.far_id)
    assert answer.headers["etag"] == '"1"'
    assert good(two.ask(f"/instances/entity/{guid}/existence"))["entity"]["guid"] == guid
    summary = good(two.ask(f"/instances/entity/{guid}/summary"))["entity"]
    assert summary["class"] == "EntitySummary" and "properties" not in summary


def test_what_nobody_knows(two: Two) -> None:
    refused(two.ask(f"/instances/entity/{UNKNOWN}"), "OMRS-REPOSITORY-404-002", "EntityNotKnownException")
    assert "entity" not in good(two.ask(f"/instances/entity/{UNKNOWN}/existence"))
    refused(two.ask(f"/instances/relationship/{UNKNOWN}"), "OMRS-REPOSITORY-404-011", "RelationshipNotKnownException")


def test_a_page_is_sorted_and_cut_over_both(two: Two) -> None:
    mark = unique("page")
    for number in range(6):
        term((two.near if number % 2 else two.far).client(), f"{mark}-{number}")
    seen = []
    for offset in (0, 2, 4, 6):
        body = {
            "class": "EntityPropertyFindRequest",
            "typeGUID": TERM,
            "offset": offset,
            "pageSize": 2,
            "sequencingOrder": "PROPERTY_DESCENDING",
            "sequencingProperty": "qualifiedName",
        }
        page = good(two.ask(f"/instances/entities/by-property-value?searchCriteria={mark}.*", body)).get("entities", [])
        seen.append([text(bean, "qualifiedName") for bean in page])
    assert seen == [[f"{mark}-5", f"{mark}-4"], [f"{mark}-3", f"{mark}-2"], [f"{mark}-1", f"{mark}-0"], []]


def test_paging_without_an_order_shows_each_instance_once(two: Two) -> None:
    mark = unique("any")
    made = {term((two.near if number % 3 else two.far).client(), f"{mark}-{number}")["guid"] for number in range(7)}
    seen: list[str] = []
    for offset in range(0, 9, 3):
        body = {"class": "EntityPropertyFindRequest", "offset": offset, "pageSize": 3}
        page = good(two.ask(f"/instances/entities/by-property-value?searchCriteria={mark}.*", body)).get("entities", [])
        seen += [bean["guid"] for bean in page]
    assert len(seen) == 7 and set(seen) == made


def test_what_is_wrong_with_a_request_is_said(two: Two) -> None:
    body = {"class": "EntityFindRequest", "offset": -1}
    refused(two.ask("/instances/entities", body), "OMRS-REPOSITORY-400-050", "PagingErrorException")
    bad = two.ask("/instances/entities/by-property-value?searchCriteria=(", {"class": "EntityPropertyFindRequest"})
    refused(bad, "OMRS-PROPERTIES-400-006", "InvalidParameterException")
    unreadable = two.near.rest().post("/enterprise/instances/entities", content=b"{")
    assert unreadable.status_code == 400


def test_what_concerns_one_repository_is_not_offered(two: Two) -> None:
    guid = term(two.near.client(), unique("local"))["guid"]
    answer = two.ask(f"/instances/entity/{guid}/home-classifications")
    refused(answer, "OMRS-ENTERPRISE-REPOSITORY-405-001", "FunctionNotSupportedException")
    history = two.ask(f"/instances/entity/{guid}/history/all", {"class": "HistoryRangeRequest"})
    refused(history, "OMRS-ENTERPRISE-REPOSITORY-405-001", "FunctionNotSupportedException")


def test_who_is_asked_for_a_federation_answers_for_itself_alone(two: Two) -> None:
    """A member whose address leads to our federated paths would be asked by itself without end."""
    answer = two.near.rest().get("/enterprise/types/all", headers={FEDERATED: "1"})
    refused(answer, "OMRS-ENTERPRISE-REPOSITORY-405-001", "FunctionNotSupportedException")


def test_types_are_those_of_both(two: Two) -> None:
    gallery = good(two.ask("/types/all"))
    assert len(gallery["typeDefs"]) == len({typedef["guid"] for typedef in gallery["typeDefs"]}) > 500
    assert good(two.ask("/types/typedef/name/GlossaryTerm"))["typeDef"]["name"] == "GlossaryTerm"
    refused(two.ask("/types/typedef/name/NoSuchType"), "OMRS-REPOSITORY-404-009", "TypeDefNotKnownException")
    assert good(two.ask("/metadata-collection-id"))["metadataCollectionId"] not in (two.near_id, two.far_id)


def test_the_out_topic_is_named(two: Two) -> None:
    connection = good(two.ask("/remote-topic-connection"))["connection"]
    assert connection["endpoint"]["address"] == f"omrs.server.{two.near.server}.out"


def test_a_server_without_a_repository_answers_for_the_others(two: Two, workers: Fleet) -> None:
    config = workers.root / "none.yaml"
    config.write_text("repository: none\n" + PATIENT)
    nowhere = workers.start(unique("nowhere"), cohort=two.cohort, config=config)
    eventually(lambda: members(nowhere, two.cohort) == 2, "it knows both")
    asking = Two(nowhere, two.far, "", two.far_id, two.cohort)
    guid = term(two.far.client(), unique("elsewhere"))["guid"]
    assert good(asking.ask(f"/instances/entity/{guid}"))["entity"]["metadataCollectionId"] == two.far_id
    body = {
        "class": "EntityCreateRequest",
        "entityTypeGUID": TERM,
        "initialProperties": texts(qualifiedName=unique("e")),
    }
    made = good(asking.ask("/instances/entity", body))["entity"]
    assert made["metadataCollectionId"] in (two.near_id, two.far_id), "whoever registered first"
    here = nowhere.rest().get(f"/instances/entity/{guid}")
    refused(here, "OMRS-REST-API-503-001", "RepositoryErrorException")
