"""What properties of elements may hold: valid metadata values (integration § 7, ValidMetadataValues)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omrs_connectors.services.element import Element
from omrs_connectors.services.elements import Elements, Kind
from omrs_connectors.services.naming import Link
from omrs_connectors.services.properties import ReferenceableProperties

if TYPE_CHECKING:
    from omrs_connectors.sdk.context import IntegrationContext

PREFIX = "Egeria:ValidMetadataValue:"
"""What qualified names of valid values begin with in every open metadata server (see `qualified_name`)."""

MEMBER = Link(("ValidValueMember",), "ValidValueDefinition", "ValidValueDefinition")


@dataclass(frozen=True, kw_only=True)
class ValidValueProperties(ReferenceableProperties):
    """ValidValueDefinition. Case, data type and ordinal are 6.x only."""

    preferred_value: str | None = None
    category: str | None = None
    usage: str | None = None
    scope: str | None = None
    data_type: str | None = None
    is_case_sensitive: bool | None = None
    is_default_value: bool | None = None


SETS = Kind("sets of valid values", ValidValueProperties, ("ValidMetadataValue", "ValidValuesSet"), below=(MEMBER,))
VALUES = Kind("valid values", ValidValueProperties, ("ValidMetadataValue", "ValidValueDefinition"), below=(MEMBER,))


def qualified_name(
    type_name: str | None = None,
    property_name: str | None = None,
    map_name: str | None = None,
    preferred_value: str | None = None,
) -> str:
    """The name of a value, or of the set of values where none is given: prefix, type (empty for any type) and colon,
    property and dash, dash with the map's name and two dashes, the value in parentheses."""
    name = PREFIX
    if type_name is not None or property_name is not None:
        name += f"{type_name or ''}:"
    if property_name is not None:
        name += f"{property_name}-"
        name += f"-{map_name}--" if map_name is not None else ""
        name += f"({preferred_value})" if preferred_value is not None else ""
    return name


class ValidMetadataValues:
    """Valid values of properties, of a type or (`type_name` None) of every type that has the property. For a property
    that is a map: its valid names, and valid values under each. Where none are defined, everything is valid.
    """

    def __init__(self, context: IntegrationContext) -> None:
        self._sets = Elements(context, SETS)
        self._values = Elements(context, VALUES)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def get(
        self, property_name: str, value: str, *, type_name: str | None = None, map_name: str | None = None
    ) -> Element[ValidValueProperties] | None:
        """The definition of a value: of the type, or else of any type."""
        for owner in _owners(type_name):
            found = self._values.named(qualified_name(owner, property_name, map_name, value))
            if found is not None:
                return found
        return None

    def all(
        self, property_name: str, *, type_name: str | None = None, map_name: str | None = None
    ) -> list[Element[ValidValueProperties]]:
        """The values that a property, or a map of it, may hold: the type's, and those of any type."""
        found = []
        for owner in _owners(type_name):
            values = self._sets.named(qualified_name(owner, property_name, map_name))
            if values is not None:
                found += [one for one in self._values.of(values.guid) if one.properties.preferred_value is not None]
        return found

    def map_names(self, property_name: str, *, type_name: str | None = None) -> list[str]:
        """The names that a map may have."""
        names: dict[str, None] = {}
        for owner in _owners(type_name):
            prefix = f"{qualified_name(owner, property_name)}-"
            values = self._sets.named(qualified_name(owner, property_name))
            for one in self._sets.of(values.guid) if values is not None else ():
                name = one.properties.qualified_name
                if name.startswith(prefix) and name.endswith("--"):
                    names[name[len(prefix) : -2]] = None
        return list(names)

    def validate(
        self, property_name: str, value: str, *, type_name: str | None = None, map_name: str | None = None
    ) -> bool:
        """Whether a property, or a map of it, may hold a value."""
        allowed = self.all(property_name, type_name=type_name, map_name=map_name)
        return not allowed or any(_matches(one.properties, value) for one in allowed)

    def validate_map_name(self, property_name: str, map_name: str, *, type_name: str | None = None) -> bool:
        """Whether a map may have a name."""
        names = self.map_names(property_name, type_name=type_name)
        return not names or map_name in names

    # ---- changing --------------------------------------------------------------------------------------------------

    def set(
        self,
        property_name: str,
        value: str,
        *,
        type_name: str | None = None,
        map_name: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        data_type: str | None = None,
        is_case_sensitive: bool | None = None,
        additional_properties: Mapping[str, str] | None = None,
    ) -> Element[ValidValueProperties]:
        """Defines a valid value, with the sets that lead to it, or brings its definition up to date."""
        return self._values.ensure(
            ValidValueProperties(
                qualified_name=qualified_name(type_name, property_name, map_name, value),
                display_name=display_name or value,
                description=description,
                preferred_value=value,
                category=_category(type_name, property_name, map_name),
                data_type=data_type,
                is_case_sensitive=is_case_sensitive,
                additional_properties=additional_properties,
            ),
            parent=self._set_of(type_name, property_name, map_name),
        )

    def set_map_name(self, property_name: str, map_name: str, *, type_name: str | None = None) -> None:
        """Defines a valid name of a map."""
        self._set_of(type_name, property_name, map_name)

    def clear(
        self, property_name: str, value: str, *, type_name: str | None = None, map_name: str | None = None
    ) -> bool:
        """Deletes a definition; False where there is none."""
        found = self._values.named(qualified_name(type_name, property_name, map_name, value))
        if found is None:
            return False
        self._values.delete(found.guid)
        return True

    def _set_of(self, type_name: str | None, property_name: str, map_name: str | None) -> str:
        """The set that values belong to, made with those above it."""
        steps: list[tuple[str | None, str | None, str | None]] = [(None, None, None)]
        steps += [(type_name, None, None)] if type_name is not None else []
        steps += [(type_name, property_name, None)]
        steps += [(type_name, property_name, map_name)] if map_name is not None else []
        guid: str | None = None
        for step in steps:
            wanted = ValidValueProperties(qualified_name=qualified_name(*step), display_name=_category(*step))
            guid = self._sets.ensure(wanted, parent=guid, replace=False).guid
        assert guid is not None
        return guid


def _owners(type_name: str | None) -> tuple[str | None, ...]:
    return (None,) if type_name is None else (type_name, None)


def _category(type_name: str | None, property_name: str | None, map_name: str | None) -> str:
    """What a set of values is about, for people."""
    named = [name for name in (type_name, property_name, map_name) if name is not None]
    return ":".join(named) if named else "Open Metadata Valid Values"


def _matches(defined: ValidValueProperties, value: str) -> bool:
    if defined.is_case_sensitive is False:
        return (defined.preferred_value or "").casefold() == value.casefold()
    return defined.preferred_value == value
