"""Finding entities and relationships over REST: types, properties, classifications, text, order, pages, the past."""

import time
from dataclasses import dataclass
from uuid import uuid4

import pytest
from e2e_samples import refused

from omrs_schemas.errors import PagingError, TypeDefError
from omrs_schemas.model.values import from_properties
from omrs_streams.client import Condition, MetadataClient, SearchProperties, contains, ends_with, exact, starts_with
from workers import Pair

pytestmark = pytest.mark.kafka


@dataclass
class Library:
    """Three files and two tasks whose owner is `tag`: a mark that only they carry."""

    tag: str
    guids: dict[str, str]


@pytest.fixture(scope="session")
def library(running_pair: Pair) -> Library:
    client = running_pair.a.client("librarian")
    tag = f"tag-{uuid4().hex[:8]}"

    def file(kind: str, name: str) -> str:
        values = {"qualifiedName": f"{kind}:{name}", "displayName": name, "source": tag}
        return str(client.add_entity(kind, values)["guid"])

    guids = {
        "csv": file("CSVFile", "alpha.csv"),
        "file": file("DataFile", "beta (1)?.txt"),
        "folder": file("FileFolder", "Gamma"),
    }
    for name, priority, status in (("first", 1, "WAITING"), ("second", 22, "COMPLETED")):
        values = {"qualifiedName": f"ToDo:{name}", "priority": priority, "activityStatus": status, "source": tag}
        guids[name] = str(client.add_entity("ToDo", values)["guid"])
        time.sleep(0.002)
    client.classify(guids["csv"], "Confidentiality", {"confidentialityLevel": 3})
    client.classify(guids["file"], "Confidentiality", {"confidentialityLevel": 4})
    client.classify(guids["file"], "Template")
    return Library(tag, guids)


@pytest.fixture
def reader(pair: Pair) -> MetadataClient:
    return pair.a.client("reader")


def names(library: Library, found: list[dict]) -> set[str]:
    by_guid = {guid: name for name, guid in library.guids.items()}
    return {by_guid[each["guid"]] for each in found}


def ordered(library: Library, found: list[dict]) -> list[str]:
    by_guid = {guid: name for name, guid in library.guids.items()}
    return [by_guid[each["guid"]] for each in found]


def test_a_type_is_found_with_its_subtypes(reader: MetadataClient, library: Library) -> None:
    ours = {"source": exact(library.tag)}
    for type_name, expected in (
        ("CSVFile", {"csv"}),
        ("DataFile", {"csv", "file"}),
        ("ToDo", {"first", "second"}),
        ("Asset", set(library.guids)),
        ("GlossaryTerm", set()),
    ):
        if type_name != "GlossaryTerm":
            found = reader.find_entities_by_property(type_name, ours)
            assert names(library, found) == expected, type_name
    both = SearchProperties([Condition("source", "EQ", library.tag)])
    found = reader.find_entities("Asset", properties=both, subtypes=["ToDo", "CSVFile"])
    assert names(library, found) == {"csv", "first", "second"}
    with pytest.raises(TypeDefError) as caught:
        reader.find_entities("ToDo", subtypes=["CSVFile"])
    assert caught.value.code == "OMRS-REPOSITORY-400-079"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (exact("alpha.csv"), {"csv"}),
        (exact("ALPHA.csv"), set()),
        ("(?i)" + exact("ALPHA.csv"), {"csv"}),
        (starts_with("beta ("), {"file"}),
        (ends_with("?.txt"), {"file"}),
        (contains("a"), {"csv", "file", "folder"}),
        ("[a-b].*", {"csv", "file"}),
        ("alpha", set()),
        ("Gamma", {"folder"}),
        (r"\p{Lu}\w++", {"folder"}),
    ],
)
def test_text_is_a_java_pattern_over_the_whole_value(
    reader: MetadataClient, library: Library, pattern: str, expected: set[str]
) -> None:
    found = reader.find_entities_by_property("Asset", {"displayName": pattern, "source": exact(library.tag)})
    assert names(library, found) == expected


