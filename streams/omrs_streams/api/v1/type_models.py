"""TypeDefs and attribute types as the API shows and takes them."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from omrs_schemas.model.enums import AttributeCardinality, ClassificationPropagationRule, RelationshipEndCardinality
from omrs_streams.api.v1.base import GUID_EXAMPLE, Guid, Model, Name, Time
from omrs_streams.api.v1.models import Page, Status

Category = Literal["entity", "relationship", "classification"]
AttributeCategory = Literal["primitive", "enum", "collection"]
Primitive = Literal[
    "boolean",
    "byte",
    "char",
    "short",
    "int",
    "long",
    "float",
    "double",
    "biginteger",
    "bigdecimal",
    "string",
    "date",
]
TypeStatus = Literal["active", "deprecated", "renamed"]
TypeName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_<>,.:-]*$")]


class Attribute(Model):
    """An attribute of a type."""

    name: str = Field(examples=["displayName"])
    type: str = Field(description="the name of its attribute type", examples=["string"])
    description: str | None = None
    status: str | None = None
    cardinality: str | None = None
    unique: bool
    default_value: str | None = None
    defined_in: str = Field(description="the type that defines it: this one or a supertype")


class TypeEnd(Model):
    """One end of a relationship type."""

    type: Name = Field(description="the type of the entities there", examples=["GlossaryTerm"])
    name: Name = Field(description="what such an entity is to the other", examples=["terms"])
    cardinality: RelationshipEndCardinality = RelationshipEndCardinality.ANY_NUMBER
    description: str | None = None


Ends = Annotated[list[TypeEnd], Field(min_length=2, max_length=2)]


class Type(Model):
    """A type of entities, relationships or classifications."""

    guid: str
    name: str = Field(examples=["GlossaryTerm"])
    category: Category
    version: int
    version_name: str | None = None
    status: str | None = None
    description: str | None = None
    super_type: str | None = None
    attributes: list[Attribute] = Field(description="its own, and those of its supertypes")
    valid_statuses: list[str]
    initial_status: str | None = None
    ends: list[TypeEnd] | None = Field(None, description="of a relationship type")
    multi_link: bool | None = None
    propagation_rule: str | None = None
    entity_types: list[str] | None = Field(None, description="what a classification may be put on")
    propagatable: bool | None = None
    origin: str | None = Field(None, description="the metadata collection or archive that defined it")
    created_by: str | None = None
    create_time: Time | None = None
    updated_by: str | None = None
    update_time: Time | None = None
    options: dict[str, str] | None = None
    url: str
    warnings: list[str] | None = None


class TypePage(Page):
    items: list[Type]


class Element(Model):
    """One value of an enum type."""

    name: Name = Field(examples=["HIGH"])
    ordinal: Annotated[int, Field(ge=0, lt=2**31)]
    description: str | None = None


class AttributeType(Model):
    """What the values of an attribute are."""

    guid: str
    name: str = Field(examples=["string"])
    category: AttributeCategory
    version: int
    version_name: str | None = None
    description: str | None = None
    primitive: str | None = None
    collection: str | None = None
    argument_types: list[str] | None = None
    elements: list[Element] | None = None
    default: str | None = Field(None, description="the element that holds where nothing is said")
    url: str
    warnings: list[str] | None = None


class AttributeTypePage(Page):
    items: list[AttributeType]


# ---- requests ------------------------------------------------------------------------------------------------------


class NewAttribute(Model):
    """An attribute to be defined."""

    name: TypeName = Field(examples=["mood"])
    type: Name = Field("string", description="the name of a known attribute type", examples=["string"])
    description: str | None = None
    cardinality: AttributeCardinality = AttributeCardinality.AT_MOST_ONE
    unique: StrictBool = False
    default_value: str | None = None


class _TypeContent(Model):
    description: str | None = None
    super_type: Name | None = Field(None, description="its name", examples=["Referenceable"])
    attributes: list[NewAttribute] | None = None
    valid_statuses: list[Status] | None = Field(None, min_length=1)
    initial_status: Status | None = None
    options: dict[str, str] | None = None


class _NewType(_TypeContent):
    name: TypeName = Field(examples=["Mascot"])
    guid: Guid | None = Field(None, description="made here where left out", examples=[GUID_EXAMPLE])


class NewEntityType(_NewType):
    """A type of entities to be defined."""

    category: Literal["entity"]


class NewRelationshipType(_NewType):
    """A type of relationships to be defined."""

    category: Literal["relationship"]
    ends: Ends
    multi_link: StrictBool | None = None
    propagation_rule: ClassificationPropagationRule | None = None


class NewClassificationType(_NewType):
    """A type of classifications to be defined."""

    category: Literal["classification"]
    entity_types: list[Name] | None = Field(None, description="what it may be put on; anything where left out")
    propagatable: StrictBool | None = None


NewType = Annotated[NewEntityType | NewRelationshipType | NewClassificationType, Field(discriminator="category")]


class TypePatch(_TypeContent):
    """A change of a type: attributes are added or replaced by name, everything else is replaced. None is removed."""

    status: TypeStatus | None = None
    version_name: Name | None = None
    ends: Ends | None = Field(None, description="of a relationship type")
    multi_link: StrictBool | None = Field(None, description="of a relationship type")
    entity_types: list[Name] | None = Field(None, description="of a classification type")


class _NewAttributeType(Model):
    name: TypeName = Field(examples=["Mood"])
    guid: Guid | None = Field(None, description="made here where left out", examples=[GUID_EXAMPLE])
    description: str | None = None


class NewEnum(_NewAttributeType):
    """An enum type to be defined."""

    category: Literal["enum"]
    elements: list[Element] = Field(min_length=1, examples=[[{"name": "CALM", "ordinal": 0}]])
    default: Name | None = Field(None, description="the name of one of the elements")


class NewCollection(_NewAttributeType):
    """A collection type to be defined."""

    category: Literal["collection"]
    collection: Literal["array", "map", "struct"]
    argument_types: list[Primitive] = Field(
        default_factory=list, description="of the elements of an array; of the keys and the values of a map"
    )


NewAttributeType = Annotated[NewEnum | NewCollection, Field(discriminator="category")]


class NewIdentity(Model):
    """A type's new guid and name."""

    guid: Guid = Field(examples=[GUID_EXAMPLE])
    name: TypeName = Field(examples=["Mascot"])
