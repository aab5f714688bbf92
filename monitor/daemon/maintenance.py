"""Maintain the store in the background: fill the search index, and prune old data once a day."""

from __future__ import annotations

import threading
from collections.abc import Callable

from monitor.errors import StoreError
from monitor.frozen import dataclass
from monitor.logs import say, warn_store
from monitor.match.search import index_words
from monitor.ports import Clock, Maintenance, Retention
from monitor.state_values import Pruned

PAUSE = 15.0  # seconds between rounds; search reads what is not indexed yet as it is
STEP = 50  # versions per transaction: a due message waits for no more than these
ONE_PASS_STEP = 500  # the same where no message waits: the index is written in fewer and larger parts
_DAY = 86_400.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWorker:
    """Works in short transactions, on a thread of its own."""

    maintenance: Maintenance
    retention: Retention
    clock: Clock
    has_chores: Callable[[], bool] = lambda: True  # False: another process prunes the store

    def run(self, stop: threading.Event) -> None:
        """Work in rounds until `stop`; after a failure of the store the next round tries again."""
        pruned = self.clock.reading().uptime - _DAY
        while not stop.wait(PAUSE):
            try:
                self.fill(stop)
                uptime = self.clock.reading().uptime
                if uptime - pruned >= _DAY and self.has_chores():
                    self.prune()
                    pruned = uptime
            except StoreError as error:
                warn_store(error)

    def fill(
        self, stop: threading.Event | None = None, *, on_step: Callable[[int], object] = lambda _indexed: None
    ) -> None:
        """Bring the search index up to date; `on_step` is called with the versions that are indexed while more wait."""
        most, indexed = STEP if stop else ONE_PASS_STEP, 0
        while not (stop and stop.is_set()) and (found := self.maintenance.fill_search_index(most, index_words)):
            indexed += found
            if found == most:
                on_step(indexed)

    def prune(self) -> None:
        """Delete what is older than `retention`; a text that is not indexed yet stays."""
        done = self.maintenance.prune(self.retention, now=self.clock.reading().aged)
        if done != Pruned():
            say("store_pruned", versions=done.versions, messages=done.messages, events=done.events, copies=done.copies)
