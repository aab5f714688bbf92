"""Read stored rows as values: the Archive port on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from monitor.search_values import SearchQuery
from monitor.store.archive import SqlArchive
from monitor.store.handle import Row
from monitor.store.postgresql.search import search
from monitor.store.rows import to_json
from monitor.store.stored_values import reports_damage
from monitor.times import timestamp

_QUARTER = 900.0  # seconds for which events are counted together; days begin and end between two of them


@reports_damage
class PostgresqlArchive(SqlArchive):
    """Implements `monitor.ports.Archive`."""

    def newest_events(self) -> Mapping[str, int]:
        return {row["source"]: row["id"] for row in self._handle.all("newest_events")}

    def _count_days(self, midnights: Sequence[datetime]) -> Sequence[Row]:
        if any(midnight.timestamp() % _QUARTER for midnight in midnights):
            return super()._count_days(midnights)
        moments = to_json([timestamp(midnight) for midnight in midnights])
        return self._handle.all("count_quarters", moments=moments)

    def contents(self) -> object:
        return tuple(self._handle.all("contents")[0])

    def search(self, query: SearchQuery, *, since: date | None = None) -> Sequence[int]:
        return search(self._handle, query, since=since)
