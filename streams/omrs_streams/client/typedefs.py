"""Calls on types: asking for them, adding, changing and removing them (OMRS types § 4-5)."""

from collections.abc import Sequence
from typing import Literal

from omrs_streams.client.calls import Calls, request
from omrs_streams.client.exchange import Answer, Request, segment
from omrs_streams.client.plans import Plan, operation
from omrs_streams.client.wire import Bean

TypeDefCategory = Literal["ENTITY_DEF", "RELATIONSHIP_DEF", "CLASSIFICATION_DEF"]
AttributeTypeDefCategory = Literal["PRIMITIVE", "COLLECTION", "ENUM_DEF"]


class TypeDefCalls(Calls):
    """Types are beans (`TypeDef`, `AttributeTypeDef`, `TypeDefGallery` of OMRS types § 1).

    These ask the server each time; `types` and `refresh_types` are all types at once, for asking again and again.
    """

    @operation
    def get_typedef(self, guid: str | None = None, *, name: str | None = None) -> Plan[Bean]:
        """A type by its guid or its name, present or former. TypeDefNotKnownError."""
        return _bean((yield _one("typedef", guid, name)), "typeDef")

    @operation
    def get_attribute_typedef(self, guid: str | None = None, *, name: str | None = None) -> Plan[Bean]:
        """An attribute type by its guid or its name. TypeDefNotKnownError."""
        return _bean((yield _one("attribute-typedef", guid, name)), "attributeTypeDef")

    @operation
    def find_types_by_name(self, name: str) -> Plan[tuple[list[Bean], list[Bean]]]:
        """Attribute types and types whose name the pattern matches."""
        answer: Answer = yield Request("GET", "/types/by-name", query={"name": name})
        return _list(answer, "attributeTypeDefs"), _list(answer, "typeDefs")

    @operation
    def find_typedefs_by_category(self, category: TypeDefCategory) -> Plan[list[Bean]]:
        return _list((yield Request("POST", "/types/typedefs/by-category", category)), "typeDefs")

    @operation
    def find_attribute_typedefs_by_category(self, category: AttributeTypeDefCategory) -> Plan[list[Bean]]:
        answer: Answer = yield Request("POST", "/types/attribute-typedefs/by-category", category)
        return _list(answer, "attributeTypeDefs")

    @operation
    def find_typedefs_by_property(self, properties: Sequence[str]) -> Plan[list[Bean]]:
        """Types that have all of these properties."""
        body = {"class": "TypeDefProperties", "typeDefProperties": dict.fromkeys(properties)}
        return _list((yield Request("GET", "/types/typedefs/by-property", body)), "typeDefs")

    @operation
    def find_typedefs_by_external_id(
        self, standard: str | None = None, organization: str | None = None, identifier: str | None = None
    ) -> Plan[list[Bean]]:
        """Types that are mapped to an element of a standard; at least one of the three is to be given."""
        given = {"standard": standard, "organization": organization, "identifier": identifier}
        query = {name: value for name, value in given.items() if value is not None}
        return _list((yield Request("GET", "/types/typedefs/by-external-id", query=query)), "typeDefs")

    @operation
    def search_typedefs(self, criteria: str) -> Plan[list[Bean]]:
        """Types whose name or description the pattern matches."""
        query = {"searchCriteria": criteria}
        return _list((yield Request("GET", "/types/typedefs/by-property-value", query=query)), "typeDefs")

    # ---- changing --------------------------------------------------------------------------------------------------

    @operation
    def add_typedef(self, typedef: Bean) -> Plan[None]:
        """InvalidTypeDefError, TypeDefKnownError, TypeDefConflictError."""
        yield Request.write("/types/typedef", typedef)

    @operation
    def add_attribute_typedef(self, attribute_typedef: Bean) -> Plan[None]:
        """As `add_typedef`."""
        yield Request.write("/types/attribute-typedef", attribute_typedef)

    @operation
    def add_types(self, typedefs: Sequence[Bean] = (), attribute_typedefs: Sequence[Bean] = ()) -> Plan[None]:
        """Many at once, in any order of dependence; all or none. What is known already is passed over."""
        gallery = request(
            "TypeDefGallery", attributeTypeDefs=list(attribute_typedefs) or None, typeDefs=list(typedefs) or None
        )
        yield Request.write("/types", gallery)

    @operation
    def verify_typedef(self, typedef: Bean) -> Plan[bool]:
        """Whether the server has the type, and has it like this. TypeDefConflictError where it has another one."""
        return bool((yield Request("POST", "/types/typedef/compatibility", typedef)).bean.get("flag"))

    @operation
    def verify_attribute_typedef(self, attribute_typedef: Bean) -> Plan[bool]:
        """As `verify_typedef`."""
        answer: Answer = yield Request("POST", "/types/attribute-typedef/compatibility", attribute_typedef)
        return bool(answer.bean.get("flag"))

    @operation
    def patch_typedef(self, patch: Bean) -> Plan[Bean]:
        """Applies a TypeDefPatch; the type as it is afterwards. PatchError, TypeDefNotKnownError."""
        return _bean((yield Request.write("/types/typedef/update", patch)), "typeDef")

    @operation
    def delete_typedef(self, guid: str, name: str) -> Plan[None]:
        """TypeDefInUseError while there are instances of it, or types built on it."""
        yield Request.write(f"/types/typedef/{segment(guid)}/delete", query={"name": name})

    @operation
    def delete_attribute_typedef(self, guid: str, name: str) -> Plan[None]:
        """As `delete_typedef`."""
        yield Request.write(f"/types/attribute-typedef/{segment(guid)}/delete", query={"name": name})

    @operation
    def re_identify_typedef(self, guid: str, name: str, new_guid: str, new_name: str) -> Plan[Bean]:
        """Gives a type another guid and name; it goes on answering to those that it had."""
        body = _new_identity(name, new_guid, new_name)
        return _bean((yield Request.write(f"/types/typedef/{segment(guid)}/identifier", body)), "typeDef")

    @operation
    def re_identify_attribute_typedef(self, guid: str, name: str, new_guid: str, new_name: str) -> Plan[Bean]:
        """As `re_identify_typedef`."""
        path, body = f"/types/attribute-typedef/{segment(guid)}/identifier", _new_identity(name, new_guid, new_name)
        return _bean((yield Request.write(path, body)), "attributeTypeDef")


def _one(kind: str, guid: str | None, name: str | None) -> Request:
    if (guid is None) == (name is None):
        raise TypeError("give either a guid or a name")
    return Request("GET", f"/types/{kind}/{segment(guid)}" if guid else f"/types/{kind}/name/{segment(name or '')}")


def _bean(answer: Answer, name: str) -> Bean:
    found: Bean = answer.bean[name]
    return found


def _list(answer: Answer, name: str) -> list[Bean]:
    return answer.bean.get(name) or []


def _new_identity(name: str, new_guid: str, new_name: str) -> Bean:
    return request(
        "TypeDefReIdentifyRequest", originalTypeDefName=name, newTypeDefGUID=new_guid, newTypeDefName=new_name
    )
