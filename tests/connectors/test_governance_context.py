"""The governance context, on real servers of both releases."""

from collections.abc import Iterator

import pytest
from service_contexts import changes, context_on

from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.sdk.governance import GovernanceContext
from omrs_connectors.services.governance.actions import EngineActionProperties
from omrs_connectors.services.governance.languages import Translation
from omrs_connectors.services.governance.valid_values import qualified_name
from omrs_schemas.errors import (
    EntityNotKnownError,
    InvalidParameterError,
    RelationshipNotKnownError,
    StatusNotSupportedError,
)
from omrs_streams.client import Condition, SearchProperties
from workers import Running, unique

pytestmark = pytest.mark.kafka


@pytest.fixture
def context(release_server: Running) -> Iterator[IntegrationContext]:
    with context_on(release_server, IntegrationContext, metadataSourceQualifiedName=unique("source")) as context:
        changes(context)
        yield context


@pytest.fixture
def governance(context: IntegrationContext) -> GovernanceContext:
    return context.governance


def test_elements_of_any_type(context: IntegrationContext, governance: GovernanceContext) -> None:
    access = governance.open_metadata
    name = unique("term")
    made = access.create("GlossaryTerm", {"qualifiedName": name, "summary": "one"}, classifications=["AbstractConcept"])
    source = context.external_source
    assert access.get(made.guid) == made and source is not None and made.home == source.guid
    assert access.find_by_unique_name(name) == made
    assert access.find_by_unique_name(name, "Asset") is None
    assert access.find(name, "Referenceable") == [made]
    assert access.find_by_properties("GlossaryTerm", {"summary": "one", "qualifiedName": name}) == [made]
    conditions = SearchProperties([Condition("qualifiedName", "EQ", name)])
    assert access.find_by_properties("GlossaryTerm", conditions, classifications=["AbstractConcept"]) == [made]
    assert access.find_by_properties("GlossaryTerm", conditions, classifications=["Taxonomy"]) == []

    assert access.update(made.guid, {"usage": "any"}).properties["summary"] == "one"
    changes(context)
    assert access.update(made.guid, {"usage": "any"}).properties["usage"] == "any"
    assert changes(context) == (0, 0, 0)
    assert "summary" not in access.update(made.guid, {"summary": None}).properties
    assert access.update(made.guid, {"qualifiedName": name}, replace=True).properties == {"qualifiedName": name}

    access.update_effectivity(made.guid, 1_000, 2_000)
    access.update(made.guid, {"summary": "two"})
    times = context.client.get_entity(made.guid)["properties"]
    assert (times["effectiveFromTime"], times["effectiveToTime"]) == (1_000, 2_000)
    access.update_effectivity(made.guid, None, None)
    assert "effectiveFromTime" not in context.client.get_entity(made.guid)["properties"]
    assert access.update_status(made.guid, "ACTIVE").status == "ACTIVE"
    with pytest.raises(StatusNotSupportedError):
        access.update_status(made.guid, "FAILED")

    access.classify(made.guid, "Confidentiality", {"notes": "a"})
    assert access.reclassify(made.guid, "Confidentiality", {"notes": "b"}).classifications["Confidentiality"] == {
        "notes": "b"
    }
    assert "Confidentiality" not in access.declassify(made.guid, "Confidentiality").classifications
    access.delete(made.guid)
    with pytest.raises(EntityNotKnownError):
        access.get(made.guid)


def test_relationships_of_any_type(governance: GovernanceContext) -> None:
    access = governance.open_metadata
    one, two = (access.create("GlossaryTerm", {"qualifiedName": unique("term")}) for _ in range(2))
    link = access.relate("PreferredTerm", one.guid, two.guid, {"expression": "a"})
    assert access.get_relation(link.guid) == link
    assert access.relations_between(one.guid, two.guid) == [link]
    assert access.relations_between(two.guid, one.guid) == []
    (related,) = access.related(one.guid, "PreferredTerm")
    assert (related.element, related.relation) == (two, link)
    assert access.related(one.guid, starting_at_end=2) == []
    assert access.update_relation(link.guid, {"source": "s"}).properties == {"expression": "a", "source": "s"}
    assert access.update_relation(link.guid, {"source": "t"}, replace=True).properties == {"source": "t"}
    access.unrelate(link.guid)
    with pytest.raises(RelationshipNotKnownError):
        access.get_relation(link.guid)


def test_translations(context: IntegrationContext, governance: GovernanceContext) -> None:
    term = governance.open_metadata.create("GlossaryTerm", {"qualifiedName": unique("term")})
    german = Translation(
        language="Deutsch", language_code="de", display_name="Begriff", description="x", translations={"usage": "nie"}
    )
    swiss = Translation(language="Deutsch", language_code="de", locale="CH", display_name="Begriff")
    assert governance.languages.set(term.guid, german) and governance.languages.set(term.guid, swiss)
    assert governance.languages.all(term.guid) == [german, swiss]
    changes(context)
    assert not governance.languages.set(term.guid, german)
    assert changes(context) == (0, 0, 0)
    changed = Translation(language="Deutsch", display_name="Wort")
    assert governance.languages.set(term.guid, changed)
    assert governance.languages.get(term.guid, "Deutsch") == changed
    assert governance.languages.clear(term.guid, "Deutsch") and not governance.languages.clear(term.guid, "Deutsch")
    assert governance.languages.all(term.guid) == [swiss]


