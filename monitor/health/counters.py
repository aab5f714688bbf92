"""Count what the process has done, for `/metrics`; any thread may count, and a scrape reads memory only.

The numbers do not come from the store. To count its rows costs more with every row, and pruning lowers the result.
Prometheus expects counters to start at zero with the process.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.ingest_values import IngestReport
from monitor.model import Kind
from monitor.notify.retry import Action
from monitor.state_values import Backlog

RESULTS = ("stored", "duplicate", "held", "rejected", "empty", "superseded", "failed")  # of an ingest
# The state of a message after an attempt.
STATE_AFTER = {Action.DONE: "sent", Action.RETRY: "pending", Action.HOLD: "held", Action.BURY: "dead"}
_EVENTS = tuple(kind for kind in Kind if kind is not Kind.UNCHANGED)  # an unchanged record is no event


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSnapshot:
    """All counters at one time."""

    dumps: Mapping[str, int]  # by result
    events: Mapping[str, int]  # by kind
    messages: Mapping[tuple[str, str], int]  # by channel and state
    backlog: Backlog = field(default_factory=Backlog)
    last_dumps: Mapping[str, datetime] = field(default_factory=dict)  # by source: when its newest file was ingested
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
        self.backlog = Backlog()  # as the store has just returned it
        self.is_config_valid = True  # as in MetricsSnapshot

    def register_channels(self, channels: Iterable[str]) -> None:
        """Start at zero for these channels: a rate needs the value before the first increase."""
        with self._lock:
            for channel in channels:
                self._messages.update(dict.fromkeys(((channel, state) for state in STATE_AFTER.values()), 0))

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

    def last_dump(self, source: str) -> datetime | None:
        """Return when the newest file of a source was ingested, also before this process; None: never."""
        return self._last_dumps.get(source)

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
                is_config_valid=self.is_config_valid,
            )
