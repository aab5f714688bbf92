"""Read stored rows as values: the Archive port on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from monitor.search_values import SearchQuery
from monitor.store.archive import SqlArchive
from monitor.store.postgresql.search import search
from monitor.store.stored_values import reports_damage


@reports_damage
class PostgresqlArchive(SqlArchive):
    """Implements `monitor.ports.Archive`."""

    def search(self, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
        return search(self._handle, query, since=since)
