"""Offer the work on a whole PostgreSQL store as one port."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.search_values import IndexWords
from monitor.state_values import IntegrityCheck
from monitor.store.maintenance import SqlMaintenance
from monitor.store.postgresql.search import fill_index
from monitor.store.stored_values import reports_damage
from monitor.store.verify import MAX_FAULTS, verify_rows


@reports_damage
class PostgresqlMaintenance(SqlMaintenance):
    """Implements `monitor.ports.Maintenance`."""

    def fill_search_index(self, most: int, index_words: IndexWords) -> int:
        return fill_index(self._handle, index_words, most)

    def verify(self) -> Iterator[IntegrityCheck]:
        """Check what the tables themselves do not: they have no foreign keys."""
        rows = self._handle.all("broken_references", most=MAX_FAULTS)
        faults = [f"{row['place']} {row['row']} names a row of {row['missing']} that is not there" for row in rows]
        yield IntegrityCheck(check="references", faults=tuple(faults))
        yield from verify_rows(self._handle)
