"""What a command makes of an instance: new beans from old ones (OMRS instances § Creating … § Delete).

Pure: user, time and guid are handed in; nothing here validates against the type system (see `omrs_schemas.typedefs`) or
touches the log. A bean that is passed in is never changed.
"""

from collections.abc import Mapping, Sequence

from omrs_schemas.errors import InvalidParameterError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.repository.local import EXTERNAL_SOURCE, LOCAL_COHORT, Bean, LocalCollection

ENTITY = "EntityDetail"
RELATIONSHIP = "Relationship"
PROXY = "EntityProxy"
AUDIT_HEADER_VERSION = 1


def home_header(
    local: LocalCollection,
    user: str,
    now: int,
    instance_type: Bean,
    status: str,
    external: tuple[str, str] | None = None,
) -> Bean:
    """The audit header of something created here; `external` is (guid, name) of the technology that is its home."""
    header: Bean = {
        "headerVersion": AUDIT_HEADER_VERSION,
        "type": instance_type,
        "instanceProvenanceType": EXTERNAL_SOURCE if external else LOCAL_COHORT,
        "metadataCollectionId": external[0] if external else local.collection_id,
        "createdBy": user,
        "createTime": now,
        "version": 1,
        "status": status,
    }
    name = external[1] if external else local.collection_name
    if name:
        header["metadataCollectionName"] = name
    if external:
        header["replicatedBy"] = local.collection_id
    return header


def new_instance(
    kind: str, guid: str, header: Bean, properties: Bean | None, local: LocalCollection, **more: object
) -> Bean:
    """An entity or relationship bean around `header`; `more` holds classifications or end proxies."""
    bean: Bean = {"class": kind, **header, "guid": guid}
    if local.url_root:
        bean["instanceURL"] = local.instance_url(guid, relationship=kind == RELATIONSHIP)
    bean.update({name: value for name, value in more.items() if value})
    return with_properties(bean, properties)


def new_classification(
    name: str, header: Bean, properties: Bean | None, origin: str = "ASSIGNED", origin_guid: str | None = None
) -> Bean:
    bean: Bean = {"class": "Classification", **header, "name": name, "classificationOrigin": origin}
    if origin_guid:
        bean["classificationOriginGUID"] = origin_guid
    return with_properties(bean, properties)


def with_properties(bean: Bean, properties: Bean | None) -> Bean:
    """`bean` with exactly these properties; without values and effectivity dates it has none."""
    changed = {name: value for name, value in bean.items() if name != "properties"}
    if properties and (
        properties.get("instanceProperties") or "effectiveFromTime" in properties or "effectiveToTime" in properties
    ):
        changed["properties"] = properties
    return changed


def next_version(bean: Bean, user: str, now: int) -> Bean:
    """`bean` one OMRS version later, changed by `user` (OMRS instances § Versioning).

    The update time never lies before the create time or the last update: a clock that jumped back must not
    reorder history.
    """
    maintained = list(bean.get("maintainedBy") or ())
    if user not in maintained:
        maintained.append(user)
    return {
        **bean,
        "version": bean.get("version", 0) + 1,
        "updatedBy": user,
        "updateTime": max(now, bean.get("updateTime", 0), bean.get("createTime", 0)),
        "maintainedBy": maintained,
    }


def deleted(bean: Bean, user: str, now: int) -> Bean:
    return {**next_version(bean, user, now), "statusOnDelete": bean.get("status", "ACTIVE"), "status": "DELETED"}


def restored(bean: Bean, user: str, now: int) -> Bean:
    changed = {**next_version(bean, user, now), "status": bean.get("statusOnDelete") or "ACTIVE"}
    changed.pop("statusOnDelete", None)
    return changed


_HOME_FIELDS = (
    "metadataCollectionId",
    "metadataCollectionName",
    "instanceProvenanceType",
    "replicatedBy",
    "instanceURL",
    "reIdentifiedFromGUID",
)


def undone(current: Bean, previous: Bean, user: str, now: int) -> Bean:
    """The content of `previous` as the version after `current`: the number never goes back, the home stays."""
    content = {name: value for name, value in previous.items() if name not in _HOME_FIELDS}
    content.update({name: current[name] for name in _HOME_FIELDS if name in current})
    content.update(version=current["version"], maintainedBy=current.get("maintainedBy", []))
    if "updateTime" in current:
        content["updateTime"] = current["updateTime"]
    return next_version(content, user, now)


def find_classification(entity: Mapping[str, object], name: str) -> Bean | None:
    classifications = entity.get("classifications")
    if not isinstance(classifications, Sequence):
        return None
    return next((found for found in classifications if found["name"] == name), None)


def with_classification(entity: Bean, classification: Bean) -> Bean:
    """`entity` carrying `classification` in place of one of that name; its own version stays."""
    others = [found for found in entity.get("classifications") or () if found["name"] != classification["name"]]
    return {**entity, "classifications": [*others, classification]}