def test_match_criteria(reader: MetadataClient, library: Library) -> None:
    given = {"source": exact(library.tag), "priority": 22}
    assert names(library, reader.find_entities_by_property("ToDo", given)) == {"second"}
    assert names(library, reader.find_entities_by_property("ToDo", given, "ANY")) == {"first", "second"}
    none = reader.find_entities_by_property("ToDo", {"priority": 22}, "NONE")
    assert library.guids["first"] in {each["guid"] for each in none}
    assert library.guids["second"] not in {each["guid"] for each in none}
    enum = reader.find_entities_by_property("ToDo", {"source": exact(library.tag), "activityStatus": "WAITING"})
    assert names(library, enum) == {"first"}


def test_conditions(reader: MetadataClient, library: Library) -> None:
    def find(*conditions: Condition | SearchProperties, match: str = "ALL") -> set[str]:
        inner = SearchProperties(conditions, match)
        return names(library, reader.find_entities("ToDo", properties=SearchProperties([of, inner])))

    of = Condition("source", "EQ", library.tag)
    assert find(Condition("priority", "GT", 1)) == {"second"}
    assert find(Condition("priority", "GTE", 1)) == {"first", "second"}
    assert find(Condition("priority", "LT", 22)) == {"first"}
    assert find(Condition("priority", "LTE", 0)) == set()
    assert find(Condition("priority", "IN", [1, 5])) == {"first"}
    assert find(Condition("priority", "NEQ", 1)) == {"second"}
    assert find(Condition("qualifiedName", "LIKE", ".*sec.*")) == {"second"}
    assert find(Condition("description", "IS_NULL")) == {"first", "second"}
    assert find(Condition("priority", "NOT_NULL")) == {"first", "second"}
    assert find(Condition("priority", "EQ", 1), Condition("priority", "EQ", 22), match="ANY") == {"first", "second"}
    assert find(Condition("priority", "EQ", 1), match="NONE") == {"second"}
    assert find(Condition("createdBy", "EQ", "librarian")) == {"first", "second"}


def test_classifications(reader: MetadataClient, library: Library) -> None:
    ours = SearchProperties([Condition("source", "EQ", library.tag)])
    for wanted, expected in (
        (["Confidentiality"], {"csv", "file"}),
        (["Confidentiality", "Template"], {"file"}),
        (["Ownership"], set()),
    ):
        found = reader.find_entities("Asset", properties=ours, classifications=wanted)
        assert names(library, found) == expected
    either = reader.find_entities_by_property(
        "Asset", {"source": exact(library.tag)}, classifications=["Template", "Ownership"]
    )
    assert names(library, either) == {"file"}
    found = reader.find_entities_by_classification("Confidentiality", {"confidentialityLevel": 3}, type_name="Asset")
    assert library.guids["csv"] in {each["guid"] for each in found}
    assert library.guids["file"] not in {each["guid"] for each in found}


def test_any_value_that_matches(reader: MetadataClient, library: Library) -> None:
    everywhere = reader.find_entities_by_value(exact(library.tag))
    assert names(library, everywhere) == set(library.guids)
    assert names(library, reader.find_entities_by_value(exact(library.tag), "ToDo")) == {"first", "second"}
    assert library.guids["second"] in {each["guid"] for each in reader.find_entities_by_value("COMPLETED", "ToDo")}


def test_order_and_pages(reader: MetadataClient, library: Library) -> None:
    ours = {"source": exact(library.tag)}
    for order, sort_property, expected in (
        ("PROPERTY_ASCENDING", "qualifiedName", ["csv", "file", "folder", "first", "second"]),
        ("PROPERTY_DESCENDING", "qualifiedName", ["second", "first", "folder", "file", "csv"]),
        ("GUID", None, [name for name, guid in sorted(library.guids.items(), key=lambda item: item[1])]),
    ):
        whole = reader.find_entities_by_property("Asset", ours, order=order, sort_property=sort_property)
        assert ordered(library, whole) == expected, order
        pages = [
            reader.find_entities_by_property(
                "Asset", ours, order=order, sort_property=sort_property, offset=offset, page_size=2
            )
            for offset in (0, 2, 4, 6)
        ]
        assert [len(page) for page in pages] == [2, 2, 1, 0]
        assert [each for page in pages for each in page] == whole
    tasks = reader.find_entities_by_property("ToDo", ours, sort_property="priority")
    assert ordered(library, tasks) == ["first", "second"]  # 1 before 22: numbers, not text
    recent = reader.find_entities_by_property("ToDo", ours, order="CREATION_DATE_RECENT")
    assert ordered(library, recent) == ["second", "first"]
    oldest = reader.find_entities_by_property("ToDo", ours, order="CREATION_DATE_OLDEST")
    assert ordered(library, oldest) == ["first", "second"]


