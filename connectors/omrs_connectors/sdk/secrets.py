"""Secrets stores: connectors that hand out secrets by name, so that connections need not hold them (integration § 12).

A store is embedded in the connection of the connector that needs it. `secretsCollectionName`, in the configuration
properties of the store's own connection, says which of its collections is meant.
"""

import os
import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from omrs_connectors.sdk.connector import Connector
from omrs_schemas.errors import ConfigurationError

COLLECTION = "secretsCollectionName"

ENTRY_POINTS = "omrs.secrets"
"""The entry-point group in which other packages offer stores: name → subclass of SecretsStoreConnector."""


class SecretsStoreConnector(Connector, ABC):
    """Base of a store. A secret is asked for when it is needed and kept nowhere else; one that changes in the store is
    the new one at the next call."""

    @abstractmethod
    def secret(self, collection: str, name: str) -> str | None:
        """The secret, None where the store does not have it. ConfigurationError for a store that cannot be read."""

    def place(self, collection: str, name: str) -> str:
        """Where `secret` looks for it, for people who have to put it there. Never what is found there."""
        entry = f"{collection}.{name}" if collection else name
        return f"{type(self).__name__}: {entry}"

    @property
    def collection(self) -> str:
        """The collection that this use of the store is about."""
        return str(self.connection.configuration_properties.get(COLLECTION) or "")


class EnvironmentSecrets(SecretsStoreConnector):
    """Secrets of the process's environment: `OMRS_SECRET_<COLLECTION>_<NAME>`, in capitals, `_` for what is no letter
    or digit; without a collection `OMRS_SECRET_<NAME>`. Configuration property `prefix` replaces `OMRS_SECRET`."""

    def secret(self, collection: str, name: str) -> str | None:
        return os.environ.get(self._variable_of(collection, name))

    def place(self, collection: str, name: str) -> str:
        return f"environment variable {self._variable_of(collection, name)}"

    def _variable_of(self, collection: str, name: str) -> str:
        prefix = str(self.connection.configuration_properties.get("prefix") or "OMRS_SECRET")
        words = [prefix, *([collection] if collection else ()), name]
        return "_".join(_variable(word) for word in words)


class YamlSecrets(SecretsStoreConnector):
    """Secrets of a YAML file, `collection: {name: secret}`, that its owner alone may read.

    The endpoint's networkAddress is the file's path. It is read whenever a secret is asked for.
    """

    def secret(self, collection: str, name: str) -> str | None:
        held = self._collections().get(collection)
        if not isinstance(held, Mapping) or held.get(name) is None:
            return None
        return str(held[name])

    def place(self, collection: str, name: str) -> str:
        path = Path(self.connection.endpoint.network_address).expanduser()
        return f"secrets file {path}: " + (f"{collection}: {name}" if collection else "no secretsCollectionName is set")

    def _collections(self) -> Mapping[Any, Any]:
        path = Path(self.connection.endpoint.network_address).expanduser()
        try:
            with path.open("rb") as file:
                _require_private(path, os.fstat(file.fileno()))
                content = yaml.safe_load(file)
        except OSError as error:
            raise ConfigurationError(
                f"secrets file {path} cannot be read: {error.strerror or error}",
                help="the endpoint's networkAddress of the secrets store is the path of a YAML file",
                path=str(path),
            ) from error
        except yaml.YAMLError as error:
            # What YAML says of the place quotes the line, and the line may hold a secret.
            mark = getattr(error, "problem_mark", None)
            where = "" if mark is None else f" (line {mark.line + 1})"
            raise ConfigurationError(f"secrets file {path} is no YAML{where}", path=str(path)) from None
        if not isinstance(content, Mapping):
            raise ConfigurationError(
                f"secrets file {path} holds no collections", help="write `collection: {name: secret}`", path=str(path)
            )
        return content


def _variable(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", word).upper()


def _require_private(path: Path, status: os.stat_result) -> None:
    """ConfigurationError for a file that others may read or change, or that is another's."""
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"secrets file {path} is no regular file", path=str(path))
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"secrets file {path} may be read by others than its owner (mode {mode:04o})",
            help=f"chmod 600 {path}",
            path=str(path),
        )
    if status.st_uid != os.geteuid():
        raise ConfigurationError(
            f"secrets file {path} belongs to user {status.st_uid}, this process is of {os.geteuid()}",
            help="give the file to the user that the daemon runs as",
            path=str(path),
        )