def without_classification(entity: Bean, name: str) -> Bean:
    others = [found for found in entity.get("classifications") or () if found["name"] != name]
    changed = {key: value for key, value in entity.items() if key != "classifications"}
    if others:
        changed["classifications"] = others
    return changed


def proxy_of(types: TypeSystem, entity: Bean) -> Bean:
    """The proxy by which relationships carry `entity`: header, classifications and unique properties."""
    if entity["class"] == PROXY:
        return entity
    bean = {name: value for name, value in entity.items() if name != "properties"}
    bean["class"] = PROXY
    properties = entity.get("properties") or {}
    attributes = types.attributes(entity["type"]["typeDefName"])
    values = properties.get("instanceProperties") or {}
    unique = {name: value for name, value in values.items() if name in attributes and attributes[name].unique}
    kept = {name: properties[name] for name in ("effectiveFromTime", "effectiveToTime") if name in properties}
    if unique or kept:
        bean["uniqueProperties"] = {"class": "InstanceProperties", "headerVersion": 1, **kept}
        if unique:
            bean["uniqueProperties"]["instanceProperties"] = unique
    return bean


def require_guid(guid: str | None, parameter: str) -> str:
    if not guid:
        raise InvalidParameterError(
            f"no {parameter} was given",
            code="OMRS-REPOSITORY-400-014",
            help="pass the instance's unique id",
            parameter=parameter,
        )
    return guid


# ---- identity, type and home (OMRS instances § Reidentify / retype / rehome) -----------------------------------------


def re_identified(bean: Bean, guid: str, user: str, now: int, local: LocalCollection) -> Bean:
    """`bean` under a new guid, one version later; its creation time stays."""
    changed = {**next_version(bean, user, now), "guid": guid, "reIdentifiedFromGUID": bean["guid"]}
    return _with_url(changed, local)


def re_typed(bean: Bean, instance_type: Bean, user: str, now: int) -> Bean:
    return {**next_version(bean, user, now), "type": instance_type}


def re_homed(bean: Bean, user: str, now: int, local: LocalCollection, name: str | None) -> Bean:
    """`bean` with its home here, one version later, and with it the classifications that its old home had given it:
    nobody else is left to change them."""
    old = bean.get("metadataCollectionId")
    changed = _at_home(next_version(bean, user, now), local, name)
    classifications = bean.get("classifications")
    if classifications:
        changed["classifications"] = [
            _at_home(next_version(each, user, now), local, name) if each.get("metadataCollectionId") == old else each
            for each in classifications
        ]
    return _with_url(changed, local)


def is_former(found: Bean, new: Bean) -> bool:
    """Whether what `found` (`IdentityCommands.look`) holds of the old guid is still what `new` was made from.

    Not when it is another object that took the guid over, and not when its life ended once since: whoever restored it
    wants it.
    """
    bean: Bean = found.get("bean") or {}
    same = all(bean.get(name) == new.get(name) for name in ("class", "createTime", "metadataCollectionId"))
    return same and bean.get("status") != "DELETED" and int(found.get("deleted") or 0) < int(new.get("version") or 0)


def ends_of(relationship: Bean) -> tuple[str, str]:
    """The guids of the two entities that a relationship links."""
    return relationship["entityOneProxy"]["guid"], relationship["entityTwoProxy"]["guid"]


def re_pointed(relationship: Bean, old: str, proxy: Bean, user: str, now: int) -> Bean:
    """`relationship` with `proxy` at each end that was the entity `old`."""
    ends = {end: proxy for end in ("entityOneProxy", "entityTwoProxy") if relationship[end]["guid"] == old}
    return {**next_version(relationship, user, now), **ends}


def content_of(bean: Bean) -> Bean:
    """What a user changes of an instance: status, properties and classifications."""
    return {name: bean.get(name) for name in ("status", "properties", "classifications")}


def with_content(bean: Bean, content: Bean, user: str, now: int) -> Bean:
    """`bean` one version later with the `content_of` another."""
    changed = {**next_version(bean, user, now), **content}
    return {name: value for name, value in changed.items() if value is not None}


def _at_home(header: Bean, local: LocalCollection, name: str | None) -> Bean:
    changed = {key: value for key, value in header.items() if key != "replicatedBy"}
    changed["metadataCollectionId"] = local.collection_id
    changed["metadataCollectionName"] = name or local.collection_name
    changed["instanceProvenanceType"] = LOCAL_COHORT
    return changed


def _with_url(bean: Bean, local: LocalCollection) -> Bean:
    if local.url_root:
        bean["instanceURL"] = local.instance_url(bean["guid"], relationship=bean["class"] == RELATIONSHIP)
    return bean
