"""Pace the take-in: the intervals of watching, the parts of a large dump, and groups of small ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from monitor.collect.batches import MAX_PART_RECORDS
from monitor.collect.watching.scan_schedule import POLL
from monitor.collect.watching.settle import RETRY_FAILED

GROUP_MAX, GROUP_SECONDS = 500, 0.25  # limits of one commit that small dumps share
MAX_SECONDS = 0.25  # that one part may take
MIN_RECORDS = 200  # records of one part: each part reads the releases around its own from the store


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTimings:
    """The intervals and limits of watching, in seconds."""

    settle: float = 2.0
    rescan: float = 60.0
    poll: float = POLL
    partial_grace: float = 600.0
    late: float = 3600.0  # from then on an unsettled file is reported to the operators
    retry_failed: float = RETRY_FAILED  # between the first attempts at a file that an error in this program failed
    mode: str = "auto"  # auto | events | poll


class PartPacer:
    """Calls `between` where nothing is half done; its time does not count as time of the part."""

    def __init__(self, between: Callable[[], None], *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._between = between
        self._seconds = seconds
        self._began: float | None = None  # None: no part has begun
        self._paused = 0.0  # seconds spent in `between` since then
        self._max_records = MIN_RECORDS

    def pause(self) -> None:
        """Call `between`. Raises Interrupted where the ingest is to stop here."""
        start = self._seconds()
        self._between()
        self._paused += self._seconds() - start

    def max_records(self) -> int:
        """Return how many records the next part may have, from the time that the last one took."""
        if self._began is not None:
            took = max(self._seconds() - self._began - self._paused, MAX_SECONDS / 2)
            self._max_records = max(MIN_RECORDS, min(MAX_PART_RECORDS, int(self._max_records * MAX_SECONDS / took)))
        self.pause()
        self._began, self._paused = self._seconds(), 0.0
        return self._max_records
