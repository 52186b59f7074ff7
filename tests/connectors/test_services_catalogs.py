"""Contexts of the catalog, organization, security and stewardship integrators, in both releases."""

from collections.abc import Iterator
from typing import TypeVar

import pytest
from service_contexts import changes, context_on

from omrs_connectors.sdk.context import IntegrationContext
from omrs_connectors.services.catalog_integrator import (
    CatalogIntegratorContext,
    CategorizationProperties,
    ExternalIdProperties,
    GlossaryProperties,
    TermLinkProperties,
    TermProperties,
)
from omrs_connectors.services.organization_integrator import (
    AppointmentProperties,
    ContactProperties,
    IdentityProperties,
    OrganizationIntegratorContext,
    PersonProperties,
    RoleProperties,
    TeamProperties,
    UserIdentityProperties,
)
from omrs_connectors.services.properties import ReferenceableProperties
from omrs_connectors.services.registry import SERVICES
from omrs_connectors.services.schemas import AssetProperties
from omrs_connectors.services.security_integrator import (
    ListMembershipProperties,
    SecurityGroupProperties,
    SecurityIntegratorContext,
    SecurityTagsProperties,
    ZoneMembershipProperties,
    ZoneProperties,
)
from omrs_connectors.services.stewardship_integrator import StewardshipIntegratorContext
from omrs_connectors.services.work import (
    AnnotationProperties,
    AssignmentProperties,
    RequestForActionProperties,
    SurveyProperties,
)
from omrs_schemas.errors import UserNotAuthorizedError
from workers import Running, unique

pytestmark = pytest.mark.kafka

ContextT = TypeVar("ContextT", bound=IntegrationContext)


def both_ways(server: Running, kind: type[ContextT]) -> Iterator[ContextT]:
    (marker,) = (marker for marker, service in SERVICES.items() if service.context_class is kind)
    with context_on(server, kind, marker, permittedSynchronization="BOTH_DIRECTIONS") as context:
        yield context


@pytest.fixture
def catalog(release_server: Running) -> Iterator[CatalogIntegratorContext]:
    yield from both_ways(release_server, CatalogIntegratorContext)


@pytest.fixture
def people(release_server: Running) -> Iterator[OrganizationIntegratorContext]:
    yield from both_ways(release_server, OrganizationIntegratorContext)


@pytest.fixture
def security(release_server: Running) -> Iterator[SecurityIntegratorContext]:
    yield from both_ways(release_server, SecurityIntegratorContext)


@pytest.fixture
def stewards(release_server: Running) -> Iterator[StewardshipIntegratorContext]:
    yield from both_ways(release_server, StewardshipIntegratorContext)


