"""Whether an answer of another member has the shape that merging, sorting and showing it rely on. Pure.

One bean that has it not spoils the whole answer of its member: pages are cut out of all that the members found, and a
page that leaves one out would not fit the next. What is missing but can be told from the operation is filled in.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from omrs_schemas.codes import Code
from omrs_schemas.errors import RepositoryError
from omrs_streams.federation.member import Asked

_TEXTS = (
    "metadataCollectionId",
    "metadataCollectionName",
    "replicatedBy",
    "status",
    "statusOnDelete",
    "instanceProvenanceType",
    "instanceURL",
    "instanceLicense",
    "createdBy",
    "updatedBy",
    "reIdentifiedFromGUID",
    "classificationOrigin",
    "classificationOriginGUID",
)
_NUMBERS = ("version", "createTime", "updateTime")
_VALUE_TEXTS = ("class", "instancePropertyCategory", "primitiveDefCategory", "typeName", "typeGUID", "symbolicName")
_NESTED = ("arrayValues", "mapValues", "attributes")
_ENTITIES = ("EntityDetail", "EntitySummary", "EntityProxy")
_LONG = 2**63
_TYPES = ("typeDef", "typeDefs", "attributeTypeDef", "attributeTypeDefs")

Check = Callable[[Any], None]


class _WrongError(Exception):
    """What is wrong with a bean."""


def checked(payload: str | None, result: Any, asked: Asked, what: str) -> Any:
    """`result`, the field `payload` of the answer to `asked`, or without one the whole answer.

    Raises RepositoryError for what is no such answer, or one about another instance than was asked for.
    """
    try:
        _check(payload, result, asked)
    except _WrongError as error:
        raise RepositoryError(
            f"{what}: the answer holds something that is no instance or type: {error}",
            code=Code.UNEXPECTED_EXCEPTION_FROM_COHORT,
        ) from error
    return result


def _check(payload: str | None, result: Any, asked: Asked) -> None:
    entity = "EntitySummary" if asked.operation == "getEntitySummary" else "EntityDetail"
    kinds: dict[str, Check] = {
        "entity": lambda bean: _entity(bean, entity),
        "entities": lambda bean: _entity(bean, entity),
        "entityElementList": lambda bean: _entity(bean, entity),
        "relationship": _relationship,
        "relationships": _relationship,
        "relationshipElementList": _relationship,
        "classification": _classification,
        "classifications": _classification,
        **dict.fromkeys(_TYPES, _type_definition),
    }
    if payload is None:
        for name, check in kinds.items():
            if name.endswith(("List", "s")):
                _each(result.get(name), name, check)
    elif payload == "flag":
        _need(isinstance(result, bool), f"{payload} is {_kind(result)}")
    elif payload in kinds and payload.endswith("s"):
        _each(result, payload, kinds[payload])
    elif payload in kinds and result is not None:
        kinds[payload](result)
        wanted = next((value for name, value in asked.path.items() if name.lower().endswith("guid")), None)
        if wanted is not None and payload != "classification":
            _need(result["guid"] == wanted, f"{result['guid'][:100]!r}, which was not asked for")


def _entity(bean: Any, kind: str) -> None:
    _instance(bean, kind, _ENTITIES)
    _each(bean.get("classifications"), "classifications", _classification)
    _properties(bean.get("uniqueProperties"))


def _relationship(bean: Any) -> None:
    _instance(bean, "Relationship", ("Relationship",))
    for end in ("entityOneProxy", "entityTwoProxy"):
        _entity(bean.get(end), "EntityProxy")


def _instance(bean: Any, kind: str, allowed: Collection[str]) -> None:
    _header(bean, "guid")
    if bean.get("class") is None:
        bean["class"] = kind
    _need(bean["class"] in allowed, f"class {str(bean['class'])[:100]!r} where a {kind} is expected")
    described = _dict(bean.get("type"), "type")
    for name in ("typeDefName", "typeDefGUID"):
        _name(described, name)


def _classification(bean: Any) -> None:
    _header(bean, "name")
    bean.setdefault("class", "Classification")
    _texts(_optional(bean.get("type"), "type"), ("typeDefName", "typeDefGUID"))


def _header(bean: Any, key: str) -> None:
    _dict(bean, "an instance")
    _name(bean, key)
    _texts(bean, _TEXTS)
    _numbers(bean, _NUMBERS)
    for each in _list(bean.get("maintainedBy"), "maintainedBy"):
        _need(isinstance(each, str), "maintainedBy holds no name")
    _optional(bean.get("mappingProperties"), "mappingProperties")
    _properties(bean.get("properties"))


def _properties(properties: Any) -> None:
    held = _optional(properties, "properties")
    _numbers(held, ("effectiveFromTime", "effectiveToTime"))
    for value in _optional(held.get("instanceProperties"), "instanceProperties").values():
        _texts(_dict(value, "a property value"), _VALUE_TEXTS)
        _numbers(value, ("ordinal", "arrayCount"))
        _need(not isinstance(value.get("primitiveValue"), (dict, list)), "a primitive value is none")
        for name in _NESTED:
            _properties(value.get(name))
        places = _optional((value.get("arrayValues") or {}).get("instanceProperties"), "arrayValues")
        _need(all(place.isdecimal() for place in places), "the values of an array are not numbered")


def _type_definition(bean: Any) -> None:
    _dict(bean, "a type")
    _name(bean, "guid")
    _texts(bean, ("class", "name", "category", "description"))
    _numbers(bean, ("version",))
    _texts(_optional(bean.get("superType"), "superType"), ("guid", "name"))
    for each in _list(bean.get("propertiesDefinition"), "propertiesDefinition"):
        _texts(_dict(each, "an attribute"), ("attributeName",))
        _texts(_optional(each.get("attributeType"), "attributeType"), ("guid", "name"))
    for each in _list(bean.get("elementDefs"), "elementDefs"):
        _texts(_dict(each, "an element"), ("value",))
        _numbers(each, ("ordinal",))
    for each in _list(bean.get("validEntityDefs"), "validEntityDefs"):
        _texts(_dict(each, "a valid entity type"), ("guid", "name"))
    for name in ("endDef1", "endDef2"):
        end = _optional(bean.get(name), name)
        _texts(end, ("attributeName", "attributeCardinality"))
        _texts(_optional(end.get("entityType"), "entityType"), ("guid", "name"))


# ---- one field -----------------------------------------------------------------------------------------------------


def _need(held: bool, what: str) -> None:
    if not held:
        raise _WrongError(what)


def _kind(value: Any) -> str:
    return "missing" if value is None else f"a {type(value).__name__}"


def _dict(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(f"{name} is {_kind(value)}")
    return value


def _optional(value: Any, name: str) -> dict[str, Any]:
    return {} if value is None else _dict(value, name)


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, (list, type(None))):
        raise _WrongError(f"{name} is {_kind(value)}")
    return value or []


def _each(value: Any, name: str, check: Check) -> None:
    for bean in _list(value, name):
        check(bean)


def _name(bean: dict[str, Any], name: str) -> None:
    value = bean.get(name)
    _need(isinstance(value, str) and value != "", f"{name} is {_kind(value)}")


def _texts(bean: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        value = bean.get(name)
        if value is not None and not isinstance(value, str):
            raise _WrongError(f"{name} is {_kind(value)}")


def _numbers(bean: dict[str, Any], names: Iterable[str]) -> None:
    """Java longs, or nothing."""
    for name in names:
        value = bean.get(name)
        if value is None:
            continue
        if type(value) is not int or not -_LONG <= value < _LONG:
            raise _WrongError(f"{name} is {_kind(value)}, or too large")
