"""Spare a store that does not answer: after a failure every call fails at once for a while, and one tries again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from monitor.errors import StoreDown, StoreError
from monitor.logs import say, warn

FIRST, LONGEST = 0.25, 5.0  # seconds: the pauses before one call tries again, each twice as long as the one before


class Breaker:
    """Decides whether a call may try the store; the loss is one line in the log, and so is the return.

    Safe to share between threads; no method waits.
    """

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._lost: StoreError | None = None  # why the store does not answer; None: it does
        self._since = self._until = 0.0
        self._pause = FIRST
        self._calls = 0  # that have failed
        self._is_tried = False  # by a call that has not ended

    def admit(self) -> None:
        """Let a call try the store. Raises StoreDown while it is not to be asked."""
        if self._lost:  # read without the lock: every call of a healthy store comes by
            with self._lock:
                self._admit()

    def lost(self, error: StoreError) -> StoreDown:
        """Note that a call got no answer, and return its error. Threads that were on their way count as one failure."""
        with self._lock:
            now, is_first = self._seconds(), self._lost is None
            self._calls += 1
            if is_first:
                self._since, self._pause, self._until = now, FIRST, now + FIRST
            elif self._is_tried:
                self._pause = min(self._pause * 2, LONGEST)
                self._until = now + self._pause
            self._is_tried, self._lost = False, error
            down = self._down(error)
        if is_first:
            warn("store_lost", reason=error.message)
        return down

    def back(self) -> None:
        """Note that the store has answered."""
        if self._lost:
            with self._lock:
                calls, self._calls = self._calls, 0
                self._lost, self._is_tried = None, False
            if calls:  # else another thread has just noted it
                say("store_back", seconds=round(self._seconds() - self._since, 1), calls=calls)

    def release(self) -> None:
        """Note that a call has ended before the store could answer."""
        if self._lost:
            with self._lock:
                self._is_tried = False

    def _admit(self) -> None:
        if self._lost and (self._is_tried or self._seconds() < self._until):
            self._calls += 1
            raise self._down(self._lost)
        self._is_tried = self._lost is not None

    def _down(self, error: StoreError) -> StoreDown:
        wait = max(self._until - self._seconds(), FIRST)  # of a try that still runs nobody knows the end
        return StoreDown(error.message, where=error.where, retry_after=wait)
