"""What to announce of the types known here: to members that saw what was announced before, and to those that did not
(OMRS types § 6, § 7; observed, Kafka). Pure.
"""

from collections.abc import Iterable
from typing import Any

from omrs_schemas.typedefs.links import by_dependence
from omrs_schemas.typedefs.patch import difference
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.cohort import type_beans as beans
from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.cohort.type_events import NATIVE, TypeReceiver, receive
from omrs_streams.cohort.type_fold import TypeFold

Bean = dict[str, Any]


class Announced:
    """What a member knows that began with `types` (changed in place) and took in every TypeDef event of a cohort."""

    def __init__(self, types: TypeSystem | None = None) -> None:
        self.fold = TypeFold(TypeSystem() if types is None else types)
        self._newcomer = TypeReceiver(None, {}, "", NATIVE, ExchangeRule(), lambda guid, name: True)

    def copy(self) -> "Announced":
        other = Announced()
        other.fold = self.fold.copy()
        return other

    def knows(self, guid: str | None) -> bool:
        types = self.fold.types
        return guid is not None and (types.typedef(guid) is not None or types.attribute_typedef(guid) is not None)

    def take(self, event: Bean) -> bool:
        """Whether it was news."""
        records = receive(event, self.fold, self._newcomer, 0).records
        self.fold.apply_all(records)
        return bool(records)


def missing(known: TypeFold, announced: Announced, originator: Bean, now: int) -> list[Bean]:
    """The events that bring a cohort in which everything stays readable up to what is known here: types taken away
    and renamed, types that nobody announced, and own changes of types that somebody did."""
    announced = announced.copy()
    events: list[Bean] = []
    for ended in known.ended.values():
        event = {**ended, "originator": originator, "timestamp": now}
        if announced.knows(beans.subject(ended)[0]) and announced.take(event):
            events.append(event)
    there = announced.fold.types
    for typedef in _ordered(known.types):
        lookups = (there.attribute_typedef, there.attribute_typedef_by_name)
        if not beans.is_attribute(typedef):
            lookups = (there.typedef, there.typedef_by_name)
        of_guid, of_name = lookups[0](typedef["guid"]), lookups[1](typedef["name"])
        if of_guid is None and of_name is None:
            events.append(beans.type_event(typedef, originator, now))
        elif of_guid is of_name and of_guid is not None and typedef["guid"] in known.own:
            events += _update(of_guid, typedef, originator, now)
    return events


def everything(known: TypeFold, release: TypeSystem, originator: Bean, now: int) -> list[Bean]:
    """All types as they are now, and the patches that lead to them from the release: for members that were told
    nothing, of whom those with the release ignore the former and need the latter."""
    events = [beans.type_event(typedef, originator, now) for typedef in _ordered(known.types)]
    return events + _patches(known, release, originator, now)


def additions(known: TypeFold, release: TypeSystem, originator: Bean, now: int) -> list[Bean]:
    """What is known here and not in the release: for a member that has the release already."""
    own = [each for each in _ordered(known.types) if each["guid"] in known.own]
    fresh = [
        each
        for each in own
        if release.typedef(each["guid"]) is None and release.attribute_typedef(each["guid"]) is None
    ]
    events = [beans.type_event(typedef, originator, now) for typedef in fresh]
    return events + _patches(known, release, originator, now)


def _patches(known: TypeFold, release: TypeSystem, originator: Bean, now: int) -> list[Bean]:
    found: list[Bean] = []
    for typedef in _ordered(known.types):
        before = None if typedef["guid"] not in known.own else release.typedef(typedef["guid"])
        if before is not None:
            found += _update(before, typedef, originator, now)
    return found


def _update(before: Bean, after: Bean, originator: Bean, now: int) -> list[Bean]:
    if beans.is_attribute(after) or after.get("version", 0) <= before.get("version", 0):
        return []
    return [beans.patch_event(difference(before, after), originator, now)]


def _ordered(types: TypeSystem) -> Iterable[Bean]:
    return [*types.attribute_typedefs(), *by_dependence(types.typedefs())]
