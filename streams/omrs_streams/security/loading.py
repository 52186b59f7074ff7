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
from omrs_streams.settings_problems import problems

GROUP = "omrs.security"


def read_security(file: Path | None) -> SecuritySettings | None:
    """What the file of the `security` setting says, None without one. ConfigurationError where it is not in order.

    Nothing else is needed for it: a server reads it before it makes anything. Types that it names are looked up later.
    """
    if file is None:
        return None
    values = read_yaml(file, "the file of the setting `security`,")
    try:
        return SecuritySettings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(
            f"the security rules in {file} are not valid: {problems(error, SecuritySettings, 'file')}"
        ) from error


def load_security(file: Path | None, types: TypeSystem) -> MetadataSecurity:
    """Rules from a YAML file, the connector that it names, or none. ConfigurationError says what is wrong with it."""
    return make_security(read_security(file), types)


def make_security(settings: SecuritySettings | None, types: TypeSystem) -> MetadataSecurity:
    """The connector for what was read. ConfigurationError for a type or a connector that is not there."""
    if settings is None:
        return OpenSecurity()
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
