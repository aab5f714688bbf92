"""What keeps the store in order beside the work: the search index after take-ins, and what is too old once a day."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from monitor.errors import StoreError
from monitor.logs import say, warn
from monitor.ports import Clock, Maintenance, Retention
from monitor.records import Pruned

PAUSE = 15.0  # seconds between rounds; search reads what is not indexed yet as it is
STEP = 50  # versions of one transaction: a message that is due waits no longer than for these
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWorker:
    """Works in short transactions, on a thread of its own."""

    maintenance: Maintenance
    retention: Retention
    clock: Clock

    def run(self, stop: threading.Event) -> None:
        """Round after round until `stop`; a store that fails is a pause."""
        pruned = self.clock.now() - _DAY
        while not stop.wait(PAUSE):
            try:
                self.fill(stop)
                if self.clock.now() - pruned >= _DAY and self.retention != Retention():
                    self.prune()
                    pruned = self.clock.now()
            except StoreError as error:
                warn("store_busy", reason=error.message)

    def fill(self, stop: threading.Event | None = None) -> None:
        """Bring the search index up to date."""
        while not (stop and stop.is_set()) and self.maintenance.fill_search_index(STEP):
            pass

    def prune(self) -> None:
        """Forget what is older than the configuration keeps; a text that is still to be indexed stays."""
        done = self.maintenance.prune(self.retention, now=self.clock.now())
        if done != Pruned():
            say("store_pruned", versions=done.versions, messages=done.messages, events=done.events)
