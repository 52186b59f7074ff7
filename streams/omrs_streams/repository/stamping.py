"""What is computed on everything that leaves the repository and never stored (OMRS instances § Provenance rules,
"Stamping by the local wrapper")."""

from collections.abc import Set as AbstractSet

from omrs_streams.repository.local import DEREGISTERED, EXTERNAL_SOURCE, LOCAL_COHORT, Bean, LocalCollection


def stamped(bean: Bean, local: LocalCollection, members: AbstractSet[str]) -> Bean:
    """`bean` as a reader sees it; `members` are the collection ids now registered in any cohort, ours included.

    The entity and its classifications, or the relationship and both proxies. The given bean is not changed.
    """
    result = _header(bean, local, members)
    classifications = result.get("classifications")
    if classifications:
        stamps = [_header(found, local, members) for found in classifications]
        if any(new is not old for new, old in zip(stamps, classifications, strict=True)):
            result = {**result, "classifications": stamps}
    for end in ("entityOneProxy", "entityTwoProxy"):
        proxy = result.get(end)
        if proxy is not None:
            stamp = stamped(proxy, local, members)
            if stamp is not proxy:
                result = {**result, end: stamp}
    return result


def _header(bean: Bean, local: LocalCollection, members: AbstractSet[str]) -> Bean:
    home = bean.get("metadataCollectionId")
    provenance = bean.get("instanceProvenanceType")
    changes: Bean = {}
    if home is None:
        if provenance == "CONFIGURATION":
            return bean
        changes = {"metadataCollectionId": local.collection_id, "instanceProvenanceType": LOCAL_COHORT}
        home = local.collection_id
    elif provenance == EXTERNAL_SOURCE and bean.get("replicatedBy") is None:
        changes["replicatedBy"] = local.collection_id
    elif provenance == LOCAL_COHORT and home not in members:
        changes["instanceProvenanceType"] = DEREGISTERED
    if home == local.collection_id and bean.get("metadataCollectionName") is None and local.collection_name:
        changes["metadataCollectionName"] = local.collection_name
    return {**bean, **changes} if changes else bean
