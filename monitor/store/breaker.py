"""Spare a store that does not answer: after a failure every call fails at once for a while, and one tries again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from monitor.errors import StoreDown, StoreError

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
        self._trier: int | None = None  # the thread whose call tries; None: none does

    def admit(self) -> None:
        """Let a call try the store. Raises StoreDown while it is not to be asked."""
        if self._lost is not None:  # read without the lock: every call of a healthy store comes by
            with self._lock:
                self._refuse()

    def admits(self) -> bool:
        """Return whether a call may wait for the store; one that may not can still look whether it answers at once."""
        if self._lost is None:
            return True
        with self._lock:
            return self._try()

    def retry_after(self) -> float:
        """Return for how many seconds the store is not worth a call; 0.0: it may be asked."""
        if self._lost is None:
            return 0.0  # without the lock: the take-in of each file asks
        with self._lock:
            return self._wait()

    def lost(self, error: StoreError) -> StoreDown:
        """Note that a call got no answer, and return its error. Threads that were on their way count as one failure."""
        with self._lock:
            now, is_first = self._seconds(), self._lost is None
            self._calls += 1
            if is_first:
                self._since, self._pause, self._until = now, FIRST, now + FIRST
            elif self._trier == threading.get_ident():
                self._trier, self._pause = None, min(self._pause * 2, LONGEST)
                self._until = now + self._pause
            self._lost = error
            down = self._down(error)
        if is_first:
            from monitor.logs import warn

            warn("store_lost", reason=error.message)
        return down

    def back(self) -> None:
        """Note that the store has answered."""
        if self._lost is not None:
            with self._lock:
                calls, self._calls = self._calls, 0
                self._lost = self._trier = None
            if calls:  # else another thread has just noted it
                from monitor.logs import say

                say("store_back", seconds=round(self._seconds() - self._since, 1), calls=calls)

    def release(self) -> None:
        """Note that the call of this thread has ended, whether or not the store has answered."""
        if self._lost is not None:
            with self._lock:
                if self._trier == threading.get_ident():
                    self._trier = None

    def _refuse(self) -> None:
        if self._lost is not None and not self._try():
            self._calls += 1
            raise self._down(self._lost)

    def _try(self) -> bool:
        """Return whether this call may try, as the only one while the store is down."""
        if self._lost is not None:
            if self._trier is not None or self._seconds() < self._until:
                return False
            self._trier = threading.get_ident()
        return True

    def _wait(self) -> float:
        if self._lost is None:
            return 0.0
        wait = max(self._until - self._seconds(), 0.0)
        return wait if self._trier is None else max(wait, FIRST)  # of a try that still runs nobody knows the end

    def _down(self, error: StoreError) -> StoreDown:
        return StoreDown(error.message, where=error.where, retry_after=self._wait(), since=self._since)


class NoBreaker(Breaker):
    """Lets every call try, and logs nothing: for calls that are made as regularly as a beat beside others."""

    def admit(self) -> None:
        """Let the call try."""

    def lost(self, error: StoreError) -> StoreDown:
        """Return the error of a call that got no answer."""
        return StoreDown(error.message, where=error.where, retry_after=0.0, since=0.0)
