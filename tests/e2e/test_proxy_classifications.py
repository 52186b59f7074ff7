"""Classifications by an entity's proxy: for callers that hold no more of it (OMRS queries § 1, entity write)."""

from typing import Any
from uuid import uuid4

import pytest
from e2e_samples import known_types, refused

from omrs_schemas.model.values import to_properties
from omrs_streams.client import MetadataClient
from omrs_streams.client.wire import to_bean
from omrs_streams.repository.changes import proxy_of
from workers import Pair, eventually, unique

pytestmark = pytest.mark.kafka

TYPES = known_types()
HERE = 60.0  # seconds to wait for what takes milliseconds on a quiet machine; only a failure waits so long
Bean = dict[str, Any]
AT = "/instances/entity/classification/Confidentiality"


def level(number: int) -> Bean:
    found = to_properties(TYPES, "Confidentiality", {"confidentialityLevel": number})
    assert found is not None
    return found


def test_a_copy_is_classified_by_its_proxy(alice: MetadataClient, bob: MetadataClient, pair: Pair) -> None:
    made = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("far")})
    guid = made["guid"]
    eventually(lambda: bob.find_entity(guid), "the copy arrives", within=HERE)
    rest, proxy = pair.b.rest("bob"), proxy_of(TYPES, made)

    def answered(path: str, body: Bean) -> Bean:
        answer = rest.post(AT + path, json=body).json()
        assert answer["class"] == "ClassificationResponse" and answer["relatedHTTPCode"] == 200, answer
        found: Bean = to_bean(answer["classification"])
        return found

    body = {"class": "ProxyClassificationRequest", "entityProxy": proxy}
    added = answered("", {**body, "instanceProperties": level(1)})
    assert (added["metadataCollectionId"], added["version"], added["createdBy"]) == (pair.ids[1], 1, "bob")
    assert added["properties"] == level(1)
    changed = answered("/properties", {**body, "instanceProperties": level(2)})
    assert (changed["version"], changed["properties"]) == (2, level(2))
    eventually(
        lambda: alice.get_entity(guid).get("classifications") == [changed], "it arrives at the home", within=HERE
    )
    assert alice.get_entity(guid)["version"] == 1
    assert answered("/delete", proxy) == changed
    eventually(lambda: "classifications" not in alice.get_entity(guid), "it is gone at the home", within=HERE)
    again = rest.post(f"{AT}/delete", json=proxy)
    refused(again, "OMRS-REPOSITORY-400-048", "ClassificationErrorException", guid)


def test_detailed_with_an_external_origin(alice: MetadataClient, pair: Pair) -> None:
    """The external source is the classification's home, this server replicates it; origin and origin guid are kept."""
    made = alice.add_entity("GlossaryTerm", {"qualifiedName": unique("near")})
    source, origin = str(uuid4()), str(uuid4())
    given = {
        "classificationOrigin": "PROPAGATED",
        "classificationOriginGUID": origin,
        "classificationProperties": level(3),
        "metadataCollectionId": source,
        "metadataCollectionName": "catalogue",
    }
    rest = pair.a.rest("alice")
    body = {"class": "ClassificationProxyRequest", "entityProxy": proxy_of(TYPES, made), **given}
    added = rest.post(f"{AT}/detailed", json=body).json()["classification"]
    assert (added["classificationOrigin"], added["classificationOriginGUID"]) == ("PROPAGATED", origin)
    assert (added["metadataCollectionId"], added["metadataCollectionName"]) == (source, "catalogue")
    assert (added["instanceProvenanceType"], added["replicatedBy"]) == ("EXTERNAL_SOURCE", pair.ids[0])
    assert alice.get_entity(made["guid"])["classifications"] == [to_bean(added)]
    same = rest.post(f"{AT}/detailed", json=body).json()["classification"]
    assert to_bean(same) == to_bean(added), "the same again changes nothing"
    removed = alice.declassify(made["guid"], "Confidentiality")
    assert "classifications" not in removed
    by_guid = f"/instances/entity/{made['guid']}/classification/Confidentiality/detailed"
    answer = rest.post(by_guid, json={"class": "ClassificationRequest", **given}).json()["entity"]
    assert answer["classifications"][0]["replicatedBy"] == pair.ids[0]


def test_a_proxy_without_a_guid_is_refused(pair: Pair) -> None:
    rest = pair.a.rest("alice")
    body = {"class": "ProxyClassificationRequest", "entityProxy": {"class": "EntityProxy"}}
    refused(rest.post(AT, json=body), "OMRS-REPOSITORY-400-014", "InvalidParameterException", "entityProxy.guid")
