"""Whom an instance event is believed (OMRS instances § Reference copies): one member maintains an instance, its home or
who distributes it for an external or archive home, and only that one says what becomes of it.

An event without an originator is believed: some senders leave it out, and who could forge the one could forge the
other. That two members maintain one guid is no matter of belief but a conflict, which `receiving_currency.py` decides.
"""

from collections.abc import Mapping
from typing import Any

from omrs_streams.cohort.receiving_currency import differ
from omrs_streams.cohort.receiving_model import Held, Receiver
from omrs_streams.cohort.receiving_save import ours

Bean = Mapping[str, Any]

_ARCHIVES = frozenset({"CONTENT_PACK", "EXPORT_ARCHIVE"})
_ARCHIVE_KINDS = ("NEW_", "UPDATED_")
_NOTHING: Bean = {}


def originator_of(event: Bean) -> str | None:
    """The metadata collection that sent an event; None where it does not say."""
    found = (event.get("originator") or _NOTHING).get("metadataCollectionId")
    return str(found) if found else None


def only_ours(held: Held | None, instance: Bean, kind: str, originator: str | None, me: Receiver) -> bool:
    """Whether others may not touch what is held here of `instance`, because we distribute it for its home.

    What we do not hold (any more) may come from others. A newer version of an archive may be loaded at another member.
    """
    if held is None:
        return False
    same = held.home == instance.get("metadataCollectionId") and not differ(
        held.create_time, instance.get("createTime")
    )
    claimed = instance.get("replicatedBy") == me.collection_id
    if held.bean is None:
        return claimed and same
    if not ours(held, me):
        return False
    return claimed or (same and not _loaded_again(held.bean, instance, kind, originator, me))


def speaks(
    originator: str | None, instance: Bean, kind: str, held: Held | None, me: Receiver, *, batch: bool = False
) -> bool:
    """Whether `originator` may say this of `instance`, of whose guid `held` is here.

    In a batch anybody may bring what is not held (restored backups are sent so); and anybody what we distribute and
    have lost.
    """
    if originator is None:
        return True
    home, replicator = instance.get("metadataCollectionId"), instance.get("replicatedBy")
    bean: Bean = (held.bean if held is not None else None) or _NOTHING
    absent = held is None or bean.get("class") == "EntityProxy"
    if originator not in (home, replicator):
        return absent and (batch or replicator == me.collection_id)
    if originator == home or bean.get("replicatedBy") == originator:
        return True
    if home in me.members:
        return batch and absent  # it speaks for itself
    if held is None or absent or held.home != home or differ(held.create_time, instance.get("createTime")):
        return True
    return _loaded_again(bean, instance, kind, originator, me) or bean.get("replicatedBy") not in me.members


def tells_all(originator: str | None, entity: Bean, kind: str, held: Held | None, me: Receiver) -> bool:
    """Whether a classification event replaces the entity that is held by the one it carries. Else it is a statement
    about the classification alone: members that are not its home send the whole entity too (OMRS observed)."""
    home = entity.get("metadataCollectionId")
    if not home or home == me.collection_id or only_ours(held, entity, kind, originator, me):
        return False
    if originator in (None, home, entity.get("replicatedBy")):
        return speaks(originator, entity, kind, held, me)
    absent = held is None or (held.bean or _NOTHING).get("class") == "EntityProxy"
    return absent and me.members.isdisjoint((home, entity.get("replicatedBy") or ""))


def states(originator: str | None, classification: Bean, entity: Bean, held: Held | None, me: Receiver) -> bool:
    """Whether `originator` may state `classification`: its home or who distributes it, the home of the entity; and
    anybody what a member that has left said last."""
    home = classification.get("metadataCollectionId")
    if originator is None or not home or originator in (home, classification.get("replicatedBy")):
        return True
    of_entity = held.home if held is not None and held.home else entity.get("metadataCollectionId")
    return originator == of_entity or home not in me.members


def _loaded_again(bean: Bean, instance: Bean, kind: str, originator: str | None, me: Receiver) -> bool:
    """Whether another member has loaded a newer version of the archive that the instance comes from."""
    return (
        bean.get("instanceProvenanceType") in _ARCHIVES
        and kind.startswith(_ARCHIVE_KINDS)
        and originator == instance.get("replicatedBy")
        and originator in me.members
        and bean.get("metadataCollectionId") not in me.members
    )
