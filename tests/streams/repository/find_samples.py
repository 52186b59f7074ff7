"""Instances and values for the tests of finds, short to write."""

from typing import Any

from omrs_schemas.typedefs.system import TypeSystem

TYPES = TypeSystem.builtin()
Bean = dict[str, Any]


def guid_of(type_name: str) -> str:
    return str(TYPES.require(name=type_name)["guid"])


def primitive(category: str, value: Any, type_name: str | None = None) -> Bean:
    bean = {
        "class": "PrimitivePropertyValue",
        "instancePropertyCategory": "PRIMITIVE",
        "primitiveDefCategory": f"OM_PRIMITIVE_TYPE_{category}",
        "primitiveValue": value,
    }
    return bean if type_name is None else {**bean, "typeName": type_name}


def string(value: str) -> Bean:
    return primitive("STRING", value)


def integer(value: int) -> Bean:
    return primitive("INT", value)


def enum(symbolic_name: str, ordinal: int = 0) -> Bean:
    return {
        "class": "EnumPropertyValue",
        "instancePropertyCategory": "ENUM",
        "ordinal": ordinal,
        "symbolicName": symbolic_name,
    }


def properties(**values: Bean) -> Bean:
    return {"class": "InstanceProperties", "instanceProperties": values}


def array(*values: Bean) -> Bean:
    return {
        "class": "ArrayPropertyValue",
        "instancePropertyCategory": "ARRAY",
        "arrayCount": len(values),
        "arrayValues": properties(**{str(index): value for index, value in enumerate(values)}),
    }


def mapping(**values: Bean) -> Bean:
    return {
        "class": "MapPropertyValue",
        "instancePropertyCategory": "MAP",
        "mapElementCount": len(values),
        "mapValues": properties(**values),
    }


def entity(guid: str, type_name: str = "GlossaryTerm", header: Bean | None = None, **values: Bean) -> Bean:
    bean: Bean = {
        "class": "EntityDetail",
        "guid": guid,
        "type": {"class": "InstanceType", "typeDefGUID": guid_of(type_name), "typeDefName": type_name},
        "status": "ACTIVE",
        "version": 1,
        "createdBy": "peter",
        "createTime": 1000,
        "metadataCollectionId": "home-1",
    }
    if values:
        bean["properties"] = properties(**values)
    return {**bean, **(header or {})}


def relationship(guid: str, type_name: str = "SemanticAssignment", **values: Bean) -> Bean:
    return {**entity(guid, type_name, **values), "class": "Relationship"}


def classification(name: str, **values: Bean) -> Bean:
    bean: Bean = {"class": "Classification", "name": name, "version": 1, "createdBy": "erin"}
    return {**bean, "properties": properties(**values)} if values else bean


def condition(name: str, operator: str, value: Bean | None = None) -> Bean:
    found = {"property": name, "operator": operator, "value": value}
    return {field: each for field, each in found.items() if each is not None}


def search(*conditions: Bean, criteria: str | None = "ALL") -> Bean:
    found: Bean = {"class": "SearchProperties", "conditions": list(conditions)}
    return found if criteria is None else {**found, "matchCriteria": criteria}
