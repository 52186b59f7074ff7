"""The folders a connector looks after: that of its endpoint, and its catalog targets (integration § 6)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import unquote, urlsplit

from omrs_connectors.builtin.files.options import ARCHIVE, FolderOptions
from omrs_connectors.builtin.files.walk import Scan, scan
from omrs_connectors.sdk import CatalogTarget, IntegrationContext, PermittedSynchronization
from omrs_connectors.sdk.targets import connector_of_registration
from omrs_schemas.errors import ConfigurationError, InvalidParameterError
from omrs_schemas.model.values import from_properties

OptionsT = TypeVar("OptionsT", bound=FolderOptions)


@dataclass(frozen=True)
class Root(Generic[OptionsT]):
    """A folder with the options that hold below it; `target`: the guid of the folder where it is a catalog target."""

    path: Path
    options: OptionsT
    target: str | None = None


def roots_of(context: IntegrationContext, options: OptionsT) -> Iterator[Root[OptionsT]]:
    """The endpoint's folder if there is one, then those of the catalog targets; each path once.

    A target that is no folder is told in the report and left out. ConfigurationError for a wrong address or option.
    """
    seen: set[Path] = set()
    if context.network_address:
        root = Root(directory_of(context.network_address), options)
        seen.add(root.path)
        yield root
    for target in context.iter_catalog_targets():
        if target.permitted_synchronization is PermittedSynchronization.TO_THIRD_PARTY:
            continue
        path = _path_of(context, target)
        if path is None:
            context.report.message(f"catalog target {target.name or target.element_guid} is no folder with a pathName")
        elif path not in seen:
            seen.add(path)
            yield Root(path, _options_of(context, target, options), target.element_guid)


def _path_of(context: IntegrationContext, target: CatalogTarget) -> Path | None:
    if not context.is_type_of(target.element_type, "FileFolder"):
        return None
    properties = from_properties(target.element.get("properties"))
    name = properties.get("pathName") or properties.get("resourceName")
    return directory_of(str(name)) if name else None


def _options_of(context: IntegrationContext, target: CatalogTarget, options: OptionsT) -> OptionsT:
    """The connector's options with those of the target over them."""
    given, known = dict(target.configuration_properties), type(options).keys()
    if target.delete_method == ARCHIVE and "deleteMethod" in known:
        given.setdefault("deleteMethod", ARCHIVE)
    if not given:
        return options
    merged = {**context.configuration_properties, **given}
    return type(options).parse(merged, connector=f"{context.connector_name}, target {target.name}")


def require_address(context: IntegrationContext) -> None:
    """ConfigurationError for a connector that has no local folder as its endpoint, nor any way to catalog targets."""
    if context.network_address:
        directory_of(context.network_address)
    elif connector_of_registration(context.client, context.config.connector_id) is None:
        raise ConfigurationError(
            f"connector {context.connector_name} has no directory",
            help="set endpoint.networkAddress to a path, or give it catalog targets",
        )


def scan_root(context: IntegrationContext, root: Root[OptionsT]) -> Scan:
    """What is below the root, counted in the report.

    Raises InvalidParameterError (BASIC-FILES-INTEGRATION-CONNECTORS-404-001) for a folder that is not there or not
    readable.
    """
    if not root.path.is_dir():
        raise _missing(context.connector_name, root.path, "does not exist or is no directory")
    try:
        found = scan(root.path, root.options, context.stopping.is_set)
    except OSError as error:
        raise _missing(context.connector_name, root.path, f"cannot be read: {error.strerror or error}") from error
    context.report.count("foldersSeen", len(found.folders))
    context.report.count("filesSeen", len(found.files))
    for reason, count in found.skipped.items():
        context.report.count(f"skipped.{reason}", count)
    return found


def _missing(connector_name: str, path: Path, reason: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"The directory named {path} of connector {connector_name} {reason}",
        code="BASIC-FILES-INTEGRATION-CONNECTORS-404-001",
        http=404,
        help="create it, let the daemon's user read it, or correct endpoint.networkAddress (or the catalog target); "
        "then restart the connector",
        directory=str(path),
        connector=connector_name,
    )


def directory_of(address: str) -> Path:
    """The absolute path of a directory given as path or file: URL. ConfigurationError for another scheme."""
    if "://" in address or address.startswith("file:"):
        url = urlsplit(address)
        if url.scheme != "file" or url.netloc not in ("", "localhost"):
            raise ConfigurationError(
                f"networkAddress {address!r} is no local directory", help="use a path or file: URL"
            )
        address = unquote(url.path)
    return Path(os.path.normpath(Path(address).expanduser().absolute()))
