"""Read stored rows as values: the Archive port on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from monitor.search_values import SearchQuery
from monitor.store.archive import SqlArchive
from monitor.store.sqlite.handle import Handle
from monitor.store.sqlite.search import search
from monitor.store.stored_values import reports_damage


@reports_damage
class SqliteArchive(SqlArchive):
    """Implements `monitor.ports.Archive` on a read-only connection."""

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._generation = handle.generation

    def contents(self) -> object:
        return self._generation()

    def search(self, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
        return search(self._handle, query, since=since)
