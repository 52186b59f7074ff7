"""Registration, types and their events: what a member says of itself and of its types agrees however it is asked
(OMRS conformance § 3)."""

from collections.abc import Callable
from itertools import chain
from typing import Any
from uuid import uuid4

import pytest
from repository_calls import ENTITY, Bean, Lab, Repository
from samples import TYPES, texts

from omrs_schemas.codec import EventCodec
from omrs_schemas.errors import OmrsError, TypeDefConflictError, TypeDefKnownError, TypeDefNotKnownError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.log import names
from omrs_streams.log.consumer import read_all
from omrs_streams.log.embedded import Endpoint
from omrs_streams.log.kafka import KafkaSettings
from workers import eventually, unique

pytestmark = pytest.mark.kafka

CATEGORIES = ("ENTITY_DEF", "RELATIONSHIP_DEF", "CLASSIFICATION_DEF")
ATTRIBUTE_CATEGORIES = ("PRIMITIVE", "COLLECTION", "ENUM_DEF")
REST_CONNECTOR = (
    "org.odpi.openmetadata.adapters.repositoryservices.rest.repositoryconnector.OMRSRESTRepositoryConnectorProvider"
)


@pytest.fixture(scope="module")
def gallery(lab: Lab) -> Bean:
    return lab.repositories[0].ask("GET", "/types/all")


def active(gallery: Bean) -> list[Bean]:
    return [each for each in gallery["typeDefs"] if each["status"] == "ACTIVE_TYPEDEF"]


def new_type(**more: Any) -> Bean:
    """An EntityDef that nobody has: a GlossaryTerm by another name."""
    name = unique("Conforming").replace("-", "")
    model = TYPES.require(name="GlossaryTerm")
    return {**model, "guid": str(uuid4()), "name": name, "origin": "conformance", **more}


@pytest.mark.conformance("COHORT_REGISTRATION", "METADATA_COLLECTION_ID")
def test_one_collection_id_wherever_it_is_asked(lab: Lab, tested: Repository, suite: Repository) -> None:
    [member] = suite.get(f"/metadata-highway/cohorts/{lab.cohort}/remote-members", "cohortMembers")
    assert (member["serverName"], member["metadataCollectionId"]) == (tested.server, tested.collection_id)
    own = tested.get(f"/metadata-highway/cohorts/{lab.cohort}/local-registration", "cohortMember")
    assert own["metadataCollectionId"] == tested.get("/metadata-collection-id", "metadataCollectionId")
    assert own["metadataCollectionId"] == tested.collection_id


@pytest.mark.conformance("REPOSITORY_CONNECTOR")
def test_the_registration_has_what_calls_need(lab: Lab, suite: Repository) -> None:
    """The provider's class and a URL below which the repository answers; there the member is asked."""
    [member] = suite.get(f"/metadata-highway/cohorts/{lab.cohort}/remote-members", "cohortMembers")
    connection = member["repositoryConnection"]
    assert connection["connectorType"]["connectorProviderClassName"] == REST_CONNECTOR
    address = connection["endpoint"]["address"]
    path = "/open-metadata/repository-services/users/somebody/metadata-collection-id"
    answer = suite.http.get(address + path).json()
    assert answer["metadataCollectionId"] == member["metadataCollectionId"]


@pytest.mark.conformance("SUPPORTED_TYPE_QUERIES")
def test_the_gallery_is_the_union_of_its_categories(tested: Repository) -> None:
    gallery = tested.ask("GET", "/types/all")  # other tests add types

    def of(path: str, field: str, categories: tuple[str, ...]) -> list[str]:
        found = (tested.post(path, category, field) or () for category in categories)
        return sorted(each["guid"] for each in chain.from_iterable(found))

    every = of("/types/typedefs/by-category", "typeDefs", CATEGORIES)
    assert every == sorted(each["guid"] for each in gallery["typeDefs"])
    every = of("/types/attribute-typedefs/by-category", "attributeTypeDefs", ATTRIBUTE_CATEGORIES)
    assert every == sorted(each["guid"] for each in gallery["attributeTypeDefs"])


