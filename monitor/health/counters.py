"""Count what the process has done, for `/metrics`; any thread may count, and a scrape reads memory only.

The numbers do not come from the store. To count its rows costs more with every row, and pruning lowers the result.
Prometheus expects counters to start at zero with the process.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from monitor.frozen import dataclass
from monitor.ingest_values import IngestReport
from monitor.model import Kind
from monitor.notify.retry import Action
from monitor.state_values import Backlog

RESULTS = ("stored", "duplicate", "held", "rejected", "empty", "superseded", "failed")  # of an ingest
# The state of a message after an attempt.
STATE_AFTER = {Action.DONE: "sent", Action.RETRY: "pending", Action.HOLD: "held", Action.BURY: "dead"}
# Seconds; the upper bounds of the buckets of deliveries: a service answers within seconds, a retry comes after minutes,
# and a message is given up after 72 h unless its channel says otherwise.
DELIVERY_BOUNDS = (0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
_EVENTS = tuple(kind for kind in Kind if kind is not Kind.UNCHANGED)  # an unchanged record is no event


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How many values fell into each bucket, and their sum."""

    counts: tuple[int, ...] = (0,) * (len(DELIVERY_BOUNDS) + 1)  # by bucket; the last is above all bounds
    total: float = 0.0

    def plus(self, value: float) -> Distribution:
        """Return the distribution with one more value; a bound belongs to the bucket below it."""
        place = bisect_left(DELIVERY_BOUNDS, value)
        counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        return Distribution(counts=counts, total=self.total + value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSnapshot:
    """All counters at one time."""

    dumps: Mapping[str, int]  # by result
    events: Mapping[str, int]  # by kind
    messages: Mapping[tuple[str, str], int]  # by channel and state
    backlog: Backlog = field(default_factory=Backlog)
    last_dumps: Mapping[str, datetime] = field(default_factory=dict)  # by source: when its newest file was ingested
    sources: Collection[str] = ()  # the configured ones; others may have dumps, too
    channels_up: Mapping[str, bool] = field(default_factory=dict)  # by configured channel
    deliveries: Mapping[str, Distribution] = field(default_factory=dict)  # by channel: seconds until acceptance
    store_bytes: int = 0  # with the write-ahead log
    is_config_valid: bool = True  # the configuration that was read last can be used


class Counters:
    """The counters of one process; a reload keeps them."""

    def __init__(self, last_dumps: Mapping[str, datetime] | None = None) -> None:
        """last_dumps: by source, as stored; None: there are none."""
        self._lock = threading.Lock()
        self._dumps = Counter(dict.fromkeys(RESULTS, 0))
        self._events = Counter(dict.fromkeys(map(str, _EVENTS), 0))
        self._messages = Counter[tuple[str, str]]()
        self._last_dumps = dict(last_dumps or {})
        self._sources: Collection[str] = ()
        self._channels_up: dict[str, bool] = {}
        self._deliveries: dict[str, Distribution] = {}
        self.store_bytes = 0  # as in MetricsSnapshot
        self.backlog = Backlog()  # as the store has just returned it
        self.is_config_valid = True  # as in MetricsSnapshot

    def register(
        self, *, channels: Iterable[str], sources: Collection[str], last_dumps: Mapping[str, datetime] | None = None
    ) -> None:
        """Start at zero for what is configured now: a rate needs the value before the first increase.

        last_dumps: by source, as stored; they count for sources of which nothing is known, as for a renamed one.
        """
        with self._lock:
            names = tuple(channels)
            self._sources, self._last_dumps = tuple(sources), {**(last_dumps or {}), **self._last_dumps}
            self._channels_up = {name: self._channels_up.get(name, True) for name in names}
            for name in names:
                self._messages.update(dict.fromkeys(((name, state) for state in STATE_AFTER.values()), 0))
                self._deliveries.setdefault(name, Distribution())

    def set_channel_up(self, channel: str, *, is_up: bool) -> None:
        """Note whether a configured channel works."""
        with self._lock:
            if channel in self._channels_up:
                self._channels_up[channel] = is_up

    def count_delivery(self, channel: str, seconds: float) -> None:
        """Count a message that was accepted so many seconds after it was due."""
        with self._lock:
            self._deliveries[channel] = self._deliveries.get(channel, Distribution()).plus(max(seconds, 0.0))

    def count_ingest(self, report: IngestReport) -> None:
        """Count an ingested dump and its events, once they are durable."""
        with self._lock:
            self._dumps[report.status] += 1
            for kind, count in report.counts.items():
                if kind in _EVENTS:
                    self._events[str(kind)] += count
            self._last_dumps[report.source] = report.at

    def count_failed_ingest(self) -> None:
        """Count a file that could not be ingested because of an error in this program."""
        with self._lock:
            self._dumps["failed"] += 1

    def count_events(self, kind: Kind, count: int) -> None:
        """Count events that do not come from an ingest."""
        with self._lock:
            self._events[str(kind)] += count

    def count_messages(self, channel: str, state: str, count: int = 1) -> None:
        """Count messages by the state that an attempt or their age left them in."""
        with self._lock:
            self._messages[channel, state] += count

    def last_dumps(self) -> Mapping[str, datetime]:
        """Return when the newest file of each source was ingested, also before this process."""
        return self._last_dumps

    def move_last_dumps(self, by: timedelta) -> None:
        """Move the times of the newest files along with the clock, as the store has just done."""
        with self._lock:
            self._last_dumps = {source: at + by for source, at in self._last_dumps.items()}

    def snapshot(self) -> MetricsSnapshot:
        """Return all counters as they are now."""
        with self._lock:
            return MetricsSnapshot(
                dumps=dict(self._dumps),
                events=dict(self._events),
                messages=dict(self._messages),
                backlog=self.backlog,
                last_dumps=dict(self._last_dumps),
                sources=self._sources,
                channels_up=dict(self._channels_up),
                deliveries=dict(self._deliveries),
                store_bytes=self.store_bytes,
                is_config_valid=self.is_config_valid,
            )
