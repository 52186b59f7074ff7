"""Which reference copies are kept: the configured rule, and with LEARNED_TYPES the types that were learned since
(OMRS events § 6). What is learned stands on the server's `cohorts` topic, so every worker knows it."""

from collections.abc import Iterable

from omrs_streams.cohort.rules import ExchangeRule
from omrs_streams.worker.cohort_store import RegistryStore


class SaveRule:
    """`rule` is what holds now."""

    def __init__(self, configured: ExchangeRule, store: RegistryStore) -> None:
        self._rule = configured
        self._store = store
        self._known = 0

    @property
    def rule(self) -> ExchangeRule:
        learned = self._store.learned
        if len(learned) > self._known:
            self._known = len(learned)
            for guid in learned:
                self._rule = self._rule.learn(guid)
        return self._rule

    async def learn(self, type_guids: Iterable[str]) -> None:
        """Keep instances of these types from now on, where the rule learns."""
        for guid in dict.fromkeys(type_guids):
            if self.rule.learn(guid) is not self.rule:
                await self._store.learn(guid)
