"""What is said of the protection of a table or column, on either side; pure."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

CLASSIFICATION = "SecurityTags"
ACCESS_GROUPS = "accessGroups"
"""Attribute of SecurityTags in 4.x: role -> privileges. Later releases have none."""

ACCESS = "access:"
"""Security properties of that prefix hold it there: `access:analyst` = `INSERT, SELECT`."""

EVERYBODY = "PUBLIC"

TABLE_PRIVILEGES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"})
COLUMN_PRIVILEGES = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})

Grant = tuple[str, str]
"""A role and a privilege."""


@dataclass(frozen=True)
class Tags:
    """Labels, properties and who may do what. Equal when they say the same."""

    labels: frozenset[str] = frozenset()
    properties: tuple[tuple[str, str], ...] = ()
    access: frozenset[Grant] = field(default=frozenset())

    @classmethod
    def of(
        cls, labels: Collection[str] = (), properties: Mapping[str, Any] | None = None, access: Collection[Grant] = ()
    ) -> "Tags":
        given = {str(name): str(value) for name, value in (properties or {}).items()}
        return cls(frozenset(map(str, labels)), tuple(sorted(given.items())), frozenset(access))

    @classmethod
    def from_metadata(cls, properties: Mapping[str, Any]) -> "Tags":
        """Of a SecurityTags classification of either release."""
        given = dict(properties.get("securityProperties") or {})
        groups = dict(properties.get(ACCESS_GROUPS) or {})
        groups |= {name.removeprefix(ACCESS): given.pop(name) for name in list(given) if name.startswith(ACCESS)}
        access = {(role, privilege) for role, said in groups.items() for privilege in _privileges(said)}
        return cls.of(properties.get("securityLabels") or (), given, access)

    def to_metadata(self, *, access_groups: bool) -> dict[str, Any]:
        """The properties of the classification; `access_groups`: the release has that attribute."""
        roles = {role: ", ".join(sorted(p for r, p in self.access if r == role)) for role, _ in sorted(self.access)}
        properties = dict(self.properties)
        found: dict[str, Any] = {"securityLabels": sorted(self.labels)}
        if access_groups:
            found[ACCESS_GROUPS] = roles
        else:
            properties |= {f"{ACCESS}{role}": said for role, said in roles.items()}
        found["securityProperties"] = properties
        return {name: value for name, value in found.items() if value}

    def with_access(self, access: Collection[Grant]) -> "Tags":
        return replace(self, access=frozenset(access))

    @property
    def digest(self) -> str:
        """Short, and the same wherever the same is said."""
        said = json.dumps([sorted(self.labels), self.properties, sorted(self.access)], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def __bool__(self) -> bool:
        return bool(self.labels or self.properties or self.access)


NOTHING = Tags()


def _privileges(said: Any) -> list[str]:
    """Privileges as a list or as text with commas; `ALL` is left to whoever knows the object."""
    words = said if isinstance(said, list | tuple) else str(said).split(",")
    return [str(word).strip().upper() for word in words if str(word).strip()]


def spelled_out(access: Collection[Grant], known: frozenset[str]) -> frozenset[Grant]:
    """`ALL` as the privileges that there are."""
    found = {(role, each) for role, privilege in access for each in (known if privilege == "ALL" else (privilege,))}
    return frozenset(found)
