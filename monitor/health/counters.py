"""What happens → numbers that only rise for as long as the process lives; any thread adds, a scrape reads memory.

Not read from the store: a count of its rows costs more with every row, and goes down when old ones are pruned. Whoever
scrapes expects counters to begin again at zero with the process.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model import IngestReport, Kind
from monitor.notify.retry import Action
from monitor.records import Backlog

RESULTS = ("stored", "duplicate", "held", "rejected", "empty", "superseded", "failed")  # of a take-in
LEFT_AS = {
    Action.DONE: "sent",
    Action.RETRY: "pending",
    Action.HOLD: "held",
    Action.BURY: "dead",
}  # a message, by its attempt
_EVENTS = tuple(kind for kind in Kind if kind is not Kind.UNCHANGED)  # that is no event


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSnapshot:
    """All of it at one moment."""

    dumps: Mapping[str, int]  # by result
    events: Mapping[str, int]  # by kind
    messages: Mapping[tuple[str, str], int]  # by channel and the state they were left in
    backlog: Backlog = field(default_factory=Backlog)
    last_dumps: Mapping[str, datetime] = field(default_factory=dict)  # by source: when its newest file was taken in
    is_config_good: bool = True  # the one that was read last could be used


class Counters:
    """One for each process, whatever is reloaded."""

    def __init__(self, last_dumps: Mapping[str, datetime] | None = None) -> None:
        """last_dumps: by source, as the store knows them; None: it knows none."""
        self._lock = threading.Lock()
        self._dumps = Counter(dict.fromkeys(RESULTS, 0))
        self._events = Counter(dict.fromkeys(map(str, _EVENTS), 0))
        self._messages = Counter[tuple[str, str]]()
        self._last_dumps = dict(last_dumps or {})
        self._backlog = Backlog()
        self._is_config_good = True

    def know(self, channels: Iterable[str]) -> None:
        """Count from zero for these: a rate needs the number before the first increase."""
        with self._lock:
            for channel in channels:
                self._messages.update(dict.fromkeys(((channel, state) for state in LEFT_AS.values()), 0))

    def took(self, report: IngestReport) -> None:
        """A dump was taken in, and what it led to is durable."""
        with self._lock:
            self._dumps[report.status] += 1
            for kind, count in report.counts.items():
                if kind in _EVENTS:
                    self._events[str(kind)] += count
            self._last_dumps[report.source] = report.at

    def failed(self) -> None:
        """A file could not be taken in, by a fault of ours."""
        with self._lock:
            self._dumps["failed"] += 1

    def happened(self, kind: Kind, count: int) -> None:
        """Events that no take-in led to."""
        with self._lock:
            self._events[str(kind)] += count

    def left(self, channel: str, state: str, count: int = 1) -> None:
        """Messages were left in a state, after an attempt or because they grew too old."""
        with self._lock:
            self._messages[channel, state] += count

    def note_backlog(self, backlog: Backlog) -> None:
        """What waits to be sent, as the store has just said."""
        self._backlog = backlog

    def note_config(self, *, is_good: bool) -> None:
        """A changed configuration was read."""
        self._is_config_good = is_good

    def last_dump(self, source: str) -> datetime | None:
        """When the newest file of a source was taken in, also before this process; None: never."""
        return self._last_dumps.get(source)

    def snapshot(self) -> MetricsSnapshot:
        """How it stands."""
        with self._lock:
            return MetricsSnapshot(
                dumps=dict(self._dumps),
                events=dict(self._events),
                messages=dict(self._messages),
                backlog=self._backlog,
                last_dumps=dict(self._last_dumps),
                is_config_good=self._is_config_good,
            )
