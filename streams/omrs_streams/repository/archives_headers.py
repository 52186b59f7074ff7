"""Whose the instances of an archive are: the header rules of loading (OMRS instances, Archive loading).

CONTENT_PACK: the archive is the home. Home id and name, createdBy, createTime, provenance, license and replicatedBy are
    overwritten; where the archive's properties leave one out, what came stays.
METADATA_EXPORT: the same fields, each only where it is null; the archive's name only together with its home id.
REPOSITORY_BACKUP: untouched.
All of them: version 0 becomes 1.

The rule applies to entities, relationships, classification extensions and all classifications on them. A proxy (an end
of a relationship, the entity of an extension) points at an entity that may have another home, so it keeps what came,
unless that entity is in the same archive: then it gets the same header as the entity, or the two would disagree on one
guid. Of a foreign proxy only a missing home is filled in, because nothing without a home can be stored.
"""

from collections.abc import Callable, Mapping
from typing import Any

JsonBean = dict[str, Any]
HeaderRule = Callable[[JsonBean], JsonBean]

PROVENANCE = {"CONTENT_PACK": "CONTENT_PACK", "METADATA_EXPORT": "EXPORT_ARCHIVE"}


def header_rule(properties: Mapping[str, Any], local_collection_id: str) -> HeaderRule:
    """A function that gives an entity, proxy, relationship or classification with its header as loaded here."""
    kind = properties["archiveType"]
    fields = {
        "metadataCollectionId": properties["archiveGUID"],
        "metadataCollectionName": properties.get("archiveName"),
        "createdBy": properties.get("originatorName"),
        "createTime": properties.get("creationDate"),
        "instanceProvenanceType": PROVENANCE.get(kind),
        "instanceLicense": properties.get("originatorLicense"),
        "replicatedBy": local_collection_id,
    }
    given = {name: value for name, value in fields.items() if value is not None}

    def loaded(bean: JsonBean) -> JsonBean:
        if kind == "CONTENT_PACK":
            changed = {**bean, **given}
        elif kind == "METADATA_EXPORT":
            changed = {**bean, **{name: value for name, value in given.items() if name not in bean}}
            if bean.get("metadataCollectionId") and "metadataCollectionName" not in bean:
                changed.pop("metadataCollectionName", None)
        else:
            changed = dict(bean)
        changed["version"] = bean.get("version") or 1
        if bean.get("classifications"):
            changed["classifications"] = [loaded(each) for each in bean["classifications"]]
        return changed

    return loaded


def foreign_proxy(properties: Mapping[str, Any], proxy: JsonBean) -> JsonBean:
    """A proxy of an entity that is not in the archive: as it came, with a home and a version."""
    home = {
        "metadataCollectionId": properties["archiveGUID"],
        "instanceProvenanceType": PROVENANCE.get(properties["archiveType"], "LOCAL_COHORT"),
    }
    if proxy.get("metadataCollectionId"):
        home = {}
    return {**proxy, **home, "version": proxy.get("version") or 1}
