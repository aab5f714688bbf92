"""Read stored rows as values: the Archive port on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from monitor.search_values import SearchQuery
from monitor.store.archive import SqlArchive
from monitor.store.postgresql.search import search
from monitor.store.stored_values import reports_damage


@reports_damage
class PostgresqlArchive(SqlArchive):
    """Implements `monitor.ports.Archive`."""

    def newest_events(self) -> Mapping[str, int]:
        return {row["source"]: row["id"] for row in self._handle.all("newest_events")}

    def contents(self) -> object:
        return tuple(self._handle.all("contents")[0])

    def search(self, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
        return search(self._handle, query, since=since)
