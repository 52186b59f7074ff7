"""The client against a real HTTP server: shapes of requests, errors, retries."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from http_server import Answer, Received, answering, bean, refusal

from omrs_schemas.errors import (
    EntityNotKnownError,
    InvalidParameterError,
    NotReadyError,
    OmrsError,
    PropertyError,
    RepositoryError,
    TypeDefNotKnownError,
)
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import EVENT_ID_HEADER, Condition, ExternalSource, MetadataClient, Retry, SearchProperties
from omrs_streams.client.calls import Moment, moment_ms
from omrs_streams.client.wire import epoch_ms, to_bean
from shared_data import require_shared

TYPES = TypeSystem.builtin()
ENTITY = {"class": "EntityDetail", "guid": "g", "type": {"typeDefName": "CSVFile", "typeDefGUID": "t"}}
NOT_READY = json.dumps(
    {
        "class": "VoidResponse",
        "relatedHTTPCode": 503,
        "exceptionClassName": NotReadyError("x").java_class,
        "exceptionErrorMessageId": NotReadyError.code,
        "exceptionErrorMessage": f"{NotReadyError.code} partition 3 is moving",
    }
).encode()


def client_of(url: str, deadline: float = 60.0) -> MetadataClient:
    retry = Retry(deadline=deadline, sleep=lambda seconds: None)
    return MetadataClient(url, "serv er", "us/er", retry=retry, types=TYPES)


def test_a_create_has_the_shape_of_the_protocol() -> None:
    with answering(lambda _: bean({"entity": dict(ENTITY)})) as server, client_of(server.url) as client:
        client.add_entity(
            "CSVFile",
            {"qualifiedName": "q", "additionalProperties": {"a": "b"}, "description": None},
            classifications={"Confidentiality": {"confidentialityLevel": 3}},
            external_source=ExternalSource("src", "Source"),
        )
    request = server.received[0]
    assert request.path == (
        "/servers/serv%20er/open-metadata/repository-services/users/us%2Fer/instances/entity/external"
    )
    assert request.body["class"] == "EntityCreateRequest"
    assert request.body["entityTypeGUID"] == TYPES.require(name="CSVFile")["guid"]
    assert (request.body["metadataCollectionId"], request.body["metadataCollectionName"]) == ("src", "Source")
    assert set(request.body["initialProperties"]["instanceProperties"]) == {"qualifiedName", "additionalProperties"}
    attached = request.body["initialClassifications"][0]
    assert attached["name"] == attached["type"]["typeDefName"] == "Confidentiality"
    assert len(request.headers[EVENT_ID_HEADER]) == 36


def test_dates_come_back_as_milliseconds() -> None:
    answer = {**ENTITY, "createTime": "2026-11-21T08:24:37.954+00:00", "mappingProperties": {"createTime": "text"}}
    with answering(lambda _: bean({"entity": answer})) as server, client_of(server.url) as client:
        entity = client.get_entity("g")
    assert entity["createTime"] == 1795249477954
    assert entity["mappingProperties"] == {"createTime": "text"}


def test_an_absent_list_is_an_empty_one() -> None:
    with answering(lambda _: bean({"class": "EntityListResponse"})) as server, client_of(server.url) as client:
        assert client.find_entities("CSVFile", as_of=datetime(2026, 1, 1, tzinfo=UTC)) == []
        assert client.relationships_of("g", "NestedFile") == []
        assert client.find_entity("g") is None
    found = server.received[0]
    assert found.path.endswith("/instances/entities/history")
    assert (found.body["class"], found.body["asOfTime"]) == ("EntityHistoricalFindRequest", 1767225600000)


def test_searches_carry_typed_values() -> None:
    conditions = SearchProperties(
        [
            Condition("confidentialityLevel", "IN", [3, 4]),
            SearchProperties([Condition("notes", "NOT_NULL"), Condition("createTime", "GT", 5)], match="ANY"),
        ]
    )
    body = conditions.to_bean(TYPES, "Confidentiality")
    values = body["conditions"][0]["value"]["arrayValues"]["instanceProperties"]
    assert [values[index]["primitiveValue"] for index in "01"] == [3, 4]
    nested = body["conditions"][1]["nestedConditions"]
    assert nested["conditions"][0] == {"property": "notes", "operator": "NOT_NULL"}
    assert nested["conditions"][1]["value"]["primitiveDefCategory"] == "OM_PRIMITIVE_TYPE_DATE"
    assert nested["matchCriteria"] == "ANY"
    with pytest.raises(InvalidParameterError, match="no property 'nonsense'"):
        Condition("nonsense", "EQ", 1).to_bean(TYPES, "CSVFile")


def test_what_the_client_knows_to_be_wrong_is_never_sent() -> None:
    """It asks whether it is right about that, and no more."""

    def serve(request: Received) -> Answer:
        if request.path.endswith("/types/all"):
            return bean({"attributeTypeDefs": TYPES.attribute_typedefs(), "typeDefs": TYPES.typedefs()})
        return refusal(TypeDefNotKnownError("no such type"))

    with answering(serve) as server, client_of(server.url) as client:
        with pytest.raises(TypeDefNotKnownError):
            client.add_entity("NoSuchType", {})
        for _ in range(2):
            with pytest.raises(PropertyError):
                client.add_entity("CSVFile", {"noSuchProperty": 1})
    paths = [request.path.partition("/types/")[2] for request in server.received]
    assert paths == ["typedef/name/NoSuchType", "all"]


def test_a_call_is_repeated_with_the_same_key_until_the_server_is_ready() -> None:
    answers = iter([(0, b""), (200, NOT_READY), (503, b"<html>"), bean({"entity": dict(ENTITY)})])
    with answering(lambda _: next(answers)) as server, client_of(server.url) as client:
        assert client.update_entity_status("g", "ACTIVE")["guid"] == "g"
    assert [request.body for request in server.received] == ["ACTIVE"] * 4
    assert len({request.headers[EVENT_ID_HEADER] for request in server.received}) == 1


def test_two_calls_have_two_keys() -> None:
    with answering(lambda _: bean({"entity": dict(ENTITY)})) as server, client_of(server.url) as client:
        client.update_entity_status("g", "ACTIVE")
        client.update_entity_status("g", "ACTIVE")
    assert len({request.headers[EVENT_ID_HEADER] for request in server.received}) == 2


def test_retrying_ends_at_the_deadline() -> None:
    now = iter(range(100))
    retry = Retry(deadline=3, clock=lambda: float(next(now)), sleep=lambda seconds: None)
    with answering(lambda _: (200, NOT_READY)) as server:
        client = MetadataClient(server.url, "s", "u", retry=retry, types=TYPES)
        with client, pytest.raises(NotReadyError, match="partition 3 is moving") as raised:
            client.get_entity("g")
    assert raised.value.params["attempts"] == len(server.received) == 3


def test_a_server_that_is_not_there_is_named() -> None:
    with client_of("http://127.0.0.1:1", deadline=0) as client, pytest.raises(NotReadyError, match=r"127\.0\.0\.1:1"):
        client.get_entity("g")


def test_a_refusal_is_final() -> None:
    refused = {
        "relatedHTTPCode": 404,
        "exceptionClassName": EntityNotKnownError("x").java_class,
        "exceptionErrorMessageId": "OMRS-REPOSITORY-404-002",
        "exceptionErrorMessage": "OMRS-REPOSITORY-404-002 no entity g",
        "exceptionUserAction": "look elsewhere",
        "exceptionProperties": {"guid": "g", "message": "a clash"},
    }
    with (
        answering(lambda _: bean(refused)) as server,
        client_of(server.url) as client,
        pytest.raises(EntityNotKnownError) as raised,
    ):
        client.get_entity("g")
    error = raised.value
    assert (error.message, error.code, error.http, error.help) == (
        "no entity g",
        "OMRS-REPOSITORY-404-002",
        404,
        "look elsewhere",
    )
    assert error.params["guid"] == "g"
    assert len(server.received) == 1


@pytest.mark.parametrize("answer", [(200, b"hello"), (400, b'{"status": 400}'), (200, b"[]"), (500, b"")])
def test_what_is_no_answer_says_so(answer: Answer) -> None:
    with (
        answering(lambda _: answer) as server,
        client_of(server.url) as client,
        pytest.raises(RepositoryError, match="not an OMRS answer"),
    ):
        client.get_entity("g")


def test_users_share_types_and_connections() -> None:
    def serve(request: Received) -> Answer:
        if request.path.endswith("/types/all"):
            return bean({"attributeTypeDefs": TYPES.attribute_typedefs(), "typeDefs": TYPES.typedefs()})
        return bean({"entity": dict(ENTITY)})

    with answering(serve) as server, MetadataClient(server.url, "s", "one") as one:
        two = one.as_user("two")
        assert one.types is two.types
        two.get_entity("g")
        two.close()
        one.get_entity("g")
    paths = [request.path.partition("/users/")[2] for request in server.received]
    assert paths == ["one/types/all", "two/instances/entity/g", "one/instances/entity/g"]


def recorded() -> list[dict[str, Any]]:
    path = require_shared("data", "egeria-rest", "calls.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_recorded_refusals_of_a_real_server_become_their_errors() -> None:
    refusals = [call for call in recorded() if call["response"].get("relatedHTTPCode", 200) != 200]
    assert len(refusals) > 10
    for call in refusals:
        answer = json.dumps(call["response"]).encode()
        with (
            answering(lambda _, answer=answer: (200, answer)) as server,
            client_of(server.url, 0) as client,
            pytest.raises(OmrsError) as raised,
        ):
            client.get_entity("g")
        assert raised.value.java_class == call["response"]["exceptionClassName"], call["label"]
        assert raised.value.code == call["response"]["exceptionErrorMessageId"]


def test_recorded_instances_of_a_real_server_become_beans() -> None:
    """Every date in a header is a number afterwards; nothing else changes."""
    for call in recorded():
        before = call["response"]
        after = to_bean(json.loads(json.dumps(before)))

        def compare(one: Any, two: Any, name: str) -> None:
            if isinstance(one, dict):
                assert list(one) == list(two)
                for key in one:
                    compare(one[key], two[key], key)
            elif isinstance(one, list):
                for first, second in zip(one, two, strict=True):
                    compare(first, second, name)
            elif name in ("createTime", "updateTime") and isinstance(one, str):
                assert two == epoch_ms(one)
            else:
                assert one == two

        compare(before, after, "")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (1001, 1001),
        (datetime(1970, 1, 1, 0, 0, 1, 1000, UTC), 1001),  # 1000.999… as a float
        (datetime(1970, 1, 1, 0, 0, 1, 1000), 1001),
        (datetime(1970, 1, 1, 1, 0, 1, 1000, timezone(timedelta(hours=1))), 1001),
        (datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC), -1),
    ],
)
def test_times_lose_no_millisecond(moment: Moment, expected: int) -> None:
    assert moment_ms(moment) == expected
