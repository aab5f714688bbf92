"""Two monitors on one database, and a store that lets another monitor be faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import psycopg

from monitor.ingest_values import Batch, IngestReport
from monitor.ports import Store
from monitor.records import EventFilter
from monitor.secret import Secret
from monitor.store.open import Stores, open_shared_stores


@dataclass(frozen=True, slots=True)
class Two:
    """Two monitors, each with its own connections and its own place."""

    one: Stores
    other: Stores
    url: str

    def is_one_waiting(self) -> bool:
        """Return whether some session waits for the turn of another one."""
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'source' LIMIT 1"
        with psycopg.connect(self.url) as connection:
            return bool(connection.execute(query).fetchall())

    def kinds(self) -> list[str]:
        """Return what happened, oldest first."""
        return [event.kind for event in self.one.archive.events(EventFilter())]

    def titles(self) -> list[str]:
        return sorted(event.title or "" for event in self.one.archive.events(EventFilter()) if event.kind == "new")

    def notices(self) -> int:
        return len(self.one.outbox.pending_notices("team"))


@contextmanager
def two_monitors(url: str) -> Iterator[Two]:
    with (
        open_shared_stores(Secret(url), place="one") as one,
        open_shared_stores(Secret(url), place="other") as other,
    ):
        yield Two(one, other, url)


class Beaten:
    """A store of which the first commits come after something that another monitor does."""

    def __init__(self, store: Store, *deeds: Callable[[], object]) -> None:
        self._store = store
        self._deeds = list(deeds)
        self.commits = 0
        self.turns: list[bool] = []  # whether each decision had waited for its turn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def turn(self, source: str) -> Iterator[bool]:
        with self._store.turn(source) as is_held:
            self.turns.append(is_held)
            yield is_held

    @contextmanager
    def shared_transaction(self, source: str = "") -> Iterator[None]:
        self._be_beaten()
        with self._store.shared_transaction(source):
            yield

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        self.commits += 1
        self._be_beaten()
        return self._store.commit(batch, now=now)

    def _be_beaten(self) -> None:
        if self._deeds:
            self._deeds.pop(0)()


def beaten(store: Store, *deeds: Callable[[], object]) -> Store:
    return cast("Store", Beaten(store, *deeds))
