"""What the blocking and the asynchronous client have in common, against a real HTTP server."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from http_server import Answer, Received, Server, answering, bean, refusal

from omrs_schemas.errors import (
    EntityNotKnownError,
    InvalidParameterError,
    NotReadyError,
    OmrsError,
    RepositoryError,
    RevisionConflictError,
    TypeDefNotKnownError,
)
from omrs_schemas.model.instances import EntityDetail
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client import EVENT_ID_HEADER, Entity, PartialAnswerWarning

Make = Callable[..., Any]

TYPES = TypeSystem.builtin()
TERM = {"class": "EntityDetail", "guid": "g", "version": 3, "type": {"typeDefName": "GlossaryTerm", "typeDefGUID": "t"}}
LINK = {"class": "Relationship", "guid": "r", "type": {"typeDefName": "Synonym", "typeDefGUID": "y"}}


def asked(server: Server) -> list[str]:
    return [f"{request.method} {request.path.partition('/users/u')[2]}" for request in server.received]


def test_a_write_is_repeated_under_one_event_id_until_the_server_is_ready(make_client: Make) -> None:
    answers = iter([(0, b""), refusal(NotReadyError("moving")), (503, b"<html>"), bean({"entity": TERM})])
    with answering(lambda _: next(answers)) as server:
        assert make_client(server.url).update_entity_status("g", "ACTIVE", expected_revision=7)["guid"] == "g"
    assert [request.body for request in server.received] == ["ACTIVE"] * 4
    assert len({request.headers[EVENT_ID_HEADER] for request in server.received}) == 1
    assert {request.headers["If-Match"] for request in server.received} == {'"7"'}


@pytest.mark.parametrize("error", [EntityNotKnownError("no g"), RevisionConflictError("g is at 8", expected=7)])
def test_what_the_server_decided_is_final(make_client: Make, error: OmrsError) -> None:
    with answering(lambda _: refusal(error)) as server, pytest.raises(type(error)) as raised:
        make_client(server.url).get_entity("g")
    assert raised.value.params == {"attempts": 1} and len(server.received) == 1


def test_trying_again_ends(make_client: Make) -> None:
    with answering(lambda _: refusal(NotReadyError("moving"))) as server:
        with pytest.raises(NotReadyError, match="moving"):
            make_client(server.url, deadline=0).get_entity("g")
        assert len(server.received) == 1
    with pytest.raises(NotReadyError, match=r"127\.0\.0\.1:1"):
        make_client("http://127.0.0.1:1", deadline=0).get_entity("g")


def test_an_answer_that_takes_too_long_is_not_asked_for_again(make_client: Make) -> None:
    """Whether a write was carried out is not known: only its event id tells."""
    hang = threading.Event()

    def serve(_: Received) -> Answer:
        hang.wait(30)
        return bean({"entity": TERM})

    with answering(serve) as server, pytest.raises(RepositoryError, match="did not answer") as raised:
        try:
            make_client(server.url, timeout=0.3).update_entity_status("g", "ACTIVE")
        finally:
            hang.set()
    assert raised.value.params["event_id"] and len(server.received) == 1


def test_a_read_says_at_which_revision_it_was(make_client: Make) -> None:
    with answering(lambda _: bean({"entity": TERM}, etag='"12"')) as server:
        read = make_client(server.url).get_entity("g")
    assert (read.revision, read.guid, read.type_name) == (12, "g", "GlossaryTerm")
    assert read == TERM and isinstance(read, dict) and json.loads(json.dumps(read)) == TERM
    with answering(lambda _: bean({"entities": [TERM]})) as server:
        [found] = make_client(server.url).find_entities("GlossaryTerm")
    assert isinstance(found, Entity) and found.revision is None
    model = found.as_model()
    assert isinstance(model, EntityDetail) and model.version == found.version == 3


def test_a_partial_answer_says_so(make_client: Make) -> None:
    missing = ["cocoMDS2 did not answer within 2 s", "cocoMDS3 is not connected"]
    told: list[PartialAnswerWarning] = []

    with answering(lambda _: bean({"entities": [TERM]}, x_omrs_warnings=json.dumps(missing))) as server:
        client = make_client(server.url, scope="cohort", on_warning=told.append)
        assert client.find_entities() == [TERM]
        assert client.in_scope("local").scope == "local"
        with pytest.warns(PartialAnswerWarning, match="cocoMDS3 is not connected") as seen:
            assert make_client(server.url, scope="cohort").find_entities() == [TERM]
    assert [(warning.call, list(warning.missing)) for warning in told] == [("POST /instances/entities", missing)]
    assert len(seen) == 1
    assert asked(server) == ["POST /enterprise/instances/entities"] * 2


def test_scope_and_user_change_the_address_alone(make_client: Make) -> None:
    with answering(lambda _: bean({"entity": TERM})) as server:
        client = make_client(server.url)
        client.in_scope("cohort").get_entity("g")
        client.as_user("v/w").in_scope("cohort").get_entity("g")
        client.get_entity("g")
    assert [request.path.partition("/users/")[2] for request in server.received] == [
        "u/enterprise/instances/entity/g",
        "v%2Fw/enterprise/instances/entity/g",
        "u/instances/entity/g",
    ]


class Typed:
    """A server that knows types by name; `types` may be exchanged."""

    def __init__(self, types: TypeSystem) -> None:
        self.types = types

    def __call__(self, request: Received) -> Answer:
        if request.path.endswith("/types/all"):
            return bean({"attributeTypeDefs": self.types.attribute_typedefs(), "typeDefs": self.types.typedefs()})
        _, asked, name = request.path.partition("/types/typedef/name/")
        if asked:
            known = self.types.typedef_by_name(name)
            return refusal(TypeDefNotKnownError(f"no {name}")) if known is None else bean({"typeDef": known})
        return bean({"entity": TERM, "relationship": LINK})


def with_type(name: str) -> TypeSystem:
    types = TYPES.copy()
    parent = TYPES.require(name="GlossaryTerm")
    types.add_typedef(
        {
            **{field: parent[field] for field in ("class", "headerVersion", "category", "validInstanceStatusList")},
            "guid": f"guid-{name}",
            "name": name,
            "version": 1,
            "versionName": "1.0",
            "superType": {"guid": parent["guid"], "name": "GlossaryTerm", "status": "ACTIVE_TYPEDEF"},
        }
    )
    return types


def test_a_type_that_was_added_meanwhile_is_fetched_once(make_client: Make) -> None:
    with answering(Typed(with_type("WardTerm"))) as server:
        client = make_client(server.url)
        for _ in range(2):
            client.add_entity("WardTerm", {"displayName": "x"})
    created = "POST /instances/entity"
    assert asked(server) == ["GET /types/typedef/name/WardTerm", "GET /types/all", created, created]
    assert server.received[-1].body["entityTypeGUID"] == "guid-WardTerm"


def test_a_former_name_is_as_good_as_the_present_one(make_client: Make) -> None:
    renamed = with_type("WardTerm")
    renamed.reidentify_typedef("guid-WardTerm", "WardTerm", "guid-WardTerm", "ClinicTerm")
    with answering(Typed(renamed)) as server:
        client = make_client(server.url, types=None)
        for name in ("WardTerm", "ClinicTerm"):
            client.add_entity(name, {"displayName": "x"}, classifications=["Confidentiality"])
        assert client.types.is_type_of("WardTerm", "GlossaryTerm")
        assert client.type_guid("WardTerm") == "guid-WardTerm"
    created = "POST /instances/entity"
    assert asked(server) == ["GET /types/all", "GET /types/typedef/name/WardTerm", created, created]
    assert {request.body["entityTypeGUID"] for request in server.received[2:]} == {"guid-WardTerm"}


def test_a_property_that_was_added_meanwhile_is_known(make_client: Make) -> None:
    text = TYPES.require_attribute_typedef(name="string")
    patched = TYPES.copy()
    before = patched.require(name="GlossaryTerm")
    attribute = {"attributeName": "ward", "attributeType": text, "attributeCardinality": "AT_MOST_ONE"}
    definitions = [*before.get("propertiesDefinition", ()), attribute]
    patched.replace_typedef({**before, "version": before["version"] + 1, "propertiesDefinition": definitions})
    with answering(Typed(patched)) as server:
        make_client(server.url).add_entity("GlossaryTerm", {"ward": "3"})
    assert asked(server) == ["GET /types/all", "POST /instances/entity"]
    assert "ward" in server.received[-1].body["initialProperties"]["instanceProperties"]


def test_graphs_have_the_shape_of_the_protocol(make_client: Make) -> None:
    graph = {"class": "InstanceGraphResponse", "entityElementList": [TERM], "relationshipElementList": [LINK]}
    with answering(lambda _: bean({**graph, "entities": [TERM], "relationships": [LINK]})) as server:
        client = make_client(server.url)
        around = client.neighborhood("g", 2, entity_types=["GlossaryTerm"], relationship_types=["Synonym"], as_of=5)
        assert (around.entities[0].guid, around.relationships[0].as_model().guid) == ("g", "r")
        assert client.linking_entities("g", "h", statuses=["ACTIVE"]) == around
        assert client.related_entities("g", classifications=["Anchors"], page_size=4, order="GUID") == [TERM]
        assert client.relationships_of("g", "Synonym", 3, offset=6) == [LINK]
    at = "POST /instances/entities/from-entity/g"
    assert asked(server) == [
        f"{at}/by-neighborhood/history?level=2",
        f"{at}/by-linkage?endEntityGUID=h",
        f"{at}/by-relationship",
        "POST /instances/entity/g/relationships",
    ]
    guid = {name: TYPES.require(name=name)["guid"] for name in ("GlossaryTerm", "Synonym")}
    bodies = [request.body for request in server.received]
    assert bodies[0] == {
        "class": "EntityNeighborhoodHistoricalFindRequest",
        "entityTypeGUIDs": [guid["GlossaryTerm"]],
        "relationshipTypeGUIDs": [guid["Synonym"]],
        "asOfTime": 5,
    }
    assert bodies[1] == {"class": "OMRSAPIFindRequest", "limitResultsByStatus": ["ACTIVE"]}
    assert (bodies[2]["class"], bodies[2]["limitResultsByClassification"]) == (
        "RelatedEntitiesFindRequest",
        ["Anchors"],
    )
    assert (bodies[3]["typeGUID"], bodies[3]["offset"], bodies[3]["pageSize"]) == (guid["Synonym"], 6, 3)


def test_types_are_asked_for_and_changed(make_client: Make) -> None:
    typedef = TYPES.require(name="GlossaryTerm")
    gallery = {"typeDef": typedef, "typeDefs": [typedef], "attributeTypeDef": {"name": "a"}, "flag": True}
    with answering(lambda _: bean({**gallery, "attributeTypeDefs": [{"name": "a"}]})) as server:
        client = make_client(server.url)
        assert client.get_typedef(name="Glossary Term") == client.get_typedef("g/1") == typedef
        assert client.get_attribute_typedef(name="a") == {"name": "a"}
        assert client.find_types_by_name("Gloss.*") == ([{"name": "a"}], [typedef])
        assert client.find_typedefs_by_category("ENTITY_DEF") == [typedef]
        assert client.find_attribute_typedefs_by_category("ENUM_DEF") == [{"name": "a"}]
        assert client.find_typedefs_by_property(["ward"]) == [typedef]
        assert client.find_typedefs_by_external_id("ISO", identifier="11179") == [typedef]
        assert client.search_typedefs(".*term.*") == [typedef]
        client.add_types([typedef])
        client.add_typedef(typedef)
        client.add_attribute_typedef({"name": "a"})
        assert client.verify_typedef(typedef) and client.verify_attribute_typedef({"name": "a"})
        assert client.patch_typedef({"class": "TypeDefPatch"}) == typedef
        client.delete_typedef("g", "Glossary Term")
        client.delete_attribute_typedef("g", "a")
        assert client.re_identify_typedef("g", "n", "g2", "n2") == typedef
        assert client.re_identify_attribute_typedef("g", "n", "g2", "n2") == {"name": "a"}
    assert asked(server) == [
        "GET /types/typedef/name/Glossary%20Term",
        "GET /types/typedef/g%2F1",
        "GET /types/attribute-typedef/name/a",
        "GET /types/by-name?name=Gloss.%2A",
        "POST /types/typedefs/by-category",
        "POST /types/attribute-typedefs/by-category",
        "GET /types/typedefs/by-property",
        "GET /types/typedefs/by-external-id?standard=ISO&identifier=11179",
        "GET /types/typedefs/by-property-value?searchCriteria=.%2Aterm.%2A",
        "POST /types",
        "POST /types/typedef",
        "POST /types/attribute-typedef",
        "POST /types/typedef/compatibility",
        "POST /types/attribute-typedef/compatibility",
        "POST /types/typedef/update",
        "POST /types/typedef/g/delete?name=Glossary+Term",
        "POST /types/attribute-typedef/g/delete?name=a",
        "POST /types/typedef/g/identifier",
        "POST /types/attribute-typedef/g/identifier",
    ]
    assert server.received[6].body == {"class": "TypeDefProperties", "typeDefProperties": {"ward": None}}


def test_classifications_by_way_of_a_proxy(make_client: Make) -> None:
    proxy = {**TERM, "class": "EntityProxy"}
    with answering(lambda _: bean({"classification": {"name": "Confidentiality"}})) as server:
        client = make_client(server.url)
        client.classify_proxy(proxy, "Confidentiality", {"confidentialityLevel": 3})
        client.classify_proxy(proxy, "Confidentiality", propagated_from="other")
        client.reclassify_proxy(proxy, "Confidentiality", {"confidentialityLevel": 4})
        assert client.declassify_proxy(proxy, "Confidentiality") == {"name": "Confidentiality"}
    at = "POST /instances/entity/classification/Confidentiality"
    assert asked(server) == [at, f"{at}/detailed", f"{at}/properties", f"{at}/delete"]
    first, second, third, last = (request.body for request in server.received)
    assert first["class"] == third["class"] == "ProxyClassificationRequest"
    assert (second["class"], second["classificationOrigin"]) == ("ClassificationProxyRequest", "PROPAGATED")
    assert first["entityProxy"] == last == proxy


def test_an_order_by_a_property_that_is_none_is_refused(make_client: Make) -> None:
    with answering(Typed(TYPES)) as server:
        client = make_client(server.url)
        for find, type_name in (
            (client.find_entities, "GlossaryTerm"),
            (client.find_entities, None),
            (client.find_relationships, "Synonym"),
            (lambda name, **how: client.find_entities_by_value("x", name, **how), "GlossaryTerm"),
            (lambda name, **how: client.relationships_of("g", name, **how), None),
            (lambda name, **how: client.related_entities("g", entity_types=[name], **how), "GlossaryTerm"),
        ):
            with pytest.raises(InvalidParameterError, match=f"of {type_name or 'any type'} has a property 'nope'"):
                find(type_name, sort_property="nope")
        client.find_entities("GlossaryTerm", sort_property="displayName")
        client.find_entities("Referenceable", sort_property="pathName")  # some of them have it
        client.find_entities(sort_property="displayName")
    assert [call for call in asked(server) if call != "GET /types/all"] == ["POST /instances/entities"] * 3


def test_a_search_by_a_property_that_is_none_says_what_there_is(make_client: Make) -> None:
    with answering(Typed(TYPES)) as server:
        client = make_client(server.url)
        with pytest.raises(InvalidParameterError, match="type GlossaryTerm has no property 'nope'") as raised:
            client.find_entities_by_property("GlossaryTerm", {"nope": 1})
        assert raised.value.help.startswith("its properties: ") and "displayName" in raised.value.help
        with pytest.raises(InvalidParameterError, match=r"without a type, .* by property 'displayName'") as raised:
            client.find_entities_by_property(None, {"displayName": "x"})
    assert raised.value.help.startswith("name a type that has it, or search by one of metadataCollectionId")
