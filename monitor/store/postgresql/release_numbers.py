"""Give out release numbers in blocks that belong to one process, so that no two processes give out the same."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from monitor.errors import Stale
from monitor.store.handle import Handle

_BLOCK = 1_000  # numbers


class ReleaseNumbers:
    """The numbers that this process may give out, in their order; a decision that is not stored burns none.

    A block is taken beside any transaction, so that nobody waits for it longer than for one statement. Safe to share
    between threads.
    """

    def __init__(self, handle: Handle) -> None:
        self.taken = 0  # blocks
        self._handle = handle
        self._lock = threading.Lock()
        self._next = self._end = 0

    @property
    def has_any(self) -> bool:
        """Return whether this process has a block that is not used up."""
        return self._next < self._end

    def stock(self) -> None:
        """Take a block where few numbers are left; called before a transaction begins."""
        self.first_of(_BLOCK // 2)

    def first_of(self, count: int) -> int:
        """Return the first of so many neighbours that are free; they stay free until they are stored.

        A block is asked for without the lock: a thread that has the last connection of a pooler may wait for the lock.
        Of two threads that ask at once, the block of one is lost.
        """
        with self._lock:
            if self._end - self._next >= count:
                return self._next
        size = max(_BLOCK, count)
        first: int = self._handle.all("take_numbers", count=size)[0]["first"]
        with self._lock:
            self.taken += 1
            if first != self._end:  # another process has taken some since
                self._next = first
            self._end = first + size
            return self._next

    @contextmanager
    def storing(self, numbers: Collection[int]) -> Iterator[None]:
        """Take numbers for good while a block stores them. Raises Stale where they are not the next ones any more."""
        if not numbers:
            yield
            return
        with self._lock:
            before, after = self._next, max(numbers) + 1
            if min(numbers) < before or after > self._end:
                raise Stale("release numbers were assigned meanwhile")
            self._next = after
        try:
            yield
        except BaseException:
            with self._lock:
                if self._next == after:  # no other thread has gone on from there
                    self._next = before
            raise

    def drop(self) -> None:
        """Forget the numbers that are left: they may not be this process's own."""
        with self._lock:
            self._next = self._end = 0

    def give_back(self) -> None:
        """Give the numbers that are left to the next process, unless another one has taken a block since."""
        with self._lock:
            if self._next < self._end:
                self._handle.all("give_numbers_back", next=self._next, end=self._end)
            self._next = self._end = 0
