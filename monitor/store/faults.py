"""Remember how the store failed last, for whoever asks whether the monitor is ready."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitor.errors import StoreDamaged, StoreError, StoreReplaced

LASTS = 30.0  # seconds: every part that failed tries again sooner


class FaultMemory:
    """Holds the last failure, whichever thread it met; no method waits.

    Damage stays until the store is opened again, because other parts of a damaged file still answer. Any other
    failure ends with the next commit, or when it has not come again for a while: a disk that cannot be read may still
    be written.
    """

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._damage: StoreDamaged | None = None
        self._failure: StoreError | None = None
        self._failed_at = 0.0
        self._logged = set[str]()  # what no waiting heals, once each

    def note(self, error: StoreError) -> None:
        """Note a failure; one that no waiting heals is logged once."""
        if isinstance(error, StoreDamaged | StoreReplaced) and error.message not in self._logged:
            from monitor.logs import warn

            self._logged.add(error.message)
            warn("store_damaged" if isinstance(error, StoreDamaged) else "state_replaced", reason=error.message)
        if isinstance(error, StoreDamaged):
            self._damage = error
        else:
            self._failure, self._failed_at = error, self._seconds()

    def note_commit(self) -> None:
        """Note that a transaction was stored, so that the failure of one before is over; not that of a read."""
        if isinstance(self._failure, StoreReplaced):
            from monitor.logs import say

            say("state_restored")
            self._logged.clear()
        if self._failure and "failed to read" not in self._failure.message:
            self._failure = None

    def current(self) -> StoreError | None:
        """Return the failure that lasts; None: the store answers."""
        if self._failure and self._seconds() - self._failed_at >= LASTS:
            self._failure = None
        return self._damage or self._failure
