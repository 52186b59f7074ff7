"""Where OpenLineage events come from: the daemon's HTTP API, and topics that producers write to themselves."""

from abc import abstractmethod
from typing import Any, ClassVar

import orjson
from pydantic import Field, model_validator

from omrs_connectors.builtin.lineage.events import LineageEvent, lineage_event
from omrs_connectors.sdk import ConnectorOptions
from omrs_connectors.sdk.listener import TopicRecord
from omrs_connectors.services.lineage_integrator import LineageIntegratorConnector
from omrs_schemas.errors import InvalidParameterError


class LineageOptions(ConnectorOptions):
    """What every connector that takes OpenLineage events can be told."""

    http: bool = Field(True, description="take the events that the daemon is sent at /api/v1/lineage")
    topic: str = Field("", description="a Kafka topic with OpenLineage events, as their Kafka transport writes them")
    bootstrap_servers: str = Field("", description="the Kafka of that topic; empty: the daemon's")

    @model_validator(mode="after")
    def _from_somewhere(self) -> "LineageOptions":
        if not (self.http or self.topic):
            raise ValueError("http is off and there is no topic: no event would ever come")
        return self


class LineageListener(LineageIntegratorConnector):
    """Hands each event to `take`, with its text as it came. What is no event goes to the daemon's dead letters."""

    Options: ClassVar[type[ConnectorOptions] | None] = LineageOptions
    options: LineageOptions

    def start(self) -> None:
        if self.options.http:
            self.context.register_lineage_listener(self._sent)
        if self.options.topic:
            kafka = self.options.bootstrap_servers or None
            self.context.listen_to(self.options.topic, self._record, bootstrap_servers=kafka)

    @abstractmethod
    def take(self, text: str, event: LineageEvent) -> None:
        """One event. Events come at least once, and in any order."""

    def _sent(self, text: str, event: Any) -> None:
        self.take(text, lineage_event(event))
        self.context.report.count("lineageEvents")

    def _record(self, record: TopicRecord) -> None:
        try:
            text = (record.value or b"").decode()
            event = orjson.loads(text)
        except ValueError as error:
            raise InvalidParameterError(f"{record.topic}@{record.offset} holds no JSON: {error}") from error
        self._sent(text, event)