def test_to_dos(context: IntegrationContext, governance: GovernanceContext) -> None:
    access, name = governance.open_metadata, unique("to-do")
    person = access.create("Person", {"qualifiedName": unique("person")})
    cause, target = (access.create("GlossaryTerm", {"qualifiedName": unique("term")}) for _ in range(2))

    def open_it() -> str:
        return governance.stewardship.open_to_do(
            name,
            "Look at it",
            instructions="Closely",
            category="review",
            priority=2,
            due_time=1_700_000_000_000,
            additional_properties={"a": "b"},
            assign_to=person.guid,
            cause_guid=cause.guid,
            action_targets={target.guid: "term"},
        ).guid

    guid = open_it()
    to_do = governance.stewardship.to_dos.get(guid)
    told = to_do.properties
    assert (told.display_name, told.description, told.category, told.priority, told.due_time, told.status) == (
        *("Look at it", "Closely", "review", 2, 1_700_000_000_000, "OPEN"),
    )
    linked = {related.relation.type_name: related.element.guid for related in access.related(guid)}
    source = context.external_source
    assert source is not None
    asked = "ActionRequester" if "ActionRequester" in linked else "ToDoSource"
    assert linked == {
        "AssignmentScope": person.guid,
        "Actions": cause.guid,
        "ActionTarget": target.guid,
        asked: source.guid,
    }
    governance.stewardship.set_to_do_status(guid, "COMPLETE", completion_time=1_800_000_000_000)
    changes(context)
    assert (open_it(), changes(context)) == (guid, (0, 0, 0))
    done = governance.stewardship.to_dos.get(guid).properties
    assert (done.status, done.completion_time, done.description) == ("COMPLETE", 1_800_000_000_000, "Closely")
    for status in ("IN_PROGRESS", "WAITING", "ABANDONED"):
        governance.stewardship.set_to_do_status(guid, status)
        assert governance.stewardship.to_dos.get(guid).properties.status == status


def test_incident_reports(context: IntegrationContext, governance: GovernanceContext) -> None:
    access, name = governance.open_metadata, unique("incident")
    resource = access.create("GlossaryTerm", {"qualifiedName": unique("term")})
    before = governance.stewardship.create_incident_report(unique("incident"))
    changes(context)

    def raise_it() -> str:
        return governance.stewardship.create_incident_report(
            name,
            description="It broke",
            domain_identifier=3,
            background="It was old",
            impacted_resources={resource.guid: 2},
            previous_incidents=[before.guid],
            incident_classifiers={"severity": 4},
            additional_properties={"a": "b"},
        ).guid

    guid = raise_it()
    assert changes(context) == (4, 0, 0)
    told = governance.stewardship.incident_reports.get(guid).properties
    assert (told.description, told.domain_identifier, told.background, told.incident_classifiers) == (
        *("It broke", 3, "It was old", {"severity": 4}),
    )
    assert told.incident_status == "RAISED"
    linked = {related.element.guid for related in access.related(guid)}
    source = context.external_source
    assert source is not None and linked == {resource.guid, before.guid, source.guid}
    for status in ("REVIEWED", "VALIDATED", "RESOLVED", "INVALID"):
        governance.stewardship.set_incident_status(guid, status)
        assert governance.stewardship.incident_reports.get(guid).properties.incident_status == status
    changes(context)
    assert (raise_it(), changes(context)) == (guid, (0, 0, 0))


def test_valid_values(context: IntegrationContext, governance: GovernanceContext) -> None:
    values, attribute = governance.valid_values, unique("attribute").replace("-", "")
    assert qualified_name("Asset", "owner", "m", "v") == "Egeria:ValidMetadataValue:Asset:owner--m--(v)"
    assert values.validate(attribute, "anything", type_name="Asset")
    one = values.set(attribute, "one", type_name="Asset", description="the first", additional_properties={"a": "b"})
    any_type = values.set(attribute, "two")
    changes(context)
    again = values.set(attribute, "one", type_name="Asset", description="the first", additional_properties={"a": "b"})
    assert (again, changes(context)) == (one, (0, 0, 0))
    assert values.get(attribute, "one", type_name="Asset") == one
    assert values.get(attribute, "one") is None
    assert values.get(attribute, "two", type_name="Asset") == any_type
    assert values.all(attribute, type_name="Asset") == [one, any_type]
    assert [values.validate(attribute, each, type_name="Asset") for each in ("one", "two", "three")] == [
        *(True, True, False),
    ]
    assert not values.validate(attribute, "one")

    assert values.validate_map_name(attribute, "any", type_name="Asset")
    values.set(attribute, "x", type_name="Asset", map_name="size")
    values.set_map_name(attribute, "shape", type_name="Asset")
    assert sorted(values.map_names(attribute, type_name="Asset")) == ["shape", "size"]
    assert not values.validate_map_name(attribute, "any", type_name="Asset")
    assert values.validate(attribute, "x", type_name="Asset", map_name="size")
    assert not values.validate(attribute, "y", type_name="Asset", map_name="size")
    assert values.validate(attribute, "y", type_name="Asset", map_name="shape")
    assert values.clear(attribute, "one", type_name="Asset") and not values.clear(attribute, "one", type_name="Asset")
    assert not values.validate(attribute, "one", type_name="Asset")


