"""The security connector that the configuration names."""

from importlib.metadata import entry_points
from pathlib import Path

from pydantic import ValidationError

from omrs_schemas.errors import ConfigurationError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.security.interface import MetadataSecurity, OpenSecurity
from omrs_streams.security.rules import RuleSecurity
from omrs_streams.security.settings import SecuritySettings
from omrs_streams.settings import read_yaml

GROUP = "omrs.security"


def load_security(file: Path | None, types: TypeSystem) -> MetadataSecurity:
    """Rules from a YAML file, the connector that it names, or none. ConfigurationError says what is wrong with it."""
    if file is None:
        return OpenSecurity()
    try:
        settings = SecuritySettings.model_validate(read_yaml(file))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"the security rules in {file} are not valid: {problems}") from error
    if settings.connector is None:
        return RuleSecurity(settings, types)
    found = {point.name: point for point in entry_points(group=GROUP)}
    if settings.connector not in found:
        raise ConfigurationError(
            f"security connector {settings.connector!r} is not installed",
            help=f"installed are: {', '.join(sorted(found)) or 'none'}; a package plugs one in by entry point {GROUP}",
        )
    made = found[settings.connector].load()(settings.options, types)
    if not isinstance(made, MetadataSecurity):
        raise ConfigurationError(f"{settings.connector} is no MetadataSecurity but {type(made).__name__}")
    return made
