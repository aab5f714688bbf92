"""Every Store with its Outbox, brought to one shape that the suite looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

from monitor.ingest_values import Batch, IngestReport
from monitor.model import Outcome
from monitor.node_values import NodeFacts, channel_lease
from monitor.notify.grouping import MessagePlan
from monitor.notify.send_time import Policy
from monitor.notify.worker import DeliveryContext, build_messages
from monitor.ports import ChannelStates, Maintenance, Outbox, SourceStates, Store
from monitor.records import Archive, EventFilter
from monitor.secret import Secret
from monitor.store.open import Access, Stores, open_shared_stores, open_stores
from monitor.store_location import StoreLocation
from monitor.testing import NOON, FrozenClock, MemoryChannelStates, MemoryOutbox
from tests.empty_store import put_empty_store
from tests.postgresql_server import connection_to

AT_ONCE = Policy()
NODE = NodeFacts(
    node="node of the suite", name="", version="1", channels=("team", "desk", "gone", "mail"), rules="", policies={}
)
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
    """One Store with its Outbox and ChannelStates, and what each says of what it holds."""

    store: Store
    outbox: Outbox
    channel_states: ChannelStates
    source_states: SourceStates
    maintenance: Maintenance
    restarted: Callable[[], Outbox]  # the outbox of the next process on the same state
    events: Callable[[], list[tuple[str, int | None]]]  # kind and release
    rejects: Callable[[], list[tuple[str, str]]]  # state and reason
    messages: Callable[[], list[Sent]]
    archive: Archive

    def form(self, channel: str = "team", *, policy: Policy = AT_ONCE, now: datetime = NOON) -> MessagePlan:
        """Make messages of what is ripe on a channel, as its delivery worker does."""
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
def store_pair(open_: Callable[[], Stores]) -> Iterator[Pair]:
    """Everything of one store, and the outbox of a second process on the same state."""
    with ExitStack() as later:
        stores = later.enter_context(open_())
        archive = stores.archive
        yield Pair(
            store=stores.store,
            outbox=stores.outbox,
            channel_states=stores.channel_states,
            source_states=stores.source_states,
            maintenance=stores.maintenance,
            restarted=lambda: later.enter_context(open_()).outbox,
            events=lambda: [(event.kind, event.release) for event in archive.events(EventFilter())],
            rejects=lambda: [(reject.state, reject.reason) for reject in archive.rejects()],
            messages=lambda: [
                Sent(message.state, message.attempts, message.reason, message.uncertain)
                for message in archive.messages()
            ],
            archive=archive,
        )


def sqlite_pair(folder: Path) -> AbstractContextManager[Pair]:
    put_empty_store(folder)
    return store_pair(lambda: open_stores(StoreLocation(folder=folder), Access.WRITE))


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
    """The fake Outbox and ChannelStates, beside a real store."""
    outbox = MemoryOutbox()
    with sqlite_pair(folder) as pair:
        yield replace(
            pair,
            store=cast("Store", _Feeding(pair, outbox)),
            outbox=outbox,
            channel_states=MemoryChannelStates(outbox),
            restarted=lambda: outbox,
            messages=lambda: [
                Sent(row.state, row.attempts, row.reason, sum(end in UNSURE for end in row.outcomes))
                for row in outbox.rows
            ],
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is, or is made: a folder, or the database that belongs to it."""

    folder: Path
    url: Callable[[], str]  # of its database
    pooled_url: Callable[[], str]  # of its database at a pooler


OpenPair = Callable[[Place], AbstractContextManager[Pair]]
SharedPair = Callable[[Callable[[Pair], None]], Pair]  # what fills a store → the open store


def postgresql_pair(url: str, *, is_pooled: bool = False) -> AbstractContextManager[Pair]:
    former = count()
    return store_pair(lambda: _joined(url, is_pooled=is_pooled, former=next(former)))


def _joined(url: str, *, is_pooled: bool, former: int) -> Stores:
    """A process that has joined and owns every channel. Its predecessors are dead; what they left is still there."""
    if former:
        with connection_to(url, is_pooled=is_pooled) as connection:
            connection.execute("UPDATE node SET is_dead = TRUE")
    stores = open_shared_stores(Secret(url), is_pooled=is_pooled, place=NODE.node)
    assert stores.nodes is not None
    stores.nodes.join(NODE)
    assert all(stores.nodes.take(channel_lease(channel)) for channel in NODE.channels)
    return stores


# Every store: another engine is one line here.
PAIRS: Mapping[str, OpenPair] = {
    "sqlite": lambda place: sqlite_pair(place.folder),
    "postgresql": lambda place: postgresql_pair(place.url()),
}
POOLED = "pooled"
WAYS: Mapping[str, OpenPair] = {  # every store, by every way to it
    **PAIRS,
    POOLED: lambda place: postgresql_pair(place.pooled_url(), is_pooled=True),
}
OUTBOXES: Mapping[str, OpenPair] = {  # every Outbox and ChannelStates
    **WAYS,
    "memory": lambda place: memory_pair(place.folder),
}
