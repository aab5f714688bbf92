"""Remember what this process is among the monitors of its store: its boot, its leases, its last beat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from monitor.clock import uptime
from monitor.node_values import View

_STANDS_DOWN = 3  # beats: a process whose last one is older may have been buried meanwhile


class Membership:
    """One object for each open store; its parts share it. Safe to share between threads."""

    def __init__(self, node: str = "", *, seconds: Callable[[], float] = uptime) -> None:
        """node: the NODE_ID of the state folder; "": a process that only reads. seconds: nobody can set them."""
        self.node = node
        self.boot: str | None = None  # None: it has not joined
        self.fences: dict[str, int] = {}  # of the leases of this boot, by their names
        self.last_beat = float("-inf")  # when the last one that succeeded began
        self.interval = 1.0  # seconds between two beats
        self._seconds = seconds
        self._beat = 0
        self._went_back = 0  # how often the store did
        self._lock = threading.Lock()
        self._news: set[str] = set()

    def begin(self, boot: str, *, at: float) -> None:
        """Note a new boot, which has no lease."""
        self.fences, self._beat = {}, 0
        self.boot, self.last_beat = boot, at

    def end(self) -> None:
        """Note that this boot is over; nothing is claimed or sent until the next one."""
        self.boot, self.fences, self.last_beat = None, {}, float("-inf")

    def note_beat(self, view: View, *, beat: int, at: float) -> None:
        """Note a beat that succeeded, and which leases this boot has."""
        if beat <= self._beat:
            self._went_back += 1  # the store knows less of this boot than it did
        self.fences = {name: lease.fence for name, lease in view.leases.items() if lease.owner == self.boot}
        self.interval = max(1.0, len(view.nodes) / 100)
        self._beat, self.last_beat = beat, at

    def epoch(self, stored: str) -> str:
        """Return what differs after the store has gone back in time, by a restore or as the last beats show."""
        return f"{stored}+{self._went_back}" if self._went_back else stored

    def is_current(self, boot: str | None) -> bool:
        """Return whether no other node can have buried this boot yet."""
        return (
            boot is not None and boot == self.boot and self._seconds() - self.last_beat < _STANDS_DOWN * self.interval
        )

    def add_news(self, channels: Iterable[str]) -> None:
        """Note that something was stored for these channels."""
        with self._lock:
            self._news.update(channels)

    def news(self) -> frozenset[str]:
        """Return the channels that were noted since the last call."""
        with self._lock:
            found, self._news = frozenset(self._news), set()
        return found
