"""One partition in the view: what changed since it was last written to the file."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from omrs_streams.store.changes import Change
from omrs_streams.store.partition import PartitionStore

if TYPE_CHECKING:
    from omrs_streams.search.view import SearchView

HELD: Final = 5_000
"""Changes whose payloads are kept decoded, some KB each; of further ones the view decodes again."""


class Part:
    """Told of every change by the store's writer, after it is stored.

    While it is `recording`, every guid that the file does not have as the store has it is in `pending`, once what
    came before is in the file (`synced`). `odd` are guids that columns cannot say.
    """

    def __init__(self, store: PartitionStore, view: "SearchView", lock: threading.Lock) -> None:
        identity = store.identity
        self.number = identity.partition
        self.store = store
        self.view = view
        self.source = f"{identity.topic} {identity.topic_id} {store.life}"
        """What the rows are made from; those of another store are not this one's."""
        self.pending: dict[str, Change] = {}
        self.odd: set[str] = set()
        self.recording = False
        self.synced = False
        self.next_offset = 0
        self.read_until = 0
        """What was stored before this offset may have been read into the file and be pending as well."""
        self.lock = lock
        self._rounds = 0

    def changed(self, changes: Iterable[Change], next_offset: int) -> None:
        """A batch was stored. From the thread that folds."""
        if not self.recording:
            return
        with self.lock:
            self.next_offset = next_offset
            for change in changes:
                self.pending[change.guid] = change if len(self.pending) < HELD else change.without_payloads()

    def missed(self) -> None:
        """A batch was stored whose changes are not known one by one."""
        with self.lock:
            self.stop_recording()

    def stop_recording(self) -> None:
        """From here on nothing is known of what changes; with the lock held."""
        self._rounds += 1
        self.recording = self.synced = False
        self.pending.clear()

    def record(self) -> int:
        """Begin to note what changes; the number of this recording. What was stored before has to be read."""
        with self.lock:
            self.stop_recording()
            self.recording = True
            self.next_offset = self.store.next_offset
            return self._rounds

    def complete(self, recording: int) -> bool:
        """What came before that recording is in the file; False when it was broken off meanwhile."""
        with self.lock:
            self.read_until = self.store.next_offset
            self.synced = self.recording and self._rounds == recording
            return self.synced

    def taken(self) -> tuple[list[Change], int]:
        """Everything that is pending, and the offset up to which the file has everything once that is written."""
        with self.lock:
            return list(self.pending.values()), self.next_offset

    def written(self, change: Change) -> None:
        """This change is in the file; what came for its guid meanwhile stays pending."""
        with self.lock:
            if self.pending.get(change.guid) is change:
                del self.pending[change.guid]

    def are_odd(self, odd: Iterable[str], even: set[str]) -> None:
        """What the file holds of these guids: no rows, or rows."""
        with self.lock:
            self.odd -= even
            self.odd.update(odd)

    def again(self, guids: Iterable[str]) -> None:
        """Look at these once more, because what explains them changed."""
        for guid in guids:
            meta = self.store.get_meta(guid)
            if meta is not None:
                with self.lock:
                    self.pending.setdefault(guid, Change(guid, meta, None))

    def undecided(self) -> list[str]:
        """The guids that a find has to decide on their beans."""
        with self.lock:
            return [*self.pending, *(guid for guid in self.odd if guid not in self.pending)]
