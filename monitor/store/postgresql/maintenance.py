"""Offer the work on a whole PostgreSQL store as one port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from monitor.ports import Fingerprinter
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

    def rename_source(
        self, *, old: str, new: str, fingerprinter: Fingerprinter, between: Callable[[], None] = lambda: None
    ) -> int | None:
        with self._alone():
            count = super().rename_source(old=old, new=new, fingerprinter=fingerprinter, between=between)
            if count is not None:
                self._handle.all("join_sources", old=old, new=new)
                self._handle.all("delete_source", old=old)
                self._handle.all("rename_baselines", old=old, new=new)
                self._handle.all("delete_baselines", old=old)
        return count

    def rehash(self, fingerprinter: Fingerprinter) -> int:
        with self._alone():
            return super().rehash(fingerprinter)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Run a block as one transaction during which nobody ingests."""
        with self._handle.transaction():
            self._handle.all("lock_all_sources")
            yield

    def verify(self) -> Iterator[IntegrityCheck]:
        """Check what the tables themselves do not: they have no foreign keys."""
        rows = self._handle.all("broken_references", most=MAX_FAULTS)
        faults = [f"{row['place']} {row['row']} names a row of {row['missing']} that is not there" for row in rows]
        yield IntegrityCheck(check="references", faults=tuple(faults))
        yield from verify_rows(self._handle)
