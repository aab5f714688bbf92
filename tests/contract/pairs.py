"""Every Store with its Outbox, brought to one shape that the suite looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.model import Outcome
from monitor.ports import EventFilter, Outbox, Store
from monitor.store.archive import SqliteArchive
from monitor.store.database import open_for_writing
from monitor.store.outbox import SqliteOutbox
from monitor.store.sqlite import SqliteStore
from monitor.testing import MemoryOutbox, MemoryStore

UNSURE = (Outcome.UNCERTAIN, "unknown")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as its store tells of it."""

    state: str
    attempts: int
    reason: object  # of the last attempt that has ended; None: none has
    unsure: object  # attempts that nobody knows the outcome of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One Store and its Outbox, with what each says of what it holds."""

    store: Store
    outbox: Outbox
    restarted: Callable[[], Outbox]  # the outbox of the next process on the same state
    events: Callable[[], list[tuple[str, int | None]]]  # kind and release
    rejects: Callable[[], list[tuple[str, str]]]  # state and reason
    messages: Callable[[], list[Sent]]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events()]

    def reject_states(self) -> list[str]:
        return [state for state, _ in self.rejects()]


@contextmanager
def sqlite_pair(folder: Path) -> Iterator[Pair]:
    handle = open_for_writing(folder)
    archive = SqliteArchive(handle)

    def rows(found: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in found]

    try:
        yield Pair(
            store=SqliteStore(handle),
            outbox=SqliteOutbox(handle),
            restarted=lambda: SqliteOutbox(handle),
            events=lambda: [(row["kind"], row["release"]) for row in rows(archive.events(EventFilter()))],
            rejects=lambda: [(row["state"], row["reason"]) for row in rows(archive.rejects())],
            messages=lambda: [
                Sent(row["state"], row["attempts"], row["reason"], row["uncertain"]) for row in rows(archive.messages())
            ],
        )
    finally:
        handle.close()


@contextmanager
def memory_pair(_folder: Path) -> Iterator[Pair]:
    store = MemoryStore()
    outbox = store.outbox
    yield Pair(
        store=store,
        outbox=outbox,
        restarted=lambda: MemoryOutbox(outbox.rows),
        events=lambda: [(event.kind, event.release) for event in store.events],
        rejects=lambda: [(row.state, row.reject.reason) for row in store.rejects],
        messages=lambda: [
            Sent(row.state, row.attempts, row.reason, sum(end in UNSURE for end in row.outcomes)) for row in outbox.rows
        ],
    )


PAIRS = {"sqlite": sqlite_pair, "memory": memory_pair}
