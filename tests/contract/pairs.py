"""Every Store with its Outbox, brought to one shape that the suite looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from monitor.model import Batch, IngestReport, Outcome
from monitor.notify.grouping import Plan
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.ports import Archive, ChannelStates, Outbox, Store
from monitor.records import EventFilter
from monitor.store.sqlite.archive import SqliteArchive
from monitor.store.sqlite.channel_states import SqliteChannelStates
from monitor.store.sqlite.database import open_for_writing
from monitor.store.sqlite.outbox import SqliteOutbox
from monitor.store.sqlite.store import SqliteStore
from monitor.testing import NOON, FrozenClock, MemoryChannelStates, MemoryOutbox

AT_ONCE = Policy()
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
    """One Store with its Outbox and Switchboard, and what each says of what it holds."""

    store: Store
    outbox: Outbox
    channel_states: ChannelStates
    restarted: Callable[[], Outbox]  # the outbox of the next process on the same state
    events: Callable[[], list[tuple[str, int | None]]]  # kind and release
    rejects: Callable[[], list[tuple[str, str]]]  # state and reason
    messages: Callable[[], list[Sent]]
    archive: Archive

    def form(self, channel: str = "team", *, policy: Policy = AT_ONCE, now: datetime = NOON) -> Plan:
        """Make messages of what is ripe on a channel, as its courier does."""
        post = DeliveryContext(
            outbox=self.outbox, channel_states=self.channel_states, clock=FrozenClock(now), jitter=lambda: 0.0
        )
        return build_messages(channel, policy, post)

    def waiting(self, channel: str = "team") -> list[int | None]:
        """The releases of the notices that stand in no message."""
        return [one.notice.item.release for one in self.outbox.pending_notices(channel)]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events()]

    def reject_states(self) -> list[str]:
        return [state for state, _ in self.rejects()]


@contextmanager
def sqlite_pair(folder: Path) -> Iterator[Pair]:
    handle = open_for_writing(folder)
    archive = SqliteArchive(handle)

    try:
        yield Pair(
            store=SqliteStore(handle),
            outbox=SqliteOutbox(handle),
            channel_states=SqliteChannelStates(handle),
            restarted=lambda: SqliteOutbox(handle),
            events=lambda: [(event.kind, event.release) for event in archive.events(EventFilter())],
            rejects=lambda: [(reject.state, reject.reason) for reject in archive.rejects()],
            messages=lambda: [
                Sent(message.state, message.attempts, message.reason, message.uncertain)
                for message in archive.messages()
            ],
            archive=archive,
        )
    finally:
        handle.close()


class _Feeding:
    """A store that hands the notices of each dump to an outbox in memory."""

    def __init__(self, pair: Pair, outbox: MemoryOutbox) -> None:
        self._pair = pair
        self._outbox = outbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pair.store, name)

    def commit(self, batch: Batch, *, now: datetime) -> IngestReport:
        report = self._pair.store.commit(batch, now=now)
        for channel in {notice.channel for notice in batch.notices}:
            self._outbox.notices += [
                one for one in self._pair.outbox.pending_notices(channel) if one.dump == report.dump
            ]
        return report


@contextmanager
def memory_pair(folder: Path) -> Iterator[Pair]:
    """The fake Outbox and Switchboard, beside a real store."""
    outbox = MemoryOutbox()
    with sqlite_pair(folder) as pair:
        yield replace(
            pair,
            store=cast("Store", _Feeding(pair, outbox)),
            outbox=outbox,
            channel_states=MemoryChannelStates(outbox),
            restarted=outbox.restarted,
            messages=lambda: [
                Sent(row.state, row.attempts, row.reason, sum(end in UNSURE for end in row.outcomes))
                for row in outbox.rows
            ],
        )


PAIRS = {"sqlite": sqlite_pair}  # every Store
OUTBOXES = {**PAIRS, "memory": memory_pair}  # every Outbox and Switchboard
