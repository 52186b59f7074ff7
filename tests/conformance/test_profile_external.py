"""What is kept for a source outside the cohort: it says whose it is, and only in its name it changes
(OMRS conformance § 2)."""

from typing import Any
from uuid import uuid4

import pytest
from repository_calls import ENTITY, RELATIONSHIP, Bean, Repository
from samples import everything, text

from omrs_schemas.errors import InvalidParameterError
from workers import eventually

pytestmark = pytest.mark.kafka

NAME = "catalogue of the harbour"


@pytest.fixture
def source() -> Bean:
    return {"metadataCollectionId": str(uuid4()), "metadataCollectionName": NAME}


def is_of(bean: Bean, source: Bean, keeper: Repository) -> bool:
    found = (bean["metadataCollectionId"], bean["metadataCollectionName"], bean["replicatedBy"])
    assert found == (source["metadataCollectionId"], NAME, keeper.collection_id)
    return bool(bean["instanceProvenanceType"] == "EXTERNAL_SOURCE")


@pytest.mark.conformance("STORE_EXTERNAL_ENTITIES")
def test_an_entity_of_another_source(source: Bean, tested: Repository, suite: Repository) -> None:
    made = tested.add_entity("DataFile", everything("DataFile"), **source)
    assert is_of(made, source, tested)
    assert tested.detail(ENTITY, made["guid"]) == made
    eventually(lambda: suite.known(ENTITY, made["guid"]) == made, "the other member has it as it is")
    with pytest.raises(InvalidParameterError):
        suite.delete(ENTITY, made)
    tested.remove(ENTITY, made)
    eventually(lambda: suite.gone(ENTITY, made["guid"]), "it is gone there")


@pytest.mark.conformance("STORE_EXTERNAL_RELATIONSHIPS")
def test_a_relationship_of_another_source(source: Bean, tested: Repository, suite: Repository) -> None:
    one, other = (tested.add_entity("GlossaryTerm", None)["guid"] for _ in range(2))
    made = tested.add_relationship("Synonym", one, other, everything("Synonym"), **source)
    assert is_of(made, source, tested)
    assert tested.detail(RELATIONSHIP, made["guid"]) == made
    eventually(lambda: suite.known(RELATIONSHIP, made["guid"]) == made, "the other member has it as it is")
    tested.remove(RELATIONSHIP, made)


@pytest.mark.conformance("STORE_EXTERNAL_CLASSIFICATIONS")
def test_a_classification_of_another_source(source: Bean, tested: Repository, suite: Repository) -> None:
    made = tested.add_entity("GlossaryTerm", None)
    body: dict[str, Any] = {
        "class": "ClassificationRequest",
        "classificationOrigin": "ASSIGNED",
        "classificationProperties": {
            "class": "InstanceProperties",
            "headerVersion": 1,
            "instanceProperties": {"steward": text("harbour master")},
        },
        **source,
    }
    path = f"/instances/entity/{made['guid']}/classification/Confidentiality/detailed"
    [given] = tested.post(path, body, ENTITY)["classifications"]
    assert is_of(given, source, tested)

    def there() -> bool:
        return (suite.known(ENTITY, made["guid"]) or {}).get("classifications") == [given]

    eventually(there, "the other member has it as it is")
    tested.remove(ENTITY, made)