def test_a_glossary_with_categories_and_terms(catalog: CatalogIntegratorContext) -> None:
    root = unique("glossary")
    glossary = catalog.glossaries.ensure(GlossaryProperties(qualified_name=root, language="en"))
    outer = catalog.categories.ensure(ReferenceableProperties(qualified_name=f"{root}/a"), parent=glossary.guid)
    inner = catalog.categories.ensure(ReferenceableProperties(qualified_name=f"{root}/a/b"), parent=outer.guid)
    one, two = (
        catalog.terms.ensure(TermProperties(qualified_name=f"{root}#{name}", summary=name), parent=glossary.guid)
        for name in ("one", "two")
    )
    assert {each.anchor_guid for each in (outer, inner, one, two)} == {glossary.guid}
    assert [found.guid for found in catalog.categories.of(glossary.guid)] == [outer.guid]
    assert [found.guid for found in catalog.categories.of(outer.guid)] == [inner.guid]
    assert [found.guid for found in catalog.terms.of(glossary.guid)] == [one.guid, two.guid]

    given = CategorizationProperties(description="fits", status="DEPRECATED")
    filed = catalog.categorizations.ensure(inner.guid, one.guid, given)
    assert catalog.categorizations.between(inner.guid, one.guid) == filed
    assert (filed.properties.description, filed.properties.status) == ("fits", "DEPRECATED")
    synonym = catalog.synonyms.link(one.guid, two.guid, TermLinkProperties(status="ACTIVE", source="s"))
    assert catalog.synonyms.of(two.guid) == [synonym] and synonym.properties.status == "ACTIVE"
    changes(catalog)
    catalog.synonyms.ensure(one.guid, two.guid, TermLinkProperties(status="ACTIVE", source="s"))
    assert changes(catalog) == (0, 0, 0)
    assert catalog.synonyms.ensure(one.guid, two.guid, TermLinkProperties(source="t")).properties.status is None
    catalog.synonyms.unlink(one.guid, two.guid)
    assert catalog.synonyms.of(two.guid) == []

    asset = catalog.assets.create(AssetProperties(qualified_name=f"{root}:asset"), type_name="CSVFile")
    catalog.meanings.ensure(asset.guid, one.guid, TermLinkProperties(confidence=90, status="PROPOSED"))
    (meaning,) = catalog.meanings.of(asset.guid)
    assert (meaning.first, meaning.second, meaning.properties.confidence) == (asset.guid, one.guid, 90)

    other = catalog.categories.ensure(ReferenceableProperties(qualified_name=f"{root}/c"), parent=glossary.guid)
    changes(catalog)
    catalog.categories.delete(outer.guid)
    assert changes(catalog)[2] == 2  # the category and the one below it; the term in that stays
    assert [found.guid for found in catalog.categories.of(glossary.guid)] == [other.guid]
    assert catalog.terms.get(one.guid) == one
    catalog.glossaries.delete(glossary.guid)
    assert changes(catalog)[2] == 4  # the glossary, a category, two terms
    assert catalog.assets.get(asset.guid) == asset


def test_external_ids(catalog: CatalogIntegratorContext) -> None:
    root = unique("external")
    asset = catalog.assets.create(AssetProperties(qualified_name=root), type_name="CSVFile")
    given = ExternalIdProperties(
        qualified_name=f"{root}:id",
        key=f"{root}-4711",
        key_pattern="LOCAL_KEY",
        source="other-catalog",
        last_synchronized=1_700_000_000_000,
        mapping_properties={"table": "t"},
    )
    known_as = catalog.external_ids.ensure(given, parent=asset.guid)
    assert known_as.properties == given and known_as.anchor_guid == asset.guid
    assert [found.properties for found in catalog.external_ids.of(asset.guid)] == [given]
    assert [found.guid for found in catalog.elements_called(f"{root}-4711")] == [asset.guid]
    assert [found.guid for found in catalog.elements_called(f"{root}-4711", "other-catalog")] == [asset.guid]
    assert catalog.elements_called(f"{root}-4711", "third") == []


def test_people_teams_and_roles(people: OrganizationIntegratorContext) -> None:
    root = unique("org")
    person = people.people.ensure(
        PersonProperties(qualified_name=f"{root}:p", display_name="Tessa", full_name="Tessa Tube", courtesy_title="Dr")
    )
    assert person.properties.courtesy_title == "Dr"
    account = people.user_identities.ensure(UserIdentityProperties(qualified_name=f"{root}:u", user_id="tessatube"))
    people.identities.ensure(person.guid, account.guid, IdentityProperties(description="work"))
    (identity,) = people.identities.of(account.guid)
    assert (identity.first, identity.properties.description) == (person.guid, "work")
    mail = ContactProperties(qualified_name=f"{root}:m", contact_method_type="EMAIL", contact_method_value="t@coco")
    contact = people.contact_methods.ensure(mail, parent=person.guid)
    assert contact.properties == mail and contact.anchor_guid == person.guid

    outer = people.teams.ensure(
        TeamProperties(qualified_name=f"{root}:c", display_name="Coco", identifier="1"), type_name="Organization"
    )
    inner = people.teams.ensure(TeamProperties(qualified_name=f"{root}:t", team_type="lab"), parent=outer.guid)
    assert [found.guid for found in people.teams.of(outer.guid)] == [inner.guid]
    member = people.roles.ensure(
        RoleProperties(qualified_name=f"{root}:r", head_count=3, scope="lab"), type_name="TeamMember"
    )
    people.appointments.ensure(person.guid, member.guid, AppointmentProperties())
    (appointed,) = people.appointments.of(member.guid)
    assert (appointed.first, appointed.second) == (person.guid, member.guid)
    people.team_members.ensure(member.guid, inner.guid, AssignmentProperties(position="researcher"))
    (membership,) = people.team_members.of(inner.guid)
    assert (membership.first, membership.properties.position) == (member.guid, "researcher")
    assert people.list_membership.set(account.guid, ListMembershipProperties(groups=["a", "b"]))
    assert people.list_membership.get(account.guid) == ListMembershipProperties(groups=["a", "b"])

    changes(people)
    people.people.delete(person.guid)
    assert changes(people)[2] == 2  # the person and how to reach them; the account and the role stay
    assert people.user_identities.get(account.guid).guid == account.guid


