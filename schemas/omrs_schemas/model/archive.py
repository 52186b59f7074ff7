"""Open metadata archives: types and instances in one JSON file (types.md § 1)."""

from __future__ import annotations

from omrs_schemas.model.base import Bean, EpochMs
from omrs_schemas.model.enums import ArchiveType
from omrs_schemas.model.instances import ClassificationEntityExtension, EntityDetail, Relationship
from omrs_schemas.model.types import AttributeTypeDef, TypeDef, TypeDefPatch


class OpenMetadataArchiveProperties(Bean):
    """What an archive is, who made it and what it depends on."""

    bean_class = "OpenMetadataArchiveProperties"

    archiveGUID: str | None = None
    archiveName: str | None = None
    archiveDescription: str | None = None
    archiveType: ArchiveType | None = None
    archiveVersion: str | None = None
    originatorName: str | None = None
    originatorOrganization: str | None = None
    originatorLicense: str | None = None
    creationDate: EpochMs | None = None
    dependsOnArchives: list[str] | None = None


class OpenMetadataArchiveTypeStore(Bean):
    """The types of an archive, in the order in which they are loaded."""

    bean_class = "OpenMetadataArchiveTypeStore"

    attributeTypeDefs: list[AttributeTypeDef] | None = None
    newTypeDefs: list[TypeDef] | None = None
    typeDefPatches: list[TypeDefPatch] | None = None


class OpenMetadataArchiveInstanceStore(Bean):
    """The instances of an archive."""

    bean_class = "OpenMetadataArchiveInstanceStore"

    entities: list[EntityDetail] | None = None
    relationships: list[Relationship] | None = None
    classifications: list[ClassificationEntityExtension] | None = None


class OpenMetadataArchive(Bean):
    """A whole archive."""

    bean_class = "OpenMetadataArchive"

    archiveProperties: OpenMetadataArchiveProperties | None = None
    archiveTypeStore: OpenMetadataArchiveTypeStore | None = None
    archiveInstanceStore: OpenMetadataArchiveInstanceStore | None = None
