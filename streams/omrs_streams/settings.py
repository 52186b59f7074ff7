"""Configuration of a worker: command line over environment (`OMRS_…`, `__` between levels) over YAML file."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from omrs_schemas.errors import ConfigurationError
from omrs_streams.audit.settings import AuditSettings
from omrs_streams.federation.settings import FederationSettings
from omrs_streams.log.kafka import KafkaSettings
from omrs_streams.log.names import EGERIA_TOPIC, check_name
from omrs_streams.paths import data_root
from omrs_streams.search.settings import SearchSettings
from omrs_streams.settings_problems import problems

BUILTIN_TYPES = "builtin"

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")  # what Kafka takes for the name of a topic

Rule = Literal["REGISTRATION_ONLY", "JUST_TYPEDEFS", "SELECTED_TYPES", "LEARNED_TYPES", "DESELECTED_TYPES", "ALL"]


class RuleSettings(BaseModel):
    """An exchange rule (OMRS events § 6)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Rule = Field(
        "ALL",
        description="which events pass: `ALL`, `REGISTRATION_ONLY`, `JUST_TYPEDEFS`, `SELECTED_TYPES`, "
        "`DESELECTED_TYPES` or `LEARNED_TYPES`",
    )
    types: tuple[str, ...] = Field(
        (), description="names or guids of the types; needed with SELECTED_TYPES and DESELECTED_TYPES"
    )

    @model_validator(mode="after")
    def _types_belong_to_the_rule(self) -> Self:
        """LEARNED_TYPES may be given those to begin with."""
        needed = self.rule in ("SELECTED_TYPES", "DESELECTED_TYPES")
        if needed and not self.types:
            raise ValueError(f"`rule: {self.rule}` needs `types`, such as `types: [GlossaryTerm]`")
        if self.types and not needed and self.rule != "LEARNED_TYPES":
            raise ValueError(
                f"`rule: {self.rule}` takes no `types`; give `rule: SELECTED_TYPES` or `DESELECTED_TYPES` with them"
            )
        return self


class CohortSettings(BaseModel):
    """A cohort that the server joins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="name of the cohort; part of its topic names")
    encoding: Literal["avro", "egeria-json"] = Field(
        "avro", description="what the members speak: `avro`, or `egeria-json`, Egeria's own JSON on its topic names"
    )
    topic_root: str = Field("egeria.omag", description="start of the topic names of an egeria-json cohort")
    events_to_process: RuleSettings = Field(
        default_factory=RuleSettings, description="which of the cohort's events are taken in"
    )

    @model_validator(mode="after")
    def _names(self) -> Self:
        check_name("cohort", self.name)
        if self.encoding == "egeria-json":
            if not _TOPIC.fullmatch(EGERIA_TOPIC.format(root=self.topic_root, cohort=self.name, kind="registration")):
                raise ValueError(
                    f"`topic_root` {self.topic_root!r} cannot start the name of a Kafka topic; it has letters, digits, "
                    "'.', '_' and '-', and is what Egeria calls topicURLRoot"
                )
        elif "topic_root" in self.model_fields_set:
            raise ValueError(
                "`topic_root` belongs to Egeria's topics: give `encoding: egeria-json` with it, or leave it out"
            )
        return self


class ProxySettings(BaseModel):
    """The technology whose metadata a repository proxy brings into its cohorts (OMRS cohort § 10)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connector: str = Field(description="name of the repository connector, an entry point in group omrs.repositories")
    options: dict[str, Any] = Field(default_factory=dict, description="configuration of the repository connector")


