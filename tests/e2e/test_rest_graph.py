"""Graph queries over REST at a server of two workers: around an entity, between two, all that is related."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from e2e_samples import Bean, refused
from rest_world import foreign

from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log.embedded import Endpoint
from workers import Running, eventually, fleet, moment, unique

pytestmark = pytest.mark.kafka

TYPES = TypeSystem.builtin()
TERM, AUTHORED, SYNONYM, LABELED = (
    TYPES.require(name=name)["guid"]
    for name in ("GlossaryTerm", "AuthoredReferenceable", "Synonym", "LabeledRelationship")
)
FROM = "/instances/entities/from-entity"
RULES = "requests:\n  - {users: [guest], operations: [read], zones: [secret], effect: deny}\n"


@dataclass
class Graph:
    """Terms `a` to `d`, a cycle among them, the glossary `e`, and a term `f` that hangs on nothing.

    a ─ b ─ c ─ d ─ e      ab and bc are Synonym, cd and bd RelatedTerm, de is MoreInformation
        └───────┘          `c` carries Confidentiality; guests may not read `d`
    """

    running: Running
    before: int
    guids: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: Bean | None = None, user: str = "erin") -> httpx.Response:
        return self.running.rest(user).post(f"{FROM}/{path}", json=body or {})

    def seen(self, path: str, body: Bean | None = None, user: str = "erin") -> tuple[str, str]:
        """Names of the entities and of the relationships in an InstanceGraph, each in order."""
        answer = self.ask(path, body, user).json()
        assert (answer["class"], answer["relatedHTTPCode"]) == ("InstanceGraphResponse", 200), answer
        assert [] not in answer.values(), "an empty list is left out"
        names = {guid: name for name, guid in {**self.guids, **self.links}.items()}
        entities, relationships = (
            " ".join(sorted(names[bean["guid"]] for bean in answer.get(key, ())))
            for key in ("entityElementList", "relationshipElementList")
        )
        return entities, relationships

    def around(self, name: str, level: int, **body: Any) -> tuple[str, str]:
        history = "/history" if "asOfTime" in body else ""
        return self.seen(f"{self.guids[name]}/by-neighborhood{history}?level={level}", body)

    def between(self, one: str, other: str, **body: Any) -> tuple[str, str]:
        history = "/history" if "asOfTime" in body else ""
        return self.seen(f"{self.guids[one]}/by-linkage{history}?endEntityGUID={self.guids[other]}", body)

    def related(self, name: str, user: str = "erin", **body: Any) -> str:
        """The names in the order of the answer."""
        history = "/history" if "asOfTime" in body else ""
        answer = self.ask(f"{self.guids[name]}/by-relationship{history}", body, user).json()
        assert (answer["class"], answer["relatedHTTPCode"]) == ("EntityListResponse", 200), answer
        names = {guid: name for name, guid in self.guids.items()}
        return "".join(names[bean["guid"]] for bean in answer.get("entities", ()))


@pytest.fixture(scope="module")
def two_workers(kafka: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("graph")
    (root / "rules.yaml").write_text(RULES)
    (root / "server.yaml").write_text(f"security: {root / 'rules.yaml'}\n")
    with fleet(root / "fleet", kafka.bootstrap_servers) as ours:
        server = unique("graph")
        one, other = (ours.spawn(server, name, config=root / "server.yaml") for name in ("w1", "w2"))
        for running in (one, other):
            ours.await_url(running).wait_ready()

        def shared() -> bool:
            return all(running.ask("/status")["partitions"] for running in (one, other))

        eventually(shared, "both workers have a share")
        yield one


@pytest.fixture(scope="module")
def graph(two_workers: Running) -> Graph:
    client = two_workers.client("erin", types=TYPES)
    graph = Graph(two_workers, moment())
    for name in "abcdef":
        kind = "Glossary" if name == "e" else "GlossaryTerm"
        graph.guids[name] = client.add_entity(kind, {"qualifiedName": name, "displayName": name})["guid"]
    client.classify(graph.guids["c"], "Confidentiality")
    client.classify(graph.guids["d"], "ZoneMembership", {"zoneMembership": ["secret"]})
    for kind, pairs in (("Synonym", ("ab", "bc")), ("RelatedTerm", ("cd", "bd")), ("MoreInformation", ("de",))):
        for pair in pairs:
            ends = [graph.guids[name] for name in pair]
            graph.links[pair] = client.add_relationship(kind, *ends)["guid"]
    return graph


def test_around_an_entity(graph: Graph) -> None:
    assert graph.around("a", 0) == ("a", "")
    assert graph.around("a", 1) == ("a b", "ab")
    assert graph.around("a", 2) == ("a b c d", "ab bc bd"), "cd is crossed by the third hop only"
    assert graph.around("a", 3) == ("a b c d e", "ab bc bd cd de")
    assert graph.around("a", -1) == graph.around("a", 101) == graph.around("a", 3)
    assert graph.around("f", 9) == ("f", "")


def test_around_an_entity_some_types_only(graph: Graph) -> None:
    assert graph.around("a", 9, relationshipTypeGUIDs=[SYNONYM]) == ("a b c", "ab bc")
    assert graph.around("e", 2, relationshipTypeGUIDs=[LABELED]) == ("d e", "de"), "a subtype of it"
    assert graph.around("e", 2, entityTypeGUIDs=[AUTHORED]) == ("b c d e", "bd cd de"), "the root is always there"
    assert graph.around("a", 9, entityTypeGUIDs=[TERM]) == ("a b c d", "ab bc bd cd")
    assert graph.around("b", 9, limitResultsByClassification=["Confidentiality", "Impact"]) == ("b c", "bc")
    assert graph.around("a", 9, limitResultsByStatus=["PROPOSED"]) == ("a", "")
    assert graph.around("a", 1, limitResultsByStatus=[], entityTypeGUIDs=[]) == ("a b", "ab")


def test_between_two_entities(graph: Graph) -> None:
    assert graph.between("a", "c") == ("a b c d", "ab bc bd cd"), "both ways around"
    assert graph.between("a", "b") == ("a b", "ab")
    assert graph.between("e", "a") == ("a b c d e", "ab bc bd cd de")
    assert graph.between("a", "a") == ("a", "")
    assert graph.between("a", "f") == ("", ""), "no path"
    assert graph.between("a", "c", limitResultsByStatus=["PROPOSED"]) == ("", "")


def test_all_that_is_related(graph: Graph) -> None:
    by_name = {"sequencingOrder": "PROPERTY_ASCENDING", "sequencingProperty": "displayName"}
    assert graph.related("c", **by_name) == "abcde"
    assert graph.related("c", **by_name, entityTypeGUIDs=[TERM]) == "abcd", "over others, to these"
    assert graph.related("e", **by_name, entityTypeGUIDs=[TERM]) == "abcd", "the start like any other"
    assert graph.related("a", **by_name, offset=1, pageSize=2) == "bc"
    assert (
        graph.related("a", **by_name, offset=5) == graph.related("a", **by_name, limitResultsByStatus=["DELETED"]) == ""
    )
    assert graph.related("a", limitResultsByClassification=["Confidentiality"]) == "c"
    assert sorted(graph.related("d")) == list("abcde") and graph.related("f") == "f"


def test_graphs_of_the_past(graph: Graph) -> None:
    now = moment()
    client = graph.running.client("erin", types=TYPES)
    gone = client.add_relationship("Synonym", graph.guids["a"], graph.guids["f"])["guid"]
    linked = moment()
    assert graph.ask(f"{graph.guids['f']}/by-relationship").json()["entities"]
    client.delete_relationship(gone)
    graph.links["af"] = gone
    assert graph.around("f", 1) == ("f", "")
    assert graph.around("f", 1, asOfTime=linked) == ("a f", "af") == graph.between("a", "f", asOfTime=linked)
    assert sorted(graph.related("f", asOfTime=linked)) == list("abcdef") and graph.related("f", asOfTime=now) == "f"
    history = f"{graph.guids['a']}/by-relationship/history"
    refused(graph.ask(history, {"asOfTime": graph.before}), "OMRS-REPOSITORY-404-002", "EntityNotKnownException")
    assert graph.seen(f"{graph.guids['a']}/by-neighborhood/history?level=1")[0] == "a b", "without a time it is now"
    deleted = {"class": "RelatedEntitiesFindRequest", "limitResultsByStatus": ["DELETED", "ACTIVE"]}
    assert len(graph.related("f", **deleted)) == 6, "over what was deleted too, when that is asked for"
    java = {"class": "RelatedEntitiesHistoricalFindRequest", "asOfTime": linked}
    there = graph.ask(f"{graph.guids['f']}/by-relationship", java).json()
    assert len(there["entities"]) == 6, "Java clients ask for the past on this path"


def test_what_may_not_be_read_is_not_there(graph: Graph) -> None:
    guids, guest = graph.guids, "guest"
    assert graph.seen(f"{guids['a']}/by-neighborhood?level=9", user=guest) == ("a b c", "ab bc")
    assert graph.seen(f"{guids['a']}/by-linkage?endEntityGUID={guids['c']}", user=guest) == ("a b c", "ab bc")
    assert sorted(graph.related("a", user=guest)) == list("abc")
    unknown = graph.ask(f"{guids['a']}/by-linkage?endEntityGUID={guids['d']}", user=guest)
    refused(unknown, "OMRS-REPOSITORY-404-002", "EntityNotKnownException")
    for path in ("by-neighborhood?level=1", "by-relationship", f"by-linkage?endEntityGUID={guids['a']}"):
        answer = graph.ask(f"{guids['d']}/{path}", user=guest)
        refused(answer, "OMRS-STREAMS-403-001", "UserNotAuthorizedException", "guest", guids["d"])


def test_who_may_not_read_an_entity_is_not_told_its_classifications(graph: Graph) -> None:
    guids, guest = graph.guids, graph.running.rest("guest")
    at = "/instances/entity/{}/home-classifications"
    shown = guest.get(at.format(guids["c"])).json()["classifications"]
    assert [each["name"] for each in shown] == ["Confidentiality"]
    for answer in (guest.get(at.format(guids["d"])), guest.post(f"{at.format(guids['d'])}/history", json={})):
        refused(answer, "OMRS-STREAMS-403-001", "UserNotAuthorizedException", "guest", guids["d"])
    told = graph.running.rest("erin").get(at.format(guids["d"])).json()["classifications"]
    assert [each["name"] for each in told] == ["ZoneMembership"]


def test_a_slash_within_a_guid_is_no_part_of_the_path(graph: Graph) -> None:
    guid = f"{graph.guids['a']}%2fexistence"
    answer = graph.running.rest("erin").get(f"/instances/entity/{guid}")
    refused(answer, "OMRS-STREAMS-400-005", "InvalidParameterException", "%2F")
    problem = httpx.get(
        f"{graph.running.url}/api/v1/entities/{graph.guids['a']}%2Fhistory", timeout=40.0, trust_env=False
    )
    assert problem.status_code == problem.json()["status"] == 400
    assert problem.headers["content-type"] == "application/problem+json"


def test_a_proxy_is_a_way_and_no_place(graph: Graph) -> None:
    """Of an entity that is here as a proxy only, no EntityDetail can be shown."""
    proxy = foreign("EntityProxy", "GlossaryTerm")
    rest = graph.running.rest("erin")
    assert rest.post("/instances/entity-proxy", json=proxy).json()["relatedHTTPCode"] == 200
    client = graph.running.client("erin", types=TYPES)
    one, other = (client.add_entity("GlossaryTerm", {"qualifiedName": name})["guid"] for name in "gh")
    for near in (one, other):
        client.add_relationship("Synonym", near, proxy["guid"])
    around = graph.ask(f"{one}/by-neighborhood?level=2").json()
    assert [bean["guid"] for bean in around["entityElementList"]] == [one] and "relationshipElementList" not in around
    assert "entityElementList" not in graph.ask(f"{one}/by-linkage?endEntityGUID={other}").json()
    related = graph.ask(f"{one}/by-relationship").json()["entities"]
    assert {bean["guid"] for bean in related} == {one, other}
    for path in ("by-neighborhood?level=1", "by-relationship", f"by-linkage?endEntityGUID={one}"):
        answer = graph.ask(f"{proxy['guid']}/{path}")
        refused(answer, "OMRS-REPOSITORY-400-051", "EntityProxyOnlyException", proxy["guid"])
    answer = graph.ask(f"{one}/by-linkage?endEntityGUID={proxy['guid']}")
    refused(answer, "OMRS-REPOSITORY-400-051", "EntityProxyOnlyException", proxy["guid"])


def test_the_graph_says_whose_it_is(graph: Graph) -> None:
    answer = graph.ask(f"{graph.guids['a']}/by-neighborhood?level=1").json()
    provenance = [
        bean["instanceProvenanceType"]
        for name in ("entityElementList", "relationshipElementList")
        for bean in answer[name]
    ]
    assert provenance == ["LOCAL_COHORT"] * 3