@pytest.mark.conformance("SUPPORTED_TYPE_QUERIES", "CONSISTENT_TYPES")
def test_every_attribute_type_is_whole_and_found(gallery: Bean, tested: Repository) -> None:
    for bean in gallery["attributeTypeDefs"]:
        assert all(bean[field] for field in ("name", "guid", "version", "versionName", "category")), bean
        if bean["category"] == "COLLECTION":
            assert bean["argumentCount"] == len(bean["argumentTypes"])
        if bean["category"] == "ENUM_DEF":
            assert bean["elementDefs"]
        assert tested.post("/types/attribute-typedef/compatibility", bean, "flag") is True
        assert tested.get(f"/types/attribute-typedef/{bean['guid']}", "attributeTypeDef") == bean
        assert tested.get(f"/types/attribute-typedef/name/{bean['name']}", "attributeTypeDef") == bean


@pytest.mark.conformance("SUPPORTED_TYPE_QUERIES", "CONSISTENT_TYPES")
def test_every_type_is_whole_and_found(gallery: Bean, tested: Repository) -> None:
    for bean in active(gallery):
        needed = ["name", "guid", "version", "versionName", "category", "origin", "createdBy", "createTime"]
        if bean["version"] > 1:
            needed += ["updatedBy", "updateTime"]
        assert all(bean.get(field) for field in needed), bean
        assert bean["initialStatus"] in bean["validInstanceStatusList"]
        if bean["category"] == "CLASSIFICATION_DEF":
            assert bean["validEntityDefs"]
        if bean["category"] == "RELATIONSHIP_DEF":
            assert bean["endDef1"] and bean["endDef2"]
        assert tested.post("/types/typedef/compatibility", bean, "flag") is True
        assert tested.get(f"/types/typedef/{bean['guid']}", "typeDef") == bean
        assert tested.get(f"/types/typedef/name/{bean['name']}", "typeDef") == bean
        by_name = tested.ask("GET", "/types/by-name", name=bean["name"])
        assert by_name["typeDefs"] == [bean] and "attributeTypeDefs" not in by_name


@pytest.mark.conformance("CONSISTENT_TYPES")
def test_both_members_have_equal_types(gallery: Bean, suite: Repository) -> None:
    def different() -> list[str]:
        there = suite.ask("GET", "/types/all")
        fields = ("typeDefs", "attributeTypeDefs")
        known = {bean["guid"]: bean for field in fields for bean in there[field]}
        return [bean["name"] for field in fields for bean in gallery[field] if known.get(bean["guid"]) != bean]

    eventually(lambda: not different(), "the same types")


@pytest.mark.conformance("SUPPORTED_TYPE_NOTIFICATIONS")
def test_every_type_is_told_to_the_cohort(lab: Lab, gallery: Bean, kafka: Endpoint) -> None:
    conf = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers).bulk_consumer(unique("conformance"))
    codec = EventCodec(TypeSystem())
    ids = {each.collection_id: each.server for each in lab.repositories}
    told: dict[str, Bean] = {}

    def events() -> bool:
        for message in read_all(conf, names.cohort_types(lab.cohort), 1):
            event = codec.decode(message.value() or b"")
            section, sender = event["typeDefEventSection"], event["originator"]
            assert event["timestamp"] and sender["serverName"] == ids[sender["metadataCollectionId"]]
            if section["typeDefEventType"] == "NEW_TYPEDEF_EVENT":
                assert "attributeTypeDef" not in section
                told[section["typeDef"]["guid"]] = section["typeDef"]
            if section["typeDefEventType"] == "NEW_ATTRIBUTE_TYPEDEF_EVENT":
                assert "typeDef" not in section
                told[section["attributeTypeDef"]["guid"]] = section["attributeTypeDef"]
        every = [*gallery["typeDefs"], *gallery["attributeTypeDefs"]]
        return [bean["name"] for bean in every if told.get(bean["guid"]) != bean] == []

    eventually(events, "every type is told as it is", every=1)