class ServerSettings(BaseSettings):
    """One metadata server, as one of its workers sees it. Every worker of a server is given the same values,
    apart from `worker`, `host`, `port` and `advertised_url`.
    """

    model_config = SettingsConfigDict(env_prefix="OMRS_", env_nested_delimiter="__", extra="forbid")

    server: str = Field(description="name of the metadata server; part of its topic names")
    worker: str = Field("w1", description="name of this worker, unique within the server; names its data directory")
    cohorts: list[CohortSettings] = Field(
        default_factory=list, description="cohorts to join: names, or mappings with name and encoding"
    )
    repository: Literal["native", "proxy", "none"] = Field(
        "native", description="the local repository: our own, a proxy for another technology's, or none"
    )
    proxy: ProxySettings | None = Field(None, description="what a repository proxy stands for")
    events_to_send: RuleSettings = Field(
        default_factory=RuleSettings, description="which events are sent to the cohorts"
    )
    events_to_save: RuleSettings = Field(
        default_factory=RuleSettings, description="which instances of other members are kept as reference copies"
    )
    security: Path | None = Field(None, description="YAML file with the rules of the metadata security connector")
    federation: FederationSettings = Field(
        default_factory=FederationSettings, description="how the other members of the cohorts are queried"
    )
    search: SearchSettings = Field(default_factory=SearchSettings, description="the file that finds are answered from")
    audit: AuditSettings = Field(default_factory=AuditSettings, description="what the audit log records, and where")
    host: str = Field("127.0.0.1", description="address the REST API listens on")
    port: int = Field(0, ge=0, le=65_535, description="port of the REST API; 0 chooses a free one")
    advertised_url: str = Field("", description="URL by which other workers and members reach this one")
    metadata_collection_id: str = Field(
        "", description="id of the local metadata collection; default: from cluster and server name"
    )
    server_type: str = Field("Open Metadata Server", description="kind of server; other members see it")
    organization: str = Field("", description="organization that owns the server; other members see it")
    partitions: int = Field(8, ge=1, le=1024, description="partitions of guid-keyed topics, fixed at creation")
    types: str = Field(BUILTIN_TYPES, description="type release: `builtin`, or the path of a types archive")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="which Kafka, and how to authenticate")
    data_dir: Path = Field(default_factory=data_root, description="where stores lie; they can be deleted at any time")

    @field_validator("cohorts", mode="before")
    @classmethod
    def _short_cohorts(cls, value: Any) -> Any:
        """A plain name is short for a cohort with that name."""
        if not isinstance(value, list):
            return value
        return [{"name": each} if isinstance(each, str) else each for each in value]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_name("server", self.server)
        check_name("worker", self.worker)
        names = [cohort.name for cohort in self.cohorts]
        if len(set(names)) < len(names):
            raise ValueError(f"a cohort is named twice: {', '.join(sorted(names))}")
        if (self.repository == "proxy") != (self.proxy is not None):
            raise ValueError("`proxy` says what a server with `repository: proxy` stands for; give both or neither")
        return self

    @property
    def store_dir(self) -> Path:
        """The stores of this worker: one directory per partition below it."""
        return store_dir(self.data_dir, self.server, self.worker)


def store_dir(data_dir: Path, server: str, worker: str) -> Path:
    return data_dir / "servers" / server / worker


def load_settings(config: Path | None = None, **given: Any) -> ServerSettings:
    """`given` (None values are not given) over the environment over `config` (YAML); ConfigurationError names each
    setting that is wrong."""
    file = {} if config is None else read_yaml(config)
    try:
        return ServerSettings(**layered(ServerSettings, file, given))
    except ValidationError as error:
        unnamed = any(each["type"] == "missing" and each["loc"] == ("server",) for each in error.errors())
        named = "name the server: `omrs worker --server NAME`, `server:` in the file of --config, or OMRS_SERVER"
        raise ConfigurationError(
            f"the configuration is not valid: {problems(error, ServerSettings)}",
            help=named if unnamed else "`omrs worker --help` has the options, docs/settings.md all settings",
        ) from error


def read_yaml(config: Path, what: str = "configuration file") -> dict[str, Any]:
    """The settings in a YAML file; `what` it is. ConfigurationError when it cannot be read or holds no mapping."""
    try:
        values = yaml.safe_load(config.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{what} {config} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise ConfigurationError(f"{what} {config} must hold a mapping of settings")
    return values


def layered(kind: type[BaseSettings], file: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What `given` says, else the environment of `kind`, else `file`; a secret in the environment so completes a
    file. ConfigurationError for a variable that should be JSON and is not."""
    try:
        environment = EnvSettingsSource(kind)()
    except SettingsError as error:
        raise ConfigurationError(
            f"an environment variable cannot be read: {error}", help='lists and mappings are JSON: ["a", "b"]'
        ) from error
    return _over(_over(file, environment), {name: value for name, value in given.items() if value is not None})


def _over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for name, value in upper.items():
        below = merged.get(name)
        merged[name] = _over(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
