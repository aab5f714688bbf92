"""Offer the work on a whole store as one port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from monitor.ports import Fingerprinter, Retention
from monitor.search_values import IndexWords
from monitor.state_values import IntegrityCheck, Pruned
from monitor.store.clock import note_clock, stored_clock
from monitor.store.handle import Handle
from monitor.store.prune import prune
from monitor.store.rehash import rehash
from monitor.store.rename_source import rename
from monitor.store.stored_values import reports_damage
from monitor.store.verify import verify_texts
from monitor.times import ClockReading


@reports_damage
class SqlMaintenance(ABC):
    """Implements `monitor.ports.Maintenance`, apart from what each engine has of its own."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def check_writable(self) -> None:
        self._handle.check_writable()

    def clock(self) -> ClockReading | None:
        return stored_clock(self._handle)

    def note_clock(
        self, reading: ClockReading, *, moved: timedelta = timedelta(0), off: timedelta = timedelta(0)
    ) -> None:
        note_clock(self._handle, reading, moved=moved, off=off)

    @abstractmethod
    def fill_search_index(self, most: int, index_words: IndexWords) -> int:
        """Index up to `most` versions; return how many there were."""

    def prune(
        self, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
    ) -> Pruned:
        return prune(self._handle, retention, now=now, on_step=on_step)

    def rename_source(
        self, *, old: str, new: str, fingerprinter: Fingerprinter, between: Callable[[], None] = lambda: None
    ) -> int | None:
        return rename(self._handle, old=old, new=new, keys=fingerprinter.keys, between=between)

    def require_renamable(self, *, old: str, new: str) -> None:
        del old, new  # nobody else is there

    def rehash(self, fingerprinter: Fingerprinter) -> int:
        return rehash(self._handle, fingerprinter)

    @abstractmethod
    def verify(self) -> Iterator[IntegrityCheck]:
        """Check the store without changing it."""

    def verify_texts(
        self, fingerprinter: Fingerprinter, *, on_step: Callable[[int], object] = lambda _: None
    ) -> IntegrityCheck:
        return verify_texts(self._handle, fingerprinter, on_step=on_step)

    def count_texts(self) -> int:
        return int(self._handle.all("count_versions")[0][0])
