"""Instances, bean ⇄ Avro record: written by hand, because every event on every topic passes here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omrs_schemas.codec.egeria_json import json_text, json_value
from omrs_schemas.codec.values import Plan, beans_of, plan_of, values_of
from omrs_schemas.errors import CodecError
from omrs_schemas.model.base import JsonBean

if TYPE_CHECKING:
    from omrs_schemas.typedefs.system import TypeSystem

Record = dict[str, Any]

NO_PLAN: Plan = {}


class InstanceConverter:
    """Converts instance beans to records and back; keeps what the type system says of a type, per version."""

    def __init__(self, types: TypeSystem) -> None:
        self.types = types
        self._plans: dict[str, Plan] = {}
        self._version = types.version

    def to_record(self, bean: JsonBean) -> Record:
        """The record of an entity, summary, proxy, relationship or classification."""
        if type(bean) is not dict:
            raise CodecError(f"a {type(bean).__name__} where an instance bean is expected")
        record = dict(bean)
        if "properties" in bean:
            record["properties"] = self._properties_record(bean, "properties")
        if "uniqueProperties" in bean:
            record["uniqueProperties"] = self._properties_record(bean, "uniqueProperties")
        if "mappingProperties" in bean:
            mapping = bean["mappingProperties"]
            record["mappingProperties"] = None if mapping is None else json_text(mapping)
        classifications = bean.get("classifications")
        if classifications is not None:
            record["classifications"] = [self.to_record(item) for item in classifications]
        for end in ("entityOneProxy", "entityTwoProxy"):
            proxy = bean.get(end)
            if proxy is not None:
                record[end] = self.to_record(proxy)
        return record

    def to_bean(self, record: Record, class_name: str) -> JsonBean:
        """The bean of class `class_name` in a record."""
        bean: JsonBean = {"class": class_name}
        for field, value in record.items():
            if value is not None:
                bean[field] = value
        header = bean.get("type")
        if header is not None:
            bean["type"] = {"class": "InstanceType"}
            for field, value in header.items():
                if value is not None:
                    bean["type"][field] = value
        if "properties" in bean:
            bean["properties"] = self._properties_bean(record, "properties")
        if "uniqueProperties" in bean:
            bean["uniqueProperties"] = self._properties_bean(record, "uniqueProperties")
        if "mappingProperties" in bean:
            bean["mappingProperties"] = json_value(record["mappingProperties"])
        if "classifications" in bean:
            bean["classifications"] = [self.to_bean(item, "Classification") for item in record["classifications"]]
        for end in ("entityOneProxy", "entityTwoProxy"):
            if end in bean:
                bean[end] = self.to_bean(record[end], "EntityProxy")
        return bean

    def plan(self, type_name: str | None) -> Plan:
        """The conversions of a type's attributes; none for a type that is not known."""
        if self._version != self.types.version:
            self._plans.clear()
            self._version = self.types.version
        if type_name is None:
            return NO_PLAN
        plan = self._plans.get(type_name)
        if plan is None:
            known = self.types.typedef_by_name(type_name) is not None
            plan = self._plans[type_name] = plan_of(self.types.attributes(type_name)) if known else NO_PLAN
        return plan

    def _properties_record(self, bean: JsonBean, field: str) -> Record | None:
        properties = bean[field]
        if properties is None:
            return None
        if type(properties) is not dict:
            raise CodecError(f"{field} is a {type(properties).__name__}, not an InstanceProperties bean")
        get = properties.get
        return {
            "headerVersion": get("headerVersion"),
            "effectiveFromTime": get("effectiveFromTime"),
            "effectiveToTime": get("effectiveToTime"),
            "values": values_of(properties, self.plan(type_name_of(bean))),
        }

    def _properties_bean(self, record: Record, field: str) -> JsonBean:
        properties = record[field]
        type_name = type_name_of(record)
        bean: JsonBean = {"class": "InstanceProperties", "headerVersion": properties["headerVersion"]}
        for time in ("effectiveFromTime", "effectiveToTime"):
            if properties[time] is not None:
                bean[time] = properties[time]
        if properties["values"]:
            bean["instanceProperties"] = beans_of(properties["values"], self.plan(type_name), type_name)
        return bean


def type_name_of(instance: JsonBean | Record) -> str | None:
    """The name of an instance's type as its header says it; None if it says nothing."""
    header = instance.get("type")
    return header.get("typeDefName") if type(header) is dict else None
