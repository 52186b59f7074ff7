"""One instance out of what several members say of it (OMRS queries § 5). Pure.

What is at home at the local repository is as that says it, whatever others claim. Otherwise:
The home's answer beats all, else the highest version, and the first of equal ones. Classifications have homes of their
own: each name appears once, as the home of the classification says it; what that home does not say any more is gone,
whoever still has a copy. Where no home has answered, the highest version is taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omrs_streams.repository.local import Bean


@dataclass(frozen=True, slots=True)
class Said:
    """What one member says of an instance.

    `bean`: the instance as the member holds it; None where it has none to show. `classifications`: those of an entity
    that it can speak for though it showed no entity, None where it has not said anything about them. `local`: whether
    it is the local repository.
    """

    member: str
    bean: Bean | None = None
    classifications: tuple[Bean, ...] | None = None
    revision: int | None = None
    local: bool = False

    @property
    def carried(self) -> Sequence[Bean] | None:
        """The classifications that it knows of; None: it has not said."""
        if self.bean is None:
            return self.classifications
        return (*(self.bean.get("classifications") or ()), *(self.classifications or ()))


def maintainers(header: Mapping[str, Any]) -> frozenset[str]:
    """The metadata collections that have the last word about an instance or classification."""
    return frozenset(each for each in (header.get("replicatedBy"), header.get("metadataCollectionId")) if each)


def chosen(said: Iterable[Said]) -> Said | None:
    """Whose word about the instance itself counts; None when nobody shows it."""
    shown = [each for each in said if each.bean is not None]
    return max(shown, key=_weight) if shown else None  # max keeps the first of equals


def rivals(said: Iterable[Said]) -> list[str]:
    """The members that each say that the instance is at home with them, where they cannot all be right."""
    homes = [each for each in said if each.bean is not None and each.member in maintainers(each.bean)]
    agreed = len({maintainers(each.bean or {}) for each in homes}) < 2  # an external home and who replicates it agree
    return [] if agreed else [each.member for each in homes]


def _weight(said: Said) -> tuple[bool, bool, int]:
    bean = said.bean or {}
    own = said.member in maintainers(bean)
    return own and said.local, own, bean.get("version") or 0


def merged(said: Sequence[Said]) -> Bean | None:
    """The instance out of all that is said of it; None when nobody shows it."""
    best = chosen(said)
    if best is None or best.bean is None:
        return None
    found = classifications(said, best)
    if list(found) == list(best.bean.get("classifications") or ()):
        return best.bean
    bare = {name: value for name, value in best.bean.items() if name != "classifications"}
    return {**bare, "classifications": found} if found else bare


def classifications(said: Sequence[Said], best: Said) -> list[Bean]:
    """By name, those of `best` first."""
    speaking = {each.member for each in said if each.carried is not None}
    ordered = [best, *(each for each in said if each is not best)]
    winners: dict[str, tuple[bool, bool, int, Bean]] = {}
    for each in ordered:
        for classification in each.carried or ():
            homes = maintainers(classification)
            own = each.member in homes
            if not own and homes & speaking:
                continue  # its home speaks for itself, if only by not having it any more
            weight = own and each.local, own, classification.get("version") or 0, classification
            known = winners.get(classification["name"])
            if known is None or weight[:3] > known[:3]:
                winners[classification["name"]] = weight
    return [classification for *_, classification in winners.values()]


def by_guid(parts: Iterable[tuple[str, Iterable[Bean]]], local: str = "") -> dict[str, list[Said]]:
    """What is said of each guid, out of the lists of instances that each member answered. `local`: the local one."""
    found: dict[str, list[Said]] = {}
    for member, beans in parts:
        for bean in beans:
            found.setdefault(bean["guid"], []).append(Said(member, bean, local=member == local))
    return found
