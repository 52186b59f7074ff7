"""What one audit message is, and how its text is made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from omrs_schemas.model.audit import AuditSeverity

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class AuditMessage:
    """A message of the catalogue.

    `text` has its parameters as `{name}`; a part in square brackets is left out where one of its parameters is not
    known. `cause`: why it is said; `action`: what to do, for the person who reads it.
    """

    id: str
    severity: AuditSeverity
    text: str
    cause: str
    action: str

    @cached_property
    def required(self) -> frozenset[str]:
        """Names that every caller gives."""
        return frozenset(_NAME.findall(_OPTIONAL.sub("", self.text)))

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name in the text."""
        return frozenset(_NAME.findall(self.text))

    @property
    def template(self) -> str:
        """The text without its brackets, for a reader."""
        return self.text.replace("[", "").replace("]", "")

    def render(self, params: Mapping[str, str]) -> str:
        """The text with its parameters; a missing one that is not optional shows as `?`."""

        def part(match: re.Match[str]) -> str:
            known = all(name in params for name in _NAME.findall(match[1]))
            return match[1] if known else ""

        return _NAME.sub(lambda match: params.get(match[1], "?"), _OPTIONAL.sub(part, self.text))
