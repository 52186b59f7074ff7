"""The guids and names that re-identified types had before (OMRS types § 4, reIdentifyTypeDef).

Instances, and members that take no notice of a re-identification (Java ones do not), go on naming a type as it was. So
a type answers to its former guids and names as well, until another type is removed or takes one of them back.
"""

from typing import Any

Bean = dict[str, Any]


class Former:
    """Former guid → present guid, former name → present guid; of TypeDefs or of AttributeTypeDefs."""

    __slots__ = ("guids", "names")

    def __init__(self, guids: dict[str, str] | None = None, names: dict[str, str] | None = None) -> None:
        self.guids = guids or {}
        self.names = names or {}

    def copy(self) -> "Former":
        return Former(dict(self.guids), dict(self.names))

    def moved(self, before: Bean, after: Bean) -> None:
        """`before` is called `after` from here on; what led to it leads there."""
        for table, field in ((self.guids, "guid"), (self.names, "name")):
            for each, present in table.items():
                if present == before["guid"]:
                    table[each] = after["guid"]
            if before[field] != after[field]:
                table[before[field]] = after["guid"]
            table.pop(after[field], None)

    def removed(self, guid: str) -> None:
        """Nothing leads to `guid` any more."""
        for table in (self.guids, self.names):
            for each in [each for each, present in table.items() if present == guid]:
                del table[each]

    def names_of(self, guid: str) -> list[str]:
        """The names that the type `guid` had before."""
        return [name for name, present in self.names.items() if present == guid]

    def find(self, by_guid: dict[str, Bean], guid: str | None, name: str | None) -> Bean | None:
        """The type that was called so."""
        present = self.guids.get(guid or "") or self.names.get(name or "")
        return by_guid.get(present) if present else None
