"""Catalog Integrator: connectors and context for other catalogs (integration § 11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.services.base import BOTH_DIRECTIONS, IntegrationService, wiki_of
from omrs_connectors.services.below import SUBCATEGORY_4, SUBCATEGORY_6
from omrs_connectors.services.element import Element, Plain, ends_of, plain_element
from omrs_connectors.services.elements import Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import Properties, ReferenceableProperties, called
from omrs_connectors.services.relations import LinkKind
from omrs_connectors.services.schemas import AssetProperties
from omrs_connectors.services.uses import SchemaContext, data_flows, lineage_mappings
from omrs_streams.client import exact


@dataclass(frozen=True, kw_only=True)
class GlossaryProperties(ReferenceableProperties):
    """Glossary."""

    language: str | None = None
    usage: str | None = None


@dataclass(frozen=True, kw_only=True)
class TermProperties(ReferenceableProperties):
    """GlossaryTerm."""

    summary: str | None = None
    examples: str | None = None
    abbreviation: str | None = None
    usage: str | None = None
    aliases: Sequence[str] | None = None
    version_identifier: str | None = called("versionIdentifier", "publishVersionIdentifier")


@dataclass(frozen=True, kw_only=True)
class ExternalIdProperties(ReferenceableProperties):
    """ExternalId, and how the element is kept in step with it, on the link."""

    key: str | None = called("key", "identifier")
    key_pattern: str | None = None
    external_instance_type_name: str | None = None
    external_instance_created_by: str | None = None
    external_instance_creation_time: int | None = None
    external_instance_last_updated_by: str | None = None
    external_instance_last_update_time: int | None = None
    external_instance_version: int | None = None
    usage: str | None = None
    source: str | None = None
    last_synchronized: int | None = None
    mapping_properties: Mapping[str, str] | None = None
    permitted_synchronization: str | None = None


@dataclass(frozen=True, kw_only=True)
class CategorizationProperties(Properties):
    """TermCategorization / CollectionMembership."""

    description: str | None = called("membershipRationale", "description")
    status: str | None = called("membershipStatus", "status")


@dataclass(frozen=True, kw_only=True)
class TermLinkProperties(Properties):
    """Relationships between terms, and of terms with what they mean."""

    description: str | None = None
    expression: str | None = None
    status: str | None = called("termRelationshipStatus", "termAssignmentStatus", "status")
    confidence: int | None = None
    steward: str | None = None
    source: str | None = None


GLOSSARY_TERM = Link(("TermAnchor", "CollectionMembership"), "Glossary", "GlossaryTerm")


def terms_with(about: str, name: str) -> LinkKind[TermLinkProperties]:
    """A relationship between two terms."""
    return LinkKind(about, TermLinkProperties, Link((name,), "GlossaryTerm", "GlossaryTerm"))


class CatalogIntegratorContext(SchemaContext):
    """Assets, glossaries, and what another catalog calls them.

    `assets` are of any subtype of Asset: give `type_name`. Categories hang below a glossary or a category, terms below
    a glossary; `categorizations` puts terms into categories. In 6.x a category is a CollectionFolder. An external id
    hangs below the element that it stands for.
    """

    assets = Kind("assets of any type", AssetProperties, ("Asset",))
    glossaries = Kind("glossaries", GlossaryProperties, ("Glossary",))
    categories = Kind(
        "categories of a glossary",
        ReferenceableProperties,
        ("CollectionFolder", "GlossaryCategory"),
        below=(
            Link(("CategoryAnchor", "CollectionMembership"), "Glossary", "GlossaryCategory"),
            SUBCATEGORY_4,
            SUBCATEGORY_6,
        ),
        anchored=True,
    )
    terms = Kind("terms of a glossary", TermProperties, ("GlossaryTerm",), below=(GLOSSARY_TERM,), anchored=True)
    external_ids = Kind(
        "what an element is called in another catalog",
        ExternalIdProperties,
        ("ExternalId",),
        below=(Link(("ExternalIdLink",), "OpenMetadataRoot", "ExternalId"),),
        anchored=True,
    )
    categorizations = LinkKind(
        "terms in categories",
        CategorizationProperties,
        Link(("TermCategorization", "CollectionMembership"), "GlossaryCategory", "GlossaryTerm"),
    )
    synonyms = terms_with("terms that mean the same", "Synonym")
    antonyms = terms_with("terms that mean the contrary", "Antonym")
    related_terms = terms_with("terms to see also", "RelatedTerm")
    preferred_terms = terms_with("terms to use instead", "PreferredTerm")
    replacement_terms = terms_with("terms that took another's place", "ReplacementTerm")
    meanings = LinkKind(
        "terms that an element means",
        TermLinkProperties,
        Link(("SemanticAssignment",), "Referenceable", "GlossaryTerm"),
    )
    data_flows = data_flows()
    lineage_mappings = lineage_mappings()

    def elements_called(self, key: str, source: str | None = None) -> list[Element[Plain]]:
        """Elements that another catalog (`source` of their external id) knows by `key`."""
        client, ids = self.client, self.external_ids
        (attribute,) = [name for name in ("key", "identifier") if name in self.types.attributes("ExternalId")][:1]
        found = []
        for entity in client.find_entities_by_property(ids.type_name, {attribute: exact(key)}):
            for link in client.relationships_of(entity.guid, "ExternalIdLink"):
                if source is None or link.plain_properties.get("source") == source:
                    element, _ = ends_of(link)
                    found.append(plain_element(client.get_entity(element), relation_guid=link.guid))
        return found


class CatalogIntegratorConnector(IntegrationConnector):
    """Runs under `catalog-integrator`."""

    service: ClassVar[str] = "catalog-integrator"
    context: CatalogIntegratorContext


CATALOG = IntegrationService(
    id=4000,
    full_name="Catalog Integrator OMIS",
    url_marker="catalog-integrator",
    description="Keeps assets and glossaries in step with other catalogs, in both directions.",
    wiki=wiki_of("catalog-integrator"),
    partner="Asset Manager OMAS",
    default_permitted_synchronization=BOTH_DIRECTIONS,
    connector_class=CatalogIntegratorConnector,
    context_class=CatalogIntegratorContext,
)
