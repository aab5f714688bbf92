"""Offer the work on a whole SQLite store as one port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from monitor.errors import StoreError
from monitor.ports import Fingerprinter, Retention
from monitor.search_values import IndexWords
from monitor.state_values import IntegrityCheck, Pruned
from monitor.store.prune import prune, prune_copies
from monitor.store.rehash import rehash
from monitor.store.rename_source import rename
from monitor.store.sqlite.clock import note_clock, stored_clock
from monitor.store.sqlite.database import Handle
from monitor.store.sqlite.search import fill_index
from monitor.store.stored_values import reports_damage
from monitor.store.verify import verify, verify_texts
from monitor.times import ClockReading


@reports_damage
class SqliteMaintenance:
    """Implements `monitor.ports.Maintenance`."""

    def __init__(self, handle: Handle, state: Path) -> None:
        self._handle = handle
        self._state = state  # the folder that the database lies in

    def check_writable(self) -> None:
        self._handle.check_writable()

    def clock(self) -> ClockReading | None:
        return stored_clock(self._handle)

    def note_clock(
        self, reading: ClockReading, *, moved: timedelta = timedelta(0), off: timedelta = timedelta(0)
    ) -> None:
        note_clock(self._handle, reading, moved=moved, off=off)

    def fill_search_index(self, most: int, index_words: IndexWords) -> int:
        return fill_index(self._handle, index_words, most)

    def prune(
        self, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
    ) -> Pruned:
        pruned = prune(self._handle, retention, now=now, on_step=on_step)
        try:
            return replace(pruned, copies=prune_copies(self._state))
        except OSError as error:
            raise StoreError(f"an old copy of the store cannot be deleted: {error.strerror}") from error

    def rename_source(
        self, *, old: str, new: str, fingerprinter: Fingerprinter, between: Callable[[], None] = lambda: None
    ) -> int | None:
        return rename(self._handle, old=old, new=new, keys=fingerprinter.keys, between=between)

    def rehash(self, fingerprinter: Fingerprinter) -> int:
        return rehash(self._handle, fingerprinter)

    def verify(self) -> Iterator[IntegrityCheck]:
        return verify(self._handle, self._state)

    def verify_texts(
        self, fingerprinter: Fingerprinter, *, on_step: Callable[[int], object] = lambda _: None
    ) -> IntegrityCheck:
        return verify_texts(self._handle, fingerprinter, on_step=on_step)

    def count_texts(self) -> int:
        return int(self._handle.all("count_versions")[0][0])
