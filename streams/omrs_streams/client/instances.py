"""What reads and writes answer: beans, with what the answer says beside them."""

from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from omrs_schemas.model import instances as models
from omrs_schemas.model.values import from_properties
from omrs_streams.client.exchange import Answer
from omrs_streams.client.wire import Bean

M = TypeVar("M", models.EntityDetail, models.EntitySummary, models.Relationship)


class Instance(dict[str, Any], Generic[M]):
    """The JSON of an entity or relationship as a dictionary (dates in epoch milliseconds).

    `revision`: of the guid in the server's log, where the answer says it (a read of one instance as it is now); give it
    to a change as `expected_revision`, and the change is refused when somebody else was faster.
    """

    __slots__ = ("revision",)
    _model: type[M]

    def __init__(self, bean: Bean, revision: int | None = None) -> None:
        super().__init__(bean)
        self.revision = revision

    @property
    def guid(self) -> str:
        return str(self["guid"])

    @property
    def type_name(self) -> str:
        return str(self["type"]["typeDefName"])

    @property
    def version(self) -> int:
        """The number that its home gives it, from 1. (`revision` counts changes of its classifications too.)"""
        return int(self["version"])

    @property
    def plain_properties(self) -> dict[str, Any]:
        """The properties as Python values."""
        return from_properties(self.get("properties"))

    def as_model(self) -> M:
        """The instance as a typed model (`omrs_schemas.model.instances`)."""
        return self._model.model_validate(self)


class Entity(Instance[models.EntityDetail]):
    __slots__ = ()
    _model = models.EntityDetail


class EntityHeader(Instance[models.EntitySummary]):
    """Header and classifications: all that is known of an entity of which only a proxy is here."""

    __slots__ = ()
    _model = models.EntitySummary


class Relationship(Instance[models.Relationship]):
    __slots__ = ()
    _model = models.Relationship


class Graph(NamedTuple):
    """Entities, and relationships whose ends are among them."""

    entities: list[Entity]
    relationships: list[Relationship]


def entity_of(answer: Answer) -> Entity:
    return Entity(answer.bean["entity"], answer.revision)


def relationship_of(answer: Answer) -> Relationship:
    return Relationship(answer.bean["relationship"], answer.revision)


def entities_of(answer: Answer) -> list[Entity]:
    """The entities of a find; an absent list is an empty one."""
    return _entities(answer.bean.get("entities"))


def relationships_of(answer: Answer) -> list[Relationship]:
    return _relationships(answer.bean.get("relationships"))


def graph_of(answer: Answer) -> Graph:
    bean = answer.bean
    return Graph(_entities(bean.get("entityElementList")), _relationships(bean.get("relationshipElementList")))


def _entities(beans: Iterable[Bean] | None) -> list[Entity]:
    return [Entity(bean) for bean in beans or ()]


def _relationships(beans: Iterable[Bean] | None) -> list[Relationship]:
    return [Relationship(bean) for bean in beans or ()]
