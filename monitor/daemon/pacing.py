"""A large dump's take-in → turns for what else is waiting, and parts that take no longer than anybody should wait."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitor.collect.batches import MAX_PART_RECORDS

MAX_SECONDS = 0.25  # seconds that one part may take
MIN_RECORDS = 200  # records of one part: each part reads the releases around its own from the store


class PartPacer:
    """`between` is called wherever nothing is half done; what it takes is not counted as the part's time."""

    def __init__(self, between: Callable[[], None], *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._between = between
        self._seconds = seconds
        self._began: float | None = None  # None: no part was begun yet
        self._paused = 0.0  # seconds of others' turns since then
        self._max_records = MIN_RECORDS

    def pause(self) -> None:
        """Let the others have their turn. Raises Interrupted where the take-in is to stop here."""
        start = self._seconds()
        self._between()
        self._paused += self._seconds() - start

    def max_records(self) -> int:
        """How many records the next part may have, by how long the last one took."""
        if self._began is not None:
            took = max(self._seconds() - self._began - self._paused, MAX_SECONDS / 2)
            self._max_records = max(MIN_RECORDS, min(MAX_PART_RECORDS, int(self._max_records * MAX_SECONDS / took)))
        self.pause()
        self._began, self._paused = self._seconds(), 0.0
        return self._max_records
