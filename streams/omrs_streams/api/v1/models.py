"""Entities, relationships and classifications as the API shows and takes them."""

from typing import Literal

from pydantic import Field

from omrs_schemas.model.enums import InstanceStatus
from omrs_streams.api.v1.base import GUID_EXAMPLE, Guid, Json, Model, Moment, Name, Properties, Time

EXAMPLE_PROPERTIES = {"qualifiedName": "GlossaryTerm::customer", "displayName": "Customer"}
Status = InstanceStatus
Origin = Literal["ASSIGNED", "PROPAGATED"]


class ExternalSource(Model):
    """The technology that an instance belongs to: only it maintains the instance."""

    guid: Guid = Field(description="of the element that describes the technology")
    name: str | None = None


class Home(Model):
    """Where an instance is maintained."""

    collection_id: str | None = Field(None, description="the metadata collection")
    collection_name: str | None = None
    provenance: str | None = Field(None, examples=["LOCAL_COHORT"])
    replicated_by: str | None = Field(None, description="the collection that answers for an external source")
    license: str | None = None
    url: str | None = Field(None, description="where the home answers for it")


class Audited(Model):
    """What every instance says of itself."""

    type: str = Field(examples=["GlossaryTerm"])
    status: str = Field(examples=["ACTIVE"])
    status_before_delete: str | None = None
    version: int = Field(description="counts the changes of the instance, as OMRS does", examples=[1])
    properties: Properties = Field(examples=[EXAMPLE_PROPERTIES])
    effective_from: Time | None = None
    effective_to: Time | None = None
    home: Home
    created_by: str | None = None
    create_time: Time | None = None
    updated_by: str | None = None
    update_time: Time | None = None
    maintained_by: list[str] | None = None
    mapping_properties: dict[str, Json] | None = None


class Classification(Audited):
    """A classification of an entity. `type` is its name."""

    name: str = Field(examples=["Confidentiality"])
    origin: str | None = None
    origin_guid: str | None = None


class Entity(Audited):
    """An entity."""

    guid: str = Field(examples=[GUID_EXAMPLE])
    classifications: list[Classification]
    re_identified_from: str | None = Field(None, description="the guid that it had before")
    proxy: bool | None = Field(None, description="only what relationships need of it is known here")
    url: str = Field(description="the path of this entity")
    warnings: list[str] | None = None


class End(Model):
    """An entity at the end of a relationship."""

    guid: str
    type: str
    properties: Properties = Field(description="its unique properties")
    url: str


class Relationship(Audited):
    """A relationship between two entities."""

    guid: str = Field(examples=[GUID_EXAMPLE])
    end1: End
    end2: End
    re_identified_from: str | None = Field(None, description="the guid that it had before")
    url: str = Field(description="the path of this relationship")
    warnings: list[str] | None = None


class Page(Model):
    """What pages share. `next` and `cursor` are missing on the last one."""

    next: str | None = Field(None, description="the path of the next page, for what is read by GET")
    cursor: str | None = Field(None, description="continues behind the last item")
    warnings: list[str] | None = Field(
        None, description="what could not be taken into account, such as a member that is down"
    )


class EntityPage(Page):
    items: list[Entity]


class RelationshipPage(Page):
    items: list[Relationship]


class ClassificationList(Model):
    items: list[Classification]
    warnings: list[str] | None = None


class Graph(Model):
    """Entities, and the relationships between them."""

    entities: list[Entity]
    relationships: list[Relationship]
    warnings: list[str] | None = None


# ---- requests ------------------------------------------------------------------------------------------------------


class Content(Model):
    """Properties, and when they hold."""

    properties: Properties = Field(default_factory=dict, examples=[EXAMPLE_PROPERTIES])
    effective_from: Moment | None = None
    effective_to: Moment | None = None


class NewClassification(Content):
    name: Name = Field(examples=["Confidentiality"])
    origin: Origin | None = None
    origin_guid: Guid | None = None


class NewEntity(Content):
    """An entity to be created."""

    type: Name = Field(description="the name of its type", examples=["GlossaryTerm"])
    classifications: list[NewClassification] = Field(default_factory=list)
    status: Status | None = Field(None, description="the initial status of its type where left out")
    external_source: ExternalSource | None = None


class NewRelationship(Content):
    """A relationship to be created between two entities."""

    type: Name = Field(description="the name of its type", examples=["RelatedTerm"])
    end1: Guid = Field(description="the guid of the entity at end 1", examples=[GUID_EXAMPLE])
    end2: Guid = Field(description="the guid of the entity at end 2", examples=[GUID_EXAMPLE])
    status: Status | None = None
    external_source: ExternalSource | None = None


class Replacement(Content):
    """All properties anew: what is not named is removed."""


class Patch(Model):
    """A merge patch (RFC 7396): what is not named stays, null removes."""

    properties: Properties | None = Field(None, examples=[{"displayName": "Client", "summary": None}])
    effective_from: Moment | None = None
    effective_to: Moment | None = None
    status: Status | None = None


class ClassificationContent(Content):
    """A classification put on an entity; origin and external source are taken when it is new there."""

    origin: Origin | None = None
    origin_guid: Guid | None = None
    external_source: ExternalSource | None = None


class ClassificationPatch(Model):
    """A merge patch of a classification's properties."""

    properties: Properties = Field(examples=[{"level": 3}])


class Reidentify(Model):
    guid: Guid = Field(description="the new guid", examples=[GUID_EXAMPLE])


class Retype(Model):
    type: Name = Field(description="the name of the new type", examples=["GlossaryTerm"])


class Rehome(Model):
    collection_id: Guid = Field(description="the metadata collection that maintains it from now on")
    collection_name: str | None = None
