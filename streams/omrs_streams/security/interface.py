"""The hooks of a metadata security connector (OMRS events § 8).

Hooks are called on the paths of requests and events: they answer from memory and never wait. They are given beans and
must not change them; what they want to be seen instead they return.
"""

from typing import Any, Literal

Bean = dict[str, Any]

Operation = Literal[
    "create",
    "read",
    "update",
    "delete",
    "restore",
    "re-identify",
    "re-type",
    "re-home",
    "classify",
    "reclassify",
    "declassify",
]
"""What a user does. Undo and a change of status are updates, a purge is a delete; of these types know create, read,
update, delete and re-identify."""


class MetadataSecurity:
    """Allows everything; a connector overrides the hooks that it decides.

    A connector of your own is a class with this interface that is made from `(options, types)` and named by an entry
    point in group `omrs.security`.
    """

    def filters_outbound(self, cohort: str, type_guid: str) -> bool:
        """Whether `outbound` would look at events of this type; where not they are sent on without being decoded."""
        return False

    def outbound(self, cohort: str, event: Bean) -> Bean | None:
        """The instance event as it is sent to `cohort`; None = it is not sent."""
        return event

    def withdraws(self, cohort: str, event: Bean) -> bool:
        """Of an event that `outbound` held back: whether `cohort` may have been sent the instance before, so that it is
        told now that it is purged."""
        return False

    def inbound(self, cohort: str, event: Bean) -> Bean | None:
        """The instance event as it is taken in from `cohort`; None = it is dropped."""
        return event

    def filters_inbound(self, cohort: str, type_guid: str) -> bool:
        """Whether `inbound` or `may_save` would look at events of this type."""
        return False

    def may_save(self, instance: Bean) -> bool:
        """Whether a reference copy of this entity or relationship may be kept."""
        return True

    def filters_published(self, type_guid: str) -> bool:
        """Whether `published` would look at events of this type; where not they are published without being decoded."""
        return False

    def published(self, event: Bean) -> Bean | None:
        """The instance event as subscribers of the out topic see it; None = they do not."""
        return event

    def withdraws_published(self, event: Bean) -> bool:
        """Of an event that `published` held back: whether subscribers may have been told of the instance before, so
        that they are told now that it is purged."""
        return False

    def check_type(self, user: str, operation: Operation, typedef: Bean) -> None:
        """Raises UserNotAuthorizedError when `user` may not do this with a type."""

    def check(self, user: str, operation: Operation, instance: Bean, classification: str | None = None) -> None:
        """Raises UserNotAuthorizedError when `user` may not do this with the instance.

        `instance`: the entity or relationship as it is before the change, or as it is to be created.
        `classification`: the name of the one that is added, changed or removed.
        """

    def shows_all(self) -> bool:
        """Whether `readable` gives everybody the whole of every instance, and need not be asked."""
        return type(self).readable is MetadataSecurity.readable

    def readable(self, user: str, instance: Bean) -> Bean | None:
        """The instance as `user` sees it, which may be less than all of it; None = not at all."""
        return instance


class OpenSecurity(MetadataSecurity):
    """No security connector is configured: every hook allows."""