def test_tags_zones_and_groups(
    security: SecurityIntegratorContext, catalog: CatalogIntegratorContext, release_server: Running
) -> None:
    root = unique("zone")
    asset = catalog.assets.create(AssetProperties(qualified_name=root), type_name="CSVFile")
    tags = SecurityTagsProperties(security_labels=["private"], security_properties={"level": "3"})
    assert security.security_tags.set(asset.guid, tags) and not security.security_tags.set(asset.guid, tags)
    assert security.security_tags.get(asset.guid) == tags
    assert asset.guid in [each.guid for each in security.security_tags.elements("DataFile")]
    assert security.zone_membership.set(asset.guid, ZoneMembershipProperties(zone_membership=[root, "other"]))
    assert [each.guid for each in security.elements_in_zone(root)] == [asset.guid]
    assert list(security.elements_in_zone(f"{root}x")) == []

    zone = security.zones.ensure(ZoneProperties(qualified_name=f"{root}:z", zone_name=root, criteria="all"))
    inner = security.zones.ensure(ZoneProperties(qualified_name=f"{root}:y", zone_name=f"{root}y"))
    security.zone_hierarchy.ensure(zone.guid, inner.guid)
    assert zone.properties.zone_name == root
    group = security.security_groups.ensure(
        SecurityGroupProperties(qualified_name=f"{root}:g", display_name="g", distinguished_name="cn=g")
    )
    assert (group.properties.display_name, group.properties.distinguished_name) == ("g", "cn=g")
    assert security.security_tags.remove(asset.guid) and security.security_tags.get(asset.guid) is None

    with (
        context_on(release_server, SecurityIntegratorContext, "security-integrator") as reader,
        pytest.raises(UserNotAuthorizedError),
    ):
        reader.security_tags.set(asset.guid, tags)


def test_surveys_and_their_findings(stewards: StewardshipIntegratorContext, catalog: CatalogIntegratorContext) -> None:
    root = unique("survey")
    asset = catalog.assets.create(AssetProperties(qualified_name=root), type_name="CSVFile")
    survey = stewards.surveys.ensure(
        SurveyProperties(qualified_name=f"{root}:s", display_name="s", start_time=1_700_000_000_000), parent=asset.guid
    )
    assert [found.properties for found in stewards.surveys.of(asset.guid)] == [survey.properties]
    finding = stewards.annotations.create(
        AnnotationProperties(qualified_name=f"{root}:a", annotation_type="quality", summary="bad", confidence=80),
        parent=survey.guid,
    )
    asked = stewards.requests_for_action.create(
        RequestForActionProperties(qualified_name=f"{root}:r", action_requested="mend", action_properties={"a": "b"}),
        parent=survey.guid,
    )
    assert {found.guid for found in stewards.annotations.of(survey.guid)} == {finding.guid, asked.guid}
    (read,) = stewards.requests_for_action.of(survey.guid)
    assert (read.properties.action_requested, read.properties.action_properties) == ("mend", {"a": "b"})
    assert finding.properties.confidence == 80 and finding.anchor_guid == survey.guid

    to_do = stewards.governance.stewardship.open_to_do(f"{root}:t", "mend", action_targets=[asset.guid])
    assert stewards.to_dos.named(f"{root}:t") == to_do
    (target,) = stewards.action_targets.of(to_do.guid)
    assert (target.second, target.properties.status) == (asset.guid, "OPEN")