def test_what_a_find_refuses(reader: MetadataClient, pair: Pair) -> None:
    with pytest.raises(PagingError):
        reader.find_entities("Asset", page_size=-1)
    with pytest.raises(PagingError):
        reader.find_entities("Asset", offset=-1)
    rest = pair.a.rest()
    value = {
        "class": "PrimitivePropertyValue",
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": "OM_PRIMITIVE_TYPE_STRING",
        "primitiveValue": "x",
    }
    text = {"class": "InstanceProperties", "instanceProperties": {"displayName": value}}
    condition = {"property": "displayName", "operator": "GT", "value": value}
    asset = reader.type_guid("Asset")
    for path, body, code in (
        ("/by-property", {"matchProperties": text}, "OMRS-REPOSITORY-400-011"),
        ("/by-property-value", {}, "OMRS-REPOSITORY-400-013"),
        ("", {"matchProperties": {"conditions": [condition], "matchCriteria": "ALL"}}, "OMRS-REPOSITORY-400-078"),
        (
            "",
            {"matchClassifications": {"conditions": [{"name": ""}], "matchCriteria": "ALL"}},
            "OMRS-REPOSITORY-400-075",
        ),
        ("/history", {"asOfTime": int(time.time() * 1000) + 10**9}, "OMRS-REPOSITORY-400-038"),
        ("/by-property/history", {"asOfTime": int(time.time() * 1000) + 10**9}, "OMRS-REPOSITORY-400-038"),
    ):
        answer = rest.post(f"/instances/entities{path}", json={"typeGUID": asset, **body})
        refused(answer, code, "InvalidParameterException")
    answer = rest.post("/instances/entities", json={"typeGUID": "nothing"})
    assert answer.json()["exceptionErrorMessageId"] == "OMRS-REPOSITORY-404-007"
    answer = rest.post("/instances/entities/by-property-value", params={"searchCriteria": "*("}, json={})
    refused(answer, "OMRS-PROPERTIES-400-006", "InvalidParameterException", "*(")


def test_finds_in_the_past(reader: MetadataClient, alice: MetadataClient) -> None:
    tag = f"tag-{uuid4().hex[:8]}"
    one = alice.add_entity("DataFile", {"qualifiedName": "one", "source": tag})
    time.sleep(0.002)
    two = alice.add_entity("DataFile", {"qualifiedName": "two", "source": tag})
    time.sleep(0.002)
    changed = alice.update_entity_properties(one["guid"], {"qualifiedName": "one", "source": "elsewhere"})
    time.sleep(0.002)
    alice.delete_entity(two["guid"])

    def at(moment: int | None) -> set[str]:
        found = reader.find_entities_by_property("DataFile", {"source": tag}, as_of=moment)
        return {from_properties(each["properties"])["qualifiedName"] for each in found}

    assert at(None) == set()
    assert at(one["createTime"] - 1) == set()
    assert at(one["createTime"]) == {"one"}
    assert at(two["createTime"]) == {"one", "two"}
    assert at(changed["updateTime"]) == {"two"}


def test_relationships_are_found_too(reader: MetadataClient, alice: MetadataClient) -> None:
    tag = f"tag-{uuid4().hex[:8]}"
    one, two = (alice.add_entity("GlossaryTerm", {"qualifiedName": f"{tag}{n}"})["guid"] for n in "12")
    links = {
        alice.add_relationship(name, one, two, {"description": tag, "confidence": number})["guid"]
        for number, name in enumerate(("Synonym", "Antonym"))
    }

    def guids(found: list[dict]) -> set[str]:
        return {each["guid"] for each in found}

    by_property = reader.find_relationships_by_property("Synonym", {"description": exact(tag)})
    assert len(by_property) == 1 and guids(by_property) < links
    both = SearchProperties([Condition("confidence", "GTE", 0), Condition("description", "EQ", tag)])
    assert len(reader.find_relationships("Antonym", properties=both)) == 1
    rest_found = reader.find_relationships_by_property(None, {"createdBy": "alice"})
    assert links <= guids(rest_found)
    alice.delete_relationship(next(iter(links)))
    left = {*guids(reader.find_relationships("Synonym")), *guids(reader.find_relationships("Antonym"))}
    assert len(left & links) == 1
