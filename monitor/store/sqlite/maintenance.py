"""Offer the work on a whole SQLite store as one port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.ports import Retention
from monitor.search_values import IndexWords
from monitor.state_values import IntegrityCheck, Pruned
from monitor.store.maintenance import SqlMaintenance
from monitor.store.sqlite.copies import prune_copies
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.search import fill_index
from monitor.store.sqlite.verify import verify
from monitor.store.stored_values import reports_damage


@reports_damage
class SqliteMaintenance(SqlMaintenance):
    """Implements `monitor.ports.Maintenance`."""

    def __init__(self, handle: Handle, state: Path) -> None:
        super().__init__(handle)
        self._database = handle
        self._state = state  # the folder that the database lies in

    def fill_search_index(self, most: int, index_words: IndexWords) -> int:
        return fill_index(self._database, index_words, most)

    def prune(
        self, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
    ) -> Pruned:
        pruned = super().prune(retention, now=now, on_step=on_step)
        try:
            return replace(pruned, copies=prune_copies(self._state))
        except OSError as error:
            raise StoreError(f"an old copy of the store cannot be deleted: {error.strerror}") from error

    def verify(self) -> Iterator[IntegrityCheck]:
        return verify(self._database, self._state)