@pytest.mark.conformance("SUPPORTED_TYPE_QUERIES")
def test_types_by_external_id(tested: Repository) -> None:
    standards = [("ISO 1", "ISO", "Term"), ("ISO 1", "ISO", "Word"), ("RFC 2", "IETF", "Term")]
    beans = []
    for standard, organization, name in standards:
        mapping = {"standardName": standard, "standardOrganization": organization, "standardTypeName": name}
        bean = new_type(externalStandardMappings=[{"headerVersion": 1, **mapping}])
        tested.post("/types/typedef", bean)
        beans.append(bean["name"])

    def found(**query: str) -> set[str]:
        answer = tested.get("/types/typedefs/by-external-id", "typeDefs", **query)
        return {each["name"] for each in answer or ()} & set(beans)

    assert found(standard="ISO 1") == {beans[0], beans[1]}
    assert found(organization="IETF") == {beans[2]}
    assert found(identifier="Term") == {beans[0], beans[2]}
    assert found(standard="RFC 2", identifier="Word") == {beans[1], beans[2]}, "any that is given may match"
    assert found(standard="RFC 3", identifier="word") == set()


@pytest.mark.conformance("TYPEDEF_ADD", "SUPPORTED_TYPE_NOTIFICATIONS")
def test_a_type_that_is_added_can_be_used_at_once(tested: Repository, suite: Repository) -> None:
    bean = new_type()
    tested.post("/types/typedef", bean)
    with pytest.raises(TypeDefKnownError):
        tested.post("/types/typedef", bean)
    assert tested.get(f"/types/typedef/{bean['guid']}", "typeDef")["name"] == bean["name"]
    request = {"class": "EntityCreateRequest", "entityTypeGUID": bean["guid"]}
    made = tested.post("/instances/entity", request | {"initialProperties": texts(displayName="new")}, ENTITY)
    eventually(lambda: known(lambda: suite.known(ENTITY, made["guid"])) == made, "the other member has the copy")


def known(ask: Callable[[], Any]) -> Any:
    """What is found; None where it is not known yet."""
    try:
        return ask()
    except OmrsError:
        return None


@pytest.mark.conformance("TYPEDEF_MAINTENANCE")
def test_a_type_is_patched_renamed_and_deleted(tested: Repository, suite: Repository) -> None:
    bean = new_type()
    tested.post("/types/typedef", bean)
    patch = {
        "headerVersion": 1,
        "typeDefGUID": bean["guid"],
        "typeDefName": bean["name"],
        "applyToVersion": bean["version"],
        "updateToVersion": bean["version"] + 1,
        "newVersionName": "2.0",
        "updatedBy": "suite",
        "updateTime": bean["createTime"] + 1,
        "description": "described anew",
    }
    patched = tested.post("/types/typedef/update", patch, "typeDef")
    assert (patched["version"], patched["description"]) == (bean["version"] + 1, "described anew")

    def there(guid: str) -> Any:
        return known(lambda: suite.get(f"/types/typedef/{guid}", "typeDef"))

    eventually(lambda: there(bean["guid"]) == patched, "the other member has the patch")
    guid, name = str(uuid4()), f"{bean['name']}Renamed"
    request = {"originalTypeDefName": bean["name"], "newTypeDefGUID": guid, "newTypeDefName": name}
    renamed = tested.post(f"/types/typedef/{bean['guid']}/identifier", request, "typeDef")
    assert (renamed["guid"], renamed["name"]) == (guid, name)
    eventually(lambda: there(guid), "the other member has the new name")
    tested.post(f"/types/typedef/{guid}/delete", None, name=name)
    with pytest.raises(TypeDefNotKnownError):
        tested.get(f"/types/typedef/{guid}", "typeDef")


@pytest.mark.conformance("TYPEDEF_CONFLICT_MANAGEMENT")
def test_another_definition_of_a_type_is_a_conflict(tested: Repository) -> None:
    ours = TYPES.require(name="GlossaryTerm")
    for other in ({**ours, "guid": str(uuid4())}, {**ours, "versionName": "another"}):
        with pytest.raises(TypeDefConflictError):
            tested.post("/types/typedef/compatibility", other, "flag")
        with pytest.raises(OmrsError):
            tested.post("/types/typedef", other)
    assert tested.get("/types/typedef/name/GlossaryTerm", "typeDef") == ours
    assert tested.post("/types/typedef/compatibility", new_type(), "flag") is False
