"""Offer the work on a whole PostgreSQL store as one port."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from monitor.errors import WrongState
from monitor.ports import Fingerprinter, Retention
from monitor.search_values import IndexWords
from monitor.state_values import IntegrityCheck, Pruned
from monitor.store.handle import Handle
from monitor.store.maintenance import SqlMaintenance
from monitor.store.postgresql.search import fill_index
from monitor.store.rows import parse_number
from monitor.store.stored_values import reports_damage
from monitor.store.verify import MAX_FAULTS, verify_rows
from monitor.times import timestamp

_OVER = timedelta(days=1)  # after which no clock of a node adds to a quarter of an hour any more


@reports_damage
class PostgresqlMaintenance(SqlMaintenance):
    """Implements `monitor.ports.Maintenance`."""

    def __init__(self, handle: Handle, *, node: str = "") -> None:
        """node: the NODE_ID of the state folder."""
        super().__init__(handle)
        self._node = node

    def fill_search_index(self, most: int, index_words: IndexWords) -> int:
        return fill_index(self._handle, index_words, most)

    def prune(
        self, retention: Retention, *, now: datetime, on_step: Callable[[int], object] = lambda _: None
    ) -> Pruned:
        pruned = super().prune(retention, now=now, on_step=on_step)
        if pruned != Pruned():
            self._handle.all("set_meta", k="pruned", v=timestamp(now))  # so that `contents` is another one
        if pruned.events:
            self._handle.all("delete_empty_totals", before=timestamp(now - _OVER))
        return pruned

    def rename_source(
        self, *, old: str, new: str, fingerprinter: Fingerprinter, between: Callable[[], None] = lambda: None
    ) -> int | None:
        if not self._handle.one("any_dump", source=old):
            return None
        with self._alone(_not_renamed(old, new)):
            count = super().rename_source(old=old, new=new, fingerprinter=fingerprinter, between=between)
            if count is not None:
                self._handle.all("join_sources", old=old, new=new)
                self._handle.all("join_event_totals", old=old, new=new)
                self._handle.all("delete_source", old=old)
                self._handle.all("rename_baselines", old=old, new=new)
                self._handle.all("delete_baselines", old=old)
                self._handle.all("follow_rename", old=old, new=new)
                self._handle.all("delete_meta", k=f"renamed:{new}")
                self._handle.all("set_meta", k=f"renamed:{old}", v=new)
        return count

    def require_renamable(self, *, old: str, new: str) -> None:
        if self._handle.one("any_dump", source=old):
            with self._alone(_not_renamed(old, new)):
                pass

    def rehash(self, fingerprinter: Fingerprinter) -> int:
        stored = self._handle.one("meta", k="norm_version")
        if stored is not None and parse_number(stored["v"]) == fingerprinter.norm_version:
            return 0
        with self._alone("what is stored cannot be brought to the normal forms of this version"):
            return super().rehash(fingerprinter)

    @contextmanager
    def _alone(self, what: str) -> Iterator[None]:
        """Run a block as one transaction during which nobody ingests. Raises WrongState while other monitors run.

        what: it is not done, in words.
        """
        with self._handle.transaction():
            self._handle.all("lock_all_sources")
            others = [json.loads(row["facts"])["name"] for row in self._handle.all("living_nodes", here=self._node)]
            if others:
                names = ", ".join(dict.fromkeys(others))
                raise WrongState(f"{what} while other monitors use the store: {names}; stop them, then start this one")
            yield

    def verify(self) -> Iterator[IntegrityCheck]:
        """Check what the tables themselves do not: they have no foreign keys."""
        rows = self._handle.all("broken_references", most=MAX_FAULTS)
        faults = [f"{row['place']} {row['row']} names a row of {row['missing']} that is not there" for row in rows]
        yield IntegrityCheck(check="references", faults=tuple(faults))
        yield from verify_rows(self._handle)
        rows = self._handle.all("broken_totals", most=MAX_FAULTS)
        wrong = [f"{row['what']}: {row['total']} by the totals, {row['counted']} by the rows" for row in rows]
        yield IntegrityCheck(check="totals", faults=tuple(wrong))


def _not_renamed(old: str, new: str) -> str:
    return f"source {old} cannot be renamed to {new}"