def test_work_for_engines(context: IntegrationContext, governance: GovernanceContext) -> None:
    access, actions = governance.open_metadata, governance.actions
    six = context.names.release == "6.x"
    engine, kind, process = (unique(name) for name in ("engine", "kind", "process"))
    engine_guid = access.create("GovernanceActionEngine", {"qualifiedName": engine}).guid
    step_type = "GovernanceActionProcessStep" if six else "GovernanceActionType"
    step = access.create(step_type, {"qualifiedName": kind, "displayName": "copy", "domainIdentifier": 2})
    executor = "GovernanceActionExecutor" if six else "GovernanceActionTypeExecutor"
    access.relate(executor, step.guid, engine_guid, {"requestType": "copy-file", "requestParameters": {"to": "x"}})
    whole = access.create("GovernanceActionProcess", {"qualifiedName": process})
    access.relate(
        "GovernanceActionProcessFlow" if six else "GovernanceActionFlow", whole.guid, step.guid, {"guard": "go"}
    )
    target = access.create("GlossaryTerm", {"qualifiedName": unique("term")})

    def check(made: EngineActionProperties, guid: str, parameters: dict[str, str]) -> None:
        assert (made.status, made.request_type, made.request_parameters) == ("REQUESTED", "copy-file", parameters)
        assert (made.executor_engine_name, made.executor_engine_guid) == (engine, engine_guid)
        linked = {related.element.guid for related in access.related(guid)}
        source = context.external_source
        assert source is not None and linked == {target.guid, source.guid} | (set() if six else {engine_guid})

    name, targets = unique("action"), {target.guid: "term"}
    parameters = {"from": "a"}
    plain = actions.initiate_engine_action(
        engine, "copy-file", qualified_name=name, request_parameters=parameters, action_targets=targets
    )
    check(plain.properties, plain.guid, parameters)
    changes(context)
    again = actions.initiate_engine_action(
        engine, "copy-file", qualified_name=name, request_parameters=parameters, action_targets=targets
    )
    assert (again.guid, changes(context)) == (plain.guid, (0, 0, 0))

    typed = actions.initiate_action_type(kind, request_parameters=parameters, action_targets=targets)
    check(typed.properties, typed.guid, {"to": "x", "from": "a"})
    assert typed.properties.governance_action_type_name == kind and typed.properties.domain_identifier == 2
    first = actions.initiate_process(process, action_targets=targets)
    check(first.properties, first.guid, {"to": "x"})
    assert (first.properties.process_name, first.properties.received_guards) == (process, ["go"])

    with pytest.raises(InvalidParameterError, match="there is no GovernanceEngine"):
        actions.initiate_engine_action("none", "copy-file")
    with pytest.raises(InvalidParameterError, match="no first step"):
        actions.initiate_process(
            access.create("GovernanceActionProcess", {"qualifiedName": unique("p")}).properties["qualifiedName"]
        )


def test_elements_of_which_only_a_proxy_is_here(context: IntegrationContext, governance: GovernanceContext) -> None:
    access = governance.open_metadata
    one, two = (access.create("GlossaryTerm", {"qualifiedName": unique("term")}) for _ in range(2))
    link = access.relate("PreferredTerm", one.guid, two.guid)
    proxy = context.client.get_relationship(link.guid)["entityTwoProxy"]
    elsewhere = {**proxy, "guid": unique("guid"), "metadataCollectionId": unique("home"), "version": 1}
    elsewhere |= {"instanceProvenanceType": "LOCAL_COHORT", "metadataCollectionName": "other"}
    context.client.add_entity_proxy({name: value for name, value in elsewhere.items() if name != "replicatedBy"})
    access.relate("PreferredTerm", one.guid, elsewhere["guid"])
    found = {related.element.guid: related.element for related in access.related(one.guid, "PreferredTerm")}
    assert found[two.guid] == two
    assert found[elsewhere["guid"]].properties == {"qualifiedName": two.properties["qualifiedName"]}
    assert found[elsewhere["guid"]].home == elsewhere["metadataCollectionId"]
    access.relate("PreferredTerm", elsewhere["guid"], two.guid)
    assert len(access.related(two.guid)) == 2
