"""Configuration properties of the Data Engine Proxy."""

from pydantic import Field

from omrs_connectors.builtin.safety import SafetyOptions


class DataEngineOptions(SafetyOptions):
    """Which engine, and how it tells of itself."""

    engine_id: str = Field("", description="the engine's id, where its definitions need not say it; events need it")
    pattern: str = Field("*.json", description="which files of a folder hold definitions, those below it included")
    watch: bool = Field(True, description="a change below the folder wakes a refresh")
    event_topic: str = Field("", description="the engine's own Kafka topic")
    bootstrap_servers: str = Field("", description="the Kafka of that topic; empty: the daemon's")
    token_secret: str = Field("", description="name of the secret that is sent to the engine as a bearer token")
    parallelism: int = Field(4, ge=1, le=32, description="threads that call the metadata server")
    qualified_name_prefix: str = Field("", description="keeps engines of different environments apart")
